//! A gate is green on evidence alone, and a workflow whose red line is crossed goes back by itself.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use countersign_testkit::drafts::{edit, escalation, verdict};
use countersign_testkit::{App, Draft, Engine, Person, Reply, TestPack, on_both};
use serde_json::{Value, json};
use toml::{Table, Value as Toml};

on_both! {
    a_gate_without_evidence_holds_and_says_what_is_missing,
    a_green_gate_promotes_one_stage_and_keeps_its_report,
    a_report_that_has_changed_since_it_was_shown_is_not_signed_unseen,
    a_report_that_isnt_green_any_more_is_not_signed,
    the_clock_alone_changes_no_report,
    harm_turns_the_gate_red_and_the_workflow_kills_itself,
    a_red_line_at_a_later_stage_sends_the_workflow_back_one,
    what_went_red_at_the_next_stage_is_not_promoted_again_on_the_same_version,
    a_resumed_workflow_is_not_killed_again_for_the_same_failures,
    drafts_that_a_kill_left_undecided_count_with_their_arrival_after_it,
    a_new_version_starts_from_nothing,
    drafts_that_nobody_decided_hold_the_gate,
    an_eval_suite_has_to_be_green_on_this_very_version,
    days_pass_by_the_hubs_clock,
    a_loosened_limit_is_in_the_report_with_its_version_and_who_did_it,
    a_promotion_is_the_named_dris_alone_and_a_demotion_goes_back,
    the_owner_of_a_hub_signs_for_the_dri_and_is_recorded_as_the_owner,
    two_dris_sign_where_the_pack_asks_for_it_the_named_one_first,
    a_first_signature_waits_for_a_day_and_for_the_same_dri,
    a_killed_workflow_is_neither_promoted_nor_demoted,
    a_withdrawn_verdict_leaves_the_evidence,
    of_several_reasons_the_harmful_one_counts,
    a_reply_that_costs_too_much_holds_the_gate_back,
    the_plan_says_how_many_reviews_and_days_it_takes,
    the_interval_is_told_day_by_day,
}

/// Two rates with room for a test's few drafts, and nothing else to wait for.
fn easy() -> TestPack {
    let rate = |name: &str, counts: &[&str], max: f64| {
        let mut table = Table::new();
        table.insert("name".to_owned(), name.into());
        table.insert("counts".to_owned(), Toml::Array(counts.iter().map(|c| Toml::from(*c)).collect()));
        table.insert("max".to_owned(), max.into());
        Toml::Table(table)
    };
    let rates = vec![
        rate("not sent as is", &["edit.material", "edit.factual", "edit.citation", "escalate"], 0.5),
        rate("harm", &["edit.factual", "escalate:harm"], 0.3),
    ];
    TestPack::of("desk")
        .set("gate.rate", Toml::Array(rates))
        .set("gate.min_reviewed", 30)
        .set("gate.min_days", 0)
        .set("gate.entry_lag_hours", 0)
        .set("failure_budget.rate", "harm")
        .without("gate.eval_suite")
        .without("cost.max_per_sent_usd")
}

async fn drilled(app: &App) {
    app.owner().post("/v1/workflows/desk/drill", json!({})).await.ok();
}

/// Decides on so many new drafts: each is approved, but for the first `harmful`, which are escalated as harm.
async fn decide(app: &App, ana: &Person, name: &str, n: usize, harmful: usize) {
    let drafts: Vec<Draft> = (0..n).map(|i| Draft::of(&format!("{name}-{i}"))).collect();
    for (i, staged) in app.send(&drafts).await.iter().enumerate() {
        let leased = ana.lease_of(staged["id"].as_str().unwrap()).await.ok();
        let given = if i < harmful { escalation(&leased, "unsafe") } else { verdict(&leased, "approve") };
        ana.decide(&leased, &given).await.ok();
    }
}

async fn gate(app: &App) -> Value {
    app.owner().get("/v1/workflows/desk/gate").await.ok()
}

fn status<'a>(gate: &'a Value, name: &str) -> &'a str {
    let found = gate["conditions"].as_array().unwrap().iter().find(|c| c["name"] == name);
    found.unwrap_or_else(|| panic!("no condition {name} in {gate}"))["status"].as_str().unwrap()
}

