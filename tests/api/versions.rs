//! A version is what decides; whatever else a pack says is a revision of it. What was in force before comes back with
//! its evidence, and a new version earns its stage with its own drafts.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_desk::AtStart;
use countersign_testkit::{App, Draft, Engine, Person, TestPack, on_both};
use serde_json::{Value, json};

on_both! {
    a_new_receiver_or_runbook_is_a_revision_and_the_evidence_stays,
    a_rotated_webhook_secret_is_a_revision_and_says_so_first,
    comments_and_line_endings_change_nothing,
    another_hub_uses_a_new_revision_at_once,
    an_earlier_pack_returns_to_its_version_with_its_evidence,
    an_earlier_revision_comes_back_under_its_number,
    a_rollback_brings_back_version_evidence_and_eval_results,
    a_rollback_takes_a_dri_or_an_admin_and_another_version,
    days_at_a_stage_go_on_where_they_left_off_when_a_version_comes_back,
    a_check_says_what_a_pack_would_do_to_the_evidence,
    a_new_version_above_internal_is_reviewed_whole_until_its_gate_is_green,
    what_a_promotion_earned_stays_and_what_a_version_was_sent_back_from_is_earned_anew,
    a_review_budget_does_not_thin_out_what_a_new_version_has_to_earn,
    a_start_applies_what_is_new_and_never_undoes_what_came_since,
    a_workflow_called_all_is_refused_and_an_old_one_is_killed_by_its_own_dri,
}

fn pack() -> TestPack {
    TestPack::of("desk")
}

fn moved(url: &str) -> TestPack {
    pack().set("delivery.url", url).set("delivery.secret_env", "COUNTERSIGN_WEBHOOK_SECRET")
}

/// What a hub answers to a pack: what it was to the history, the version and the revision.
fn told(answer: &Value) -> (String, i64, i64) {
    let number = |key: &str| answer[key].as_i64().unwrap();
    (answer["change"].as_str().unwrap().to_owned(), number("version"), number("revision"))
}

fn is(change: &str, version: i64, revision: i64) -> (String, i64, i64) {
    (change.to_owned(), version, revision)
}

async fn history(app: &App) -> Value {
    app.owner().get("/v1/workflows/desk/history").await.ok()
}

async fn reviewed(app: &App) -> i64 {
    app.owner().get("/v1/workflows/desk/gate").await.ok()["summary"]["reviewed"].as_i64().unwrap()
}

async fn approve(app: &App, ana: &Person, name: &str, n: usize) {
    for i in 0..n {
        ana.approve(&app.stage(&Draft::of(&format!("{name}-{i}"))).await).await;
    }
}

/// The facts of the latest entry of an act, and who did it.
async fn entry(app: &App, act: &str) -> (Value, Value) {
    let log = app.owner().get(&format!("/v1/audit?act={act}")).await.ok();
    let entry = &log["entries"][0];
    (serde_json::from_str(entry["detail"].as_str().unwrap()).unwrap(), entry["actor"].clone())
}

async fn acts(app: &App) -> Vec<String> {
    let log = app.owner().get("/v1/audit?act=pack.&limit=200").await.ok();
    log["entries"].as_array().unwrap().iter().rev().map(|e| e["act"].as_str().unwrap().to_owned()).collect()
}

