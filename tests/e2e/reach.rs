//! A kill reaches every other hub and its flag clients, also when they aren't notified of it; and with the database
//! gone nothing is on.

use crate::kill::{approval, verdicts};
use anyhow::{Context, ensure};
use countersign_testkit::postgres::Server;
use countersign_testkit::receiver::Answer;
use countersign_testkit::until;
use countersign_tests::day::{Day, say};
use countersign_tests::door::Door;
use countersign_tests::flags::Flags;
use countersign_tests::site::Hub;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use sqlx::postgres::PgListener;
use std::time::{Duration, Instant};

/// Two hubs over one Postgres: a kill is called here and looked for there.
struct Two {
    day: Day,
    here: Hub,
    there: Hub,
    token: String,
    admin: Door,
}

impl Two {
    async fn over(day: Day) -> anyhow::Result<Self> {
        let token = day.site.token(&["service"], "shop")?;
        let (here, there) = (day.hub().await?, day.hub().await?);
        let admin = day.admin(&here.url)?;
        Ok(Self { day, here, there, token, admin })
    }

    fn flags(&self, hub: &Hub) -> Flags {
        Flags::new(&hub.url, &self.token, &self.day.input.workflow)
    }

    async fn act(&self, act: &str) -> anyhow::Result<Value> {
        let path = format!("/v1/workflows/{}/{act}", self.day.input.workflow);
        self.admin.post(&path, &json!({ "reason": "a drill" })).await
    }

    /// Milliseconds from the call of a kill here until the flag is off there, and a lease refused.
    async fn kill(&self) -> anyhow::Result<f64> {
        let flags = self.flags(&self.there);
        until("the flag is on there", async || flags.one().await.is_ok_and(|answer| answer.on)).await;
        let began = Instant::now();
        let asking = tokio::spawn(async move {
            while flags.one().await?.on {}
            anyhow::Ok(began.elapsed())
        });
        self.act("kill").await?;
        let reviewer = self.day.reviewer(&self.there.url, 0)?;
        let asked = json!({ "workflows": [self.day.input.workflow] });
        let lease = reviewer.send(Method::POST, "/v1/queue/lease", Some(&asked)).await?;
        let refused = began.elapsed();
        ensure!(lease.body["error"]["code"] == "workflow_killed", "{} {}", lease.status, lease.body);
        Ok(asking.await??.max(refused).as_secs_f64() * 1_000.0)
    }

    /// The last kill's effect.
    async fn effect(&self) -> anyhow::Result<Value> {
        let workflow = format!("/v1/workflows/{}", self.day.input.workflow);
        let history = self.admin.get(&format!("{workflow}/history")).await?;
        let id = history["transitions"][0]["id"].as_str().context("no transition")?;
        self.admin.get(&format!("{workflow}/transitions/{id}/effect")).await
    }

    /// Waits until the last kill's effect has the other hub's acknowledgement.
    async fn acknowledged(&self) -> anyhow::Result<Value> {
        until("the other hub has acknowledged", async || {
            self.effect().await.is_ok_and(|effect| effect["hubs"]["acknowledged"] == 1)
        })
        .await;
        self.effect().await
    }

    async fn rounds(&self, n: usize) -> anyhow::Result<Vec<f64>> {
        let mut rounds = Vec::new();
        for _ in 0..n {
            rounds.push(self.kill().await?);
            let effect = self.acknowledged().await?;
            assert_eq!(effect["hubs"]["of"], 1, "{effect}");
            self.act("resume").await?;
        }
        say(&format!("from the call here until off and refused there: {rounds:.0?} ms"));
        Ok(rounds)
    }
}

fn best(rounds: &[f64]) -> f64 {
    rounds.iter().copied().fold(f64::MAX, f64::min)
}