/// Signs the report that the gate shows now.
async fn promote(app: &App, who: &Person) -> Reply {
    let shown = gate(app).await["hash"].clone();
    who.post("/v1/workflows/desk/promote", json!({ "reason": "it is ready", "report": shown })).await
}

async fn green(engine: Engine) -> (App, Person) {
    let app = App::with(engine, &easy()).await;
    let ana = app.reviewer("ana").await;
    drilled(&app).await;
    decide(&app, &ana, "t", 40, 0).await;
    (app, ana)
}

async fn a_gate_without_evidence_holds_and_says_what_is_missing(engine: Engine) {
    let app = App::start(engine).await;
    let gate = gate(&app).await;
    assert_eq!((&gate["status"], &gate["stage"], &gate["to"]), (&json!("hold"), &json!("internal"), &json!("opt_in")));
    for name in ["rate", "reviewed", "days", "kill_drill"] {
        assert_eq!(status(&gate, name), "hold", "{name}");
    }
    assert_eq!(gate["rates"][0]["upper"], 1.0);
    assert!(gate["conditions"].as_array().unwrap().iter().all(|c| !c["reason"].as_str().unwrap().is_empty()));
    let refused = promote(&app, &app.owner()).await.refused(409, "gate_not_green");
    assert!(refused["message"].as_str().unwrap().contains("reviewed"), "{refused}");
    assert_eq!(app.workflow("desk").await["stage"], "internal");
}

async fn a_green_gate_promotes_one_stage_and_keeps_its_report(engine: Engine) {
    let (app, _) = green(engine).await;
    let seen = gate(&app).await;
    assert_eq!(seen["status"], "pass", "{seen}");
    app.owner()
        .post("/v1/workflows/desk/promote", json!({ "reason": "x", "to": "default" }))
        .await
        .refused(422, "invalid");
    let asked = json!({ "reason": "it is ready", "report": seen["hash"] });
    let moved = app.owner().post("/v1/workflows/desk/promote", asked).await.ok();
    assert_eq!((&moved["from"], &moved["stage"]), (&json!("internal"), &json!("opt_in")));
    let history = app.owner().get("/v1/workflows/desk/history").await.ok();
    let last = &history["transitions"][0];
    assert_eq!(
        (&last["kind"], &last["reason"], &last["report"]),
        (&json!("promoted"), &json!("it is ready"), &moved["report"])
    );
    let path = format!("/v1/gate/reports/{}", moved["report"].as_str().unwrap());
    let kept = app.owner().get(&path).await.ok();
    assert_eq!(
        (&kept["status"], &kept["stage"], &kept["summary"]["reviewed"]),
        (&json!("pass"), &json!("internal"), &json!(40))
    );
    assert_eq!(app.verify().await["ok"], true);
    // The next gate begins anew.
    assert_eq!(gate(&app).await["status"], "hold");
    promote(&app, &app.owner()).await.refused(409, "gate_not_green");
}

async fn a_report_that_has_changed_since_it_was_shown_is_not_signed_unseen(engine: Engine) {
    let (app, ana) = green(engine).await;
    let sign = |report: Value| {
        let owner = app.owner();
        async move { owner.post("/v1/workflows/desk/promote", json!({ "reason": "it was green", "report": report })).await }
    };
    let seen = gate(&app).await["hash"].clone();
    decide(&app, &ana, "more", 1, 0).await;
    let refused = sign(seen.clone()).await.refused(409, "content_changed");
    assert_ne!(refused["report"], seen);
    assert_eq!(refused["report"], gate(&app).await["hash"]);
    assert_eq!(sign(json!("00")).await.refused(409, "content_changed")["report"], refused["report"]);
    assert_eq!(app.workflow("desk").await["stage"], "internal");
    let unnamed = app.owner().post("/v1/workflows/desk/promote", json!({ "reason": "no report" })).await;
    assert!(unnamed.refused(422, "invalid")["message"].as_str().unwrap().contains("report"));
    let moved = sign(refused["report"].clone()).await.ok();
    assert_eq!((&moved["stage"], &moved["report"]), (&json!("opt_in"), &refused["report"]));
}

