//! `kill -9` of the hub at random moments while a workflow is killed, drafts come in under the kill, a mended pack is
//! applied and the workflow is resumed: no reply goes out that nobody decided, and none is counted twice.

use anyhow::{Context, ensure};
use countersign_testkit::postgres::Server;
use countersign_testkit::receiver::Answer;
use countersign_tests::books::Books;
use countersign_tests::day::{Day, say};
use countersign_tests::door::Door;
use countersign_tests::site::free_port;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const BEFORE: usize = 60;
const UNDER: usize = 100;

/// The day's pack at one review rate for everything.
fn pack(day: &Day, rate: f64) -> anyhow::Result<Value> {
    let dir = day.site.path().join("pack");
    let mut files = serde_json::Map::new();
    for name in ["workflow.toml", "guidelines.md", "runbook.md"] {
        files.insert(name.to_owned(), std::fs::read_to_string(dir.join(name))?.into());
    }
    let mut toml: toml::Table = files["workflow.toml"].as_str().unwrap_or_default().parse()?;
    let review = toml["review"].as_table_mut().context("[review] is no table")?;
    let rates = |names: &[&str]| names.iter().map(|n| ((*n).to_owned(), rate.into())).collect::<toml::Table>();
    review.insert("rate".into(), rates(&["internal", "opt_in", "default"]).into());
    review.insert("risk_rate".into(), rates(&["high"]).into());
    files.insert("workflow.toml".to_owned(), toml.to_string().into());
    Ok(json!({ "files": files }))
}

fn rows(day: &Day, name: &str, n: usize) -> anyhow::Result<String> {
    let row: Value = serde_json::from_str(day.input.drafts.lines().next().context("no drafts")?)?;
    let row = |i: usize| {
        let mut draft = row.clone();
        draft["external_id"] = json!(format!("{name}-{i}"));
        format!("{draft}\n")
    };
    Ok((0..n).map(row).collect())
}

/// An act whose answer may be lost with the hub: the second time it may find itself done.
async fn act(door: &Door, path: &str, body: &Value) -> anyhow::Result<()> {
    let answer = door.send(Method::POST, path, Some(body)).await?;
    let done = answer.status == 422 && answer.interrupted;
    ensure!(done || (200..300).contains(&answer.status), "POST {path}: {} {}", answer.status, answer.body);
    Ok(())
}

/// One kill and resume. Answers how many replies were brought back.
async fn round(day: &Day, admin: &Door, books: &Books, n: usize) -> anyhow::Result<i64> {
    let workflow = &day.input.workflow;
    let (at, into) = (format!("/v1/workflows/{workflow}"), format!("/v1/drafts?summary=true&workflow={workflow}"));
    let why = json!({ "reason": "it gives wrong refunds" });
    day.receiver.answer(Answer::Status(503));
    act(admin, "/v1/packs", &pack(day, 0.05)?).await?;
    admin.stream(&into, &rows(day, &format!("before-{n}"), BEFORE)?).await?;
    act(admin, &format!("{at}/kill"), &why).await?;
    // From here on nothing may go out that nobody decided.
    let before = day.receiver.received().len();
    day.receiver.answer(Answer::Status(204));
    admin.stream(&into, &rows(day, &format!("under-{n}"), UNDER)?).await?;
    act(admin, "/v1/packs", &pack(day, 1.0)?).await?;
    act(admin, &format!("{at}/resume"), &why).await?;
    let waiting = "SELECT COUNT(*) FROM delivery WHERE state = 'pending'";
    let began = Instant::now();
    while books.number(waiting).await? > 0 {
        // A try that was under way when its hub died counts as such for half a minute.
        ensure!(began.elapsed() < Duration::from_secs(60), "deliveries are still waiting");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let sent: Vec<_> = day.receiver.received().into_iter().skip(before).filter(|r| r.kind == "reply.ready").collect();
    ensure!(sent.is_empty(), "{} replies that nobody saw went out after the kill: {:?}", sent.len(), sent.first());
    let all = ((BEFORE + UNDER) * (n + 1)) as i64;
    let staged = books.number("SELECT COUNT(*) FROM draft WHERE state = 'staged'").await?;
    ensure!(staged == all, "{staged} of {all} drafts are for a person");
    books.hold_together().await?;
    books.number("SELECT COUNT(*) FROM draft WHERE rescued = 1").await
}

async fn survives(database: Option<String>, rounds: usize) -> anyhow::Result<()> {
    let day = Day::prepare(database, 1, 30).await?;
    let mut draw = day.draw(31);
    let port = free_port(&mut draw);
    let mut hub = day.site.hub(port).await?;
    let url = hub.url.clone();
    let admin = Door::new(&url, &day.site.token(&["admin", "dri"], "dana")?)?;
    let books = Books::open(day.site.database()).await?;
    let over = Arc::new(AtomicBool::new(false));
    let deaths = async {
        let mut kills = 0;
        while !over.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_millis(draw.u64(20..400))).await;
            hub.kill_9()?;
            hub = day.site.hub(port).await?;
            kills += 1;
        }
        anyhow::Ok(kills)
    };
    let work = async {
        let mut rescued = 0;
        for n in 0..rounds {
            rescued = round(&day, &admin, &books, n).await.with_context(|| format!("in round {n}"))?;
        }
        anyhow::Ok(rescued)
    };
    let work = async {
        let done = work.await;
        over.store(true, Ordering::Relaxed);
        done
    };
    let (kills, rescued) = tokio::join!(deaths, work);
    let (kills, rescued) = (kills?, rescued?);
    let chain = admin.get("/v1/audit/verify").await?;
    ensure!(chain["ok"] == true, "the log or the draws don't hold: {chain}");
    say(&format!("{kills} kills of the hub in {rounds} rounds; {rescued} replies brought back, none went out unseen"));
    ensure!(kills > rounds && rescued > 0, "the kills met too little");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reply_goes_out_unseen_on_sqlite() -> anyhow::Result<()> {
    survives(None, 4).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_reply_goes_out_unseen_on_postgres() -> anyhow::Result<()> {
    survives(Some(Server::start().database()), 3).await
}