// A round can meet a moment in which the machine runs something else: the best one counts.
#[tokio::test(flavor = "multi_thread")]
async fn a_kill_is_refused_at_the_other_hub_after_100_ms_in_the_best_of_five_rounds() -> anyhow::Result<()> {
    let two = Two::over(Day::prepare(Some(Server::start().database()), 1, 300).await?).await?;
    let rounds = two.rounds(5).await?;
    ensure!(best(&rounds) <= 100.0, "{rounds:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kills_effect_has_the_other_hub_and_the_clients_there() -> anyhow::Result<()> {
    let two = Two::over(Day::prepare(Some(Server::start().database()), 1, 300).await?).await?;
    let (mine, theirs) = (two.flags(&two.here), two.flags(&two.there));
    let (mut here, mut there) = (mine.listen().await?, theirs.listen().await?);
    two.kill().await?;
    let (told_here, told_there) = (here.next().await?, there.next().await?);
    let answer = mine.all(&told_here).await?;
    assert_eq!((answer.status, answer.on), (200, false));
    two.acknowledged().await?;
    until("the client here is acknowledged", async || {
        two.effect().await.is_ok_and(|effect| effect["flags"]["acknowledged"] == 1)
    })
    .await;
    let early = two.effect().await?;
    assert_eq!((&early["flags"]["of"], &early["flags"]["acknowledged"]), (&json!(2), &json!(1)), "{early}");
    assert!(!theirs.all(&told_there).await?.on);
    until("the client there is acknowledged", async || {
        two.effect().await.is_ok_and(|effect| effect["flags"]["acknowledged"] == 2)
    })
    .await;
    let effect = two.effect().await?;
    let slowest = |what: &str| effect[what]["slowest_ms"].as_f64().unwrap_or_default();
    say(&format!("the other hub after {:.0} ms, the slowest client after {:.0} ms", slowest("hubs"), slowest("flags")));
    assert_eq!((&effect["hubs"]["of"], &effect["hubs"]["acknowledged"]), (&json!(1), &json!(1)));
    assert!(slowest("hubs") > 0.0 && slowest("flags") > 0.0, "{effect}");
    Ok(())
}

/// As behind a pooler that hands no notification on: in this database `pg_notify` is a function that does nothing.
async fn deafen(pool: &PgPool) -> anyhow::Result<()> {
    let name: String = sqlx::query_scalar("SELECT current_database()").fetch_one(pool).await?;
    for sql in [
        "CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS ''".to_owned(),
        format!("ALTER DATABASE {name} SET search_path = public, pg_catalog"),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(pool).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn with_every_notification_lost_a_kill_is_refused_at_the_other_hub_after_1500_ms() -> anyhow::Result<()> {
    let day = Day::prepare(Some(Server::start().database()), 1, 300).await?;
    let pool = PgPool::connect(day.site.database()).await?;
    deafen(&pool).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.listen("countersign_change").await?;
    let rounds = Two::over(day).await?.rounds(3).await?;
    ensure!(rounds.iter().all(|ms| *ms <= 1_500.0), "{rounds:?}");
    sqlx::query("SELECT pg_catalog.pg_notify('countersign_change', 'the first')").execute(&pool).await?;
    assert_eq!(listener.recv().await?.payload(), "the first", "a notification was not lost");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_not_told_of_a_kill_breaks_off_its_sends_all_the_same() -> anyhow::Result<()> {
    let day = Day::prepare(Some(Server::start().database()), 1, 300).await?;
    deafen(&PgPool::connect(day.site.database()).await?).await?;
    day.receiver.answer(Answer::Hang);
    let there = day.hub().await?;
    day.import(&there.url, usize::MAX).await?;
    let reviewer = day.reviewer(&there.url, 0)?;
    let held = reviewer.post("/v1/queue/lease", &json!({})).await?;
    reviewer.post(&verdicts(&held), &approval(&held)).await?;
    until("the reply is being sent", async || !day.receiver.received().is_empty()).await;
    let here = day.hub().await?;
    let path = format!("/v1/workflows/{}/kill", day.input.workflow);
    let killed = day.admin(&here.url)?.post(&path, &json!({ "reason": "a drill" })).await?;
    let effect_ms = killed["effect_ms"].as_f64().with_context(|| format!("something is still being sent: {killed}"))?;
    ensure!(effect_ms < 1_000.0, "{killed}");
    let hubs = killed["hubs"].as_array().context("no hubs")?;
    ensure!(hubs.len() == 2 && hubs.iter().all(|h| h["stopped"] == true), "{killed}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_whose_listener_is_cut_off_refuses_after_1500_ms_and_listens_again() -> anyhow::Result<()> {
    let two = Two::over(Day::prepare(Some(Server::start().database()), 1, 300).await?).await?;
    let pool = PgPool::connect(two.day.site.database()).await?;
    let listeners = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN %'";
    let count = format!("SELECT COUNT(*) {listeners}");
    let listening = async || sqlx::query_scalar(sqlx::AssertSqlSafe(count.clone())).fetch_one(&pool).await;
    until("both hubs listen", async || matches!(listening().await, Ok(2_i64))).await;
    let cut = format!("SELECT pg_terminate_backend(pid) {listeners}");
    let cut = sqlx::query(sqlx::AssertSqlSafe(cut)).execute(&pool).await?;
    assert_eq!(cut.rows_affected(), 2);
    let took = two.kill().await?;
    say(&format!("off and refused there after {took:.0} ms"));
    ensure!(took <= 1_500.0, "{took} ms");
    two.act("resume").await?;
    until("both hubs listen again", async || matches!(listening().await, Ok(2_i64))).await;
    let rounds = two.rounds(5).await?;
    ensure!(best(&rounds) <= 100.0, "{rounds:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn consoles_of_a_hub_that_did_not_hear_the_others_are_told_to_read_again() -> anyhow::Result<()> {
    let day = Day::prepare(Some(Server::start().database()), 1, 300).await?;
    let (token, hub) = (day.site.token(&["reviewer"], "console")?, day.hub().await?);
    let pool = PgPool::connect(day.site.database()).await?;
    let stream = reqwest::Client::new().get(format!("{}/v1/events?console=one", hub.url)).bearer_auth(token);
    let mut stream = stream.send().await?.error_for_status()?;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND query LIKE 'LISTEN %'";
    until("the hub's listener is cut off", async || {
        sqlx::query(cut).execute(&pool).await.is_ok_and(|done| done.rows_affected() == 1)
    })
    .await;
    let told = async {
        let mut heard = String::new();
        while !heard.contains(r#""type":"reconnected""#) {
            let chunk = stream.chunk().await?.context("the stream ended")?;
            heard.push_str(&String::from_utf8_lossy(&chunk));
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(Duration::from_secs(20), told).await.context("nobody was told")?
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_database_gone_nothing_is_on_leased_or_decided_after_2_s() -> anyhow::Result<()> {
    const MOST: Duration = Duration::from_secs(2);
    let folder = tempfile::tempdir()?;
    let server = Server::durable(folder.path());
    let day = Day::prepare(Some(server.database()), 1, 300).await?;
    let (token, hub) = (day.site.token(&["service"], "shop")?, day.hub().await?);
    let stranger = Flags::new(&hub.url, &day.site.token(&["service"], "new-here")?, &day.input.workflow);
    day.import(&hub.url, usize::MAX).await?;
    let flags = Flags::new(&hub.url, &token, &day.input.workflow);
    let mut events = flags.listen().await?;
    ensure!(flags.one().await?.on, "the flag is off");
    let reviewer = day.reviewer(&hub.url, 0)?;
    let held = reviewer.post("/v1/queue/lease", &json!({})).await?;

    let run = async {
        let gone = Instant::now();
        let asks = async {
            let mut last_on = Duration::ZERO;
            while gone.elapsed() < MOST * 2 {
                if flags.one().await?.on {
                    last_on = gone.elapsed();
                }
            }
            anyhow::Ok(last_on)
        };
        // A web client goes on with what it has until it is told otherwise, and an error doesn't tell it.
        let listens = async {
            let told = events.next().await?;
            let answer = flags.all(&told).await?;
            ensure!(answer.status == 200 && !answer.on, "{answer:?}");
            anyhow::Ok(gone.elapsed())
        };
        let acts = async |path: &str, body: Value| {
            let (status, answer) = reviewer.try_once(Method::POST, path, Some(&body)).await?;
            ensure!(status == 503, "{path}: {status} {answer}");
            anyhow::Ok(gone.elapsed())
        };
        let path = verdicts(&held);
        let (last_on, told_off, lease, verdict, unknown) = tokio::join!(
            asks,
            listens,
            acts("/v1/queue/lease", json!({})),
            acts(&path, approval(&held)),
            stranger.one()
        );
        // Whom the hub has never seen it can't tell from anybody else.
        let unknown = unknown?;
        assert_eq!((unknown.status, unknown.on, unknown.retry_after.as_deref()), (503, false, Some("1")));
        anyhow::Ok([last_on?, told_off?, lease?, verdict?])
    };
    let times = server.without(run).await?;
    let [last_on, told_off, lease, verdict] = times;
    say(&format!(
        "gone: last on after {last_on:.2?}, told off after {told_off:.2?}, no lease after {lease:.2?}, no verdict after {verdict:.2?}"
    ));
    ensure!(times.iter().all(|took| *took <= MOST), "{times:?}");

    until("the client is told, and on again", async || {
        let told = events.next().await;
        let Ok(told) = told else { return false };
        flags.all(&told).await.is_ok_and(|answer| answer.on)
    })
    .await;
    let late = reviewer.send(Method::POST, &verdicts(&held), Some(&approval(&held))).await?;
    assert_eq!(late.status, 201, "{}", late.body);
    Ok(())
}