async fn a_new_receiver_or_runbook_is_a_revision_and_the_evidence_stays(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    let ana = app.reviewer("ana").await;
    approve(&app, &ana, "t", 3).await;
    app.clock.advance(60);
    let next = moved("https://helpdesk.example/a").text("runbook.md", "1. Breathe.");
    assert_eq!(told(&app.apply(&next).await), is("new_revision", 1, 2));
    assert_eq!(reviewed(&app).await, 3);
    assert_eq!(app.workflow("desk").await["runbook"], "1. Breathe.");
    let versions = history(&app).await["versions"].clone();
    assert_eq!((versions.as_array().unwrap().len(), &versions[0]["revision"]), (1, &json!(2)));
    let revision = &versions[0]["revisions"][0];
    assert_eq!((&revision["applied_by"], &revision["applied_at"]), (&json!("owner"), &json!(app.now().to_string())));
    let changed = revision["changed"].to_string();
    assert!(
        changed.contains("delivery.url") && changed.contains("runbook.md") && !changed.contains("gate"),
        "{changed}"
    );
    let (facts, by) = entry(&app, "pack.revised").await;
    assert_eq!((&facts["changed"], by), (&revision["changed"], json!("owner")));
    assert!(!facts.to_string().contains("helpdesk.example"), "keys are on record, values aren't");
    let diff = app.owner().get("/v1/workflows/desk/diff?from=1&from_revision=1&to=1").await.ok();
    assert_eq!((&diff["from_revision"], &diff["to_revision"]), (&json!(1), &json!(2)));
    assert!(diff["settings"].to_string().contains("https://helpdesk.example/a"), "{diff}");
    let text = app.owner().get("/v1/packs/desk?format=txt").await.text();
    assert!(text.contains("Version 1, revision 2, applied by owner"), "{text}");
    assert_eq!(app.verify().await["ok"], true);
}

async fn a_rotated_webhook_secret_is_a_revision_and_says_so_first(engine: Engine) {
    let before = moved("https://helpdesk.example/a");
    let app = App::with(engine, &before).await;
    let ana = app.reviewer("ana").await;
    approve(&app, &ana, "t", 3).await;
    let new = before.clone().set("delivery.secret_env", "COUNTERSIGN_SECRET_WEBHOOK_NEW");
    let both = new.clone().set("delivery.previous_secret_env", "COUNTERSIGN_WEBHOOK_SECRET");
    for (pack, revision) in [(both, 2), (new, 3)] {
        let check = app.owner().post("/v1/packs/check", json!({ "files": pack.files() })).await.ok();
        assert_eq!(told(&check), is("new_revision", 1, revision));
        assert_eq!((&check["reviewed"], &check["reviewed_now"]), (&json!(3), &json!(3)));
        assert_eq!(told(&app.apply(&pack).await), is("new_revision", 1, revision));
        assert_eq!(reviewed(&app).await, 3);
    }
}

async fn comments_and_line_endings_change_nothing(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    let entries = acts(&app).await;
    let mut files = pack().files();
    for text in files.values_mut() {
        *text = text.replace('\n', "\r\n") + "\r\n";
    }
    let settings = files.get_mut("workflow.toml").unwrap();
    *settings = format!("# Checked on Monday.\r\n{settings}");
    let applied = app.owner().post("/v1/packs", json!({ "files": files })).await.ok();
    assert_eq!(told(&applied), is("unchanged", 1, 1));
    assert_eq!(acts(&app).await, entries);
}

async fn another_hub_uses_a_new_revision_at_once(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    let other = app.another().await;
    assert_eq!(other.workflow("desk").await["dri"], app.workflow("desk").await["dri"]);
    app.apply(&pack().set("workflow.dri", "dana")).await;
    assert_eq!(other.workflow("desk").await["dri"], "dana");
}

