//! A kill drill runs the whole way of a kill on a shadow, and no real work takes notice.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::receiver::Receiver;
use countersign_testkit::{App, Draft, Engine, Person, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    a_drill_is_measured_and_on_record,
    real_work_goes_on_and_nothing_of_the_drill_is_left,
    a_shadow_is_in_no_list_and_in_reach_of_nobody,
    a_drill_that_something_passes_is_kept_as_failed_with_what_it_was,
    drills_at_once_do_not_meet,
    a_shadow_that_a_dead_hub_left_is_swept_away,
    a_drill_takes_the_right_person,
    numbers_of_drafts_are_not_used_twice,
}

async fn drill(who: &Person, id: &str) -> Value {
    who.post(&format!("/v1/workflows/{id}/drill"), json!({})).await.ok()
}

const TABLES: [&str; 15] = [
    "workflow",
    "workflow_version",
    "workflow_revision",
    "draft",
    "draft_count",
    "lease",
    "verdict",
    "kept",
    "case_record",
    "evidence",
    "slot",
    "delivery",
    "transition",
    "incident",
    "escalation",
];

async fn everything(app: &App) -> Vec<(&'static str, i64)> {
    let mut counts = Vec::new();
    for table in TABLES {
        counts.push((table, app.number(&format!("SELECT COUNT(*) FROM {table}")).await));
    }
    counts
}

async fn a_drill_is_measured_and_on_record(engine: Engine) {
    let app = App::start(engine).await;
    let dri = app.role("dri").await;
    let ran = drill(&dri, "desk").await;
    assert_eq!((&ran["ok"], &ran["actor"], &ran["version"]), (&json!(true), &json!("the-dri"), &json!(1)), "{ran}");
    let (commit, effect) = (ran["commit_ms"].as_f64().unwrap(), ran["effect_ms"].as_f64().unwrap());
    assert!(commit > 0.0 && effect > commit && effect < 5_000.0, "{ran}");
    assert_eq!(text(&ran["at"]), app.now().to_string());
    let log = app.owner().get("/v1/audit?act=drill.ran").await.ok();
    let entry = &log["entries"][0];
    assert_eq!((&entry["actor"], &entry["workflow"]), (&json!("the-dri"), &json!("desk")), "{log}");
    app.clock.advance(60);
    let second = drill(&dri, "desk").await;
    let listed = app.owner().get("/v1/workflows/desk/drills").await.ok();
    assert_eq!((&listed["drills"], &listed["last_good_at"]), (&json!([second, ran]), &second["at"]));
    assert_eq!(app.verify().await["ok"], true);
}

async fn real_work_goes_on_and_nothing_of_the_drill_is_left(engine: Engine) {
    let receiver = Receiver::start().await;
    let app = App::with(engine, &TestPack::of("desk").delivering_to(receiver.url())).await;
    let ana = app.reviewer("ana").await;
    let approved = app.stage(&Draft::of("t-1")).await;
    ana.approve(&approved).await;
    app.stage(&Draft::of("t-2")).await;
    let held = ana.lease().await;
    let (before, workflow) = (everything(&app).await, app.workflow("desk").await);
    assert_eq!(drill(&app.owner(), "desk").await["ok"], true);
    assert_eq!(everything(&app).await, before);
    assert_eq!(app.workflow("desk").await, workflow);
    ana.renew(&held).await.ok();
    app.deliver_after_undo().await;
    let sent: Vec<(String, String)> = receiver.received().into_iter().map(|r| (r.kind, r.ticket)).collect();
    assert_eq!(sent, [("reply.ready".to_owned(), "t-1".to_owned())], "no notice of the drill goes out");
    assert_eq!(ana.get("/v1/me").await.ok()["today"]["decided"], 1);
}

