//! What must not wait, however much is going on: kills, signing in, flags.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::{App, Draft, Engine, Person, TestPack, on_both};
use serde_json::json;
use sqlx::Connection as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

on_both! {
    a_kill_is_answered_at_once_while_drafts_come_in,
    a_lease_elsewhere_never_waits_for_a_kill,
}

/// Anything that waits for the load to end waits for much longer.
const AT_ONCE: Duration = Duration::from_secs(2);
const LOAD_ENDS: Duration = Duration::from_secs(20);

/// Drafts that keep coming in until it is dropped, in batches and one at a time.
struct Load {
    stop: Arc<AtomicBool>,
    came: Arc<AtomicUsize>,
    work: JoinSet<()>,
}

impl Load {
    fn on(app: &App, sizes: &[usize]) -> Self {
        let (stop, came) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (mut work, began) = (JoinSet::new(), Instant::now());
        for (sender, size) in sizes.iter().copied().enumerate() {
            let (who, stop, came) = (app.owner(), stop.clone(), came.clone());
            work.spawn(async move {
                for n in 0.. {
                    if stop.load(Ordering::SeqCst) || began.elapsed() > LOAD_ENDS {
                        return;
                    }
                    let rows: Vec<Draft> = (0..size).map(|i| Draft::of(&format!("load-{sender}-{n}-{i}"))).collect();
                    let lines = countersign_testkit::drafts::ndjson(&rows);
                    // A sender that is told to come back later comes back.
                    who.post_lines("/v1/drafts?workflow=desk&summary=true", lines).await;
                    came.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        Self { stop, came, work }
    }

    async fn is_running(&self, senders: usize) {
        countersign_testkit::until("everybody sends", async || self.came.load(Ordering::SeqCst) >= 2 * senders).await;
    }

    async fn end(self) {
        self.stop.store(true, Ordering::SeqCst);
        self.work.join_all().await;
    }
}

async fn timed(who: &Person, path: &str) -> Duration {
    let began = Instant::now();
    who.post(path, json!({ "reason": "a test" })).await.ok();
    began.elapsed()
}

async fn a_kill_is_answered_at_once_while_drafts_come_in(engine: Engine) {
    let app = App::start(engine).await;
    let (oncall, dri) = (app.role("oncall").await, app.role("dri").await);
    let sizes = [100, 100, 100, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1];
    let load = Load::on(&app, &sizes);
    load.is_running(sizes.len()).await;
    for _ in 0..3 {
        let took = timed(&oncall, "/v1/workflows/desk/kill").await;
        assert!(took < AT_ONCE, "the kill took {took:?}");
        let took = timed(&dri, "/v1/workflows/desk/resume").await;
        assert!(took < AT_ONCE, "the resume took {took:?}");
    }
    load.end().await;
}

async fn a_lease_elsewhere_never_waits_for_a_kill(engine: Engine) {
    let app = App::start(engine).await;
    app.apply(&TestPack::of("billing")).await;
    app.stage(&Draft::of("t-1")).await;
    let ana = app.reviewer("ana").await;
    if engine == Engine::Sqlite {
        return;
    }
    // Somebody is in the middle of changing the other workflow.
    let mut other = sqlx::PgConnection::connect(&app.database).await.unwrap();
    let mut tx = other.begin().await.unwrap();
    sqlx::query("SELECT * FROM hold_workflow('billing', 'change')").execute(&mut *tx).await.unwrap();
    let began = Instant::now();
    assert!(!ana.lease().await.is_null());
    assert!(began.elapsed() < AT_ONCE, "the lease took {:?}", began.elapsed());
    tx.rollback().await.unwrap();
}