async fn a_report_that_isnt_green_any_more_is_not_signed(engine: Engine) {
    let (app, ana) = green(engine).await;
    let seen = gate(&app).await;
    decide(&app, &ana, "worse", 20, 20).await;
    let asked = json!({ "reason": "it was green", "report": seen["hash"] });
    let refused = app.owner().post("/v1/workflows/desk/promote", asked).await.refused(409, "gate_not_green");
    assert!(refused["message"].as_str().unwrap().contains("harm"), "{refused}");
}

async fn the_clock_alone_changes_no_report(engine: Engine) {
    let (app, _) = green(engine).await;
    let seen = gate(&app).await["hash"].clone();
    app.clock.advance(23 * 3600);
    let asked = json!({ "reason": "read it overnight", "report": seen });
    let moved = app.owner().post("/v1/workflows/desk/promote", asked).await.ok();
    assert_eq!((&moved["stage"], &moved["report"]), (&json!("opt_in"), &seen));
}

async fn harm_turns_the_gate_red_and_the_workflow_kills_itself(engine: Engine) {
    let app = App::with(engine, &easy()).await;
    let ana = app.reviewer("ana").await;
    decide(&app, &ana, "t", 10, 2).await;
    assert!(app.desk.watch_red_lines().await.unwrap().is_empty());
    decide(&app, &ana, "u", 30, 28).await;
    let gate = gate(&app).await;
    assert_eq!(gate["status"], "fail");
    let harm = &gate["rates"][1];
    assert!(harm["lower"].as_f64().unwrap() > 0.3, "{harm}");
    assert_eq!(app.desk.watch_red_lines().await.unwrap(), ["desk"]);
    let workflow = app.workflow("desk").await;
    assert_eq!((&workflow["killed"], &workflow["killed_by"]), (&json!(true), &json!("hub")));
    assert!(workflow["killed_reason"].as_str().unwrap().contains("harm"));
    assert!(app.desk.watch_red_lines().await.unwrap().is_empty(), "once is enough");
    let audit = app.owner().get("/v1/audit?limit=200").await.ok();
    let kill = audit["entries"].as_array().unwrap().iter().find(|e| e["act"] == "workflow.killed").unwrap().clone();
    assert_eq!(kill["actor"], "hub");
}

async fn a_red_line_at_a_later_stage_sends_the_workflow_back_one(engine: Engine) {
    let (app, ana) = green(engine).await;
    promote(&app, &app.owner()).await.ok();
    decide(&app, &ana, "u", 30, 28).await;
    assert_eq!(app.desk.watch_red_lines().await.unwrap(), ["desk"]);
    let workflow = app.workflow("desk").await;
    assert_eq!((&workflow["stage"], &workflow["killed"]), (&json!("internal"), &json!(false)));
    let history = app.owner().get("/v1/workflows/desk/history").await.ok();
    assert_eq!(
        (&history["transitions"][0]["kind"], &history["transitions"][0]["actor"]),
        (&json!("demoted"), &json!("hub"))
    );
}

async fn what_went_red_at_the_next_stage_is_not_promoted_again_on_the_same_version(engine: Engine) {
    let (app, ana) = green(engine).await;
    promote(&app, &app.owner()).await.ok();
    decide(&app, &ana, "u", 30, 28).await;
    app.desk.watch_red_lines().await.unwrap();
    let gate = gate(&app).await;
    assert_eq!((status(&gate, "next_stage"), &gate["status"]), ("fail", &json!("fail")));
    promote(&app, &app.owner()).await.refused(409, "gate_not_green");
}

async fn a_resumed_workflow_is_not_killed_again_for_the_same_failures(engine: Engine) {
    let app = App::with(engine, &easy()).await;
    let ana = app.reviewer("ana").await;
    decide(&app, &ana, "t", 30, 28).await;
    app.desk.watch_red_lines().await.unwrap();
    app.owner().post("/v1/workflows/desk/resume", json!({ "reason": "article mended" })).await.ok();
    assert!(app.desk.watch_red_lines().await.unwrap().is_empty());
    assert_eq!(gate(&app).await["status"], "fail", "the version's record stays what it was");
    decide(&app, &ana, "u", 30, 28).await;
    assert_eq!(app.desk.watch_red_lines().await.unwrap(), ["desk"]);
}