/// Leaves a drill's shadow in place, with all that is in it while the drill runs.
async fn shadow_left_over(app: &App) {
    let row = "INSERT INTO workflow (id, name, version, stage) SELECT '~drill:left', name, version, stage FROM workflow WHERE id = 'desk'";
    app.tamper(row).await;
    let version = "INSERT INTO workflow_version (workflow_id, version, hash, guideline_hash, seed, applied_at, applied_by)
                   SELECT '~drill:left', version, hash, guideline_hash, seed, applied_at, applied_by FROM workflow_version
                   WHERE workflow_id = 'desk'";
    app.tamper(version).await;
    let revision = "INSERT INTO workflow_revision (workflow_id, version, revision, files, changed, applied_at, applied_by)
                    SELECT '~drill:left', version, revision, files, changed, applied_at, applied_by FROM workflow_revision
                    WHERE workflow_id = 'desk'";
    app.tamper(revision).await;
    let id = app.stage(&Draft::of("of-the-shadow")).await;
    app.tamper(&format!("UPDATE draft SET workflow_id = '~drill:left' WHERE id = '{id}'")).await;
    app.tamper("INSERT INTO draft_count (workflow_id, state, n) VALUES ('~drill:left', 'staged', 1)").await;
    app.tamper("UPDATE draft_count SET n = 0 WHERE workflow_id = 'desk'").await;
    let delivery = "INSERT INTO delivery (id, workflow_id, draft_seq, ticket, kind, body, state, due_at, created_at)
                    SELECT 'msg_left', '~drill:left', seq, 't', 'reply.ready', '{}', 'pending', 0, 0 FROM draft WHERE workflow_id = '~drill:left'";
    app.tamper(delivery).await;
}

