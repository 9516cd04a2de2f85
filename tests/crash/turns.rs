//! `kill -9` of the hub at random moments while two people promote, send back, kill and resume a workflow as fast as
//! they can: no stage is ever seen without its transition, its report and its audit entry, and what was answered stands.

use anyhow::{Context, ensure};
use countersign_domain::time::Millis;
use countersign_testkit::postgres::Server;
use countersign_tests::books::Books;
use countersign_tests::day::{Day, say};
use countersign_tests::door::Door;
use countersign_tests::site::free_port;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::RwLock;

/// Drafts to approve at each stage that a promotion starts from.
const ENOUGH: usize = 40;

/// Room for these few drafts, and nothing else to wait for but a drill.
const EASY: &str = "min_reviewed = 30\nmin_days = 0\nentry_lag_hours = 0\n[[rate]]\nname = 'edited'\ncounts = ['edit.material', 'escalate']\nmax = 0.5\n";

/// A turn that the hub said it made: its kind as the history names it, and when.
type Made = (String, Value);

struct Mover {
    door: Door,
    path: String,
    draw: fastrand::Rng,
    made: Vec<Made>,
    refused: usize,
}

impl Mover {
    /// Tries one of the four, once; whatever becomes of the hub meanwhile.
    async fn turn(&mut self) -> anyhow::Result<()> {
        let (what, kind) = *self
            .draw
            .choice(&[
                ("promote", "promoted"),
                ("promote", "promoted"),
                ("demote", "demoted"),
                ("kill", "killed"),
                ("resume", "resumed"),
            ])
            .context("nothing to try")?;
        let mut asked = json!({ "reason": "as it should be" });
        if what == "promote"
            && let Ok((200, gate)) = self.door.try_once(Method::GET, &format!("{}/gate", self.path), None).await
        {
            asked["report"] = gate["hash"].clone();
        }
        let Ok((status, answer)) =
            self.door.try_once(Method::POST, &format!("{}/{what}", self.path), Some(&asked)).await
        else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            return Ok(());
        };
        match status {
            // Killing what is killed changes nothing, and answers when that was.
            200 => {
                let made = answer["workflows"].get(0).unwrap_or(&answer);
                ensure!(made["at"].is_string(), "{what}: {answer}");
                self.made.push((kind.to_owned(), made["at"].clone()));
            }
            // Not from where it stands now.
            409 | 422 | 503 => self.refused += 1,
            other => anyhow::bail!("{what}: {other} {answer}"),
        }
        Ok(())
    }
}

/// Approves so many new drafts.
async fn approve(day: &Day, door: &Door, stage: &str) -> anyhow::Result<()> {
    let row: Value = serde_json::from_str(day.input.drafts.lines().next().context("no drafts")?)?;
    for i in 0..ENOUGH {
        let mut draft = row.clone();
        draft["external_id"] = json!(format!("{stage}-{i}"));
        door.stream(&format!("/v1/drafts?workflow={}", day.input.workflow), &draft.to_string()).await?;
    }
    while let (200, leased) = door.try_once(Method::POST, "/v1/queue/lease", Some(&json!({}))).await? {
        let verdict = json!({
            "verdict_id": uuid::Uuid::new_v4(), "lease_id": leased["lease"]["id"], "fence": leased["lease"]["fence"],
            "content_hash": leased["draft"]["content_hash"], "seconds": 9, "action": "approve",
        });
        let id = leased["draft"]["id"].as_str().context("no draft")?;
        door.post(&format!("/v1/drafts/{id}/verdicts"), &verdict).await?;
    }
    Ok(())
}

/// The stage that is shown, the last transition and the report that it rests on say the same.
async fn shown_as_it_is(door: &Door, path: &str) -> anyhow::Result<()> {
    let (workflow, history) = (door.get(path).await?, door.get(&format!("{path}/history")).await?);
    let Some(last) = history["transitions"].get(0) else { return Ok(()) };
    ensure!(workflow["stage"] == last["to_stage"], "{} after {last}", workflow["stage"]);
    ensure!(workflow["killed"] == (last["kind"] == "killed"), "killed is {} after {last}", workflow["killed"]);
    if let Some(hash) = last["report"].as_str() {
        let report = door.get(&format!("/v1/gate/reports/{hash}")).await?;
        ensure!(report["status"] == "pass" && report["stage"] == last["from_stage"], "{last} rests on {report}");
    }
    Ok(())
}