async fn drafts_that_a_kill_left_undecided_count_with_their_arrival_after_it(engine: Engine) {
    let app = App::with(engine, &easy()).await;
    let ana = app.reviewer("ana").await;
    let backlog: Vec<Draft> = (0..40).map(|i| Draft::of(&format!("t-{i}"))).collect();
    app.send(&backlog).await;
    app.owner().post("/v1/workflows/desk/kill", json!({ "reason": "wrong article" })).await.ok();
    app.owner().post("/v1/workflows/desk/resume", json!({ "reason": "article mended" })).await.ok();
    for n in 0..40 {
        let leased = ana.lease().await;
        let body = if n < 8 { escalation(&leased, "unsafe") } else { verdict(&leased, "approve") };
        ana.decide(&leased, &body).await.ok();
    }
    // 8 of 40 is no proof of more than 30 %; 8 of 8 would be one.
    assert_eq!(app.desk.watch_red_lines().await.unwrap(), Vec::<String>::new());
}

async fn a_new_version_starts_from_nothing(engine: Engine) {
    let (app, _) = green(engine).await;
    app.apply(&easy().set("review.undo_seconds", 11)).await;
    let gate = gate(&app).await;
    assert_eq!((&gate["version"], &gate["status"]), (&json!(2), &json!("hold")));
    assert_eq!(gate["summary"]["reviewed"], 0);
}

async fn drafts_that_nobody_decided_hold_the_gate(engine: Engine) {
    let (app, _) = green(engine).await;
    app.send(&(0..10).map(|i| Draft::of(&format!("left-{i}"))).collect::<Vec<_>>()).await;
    app.clock.advance(100 * 3600);
    app.desk.expire_drafts().await.unwrap();
    let gate = gate(&app).await;
    assert_eq!((status(&gate, "unresolved"), &gate["summary"]["unresolved"]), ("hold", &json!(10)));
}

async fn an_eval_suite_has_to_be_green_on_this_very_version(engine: Engine) {
    let app = App::with(engine, &easy().set("gate.eval_suite", "evals/desk")).await;
    let held = gate(&app).await;
    assert_eq!(status(&held, "eval_suite"), "hold");
    assert!(held["conditions"].as_array().unwrap().iter().any(|c| c["suite"] == "evals/desk"), "{held}");
    let ci = app.role("service").await;
    let result = |version: i64, verdict: &str| {
        json!({ "workflow": "desk", "version": version, "suite": "evals/desk", "dataset_hash": "d1", "verdict": verdict,
                "scores": { "accuracy": 0.962 }, "report_url": "https://ci.example/7" })
    };
    ci.post("/v1/evals/results", result(2, "pass")).await.refused(404, "not_found");
    ci.post("/v1/evals/results", result(1, "fail")).await.ok();
    assert_eq!(status(&gate(&app).await, "eval_suite"), "fail");
    ci.post("/v1/evals/results", result(1, "pass")).await.ok();
    assert_eq!(status(&gate(&app).await, "eval_suite"), "pass");
    app.apply(&easy().set("gate.eval_suite", "evals/desk").set("review.undo_seconds", 11)).await;
    assert_eq!(status(&gate(&app).await, "eval_suite"), "hold");
    let listed = app.owner().get("/v1/evals/results?workflow=desk").await.ok();
    let verdicts: Vec<&Value> = listed["results"].as_array().unwrap().iter().map(|r| &r["verdict"]).collect();
    assert_eq!(verdicts, ["pass", "fail"]);
    app.reviewer("ana").await.post("/v1/evals/results", result(1, "pass")).await.refused(403, "forbidden");
}

async fn days_pass_by_the_hubs_clock(engine: Engine) {
    let app = App::with(engine, &easy().set("gate.min_days", 3)).await;
    assert_eq!(status(&gate(&app).await, "days"), "hold");
    app.clock.advance(3 * 86_400 - 60);
    assert_eq!(status(&gate(&app).await, "days"), "hold");
    app.clock.advance(120);
    assert_eq!(status(&gate(&app).await, "days"), "pass");
}