async fn a_shadow_is_in_no_list_and_in_reach_of_nobody(engine: Engine) {
    let receiver = Receiver::start().await;
    let app = App::with(engine, &TestPack::of("desk").delivering_to(receiver.url())).await;
    shadow_left_over(&app).await;
    let draft = app.number("SELECT COUNT(*) FROM draft WHERE workflow_id = '~drill:left'").await;
    assert_eq!(draft, 1);
    let owner = app.owner();
    assert_eq!(owner.get("/v1/workflows").await.ok()["workflows"].as_array().unwrap().len(), 1);
    let drafts = owner.get("/v1/drafts").await.ok();
    assert_eq!((&drafts["drafts"], &drafts["total"]), (&json!([]), &json!(0)));
    for (path, name) in [
        ("/v1/drafts?q=parcel", "drafts"),
        ("/v1/deliveries", "deliveries"),
        ("/v1/cases", "cases"),
        ("/v1/escalations", "escalations"),
        ("/v1/incidents", "incidents"),
    ] {
        assert_eq!(owner.get(path).await.ok()[name], json!([]), "{path}");
    }
    assert!(app.reviewer("ana").await.lease().await.is_null());
    assert_eq!(app.deliver().await, 0);
    for path in ["", "/history", "/drills", "/versions/1"] {
        owner.get(&format!("/v1/workflows/~drill:left{path}")).await.refused(403, "forbidden");
    }
    owner.get("/v1/drafts?workflow=~drill:left").await.refused(404, "not_found");
    owner.get("/v1/packs/~drill:left").await.refused(403, "forbidden");
    let why = json!({ "reason": "no" });
    owner.post("/v1/workflows/~drill:left/kill", why.clone()).await.refused(403, "forbidden");
    owner.post("/v1/workflows/~drill:left/drill", json!({})).await.refused(403, "forbidden");
    owner.post("/v1/incidents", json!({ "workflow": "~drill:left", "title": "x" })).await.refused(403, "forbidden");
    owner.post("/v1/deliveries/msg_left/retry", json!({})).await.refused(403, "forbidden");
    let killed = owner.post("/v1/workflows/all/kill", why.clone()).await.ok();
    assert_eq!(killed["workflows"].as_array().unwrap().len(), 1, "all are all real ones");
    assert_eq!(owner.post("/v1/workflows/all/resume", why).await.ok()["workflows"].as_array().unwrap().len(), 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM workflow WHERE killed_at IS NULL AND kills = 0").await, 1);
    app.clock.advance(100_000);
    assert_eq!(app.desk.expire_drafts().await.unwrap(), 0);
    app.deliver().await;
    assert!(receiver.received().iter().all(|r| r.kind.starts_with("workflow.")), "{:?}", receiver.received());
}

async fn a_drill_that_something_passes_is_kept_as_failed_with_what_it_was(engine: Engine) {
    let app = App::start(engine).await;
    // A kill that doesn't hold, in shadows alone.
    if engine == Engine::Sqlite {
        app.tamper(
            "CREATE TRIGGER undo AFTER UPDATE OF killed_at ON workflow WHEN NEW.killed_at IS NOT NULL AND NEW.id LIKE '~%'
             BEGIN UPDATE workflow SET killed_at = NULL WHERE id = NEW.id; END",
        )
        .await;
    } else {
        app.tamper(
            "CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF NEW.id LIKE '~%' THEN NEW.killed_at := NULL; END IF; RETURN NEW; END $$",
        )
        .await;
        app.tamper("CREATE TRIGGER undo BEFORE UPDATE ON workflow FOR EACH ROW EXECUTE FUNCTION undo()").await;
    }
    let before = everything(&app).await;
    let ran = drill(&app.owner(), "desk").await;
    assert_eq!(ran["ok"], false);
    for passed in ["the lease was not refused", "the delivery was not refused", "the resume failed"] {
        assert!(text(&ran["detail"]).contains(passed), "{ran}");
    }
    assert_eq!(everything(&app).await, before, "it is cleared away all the same");
    assert_eq!(app.owner().get("/v1/workflows/desk/drills").await.ok().get("last_good_at"), None);
    let log = app.owner().get("/v1/audit?act=drill.ran").await.ok();
    assert!(log["entries"][0].to_string().contains("false"), "{log}");
}

async fn drills_at_once_do_not_meet(engine: Engine) {
    let app = App::start(engine).await;
    app.apply(&TestPack::of("billing")).await;
    let before = everything(&app).await;
    let owner = app.owner();
    let four =
        tokio::join!(drill(&owner, "desk"), drill(&owner, "desk"), drill(&owner, "billing"), drill(&owner, "desk"));
    for ran in [four.0, four.1, four.2, four.3] {
        assert_eq!(ran["ok"], true, "{ran}");
    }
    assert_eq!(everything(&app).await, before);
    assert_eq!(app.number("SELECT COUNT(*) FROM drill").await, 4);
}

async fn a_shadow_that_a_dead_hub_left_is_swept_away(engine: Engine) {
    let app = App::start(engine).await;
    shadow_left_over(&app).await;
    drill(&app.owner(), "desk").await;
    let left = "SELECT COUNT(*) FROM workflow WHERE id = '~drill:left'";
    assert_eq!(app.number(left).await, 1, "it might still run");
    app.clock.advance(601);
    drill(&app.owner(), "desk").await;
    assert_eq!(app.number(left).await, 0);
    assert_eq!(app.number("SELECT COUNT(*) FROM delivery").await, 0);
}

async fn a_drill_takes_the_right_person(engine: Engine) {
    let app = App::start(engine).await;
    for role in ["oncall", "reviewer", "auditor", "service", "curator"] {
        app.role(role).await.post("/v1/workflows/desk/drill", json!({})).await.refused(403, "forbidden");
    }
    drill(&app.role("admin").await, "desk").await;
    app.owner().post("/v1/workflows/nowhere/drill", json!({})).await.refused(404, "not_found");
    app.owner().get("/v1/workflows/nowhere/drills").await.refused(404, "not_found");
}

async fn numbers_of_drafts_are_not_used_twice(engine: Engine) {
    let app = App::start(engine).await;
    app.stage(&Draft::of("t-1")).await;
    let highest = app.number("SELECT MAX(seq) FROM draft").await;
    drill(&app.owner(), "desk").await;
    app.desk.index_words().await.unwrap();
    app.stage(&Draft::of("t-2").text("A pelican in the garden.")).await;
    assert_eq!(app.number("SELECT MAX(seq) FROM draft").await, highest + 1);
    assert_eq!(app.owner().get("/v1/drafts?q=pelican").await.ok()["drafts"][0]["external_id"], "t-2");
}