async fn an_earlier_pack_returns_to_its_version_with_its_evidence(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    let ana = app.reviewer("ana").await;
    approve(&app, &ana, "t", 3).await;
    let stricter = pack().set("gate.min_days", 9);
    assert_eq!(told(&app.apply(&stricter).await), is("new_version", 2, 1));
    assert_eq!(reviewed(&app).await, 0);
    assert_eq!(told(&app.apply(&pack()).await), is("earlier_version", 1, 1));
    assert_eq!(reviewed(&app).await, 3);
    // What comes back may say something else besides.
    app.apply(&stricter).await;
    assert_eq!(told(&app.apply(&pack().set("workflow.dri", "dana")).await), is("earlier_version", 1, 2));
    assert_eq!(reviewed(&app).await, 3);
    assert_eq!(told(&app.apply(&pack().set("gate.min_days", 8)).await), is("new_version", 3, 1));
    let log = acts(&app).await;
    assert_eq!(
        log,
        ["pack.applied", "pack.applied", "pack.returned", "pack.returned", "pack.returned", "pack.applied"]
    );
    let in_force = history(&app).await["in_force"].clone();
    let versions: Vec<i64> = in_force.as_array().unwrap().iter().map(|f| f["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, [3, 1, 2, 1, 2, 1]);
    assert_eq!(app.verify().await["ok"], true);
}

async fn an_earlier_revision_comes_back_under_its_number(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    app.apply(&pack().set("workflow.dri", "dana")).await;
    assert_eq!(told(&app.apply(&pack()).await), is("earlier_revision", 1, 1));
    assert_eq!(app.workflow("desk").await["dri"], "the-dri");
    assert_eq!(told(&app.apply(&pack().set("workflow.dri", "eve")).await), is("new_revision", 1, 3));
}

async fn a_rollback_brings_back_version_evidence_and_eval_results(engine: Engine) {
    let suite = || pack().set("gate.eval_suite", "evals/desk");
    let app = App::with(engine, &suite()).await;
    let ana = app.reviewer("ana").await;
    approve(&app, &ana, "t", 3).await;
    let result = json!({ "workflow": "desk", "version": 1, "suite": "evals/desk", "dataset_hash": "d1",
                         "verdict": "pass", "scores": {} });
    app.role("service").await.post("/v1/evals/results", result).await.ok();
    app.apply(&suite().set("audience.internal", toml::Table::from_iter([("groups".to_owned(), vec!["beta"].into())])))
        .await;
    let flag = || async {
        let asked = json!({ "context": { "targetingKey": "c", "groups": ["staff"] } });
        let program = app.role("service").await;
        program.post("/ofrep/v1/evaluate/flags/desk", asked).await.ok()["value"].clone()
    };
    assert_eq!(flag().await, false, "staff is not in the audience of version 2");
    let mut changes = app.desk.changes();
    let back = json!({ "to": 1, "reason": "version 2 promises refunds" });
    let done = app.owner().post("/v1/workflows/desk/rollback", back).await.ok();
    assert_eq!(told(&done), is("earlier_version", 1, 1));
    let told = serde_json::to_value(changes.recv().await.unwrap()).unwrap();
    assert_eq!(told["type"], "pack.applied");
    assert_eq!(flag().await, true);
    let gate = app.owner().get("/v1/workflows/desk/gate").await.ok();
    assert_eq!((&gate["version"], &gate["summary"]["reviewed"]), (&json!(1), &json!(3)));
    let suite = gate["conditions"].as_array().unwrap().iter().find(|c| c["name"] == "eval_suite").unwrap();
    assert_eq!(suite["status"], "pass");
    let in_force = history(&app).await["in_force"][0].clone();
    assert_eq!((&in_force["by"], &in_force["reason"]), (&json!("owner"), &json!("version 2 promises refunds")));
    let (facts, _) = entry(&app, "pack.rolled_back").await;
    assert_eq!((&facts["from"], &facts["to"]), (&json!(2), &json!(1)));
}

async fn a_rollback_takes_a_dri_or_an_admin_and_another_version(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    app.apply(&pack().set("gate.min_days", 9)).await;
    let path = "/v1/workflows/desk/rollback";
    let to = |version: i64| json!({ "to": version, "reason": "worse" });
    for role in ["reviewer", "curator", "auditor", "service", "oncall"] {
        app.role(role).await.post(path, to(1)).await.refused(403, "forbidden");
    }
    app.owner().post(path, to(2)).await.refused(422, "invalid");
    app.owner().post(path, to(3)).await.refused(404, "not_found");
    app.owner().post(path, json!({ "to": 1, "reason": " " })).await.refused(422, "invalid");
    app.role("dri").await.post(path, to(1)).await.ok();
    app.role("admin").await.post(path, to(2)).await.ok();
    assert_eq!(app.workflow("desk").await["version"], 2);
}

async fn days_at_a_stage_go_on_where_they_left_off_when_a_version_comes_back(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    let days = || async {
        let gate = app.owner().get("/v1/workflows/desk/gate").await.ok();
        let days = gate["conditions"].as_array().unwrap().iter().find(|c| c["name"] == "days").unwrap().clone();
        days["measured"].as_f64().unwrap()
    };
    app.clock.advance(2 * 86_400 + 60);
    app.apply(&pack().set("gate.min_days", 9)).await;
    app.clock.advance(5 * 86_400);
    app.owner().post("/v1/workflows/desk/rollback", json!({ "to": 1, "reason": "worse" })).await.ok();
    assert_eq!(days().await, 2.0, "the days of version 2 are not its own");
    app.clock.advance(86_400);
    assert_eq!(days().await, 3.0);
}

async fn a_check_says_what_a_pack_would_do_to_the_evidence(engine: Engine) {
    let app = App::empty(engine).await;
    let check = |pack: TestPack| {
        let owner = app.owner();
        async move { owner.post("/v1/packs/check", json!({ "files": pack.files() })).await.ok() }
    };
    assert_eq!(told(&check(pack()).await), is("new_workflow", 1, 1));
    assert_eq!(app.number("SELECT COUNT(*) FROM workflow").await, 0, "a check changes nothing");
    app.furnish_with(&pack()).await;
    let ana = app.reviewer("ana").await;
    approve(&app, &ana, "t", 3).await;
    assert_eq!(told(&check(pack()).await), is("unchanged", 1, 1));
    let revision = check(pack().set("workflow.dri", "dana")).await;
    assert_eq!((told(&revision), &revision["reviewed"]), (is("new_revision", 1, 2), &json!(3)));
    assert_eq!(revision["settings"], json!([{ "key": "workflow.dri", "before": "the-dri", "after": "dana" }]));
    let looser = check(pack().set("gate.min_reviewed", 50).text("guidelines.md", "Be kind.")).await;
    assert_eq!((told(&looser), &looser["reviewed"]), (is("new_version", 2, 1), &json!(0)));
    assert_eq!((&looser["reviewed_now"], &looser["texts"]), (&json!(3), &json!(["guidelines.md"])));
    assert_eq!(looser["loosened"], json!([{ "limit": "gate.min_reviewed", "from": "200", "to": "50" }]));
    assert!(looser["not_enforced"].as_array().unwrap().contains(&json!("cost.hard_stop")), "{looser}");
    app.apply(&pack().set("gate.min_days", 9)).await;
    let earlier = check(pack()).await;
    assert_eq!((told(&earlier), &earlier["reviewed"]), (is("earlier_version", 1, 1), &json!(3)));
    assert_eq!(app.workflow("desk").await["version"], 2);
    let broken = json!({ "files": pack().set("gate.min_days", "many").files() });
    let refused = app.owner().post("/v1/packs/check", broken).await.refused(422, "invalid");
    assert_eq!(refused["faults"][0]["key"], "gate.min_days");
    app.apply(&TestPack::of("elsewhere")).await;
    let elsewhere = app.person("eve", json!([{ "role": "admin", "workflow": "elsewhere" }]), &[]).await;
    elsewhere.post("/v1/packs/check", json!({ "files": pack().files() })).await.refused(403, "forbidden");
}

/// A gate that a handful of drafts turns green, and a tenth of the drafts reviewed.
fn sampled() -> TestPack {
    let mut rate = toml::Table::new();
    rate.insert("name".to_owned(), "harm".into());
    rate.insert("counts".to_owned(), vec!["escalate:harm"].into());
    rate.insert("max".to_owned(), 0.3.into());
    let rates = ["internal", "opt_in", "default"].map(|stage| (stage.to_owned(), toml::Value::from(0.1)));
    pack()
        .set("gate.rate", vec![toml::Value::Table(rate)])
        .set("gate.min_reviewed", 30)
        .set("gate.min_days", 0)
        .set("gate.entry_lag_hours", 0)
        .set("failure_budget.rate", "harm")
        .set("review.rate", toml::Table::from_iter(rates))
        .set("review.risk_rate", toml::Table::from_iter([("high".to_owned(), 0.1.into())]))
        .without("gate.eval_suite")
        .without("cost.max_per_sent_usd")
}

fn whole() -> TestPack {
    sampled().set(
        "review.rate",
        toml::Table::from_iter([("internal".to_owned(), 1.0.into()), ("opt_in".to_owned(), 0.1.into())]),
    )
}

async fn promote(app: &App) {
    let report = app.owner().get("/v1/workflows/desk/gate").await.ok()["hash"].clone();
    let asked = json!({ "reason": "green", "report": report });
    app.owner().post("/v1/workflows/desk/promote", asked).await.ok();
}

/// At opt_in, by its own evidence.
async fn promoted(engine: Engine) -> (App, Person) {
    let app = App::with(engine, &whole()).await;
    let ana = app.reviewer("ana").await;
    app.owner().post("/v1/workflows/desk/drill", json!({})).await.ok();
    approve(&app, &ana, "internal", 30).await;
    promote(&app).await;
    (app, ana)
}

/// The probability with which the next drafts are selected for review.
async fn rate(app: &App, ticket: &str) -> f64 {
    let id = app.stage(&Draft::of(ticket)).await;
    app.draft(&id).await["probability"].as_f64().unwrap()
}

async fn stands(app: &App) -> (Value, Value, Value) {
    let workflow = app.workflow("desk").await;
    (workflow["version"].clone(), workflow["stage"].clone(), workflow["earned"].clone())
}

async fn a_new_version_above_internal_is_reviewed_whole_until_its_gate_is_green(engine: Engine) {
    let (app, ana) = promoted(engine).await;
    assert_eq!((stands(&app).await, rate(&app, "a").await), ((json!(1), json!("opt_in"), json!(true)), 0.1));
    let next = whole().text("guidelines.md", "Be kinder.");
    let check = app.owner().post("/v1/packs/check", json!({ "files": next.files() })).await.ok();
    assert_eq!((&check["change"], &check["reviews_all"]), (&json!("new_version"), &json!(true)));
    app.apply(&next).await;
    assert_eq!((stands(&app).await, rate(&app, "b").await), ((json!(2), json!("opt_in"), json!(false)), 1.0));
    assert!(app.desk.watch_earned().await.unwrap().is_empty(), "nothing is known of version 2 yet");
    approve(&app, &ana, "c", 30).await;
    assert_eq!(app.desk.watch_earned().await.unwrap(), ["desk"]);
    assert!(app.desk.watch_earned().await.unwrap().is_empty(), "once is enough");
    assert_eq!((stands(&app).await, rate(&app, "d").await), ((json!(2), json!("opt_in"), json!(true)), 0.1));
    let (facts, by) = entry(&app, "version.earned").await;
    assert_eq!((by, &facts["version"], &facts["stage"]), (json!("hub"), &json!(2), &json!("opt_in")));
    let kept = format!("/v1/gate/reports/{}", facts["report"].as_str().unwrap());
    assert_eq!(app.owner().get(&kept).await.ok()["summary"]["reviewed"], 30);
    assert_eq!(app.verify().await["ok"], true);
}

async fn what_a_promotion_earned_stays_and_what_a_version_was_sent_back_from_is_earned_anew(engine: Engine) {
    let (app, _) = promoted(engine).await;
    app.apply(&whole().text("guidelines.md", "Be kinder.")).await;
    assert_eq!(rate(&app, "a").await, 1.0);
    app.owner().post("/v1/workflows/desk/rollback", json!({ "to": 1, "reason": "worse" })).await.ok();
    assert_eq!((stands(&app).await, rate(&app, "b").await), ((json!(1), json!("opt_in"), json!(true)), 0.1));
    // Sent back while version 2 is in force: version 1 keeps what it has earned.
    app.apply(&whole().text("guidelines.md", "Be kinder.")).await;
    app.owner().post("/v1/workflows/desk/demote", json!({ "reason": "too early" })).await.ok();
    app.owner().post("/v1/workflows/desk/rollback", json!({ "to": 1, "reason": "worse" })).await.ok();
    assert_eq!(app.number("SELECT COUNT(*) FROM earned WHERE version = 1 AND stage = 'opt_in'").await, 1);
    promote(&app).await;
    assert_eq!(stands(&app).await, (json!(1), json!("opt_in"), json!(true)));
    app.owner().post("/v1/workflows/desk/kill", json!({ "reason": "stop" })).await.ok();
    app.owner().post("/v1/workflows/desk/resume", json!({ "reason": "mended" })).await.ok();
    assert_eq!(app.number("SELECT COUNT(*) FROM earned WHERE stage = 'opt_in'").await, 0, "it was killed there");
    promote(&app).await;
    assert_eq!(stands(&app).await, (json!(1), json!("opt_in"), json!(true)));
}

async fn a_review_budget_does_not_thin_out_what_a_new_version_has_to_earn(engine: Engine) {
    let (app, _) = promoted(engine).await;
    app.apply(&whole().set("review.per_day", 1)).await;
    app.clock.advance(86_400);
    let budget = app.owner().get("/v1/workflows/desk/budget").await.ok();
    assert_eq!((&budget["rates"]["low"], &budget["rates"]["high"]), (&json!(1.0), &json!(1.0)));
}

async fn a_start_applies_what_is_new_and_never_undoes_what_came_since(engine: Engine) {
    let app = App::empty(engine).await;
    let other = app.another().await;
    let stricter = pack().set("gate.min_days", 9);
    let start = |hub: &App, pack: &TestPack| {
        let (desk, files) = (hub.desk.clone(), pack.files());
        async move { desk.apply_pack_at_start(&files).await.unwrap() }
    };
    assert_eq!(start(&app, &pack()).await, AtStart::Applied);
    assert_eq!(start(&app, &pack()).await, AtStart::InForce);
    assert_eq!(start(&other, &stricter).await, AtStart::Applied);
    assert_eq!(start(&app, &pack()).await, AtStart::Left, "the other hub's pack is newer");
    assert_eq!(app.workflow("desk").await["version"], 2);
    assert_eq!(start(&other, &stricter).await, AtStart::InForce);
    // A person's word counts more than a folder: what they returned to stays.
    app.apply(&pack()).await;
    assert_eq!(start(&other, &stricter).await, AtStart::Left);
    assert_eq!(start(&other, &stricter.set("workflow.dri", "dana")).await, AtStart::Left);
    assert_eq!(start(&app, &pack().set("workflow.dri", "dana")).await, AtStart::Applied);
    assert_eq!((app.workflow("desk").await["version"].clone(), acts(&app).await.len()), (json!(1), 4));
}

async fn a_workflow_called_all_is_refused_and_an_old_one_is_killed_by_its_own_dri(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    let called = |files: std::collections::BTreeMap<String, String>| json!({ "files": files });
    let refused = app.owner().post("/v1/packs", called(TestPack::of("all").files())).await.refused(422, "invalid");
    assert_eq!(refused["faults"][0]["key"], "workflow.id");
    app.owner().post("/v1/packs", called(TestPack::of("old").files())).await.ok();
    // As a database has it where such a pack was applied before.
    for sql in [
        "INSERT INTO workflow (id, name, version, stage) SELECT 'all', name, version, stage FROM workflow WHERE id = 'old'",
        "UPDATE workflow_version SET workflow_id = 'all' WHERE workflow_id = 'old'",
        "UPDATE workflow_revision SET workflow_id = 'all', files = REPLACE(files, '\"old\\\"', '\"all\\\"') WHERE workflow_id = 'old'",
        "UPDATE in_force SET workflow_id = 'all' WHERE workflow_id = 'old'",
        "DELETE FROM workflow WHERE id = 'old'",
    ] {
        app.tamper(sql).await;
    }
    let dri = app.person("dana", json!([{ "role": "dri", "workflow": "all" }]), &[]).await;
    dri.post("/v1/workflows/all/kill", json!({ "reason": "stop" })).await.ok();
    assert_eq!(app.workflow("all").await["killed"], true);
    assert_eq!(app.workflow("desk").await["killed"], false);
    dri.post("/v1/workflows/all/resume", json!({ "reason": "mended" })).await.ok();
    assert_eq!(app.workflow("all").await["killed"], false);
}
