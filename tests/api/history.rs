//! What happened to a workflow, as people read it afterwards.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::edit;
use countersign_testkit::{App, Draft, Engine, TestPack, WORKFLOW, on_both};
use serde_json::{Value, json};

on_both! {
    outcomes_are_counted_by_the_day_of_the_verdict,
    a_withdrawn_verdict_leaves_the_day_it_was_given_on,
    a_kill_is_kept_with_its_measured_time_and_a_resume_with_its_reason,
    versions_are_listed_read_and_compared,
    a_history_is_asked_for_in_days,
    the_log_is_narrowed_by_act_workflow_person_and_object,
    a_ticket_and_a_customer_are_found_exactly,
    a_ticket_is_found_by_the_number_that_screens_show,
    a_customer_waits_since_their_last_message,
    the_record_of_a_version_at_a_stage_is_what_its_gate_counts,
    a_preview_of_an_export_is_how_the_export_begins,
    a_hub_says_what_it_is,
}

const DAY: i64 = 86_400;

async fn history(app: &App) -> Value {
    app.owner().get(&format!("/v1/workflows/{WORKFLOW}/history")).await.ok()
}

async fn outcomes_are_counted_by_the_day_of_the_verdict(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    for ticket in ["t-1", "t-2"] {
        ana.approve(&app.stage(&Draft::of(ticket)).await).await;
    }
    let first = app.now().to_string();
    app.clock.advance(DAY);
    let leased = ana.lease_of(&app.stage(&Draft::of("t-3")).await).await.ok();
    ana.decide(&leased, &edit(&leased, "A word from me.")).await.ok();
    ana.escalate(&app.stage(&Draft::of("t-4")).await, "unsafe").await;
    let second = app.now().to_string();
    let expected = json!([
        { "day": &first[..10], "outcomes": { "approve": 2 } },
        { "day": &second[..10], "outcomes": { "edit.factual": 1, "escalate:unsafe": 1 } },
    ]);
    assert_eq!(history(&app).await["days"], expected);
    let today = app.owner().get(&format!("/v1/workflows/{WORKFLOW}/history?days=1")).await.ok();
    assert_eq!(today["days"].as_array().unwrap().len(), 1);
}

async fn a_withdrawn_verdict_leaves_the_day_it_was_given_on(engine: Engine) {
    let pack = TestPack::of(WORKFLOW).set("review.undo_seconds", 120);
    let app = App::with(engine, &pack).await;
    let ana = app.reviewer("ana").await;
    let to_midnight = DAY - app.now().0 / 1000 % DAY;
    app.clock.advance(to_midnight - 10);
    let outcome = ana.approve(&app.stage(&Draft::of("t-1")).await).await;
    app.clock.advance(60);
    let path = format!("/v1/verdicts/{}/withdraw", outcome["verdict_id"].as_str().unwrap());
    ana.post(&path, json!({})).await.ok();
    assert_eq!(history(&app).await["days"], json!([]));
}

async fn a_kill_is_kept_with_its_measured_time_and_a_resume_with_its_reason(engine: Engine) {
    let app = App::start(engine).await;
    app.stage(&Draft::of("t-1")).await;
    let act = |what: &str| format!("/v1/workflows/{WORKFLOW}/{what}");
    let killed = app.owner().post(&act("kill"), json!({ "reason": "wrong refunds" })).await.ok();
    app.clock.advance(60);
    app.owner().post(&act("resume"), json!({ "reason": "policy corrected" })).await.ok();
    let history = history(&app).await;
    let (resume, kill) = (&history["transitions"][0], &history["transitions"][1]);
    assert_eq!((&resume["kind"], &resume["reason"]), (&json!("resumed"), &json!("policy corrected")));
    assert_eq!((&resume["effect_ms"], &resume["frozen"]), (&Value::Null, &Value::Null));
    assert_eq!((&kill["kind"], &kill["actor"], &kill["frozen"]), (&json!("killed"), &json!("owner"), &json!(1)));
    assert_eq!(kill["effect_ms"], killed["effect_ms"]);
    app.owner().post(&act("kill"), json!({ "reason": "again" })).await.ok();
    app.owner().post(&act("kill"), json!({ "reason": "twice" })).await.ok();
    let transitions = self::history(&app).await["transitions"].as_array().unwrap().len();
    assert_eq!(transitions, 3, "killing what is killed is no transition");
}

