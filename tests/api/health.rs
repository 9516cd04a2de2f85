//! A hub that can't act as it should says so, and does nothing by halves.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_desk::{Clock, Code, Desk, DeskConfig, SystemClock};
use countersign_domain::access::Identity;
use countersign_domain::time::Millis;
use countersign_testkit::drafts::verdict;
use countersign_testkit::{App, Draft, Engine, on_both};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

on_both! {
    a_kill_that_cannot_be_committed_is_in_force_on_its_hub_and_is_committed_later,
    a_hub_that_cannot_write_is_not_ready,
}

const FLAG: &str = "/ofrep/v1/evaluate/flags/desk";

async fn flag(app: &App) -> Value {
    let context = json!({ "context": { "targetingKey": "u-1", "groups": ["staff"], "opted_in": false } });
    app.owner().post(FLAG, context).await.ok()["value"].clone()
}

async fn a_kill_that_cannot_be_committed_is_in_force_on_its_hub_and_is_committed_later(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    for ticket in ["t-1", "t-2"] {
        app.stage(&Draft::of(ticket)).await;
    }
    let leased = ana.lease().await;
    assert_eq!(flag(&app).await, true);
    // The database takes everything but what a kill writes last.
    app.tamper("ALTER TABLE incident RENAME TO incident_away").await;
    let why = json!({ "reason": "wrong refunds" });
    let held = app.owner().post("/v1/workflows/desk/kill", why).await.refused(503, "kill_held");
    assert!(held["message"].as_str().unwrap().contains("not committed"), "{held}");
    assert_eq!(flag(&app).await, false);
    // One that is refused takes nothing from it.
    app.owner().post("/v1/workflows/desk/kill", json!({ "reason": "" })).await.refused(422, "invalid");
    assert_eq!(flag(&app).await, false);
    assert_eq!(app.owner().get("/v1/workflows/desk").await.ok()["killed"], true);
    app.owner().post("/v1/workflows/desk/resume", json!({ "reason": "mended" })).await.refused(503, "kill_held");
    ana.decide(&leased, &verdict(&leased, "approve")).await.refused(409, "workflow_killed");
    ana.post("/v1/queue/lease", json!({ "workflows": ["desk"] })).await.refused(409, "workflow_killed");
    app.nobody().get("/readyz").await.refused(503, "kill_held");
    assert_eq!(app.desk.commit_held_kills().await.unwrap(), 1, "it goes on trying");
    assert_eq!(app.number("SELECT COUNT(*) FROM workflow WHERE killed_at IS NOT NULL").await, 0);

    app.tamper("ALTER TABLE incident_away RENAME TO incident").await;
    assert_eq!(app.desk.commit_held_kills().await.unwrap(), 0);
    let after = app.workflow("desk").await;
    assert_eq!((&after["killed"], &after["killed_reason"]), (&json!(true), &json!("wrong refunds")));
    assert_eq!(app.owner().get("/v1/incidents").await.ok()["incidents"].as_array().unwrap().len(), 1);
    assert_eq!(flag(&app).await, false);
    app.nobody().get("/readyz").await.ok();
    app.owner().post("/v1/workflows/desk/resume", json!({ "reason": "mended" })).await.ok();
    assert_eq!(flag(&app).await, true, "a resume ends it");
}

async fn a_hub_that_cannot_write_is_not_ready(engine: Engine) {
    let app = App::start(engine).await;
    app.tamper("ALTER TABLE meta RENAME TO meta_away").await;
    app.nobody().get("/readyz").await.refused(503, "unavailable");
    app.tamper("ALTER TABLE meta_away RENAME TO meta").await;
    app.nobody().get("/readyz").await.ok();
}

/// The machine's clock, which can be set wrong.
struct Wrong {
    machine: SystemClock,
    by_ms: AtomicI64,
}

impl Clock for Wrong {
    fn now(&self) -> Millis {
        Millis(self.machine.now().0 + self.by_ms.load(Ordering::SeqCst))
    }

    fn wall(&self) -> Millis {
        self.now()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hub_whose_clock_is_not_the_databases_acts_on_nothing_and_recovers_by_itself() {
    let app = App::start(Engine::Postgres).await;
    app.stage(&Draft::of("t-1")).await;
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(Wrong { machine: SystemClock::default(), by_ms: AtomicI64::new(3 * 86_400_000) });
    let mut config = DeskConfig::new(app.database.clone(), folder.path());
    (config.keychain, config.clock) = (false, clock.clone());
    let desk = Desk::open(config).await.unwrap();
    assert_eq!(desk.expire_drafts().await.err().unwrap().code(), Code::Unavailable);
    assert!(desk.ready().await.err().unwrap().to_string().contains("clock"));
    assert!(desk.kill(&Identity::owner(), "desk", "x").await.is_err());
    desk.beat().await.unwrap();
    assert_eq!(app.number("SELECT COUNT(*) FROM hub").await, 0, "it is no living hub to the others");
    assert_eq!(app.workflow("desk").await["drafts"]["staged"], 1, "nothing has expired");

    clock.by_ms.store(0, Ordering::SeqCst);
    desk.beat().await.unwrap();
    desk.ready().await.unwrap();
    desk.expire_drafts().await.unwrap();
    assert_eq!(app.number("SELECT COUNT(*) FROM hub").await, 1);
    desk.close().await;
}
