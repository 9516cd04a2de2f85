//! What a rollout hangs on, under load: the gate, flags, kills.

use crate::hub::Reviewer;
use crate::{WORKFLOW, percentiles};
use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Two in five drafts are low risk and drawn one in four; the rest are all reviewed. In parts of a thousand of them.
const OUTCOMES: &[(f64, &str, i64)] = &[
    (1.0, "staged", 600),
    (1.0, "approve", 520),
    (1.0, "edit.cosmetic", 40),
    (1.0, "edit.material", 20),
    (1.0, "edit.factual", 4),
    (1.0, "edit.citation", 4),
    (1.0, "escalate:needs_person", 10),
    (1.0, "escalate:unsafe", 1),
    (1.0, "expired", 1),
    (0.25, "staged", 400),
    (0.25, "approve", 90),
    (0.25, "edit.cosmetic", 6),
    (0.25, "edit.material", 3),
    (0.25, "escalate:needs_person", 1),
    (0.25, "unreviewed", 300),
];
const DRAFTS: i64 = 10_000_000;
const DAYS: i64 = 28;
const SLOTS: i64 = DAYS * 288;

/// Writes the counts that a hub has after so many drafts in four weeks: those of the days, and of every five minutes.
async fn seed(database: &Path) -> Result<()> {
    let options = SqliteConnectOptions::new().filename(database).busy_timeout(Duration::from_secs(10));
    let pool = SqlitePool::connect_with(options).await?;
    let now = std::time::UNIX_EPOCH.elapsed()?.as_secs() as i64;
    let mut tx = pool.begin().await?;
    for (probability, outcome, share) in OUTCOMES {
        let n = DRAFTS / 1_000 * share;
        let days = "WITH RECURSIVE back(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM back WHERE i + 1 < $4)
             INSERT INTO evidence (workflow_id, version, stage, probability, floor, outcome, hour, n)
             SELECT $1, 1, 'internal', $2, .25, $3, ($5 - i) * 24, $6 / $4 FROM back WHERE true
             ON CONFLICT DO UPDATE SET n = n + excluded.n";
        let query = sqlx::query(days).bind(WORKFLOW).bind(probability).bind(outcome);
        query.bind(DAYS).bind(now / 86_400).bind(n).execute(&mut *tx).await?;
        if ["staged", "unreviewed", "expired"].contains(outcome) {
            continue;
        }
        let slots = "WITH RECURSIVE back(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM back WHERE i + 1 < $4)
             INSERT INTO slot (workflow_id, version, stage, slot, probability, outcome, n)
             SELECT $1, 1, 'internal', $5 - i, $2, $3, MAX($6 / $4, 1) FROM back WHERE true ON CONFLICT DO UPDATE SET n = n + excluded.n";
        let query = sqlx::query(slots).bind(WORKFLOW).bind(probability).bind(outcome);
        query.bind(SLOTS).bind(now / 300).bind(n).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    pool.close().await;
    Ok(())
}

/// Looks at the gate with ten million drafts behind it: p50 and p99 in milliseconds.
pub(crate) async fn gate(admin: &Reviewer, database: &Path) -> Result<(f64, f64)> {
    seed(database).await?;
    let mut times = Vec::new();
    for i in 0..220 {
        let began = Instant::now();
        let (status, report) = admin.get(&format!("/v1/workflows/{WORKFLOW}/gate")).await?;
        ensure!(status == 200, "the gate: {status} {report}");
        let reviewed = report["summary"]["reviewed"].as_i64().context("no summary")?;
        ensure!(reviewed > DRAFTS / 2, "{reviewed} reviewed");
        if i >= 20 {
            times.push(began.elapsed());
        }
    }
    Ok(percentiles(times))
}

/// Whether a program's flag is on for a member of the staff.
pub(crate) async fn is_on(program: &Reviewer, flag: &str) -> Result<bool> {
    let staff = json!({ "context": { "targetingKey": "u-1", "groups": ["staff"], "opted_in": false } });
    let (status, answer) = program.post(&format!("/ofrep/v1/evaluate/flags/{flag}"), &staff).await?;
    ensure!(status == 200, "an evaluation: {status} {answer}");
    Ok(answer["value"] == true)
}

/// Evaluates a flag so often, at 2,000 requests a second over 16 connections: p50 and p99 in milliseconds.
pub(crate) async fn evaluations(program: &Reviewer, calls: usize) -> Result<(f64, f64)> {
    const CLIENTS: usize = 16;
    let began = Instant::now();
    let clients = (0..CLIENTS).map(|i| {
        let program = Reviewer { client: reqwest::Client::new(), ..program.clone() };
        tokio::spawn(async move {
            is_on(&program, WORKFLOW).await?;
            let first = tokio::time::Instant::now() + Duration::from_micros(500 * i as u64);
            let mut turn = tokio::time::interval_at(first, Duration::from_millis(8));
            let mut times = Vec::new();
            for _ in 0..calls / CLIENTS {
                turn.tick().await;
                let asked = Instant::now();
                ensure!(is_on(&program, WORKFLOW).await?, "the flag is off");
                times.push(asked.elapsed());
            }
            Ok(times)
        })
    });
    let mut times = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        times.extend(client.await??);
    }
    let rate = times.len() as f64 / began.elapsed().as_secs_f64();
    ensure!(rate > 1_800.0, "only {rate:.0} evaluations a second");
    Ok(percentiles(times))
}