async fn a_loosened_limit_is_in_the_report_with_its_version_and_who_did_it(engine: Engine) {
    let app = App::with(engine, &easy().set("gate.max_unresolved", 0.05)).await;
    assert_eq!(gate(&app).await["loosened"], json!([]));
    app.apply(&easy().set("gate.max_unresolved", 0.10)).await;
    let said = gate(&app).await["loosened"].to_string();
    assert!(said.contains("version 2") && said.contains("owner"), "{said}");
}

async fn a_promotion_is_the_named_dris_alone_and_a_demotion_goes_back(engine: Engine) {
    let (app, _) = green(engine).await;
    for role in ["reviewer", "curator", "admin", "auditor", "service", "oncall"] {
        promote(&app, &app.role(role).await).await.refused(403, "forbidden");
    }
    let other = app.person("eve", json!([{ "role": "dri" }]), &[]).await;
    let refused = promote(&app, &other).await.refused(403, "forbidden");
    assert!(refused["message"].as_str().unwrap().contains("the-dri"), "{refused}");
    app.apply(&TestPack::of("elsewhere")).await;
    let named = app.person("the-dri", json!([{ "role": "dri", "workflow": "elsewhere" }]), &[]).await;
    promote(&app, &named).await.refused(403, "forbidden");
    promote(&app, &app.role("dri").await).await.ok();
    let back = json!({ "reason": "too early" });
    app.role("oncall").await.post("/v1/workflows/desk/demote", back.clone()).await.refused(403, "forbidden");
    let moved = app.role("admin").await.post("/v1/workflows/desk/demote", back.clone()).await.ok();
    assert_eq!((&moved["from"], &moved["stage"]), (&json!("opt_in"), &json!("internal")));
    app.owner().post("/v1/workflows/desk/demote", back).await.refused(422, "invalid");
}

async fn the_owner_of_a_hub_signs_for_the_dri_and_is_recorded_as_the_owner(engine: Engine) {
    let (app, _) = green(engine).await;
    promote(&app, &app.owner()).await.ok();
    let log = app.owner().get("/v1/audit?act=workflow.promoted").await.ok();
    let entry = &log["entries"][0];
    let facts: Value = serde_json::from_str(entry["detail"].as_str().unwrap()).unwrap();
    assert_eq!((&entry["actor"], &facts["dri"]), (&json!("owner"), &json!("the-dri")));
}

async fn two_signers(engine: Engine) -> (App, Person) {
    let app = App::with(engine, &easy().set("gate.second_signature", true)).await;
    let ana = app.reviewer("ana").await;
    drilled(&app).await;
    decide(&app, &ana, "t", 40, 0).await;
    let second = app.person("eve", json!([{ "role": "dri" }]), &[]).await;
    (app, second)
}

async fn two_dris_sign_where_the_pack_asks_for_it_the_named_one_first(engine: Engine) {
    let (app, second) = two_signers(engine).await;
    let (dri, admin) = (app.role("dri").await, app.role("admin").await);
    promote(&app, &admin).await.refused(403, "forbidden");
    promote(&app, &second).await.refused(403, "forbidden");
    let owner = promote(&app, &app.owner()).await.refused(403, "forbidden");
    assert!(owner["message"].as_str().unwrap().contains("team hub"), "{owner}");
    let signed = promote(&app, &dri).await;
    assert_eq!(signed.status, 202);
    assert_eq!(gate(&app).await["signed_by"], "the-dri");
    assert_eq!(promote(&app, &dri).await.status, 202, "nobody signs twice");
    promote(&app, &admin).await.refused(403, "forbidden");
    assert_eq!(app.workflow("desk").await["stage"], "internal");
    let moved = promote(&app, &second).await;
    assert_eq!((moved.status.as_u16(), &moved.body["stage"]), (200, &json!("opt_in")));
    let history = app.owner().get("/v1/workflows/desk/history").await.ok();
    let last = &history["transitions"][0];
    assert_eq!((&last["actor"], &last["second_signer"]), (&json!("the-dri"), &json!("eve")));
}

