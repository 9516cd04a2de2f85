//! Deliveries under trouble: a receiver that hangs, and a kill and a resume with many replies waiting.

use crate::Reviewer;
use anyhow::{Context, Result, ensure};
use countersign_testkit::TestPack;
use countersign_testkit::receiver::{Answer, Receiver};
use serde_json::json;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use std::path::Path;
use std::time::{Duration, Instant};

const DUE: usize = 1_000;
pub(crate) const WAITING: i64 = 100_000;

/// Milliseconds each.
pub(crate) struct Times {
    /// From staging until another workflow's reply arrived while a thousand were due at a receiver that hangs.
    pub(crate) other: f64,
    /// A kill with many replies waiting, from its call until it was in force; and of a workflow that is killed already.
    pub(crate) kill: f64,
    pub(crate) again: f64,
    /// The call of a resume.
    pub(crate) resume: f64,
}

async fn apply(admin: &Reviewer, id: &str, receiver: &Receiver) -> Result<()> {
    let rate = toml::Table::from_iter([("internal".to_owned(), toml::Value::from(0.01))]);
    let pack = TestPack::of(id).set("review.rate", rate).delivering_to(receiver.url());
    let (status, answer) = admin.post("/v1/packs", &json!({ "files": pack.files() })).await?;
    ensure!(status < 300, "{id}: {status} {answer}");
    Ok(())
}

async fn stage(admin: &Reviewer, workflow: &str, n: usize) -> Result<()> {
    for i in 0..n {
        let row = json!({
            "external_id": format!("{workflow}-{i}"), "thread": [{ "role": "customer", "text": "Where is it?" }],
            "draft": { "text": "On its way." },
        });
        let (status, answer) = admin.post(&format!("/v1/drafts?workflow={workflow}"), &row).await?;
        ensure!(status < 300, "{workflow}: {status} {answer}");
    }
    Ok(())
}

/// Replies of 2 KB that a person decided and that wait for their next try.
async fn wait(database: &Path, workflow: &str) -> Result<()> {
    let options = SqliteConnectOptions::new().filename(database).busy_timeout(Duration::from_secs(10));
    let pool = SqlitePool::connect_with(options).await?;
    let later = (std::time::UNIX_EPOCH.elapsed()?.as_millis() as i64) + 3_600_000;
    let mut tx = pool.begin().await?;
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
         INSERT INTO delivery (id, workflow_id, draft_seq, ticket, verdict_id, kind, body, state, attempts, due_at, created_at)
         SELECT 'bench-' || i, $2, (SELECT MAX(seq) FROM draft WHERE workflow_id = $2), 'waiting-' || i, 'bench-' || i,
         'reply.ready', hex(zeroblob(1000)), 'pending', 1, $3, 0 FROM n";
    sqlx::query(rows).bind(WAITING).bind(workflow).bind(later).execute(&mut *tx).await?;
    let count = "INSERT INTO draft_count (workflow_id, state, n) VALUES ($1, 'reply', $2)
         ON CONFLICT (workflow_id, state) DO UPDATE SET n = n + excluded.n";
    sqlx::query(count).bind(workflow).bind(WAITING).execute(&mut *tx).await?;
    tx.commit().await?;
    pool.close().await;
    Ok(())
}

pub(crate) async fn times(admin: &Reviewer, database: &Path) -> Result<Times> {
    let (hangs, fine) = (Receiver::start().await, Receiver::start().await);
    hangs.answer(Answer::Hang);
    apply(admin, "hangs", &hangs).await?;
    apply(admin, "fine", &fine).await?;
    stage(admin, "hangs", DUE).await?;
    let began = Instant::now();
    // At a rate of one in a hundred at least one of these isn't drawn.
    stage(admin, "fine", 5).await?;
    while fine.received().is_empty() {
        ensure!(began.elapsed() < Duration::from_secs(60), "nothing arrived in a minute");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let other = began.elapsed().as_secs_f64() * 1_000.0;

    wait(database, "fine").await?;
    let why = json!({ "reason": "bench" });
    let mut kills = Vec::new();
    for _ in 0..2 {
        let (_, killed) = admin.post("/v1/workflows/fine/kill", &why).await?;
        ensure!(killed["deliveries_held"].as_i64() >= Some(WAITING), "{killed}");
        kills.push(killed["effect_ms"].as_f64().context("it isn't in force")?);
    }
    let began = Instant::now();
    let (status, resumed) = admin.post("/v1/workflows/fine/resume", &why).await?;
    ensure!(status == 200, "{resumed}");
    let resume = began.elapsed().as_secs_f64() * 1_000.0;
    Ok(Times { other, kill: kills[0], again: kills[1], resume })
}