async fn versions_are_listed_read_and_compared(engine: Engine) {
    let app = App::start(engine).await;
    app.clock.advance(60);
    app.apply(&TestPack::of(WORKFLOW).set("review.undo_seconds", 30).pulling_from("http://localhost:1/drafts")).await;
    let versions = history(&app).await["versions"].clone();
    assert_eq!((&versions[0]["version"], &versions[1]["version"]), (&json!(2), &json!(1)));
    let read = app.owner().get(&format!("/v1/workflows/{WORKFLOW}/versions/2")).await.ok();
    assert_eq!((&read["hash"], &read["applied_by"]), (&versions[0]["hash"], &json!("owner")));
    assert!(read["files"]["workflow.toml"].as_str().unwrap().contains("undo_seconds = 30"));
    let diff = app.owner().get(&format!("/v1/workflows/{WORKFLOW}/diff?from=1&to=2")).await.ok();
    let change = |key: &str| diff["settings"].as_array().unwrap().iter().find(|s| s["key"] == key).cloned().unwrap();
    assert_eq!(change("review.undo_seconds")["after"], "30");
    assert_eq!(change("pull[http://localhost:1/drafts].every_seconds")["before"], Value::Null);
    assert_eq!(diff["files"], json!([]));
    let same = app.owner().get(&format!("/v1/workflows/{WORKFLOW}/diff?from=2&to=2")).await.ok();
    assert_eq!(same["settings"], json!([]));
    app.owner().get(&format!("/v1/workflows/{WORKFLOW}/diff?from=2&to=9")).await.refused(404, "not_found");
    app.owner().get(&format!("/v1/workflows/{WORKFLOW}/versions/0")).await.refused(404, "not_found");
}

async fn a_history_is_asked_for_in_days(engine: Engine) {
    let app = App::start(engine).await;
    for days in ["0", "367"] {
        app.owner().get(&format!("/v1/workflows/{WORKFLOW}/history?days={days}")).await.refused(422, "invalid");
    }
    app.owner().get("/v1/workflows/nowhere/history").await.refused(404, "not_found");
}

async fn the_log_is_narrowed_by_act_workflow_person_and_object(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    app.draft(&id).await;
    for (query, expected) in [
        ("act=verdict.recorded".to_owned(), vec!["verdict.recorded"]),
        ("act=draft.read,verdict.recorded".to_owned(), vec!["draft.read", "verdict.recorded"]),
        (format!("act=draft.&object={id}"), vec!["draft.read", "draft.leased"]),
        (format!("actor=ana&workflow={WORKFLOW}"), vec!["verdict.recorded", "draft.leased"]),
        ("workflow=nowhere".to_owned(), vec![]),
    ] {
        let log = app.owner().get(&format!("/v1/audit?{query}")).await.ok();
        let acts: Vec<&str> = log["entries"].as_array().unwrap().iter().map(|e| e["act"].as_str().unwrap()).collect();
        assert_eq!(acts, expected, "{query}");
    }
}

async fn a_ticket_and_a_customer_are_found_exactly(engine: Engine) {
    let app = App::start(engine).await;
    let of = |ticket: &str, name: &str| Draft::of(ticket).with("metadata", json!({ "customer": name }));
    app.send([&of("t-1", "Ada Lovelace"), &of("t-1", "Ada Lovelace").revision("2"), &of("t-10", "Ada Lovelace King")])
        .await;
    app.send([&of("t-2", "Ada Lovelace"), &of("t-3", "Grace Hopper")]).await;
    for (query, expected) in [
        ("ticket=t-1", vec!["t-1", "t-1"]),
        ("customer=Ada%20Lovelace", vec!["t-2", "t-1", "t-1"]),
        ("customer=Ada%20Lovelace&state=superseded", vec!["t-1"]),
        ("ticket=t-", vec![]),
    ] {
        let list = app.owner().get(&format!("/v1/drafts?sort=newest&{query}")).await.ok();
        let found: Vec<&str> =
            list["drafts"].as_array().unwrap().iter().map(|d| d["external_id"].as_str().unwrap()).collect();
        assert_eq!((found, list.get("total")), (expected, None), "{query}");
    }
}

