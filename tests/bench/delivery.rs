//! Deliveries under trouble: a receiver that hangs, and a kill and a resume with many replies waiting.

use crate::database::Database;
pub(crate) use crate::database::WAITING;
use crate::hub::Reviewer;
use anyhow::{Context, Result, ensure};
use countersign_testkit::TestPack;
use countersign_testkit::receiver::{Answer, Receiver};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

const DUE: usize = 1_000;

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
    admin.apply(&pack).await
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

    Database::open(&format!("sqlite://{}", database.display())).await?.wait("fine").await?;
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