async fn survives(
    database: Option<String>,
    kills: usize,
    power_cuts: usize,
    server: Option<&Server>,
) -> anyhow::Result<()> {
    let day = Day::prepare(database, 1, 30).await?;
    let pack = day.site.path().join("pack");
    let mut toml: toml::Table = std::fs::read_to_string(pack.join("workflow.toml"))?.parse()?;
    let workflow = toml.get_mut("workflow").and_then(toml::Value::as_table_mut).context("no workflow")?;
    workflow.insert("dri".to_owned(), "dana".into());
    toml.insert("gate".to_owned(), EASY.parse::<toml::Table>()?.into());
    std::fs::write(pack.join("workflow.toml"), toml.to_string())?;
    day.site.run(&["pack", "apply", &pack.display().to_string()])?;
    let mut draw = day.draw(7);
    let port = free_port(&mut draw);
    let mut hub = day.site.hub(port).await?;
    let url = hub.url.clone();
    let admin = Door::new(&url, &day.site.token(&["admin", "dri", "reviewer"], "dana")?)?;
    let path = format!("/v1/workflows/{}", day.input.workflow);
    admin.post(&format!("{path}/drill"), &json!({})).await?;
    for stage in ["internal", "opt_in"] {
        approve(&day, &admin, stage).await?;
        if stage == "internal" {
            let gate = admin.get(&format!("{path}/gate")).await?;
            let say_so = json!({ "reason": "to begin with", "report": gate["hash"] });
            admin.post(&format!("{path}/promote"), &say_so).await?;
        }
    }

    // Whoever looks holds it for a moment; whoever turns shares it.
    let turning = Arc::new(RwLock::new(()));
    let mut movers = Vec::new();
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    for i in 0..2 {
        let mut mover =
            Mover { door: admin.clone(), path: path.clone(), draw: day.draw(20 + i), made: Vec::new(), refused: 0 };
        let (turning, stop) = (turning.clone(), stop.clone());
        movers.push(tokio::spawn(async move {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let _shared = turning.read().await;
                mover.turn().await?;
            }
            anyhow::Ok(mover)
        }));
    }
    let books = Books::open(day.site.database()).await?;
    for n in 0..kills {
        tokio::time::sleep(Duration::from_millis(draw.u64(0..180))).await;
        hub.kill_9()?;
        if let Some(server) = server.filter(|_| power_cuts > 0 && n % (kills / power_cuts) == 1) {
            server.crash();
        }
        let _alone = turning.write().await;
        hub = day.site.hub(port).await?;
        books.hold_together().await.with_context(|| format!("after kill {n}"))?;
        shown_as_it_is(&admin, &path).await.with_context(|| format!("after kill {n}"))?;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let (mut made, mut refused) = (Vec::new(), 0);
    for mover in movers {
        let mover = mover.await??;
        made.extend(mover.made);
        refused += mover.refused;
    }
    books.hold_together().await?;
    let kept = books.pairs("SELECT CASE kind WHEN 'kill' THEN 'killed' WHEN 'resume' THEN 'resumed' WHEN 'promote' THEN 'promoted' ELSE 'demoted' END, CAST(at AS TEXT) FROM transition").await?;
    for (kind, at) in &made {
        let is_it =
            |kept: &(String, String)| kept.0 == *kind && kept.1.parse().is_ok_and(|ms| json!(Millis(ms)) == *at);
        ensure!(kept.iter().any(is_it), "{kind} at {at} was answered and isn't there");
    }
    let chain = admin.get("/v1/audit/verify").await?;
    ensure!(chain["ok"] == true, "the log is broken: {chain}");
    let kinds: Vec<usize> = ["promoted", "demoted", "killed", "resumed"]
        .iter()
        .map(|kind| kept.iter().filter(|(k, _)| k == kind).count())
        .collect();
    say(&format!(
        "{kills} kills of the hub, {power_cuts} of them with the database, among {kinds:?} promotions, demotions, kills and resumes, {refused} refused"
    ));
    let enough = kinds.iter().all(|n| *n > 1) && kinds.iter().sum::<usize>() >= kills;
    ensure!(enough, "the kills met too little: {kinds:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_stage_without_its_transition_report_and_entry_on_sqlite() -> anyhow::Result<()> {
    survives(None, 40, 0, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn no_stage_without_its_transition_report_and_entry_on_postgres() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let server = Server::durable(dir.path());
    survives(Some(server.database()), 20, 2, Some(&server)).await
}