/// When a request that a kill forbids was last answered as if there were none.
type LastAccepted = Arc<Mutex<Instant>>;

/// One request: an evaluation, or a lease that is given back.
async fn request(n: usize, program: Reviewer, reviewer: Reviewer, accepted: LastAccepted) -> Result<()> {
    let note = || *accepted.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    if n.is_multiple_of(2) {
        if is_on(&program, WORKFLOW).await? {
            note();
        }
        return Ok(());
    }
    let (status, leased) = reviewer.post("/v1/queue/lease", &json!({ "workflows": [WORKFLOW] })).await?;
    match status {
        200 => {
            note();
            let path = format!("/v1/leases/{}", leased["lease"]["id"].as_str().context("a lease's id")?);
            // A kill may have voided it.
            reviewer.send(Method::DELETE, &path, &Value::Null).await?;
        }
        409 => {}
        _ => anyhow::bail!("a lease: {status} {leased}"),
    }
    Ok(())
}

/// Kills and resumes while evaluations and leases come in at 500 a second: from the call of a kill to the last answer
/// of a request that it should have stopped, p50 and p99 in milliseconds.
pub(crate) async fn kills(admin: &Reviewer, program: &Reviewer, crew: &[Reviewer]) -> Result<(f64, f64)> {
    const KILLS: usize = 40;
    let accepted: LastAccepted = Arc::new(Mutex::new(Instant::now()));
    let (crew, program, last) = (crew.to_vec(), program.clone(), accepted.clone());
    let load = tokio::spawn(async move {
        let mut turn = tokio::time::interval(Duration::from_millis(2));
        let mut running = tokio::task::JoinSet::new();
        for n in 0.. {
            turn.tick().await;
            running.spawn(request(n, program.clone(), crew[n / 2 % crew.len()].clone(), last.clone()));
            while let Some(done) = running.try_join_next() {
                done??;
            }
        }
        anyhow::Ok(())
    });
    let act = async |what: &str| {
        let (status, answer) =
            admin.post(&format!("/v1/workflows/{WORKFLOW}/{what}"), &json!({ "reason": "bench" })).await?;
        ensure!(status == 200, "{what}: {status} {answer}");
        anyhow::Ok(())
    };
    let mut times = Vec::new();
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let began = Instant::now();
        act("kill").await?;
        tokio::time::sleep(Duration::from_millis(100)).await;
        let last = *accepted.lock().unwrap_or_else(PoisonError::into_inner);
        ensure!(
            began.duration_since(last.min(began)) < Duration::from_millis(100),
            "nothing was accepted before a kill"
        );
        times.push(last.saturating_duration_since(began));
        act("resume").await?;
        if load.is_finished() {
            load.await??;
            anyhow::bail!("the load ended");
        }
    }
    load.abort();
    Ok(percentiles(times))
}