async fn a_ticket_is_found_by_the_number_that_screens_show(engine: Engine) {
    let app = App::start(engine).await;
    app.send([&Draft::of("ticket-1043"), &Draft::of("ticket-1043").revision("2"), &Draft::of("1043")]).await;
    app.send([&Draft::of("TICKET_77"), &Draft::of("Ticket #8"), &Draft::of("ticket-10430")]).await;
    for (asked, expected) in [
        ("1043", vec!["1043", "ticket-1043", "ticket-1043"]),
        ("ticket%201043", vec!["1043", "ticket-1043", "ticket-1043"]),
        ("ticket-1043", vec!["1043", "ticket-1043", "ticket-1043"]),
        ("77", vec!["TICKET_77"]),
        ("%208%20", vec!["Ticket #8"]),
        ("104", vec![]),
        ("ticket", vec![]),
    ] {
        let list = app.owner().get(&format!("/v1/drafts?sort=newest&ticket={asked}")).await.ok();
        let found: Vec<&str> =
            list["drafts"].as_array().unwrap().iter().map(|d| d["external_id"].as_str().unwrap()).collect();
        assert_eq!(found, expected, "{asked}");
    }
}

async fn a_customer_waits_since_their_last_message(engine: Engine) {
    let app = App::start(engine).await;
    let at = |seconds: i64| app.now().plus_seconds(seconds).to_string();
    let thread = |last: Value| {
        json!([
            { "role": "customer", "text": "Where is it?", "at": at(-90_000) },
            { "role": "agent", "text": "We look.", "at": at(-80_000) },
            last,
            { "role": "note", "text": "Be kind.", "at": at(-60) },
        ])
    };
    let last = json!({ "role": "customer", "text": "And now?", "at": at(-7_200) });
    let untimed = json!({ "role": "customer", "text": "And now?" });
    let ahead = json!({ "role": "customer", "text": "And now?", "at": at(600) });
    for (ticket, last, expected) in [("t-1", last, at(-7_200)), ("t-2", untimed, at(0)), ("t-3", ahead, at(0))] {
        let id = app.stage(&Draft::of(ticket).with("thread", thread(last))).await;
        let list = app.owner().get(&format!("/v1/drafts?ticket={ticket}")).await.ok();
        assert_eq!(list["drafts"][0]["waiting_since"], expected, "{ticket} in a list");
        assert_eq!(app.draft(&id).await["waiting_since"], expected, "{ticket}");
    }
}

async fn the_record_of_a_version_at_a_stage_is_what_its_gate_counts(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let waiting = app.stage(&Draft::of("early")).await;
    ana.approve(&app.stage(&Draft::of("t-1")).await).await;
    ana.escalate(&app.stage(&Draft::of("t-2")).await, "unsafe").await;
    app.apply(&TestPack::of(WORKFLOW).set("gate.min_reviewed", 21)).await;
    app.clock.advance(600);
    ana.approve(&waiting).await;
    ana.approve(&app.stage(&Draft::of("t-3")).await).await;
    let record = history(&app).await["record"].clone();
    let expected = json!([
        { "version": 2, "stage": "internal", "staged": 1, "reviewed": 1, "outcomes": { "approve": 1 } },
        { "version": 1, "stage": "internal", "staged": 3, "reviewed": 3,
          "outcomes": { "approve": 2, "escalate:unsafe": 1 } },
    ]);
    assert_eq!(record, expected);
    let gate = app.owner().get(&format!("/v1/workflows/{WORKFLOW}/gate")).await.ok();
    assert_eq!((&gate["summary"]["reviewed"], &gate["summary"]["staged"]), (&json!(1), &json!(1)));
    assert_eq!(gate["staged_elsewhere"], json!([{ "version": 1, "stage": "internal", "reviewed": 1 }]));
}

async fn a_preview_of_an_export_is_how_the_export_begins(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    for i in 0..3 {
        ana.approve(&app.stage(&Draft::of(&format!("t-{i}"))).await).await;
    }
    let path = format!("/v1/cases/export?workflow={WORKFLOW}");
    let whole = app.owner().get(&path).await.text();
    let preview = app.owner().get(&format!("{path}&limit=2")).await.text();
    assert_eq!((preview.lines().count(), whole.starts_with(&preview)), (2, true));
    app.owner().get(&format!("{path}&limit=0")).await.refused(422, "invalid");
}

async fn a_hub_says_what_it_is(engine: Engine) {
    let app = App::start(engine).await;
    let me = app.owner().get("/v1/me").await.ok();
    let name = if engine == Engine::Sqlite { "sqlite" } else { "postgres" };
    assert_eq!(me["hub"], json!({ "version": env!("CARGO_PKG_VERSION"), "contract": 1, "engine": name }));
}