async fn a_first_signature_waits_for_a_day_and_for_the_same_dri(engine: Engine) {
    let (app, second) = two_signers(engine).await;
    let dri = app.role("dri").await;
    assert_eq!(promote(&app, &dri).await.status, 202);
    app.clock.advance(86_400);
    assert_eq!(gate(&app).await["signed_by"], Value::Null);
    promote(&app, &second).await.refused(403, "forbidden");
    assert_eq!(promote(&app, &dri).await.status, 202);
    app.apply(&easy().set("gate.second_signature", true).set("workflow.dri", "fay")).await;
    assert_eq!(gate(&app).await["signed_by"], Value::Null, "who signed is not the DRI any more");
    promote(&app, &second).await.refused(403, "forbidden");
}

async fn a_killed_workflow_is_neither_promoted_nor_demoted(engine: Engine) {
    let (app, _) = green(engine).await;
    app.owner().post("/v1/workflows/desk/kill", json!({ "reason": "stop" })).await.ok();
    let refused = promote(&app, &app.owner()).await.refused(409, "workflow_killed");
    let hint = refused["hint"].as_str().unwrap_or_default();
    assert!(hint.contains("countersign resume") && !hint.contains("typed"), "{refused}");
    app.owner().post("/v1/workflows/desk/demote", json!({ "reason": "x" })).await.refused(409, "workflow_killed");
}

async fn a_withdrawn_verdict_leaves_the_evidence(engine: Engine) {
    let app = App::with(engine, &easy()).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease_of(&id).await.ok();
    let mut given = edit(&leased, "No.");
    given["grade"] = json!("factual");
    let outcome = ana.decide(&leased, &given).await.ok();
    assert_eq!(gate(&app).await["rates"][1]["estimate"], 1.0);
    ana.withdraw(&outcome).await.ok();
    let gate = gate(&app).await;
    assert_eq!((&gate["rates"][1]["estimate"], &gate["summary"]["reviewed"]), (&Value::Null, &json!(0)));
}

async fn of_several_reasons_the_harmful_one_counts(engine: Engine) {
    let app = App::with(engine, &easy()).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease_of(&id).await.ok();
    let mut given = escalation(&leased, "needs_human");
    given["reasons"] = json!(["needs_human", "unsafe"]);
    ana.decide(&leased, &given).await.ok();
    assert_eq!(gate(&app).await["rates"][1]["estimate"], 1.0);
}

async fn a_reply_that_costs_too_much_holds_the_gate_back(engine: Engine) {
    let app = App::with(engine, &easy().set("cost.monthly_usd", "10.00").set("cost.max_per_sent_usd", "0.05")).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1").with("cost_usd", "0.049999999")).await;
    ana.approve(&id).await;
    assert_eq!(status(&gate(&app).await, "cost_per_sent"), "pass");
    let id = app.stage(&Draft::of("t-2").with("cost_usd", "0.10")).await;
    ana.approve(&id).await;
    assert_eq!(status(&gate(&app).await, "cost_per_sent"), "fail");
}

async fn the_plan_says_how_many_reviews_and_days_it_takes(engine: Engine) {
    let app = App::with(engine, &easy().set("gate.min_reviewed", 200)).await;
    let ana = app.reviewer("ana").await;
    decide(&app, &ana, "t", 20, 0).await;
    let plan = app.owner().get("/v1/workflows/desk/gate/plan").await.ok();
    assert_eq!(
        (&plan["green"], &plan["more_reviews"], &plan["reviews_per_day"]),
        (&json!(false), &json!(180), &json!(20.0))
    );
    assert_eq!(plan["days"], 9.0);
    assert!(plan["also"].to_string().contains("drill"), "{plan}");
}

async fn the_interval_is_told_day_by_day(engine: Engine) {
    let app = App::with(engine, &easy()).await;
    let ana = app.reviewer("ana").await;
    decide(&app, &ana, "t", 5, 1).await;
    app.clock.advance(86_400);
    decide(&app, &ana, "u", 15, 0).await;
    let series = app.owner().get("/v1/workflows/desk/gate/series").await.ok();
    let points = series["rates"][1]["points"].as_array().unwrap();
    let reviewed: Vec<i64> = points.iter().map(|p| p["reviewed"].as_i64().unwrap()).collect();
    assert_eq!(reviewed, [5, 20]);
    let last = &points[1];
    let now = &gate(&app).await["rates"][1];
    assert_eq!((&last["lower"], &last["upper"], &last["estimate"]), (&now["lower"], &now["upper"], &now["estimate"]));
}
