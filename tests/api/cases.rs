//! Every outcome is a label, with where it came from.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::{SOURCE, TEXT, edit};
use countersign_testkit::{App, Draft, Engine, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    a_case_says_what_was_seen_what_was_decided_and_under_which_rules,
    cases_are_listed_filtered_and_searched,
    the_same_cases_make_the_same_bytes,
    a_withdrawn_outcome_is_no_case,
    a_reviewers_pseudonym_is_stable_and_says_nothing,
    a_long_export_is_whole_and_in_order,
    an_export_of_nothing_known_is_refused,
    an_export_sent_in_again_is_known_in_its_workflow_and_refused_in_another,
}

/// An approval, an edit and an escalation; answers their outcomes.
async fn three(app: &App) -> [Value; 3] {
    let ana = app.reviewer("ana").await;
    let approved = app.stage(&Draft::of("approved")).await;
    let edited = app.stage(&Draft::of("edited").text("The kettle is on its way.")).await;
    let escalated = app.stage(&Draft::of("escalated").doubted("policy")).await;
    let first = ana.approve(&approved).await;
    let leased = ana.lease_of(&edited).await.ok();
    let second = ana.decide(&leased, &edit(&leased, "The kettle is not on its way.")).await.ok();
    [first, second, ana.escalate(&escalated, "wrong_action").await]
}

async fn lines(app: &App) -> Vec<Value> {
    let export = app.owner().get("/v1/cases/export?workflow=desk&format=jsonl").await;
    assert_eq!(export.status, 200);
    export.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn tickets(app: &App, query: &str) -> Vec<String> {
    let list = app.owner().get(&format!("/v1/cases?{query}")).await.ok();
    list["cases"].as_array().unwrap().iter().map(|c| text(&c["external_id"]).to_owned()).collect()
}

async fn a_case_says_what_was_seen_what_was_decided_and_under_which_rules(engine: Engine) {
    let app = App::start(engine).await;
    let outcomes = three(&app).await;
    let cases = lines(&app).await;
    assert_eq!(cases.len(), 3);
    for (case, outcome) in cases.iter().zip(&outcomes) {
        assert_eq!((&case["id"], &case["verdict_id"]), (&outcome["case_id"], &outcome["verdict_id"]));
        let shown = app.owner().get(&format!("/v1/cases/{}", text(&case["id"]))).await.ok();
        assert_eq!(shown, *case);
        let draft = app.draft(text(&case["draft_id"])).await;
        assert_eq!((&case["content_hash"], &case["thread"]), (&draft["content_hash"], &draft["thread"]));
        assert_eq!((&case["version"], &case["stage"], &case["round"]), (&json!(1), &json!("internal"), &json!(1)));
        assert_eq!((&case["probability"], &case["seconds"]), (&json!(1.0), &json!(21.0)));
        for hash in ["pack_hash", "guideline_hash", "content_hash"] {
            assert_eq!(text(&case[hash]).len(), 64, "{hash}");
        }
    }
    assert_eq!(cases[0]["reference_text"], TEXT);
    assert_eq!(cases[0]["draft"]["citations"][0]["source"], SOURCE);
    assert_eq!(
        (&cases[1]["reference_text"], &cases[1]["grade"]),
        (&json!("The kettle is not on its way."), &json!("factual"))
    );
    assert_eq!((&cases[2]["reference_text"], &cases[2]["reasons"]), (&Value::Null, &json!(["wrong_action"])));
    assert_eq!((&cases[2]["marks"], &cases[2]["comment"]), (&json!(["policy"]), &json!("please have a look")));
    // A case is under the rules of its time.
    app.apply(&TestPack::of("desk").set("review.undo_seconds", 20)).await;
    assert_eq!(lines(&app).await, cases);
}

async fn cases_are_listed_filtered_and_searched(engine: Engine) {
    let app = App::start(engine).await;
    app.apply(&TestPack::of("billing")).await;
    three(&app).await;
    assert_eq!(tickets(&app, "workflow=desk").await, ["escalated", "edited", "approved"], "newest first");
    assert_eq!(tickets(&app, "action=approve").await, ["approved"]);
    assert_eq!(tickets(&app, "grade=factual").await, ["edited"]);
    assert_eq!(tickets(&app, "reason=wrong_action").await, ["escalated"]);
    assert_eq!(tickets(&app, "reason=wrong").await, Vec::<String>::new(), "a code is a whole code");
    assert_eq!(tickets(&app, "reason=%25").await, Vec::<String>::new());
    assert_eq!(tickets(&app, "q=kettle").await, ["edited"]);
    assert_eq!(tickets(&app, "workflow=billing").await, Vec::<String>::new());
    let page = app.owner().get("/v1/cases?limit=2").await.ok();
    let rest = tickets(&app, &format!("limit=2&cursor={}", text(&page["next_cursor"]))).await;
    assert_eq!(rest, ["approved"]);
    app.owner().get("/v1/cases?cursor=x").await.refused(422, "invalid");
    app.owner().get("/v1/cases/no-such").await.refused(404, "not_found");
}

async fn the_same_cases_make_the_same_bytes(engine: Engine) {
    let app = App::start(engine).await;
    three(&app).await;
    let export = |app: &App| {
        let owner = app.owner();
        async move { owner.get("/v1/cases/export?workflow=desk").await.bytes }
    };
    let first = export(&app).await;
    app.clock.advance(86_400);
    assert_eq!(export(&app).await, first);
    let app = app.restarted().await;
    assert_eq!(export(&app).await, first);
    assert!(first.ends_with(b"\n"));
}

async fn a_withdrawn_outcome_is_no_case(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let outcome = ana.approve(&id).await;
    let back = ana.withdraw(&outcome).await.ok();
    assert!(lines(&app).await.is_empty());
    assert_eq!(tickets(&app, "").await, Vec::<String>::new());
    ana.decide(&back, &edit(&back, "Another reply.")).await.ok();
    let cases = lines(&app).await;
    assert_eq!((cases.len(), &cases[0]["action"]), (1, &json!("edit")));
}

async fn a_reviewers_pseudonym_is_stable_and_says_nothing(engine: Engine) {
    let app = App::start(engine).await;
    for (name, ticket) in [("ana", "t-1"), ("ben", "t-2"), ("ana", "t-3")] {
        let id = app.stage(&Draft::of(ticket)).await;
        // Every time with a token of its own.
        app.reviewer(name).await.approve(&id).await;
    }
    let app = app.restarted().await;
    let id = app.stage(&Draft::of("t-4")).await;
    app.reviewer("ana").await.approve(&id).await;
    let names: Vec<String> = lines(&app).await.iter().map(|c| text(&c["reviewer"]).to_owned()).collect();
    assert!(names[0] == names[2] && names[0] == names[3] && names[0] != names[1], "{names:?}");
    let export = app.owner().get("/v1/cases/export?workflow=desk").await.text();
    assert!(!export.contains("\"ana\"") && !export.contains("\"ben\""));
    // Two desks don't share them, or one could be looked up in the other.
    let elsewhere = App::start(engine).await;
    let id = elsewhere.stage(&Draft::of("t-1")).await;
    elsewhere.reviewer("ana").await.approve(&id).await;
    assert_ne!(lines(&elsewhere).await[0]["reviewer"], names[0]);
}

async fn a_long_export_is_whole_and_in_order(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let rows: Vec<Draft> = (0..450).map(|i| Draft::of(&format!("t-{i:04}"))).collect();
    app.send(&rows).await;
    for _ in 0..450 {
        let leased = ana.lease().await;
        ana.decide(&leased, &countersign_testkit::drafts::verdict(&leased, "approve")).await.ok();
    }
    let tickets: Vec<String> = lines(&app).await.iter().map(|c| text(&c["external_id"]).to_owned()).collect();
    assert!(tickets.iter().eq(&(0..450).map(|i| format!("t-{i:04}")).collect::<Vec<_>>()), "{tickets:?}");
}

async fn an_export_of_nothing_known_is_refused(engine: Engine) {
    let app = App::start(engine).await;
    app.owner().get("/v1/cases/export?workflow=nowhere").await.refused(404, "not_found");
    app.owner().get("/v1/cases/export?workflow=desk&format=xls").await.refused(422, "invalid");
    app.owner().get("/v1/cases/export").await.refused(400, "malformed");
    assert!(lines(&app).await.is_empty());
}

async fn an_export_sent_in_again_is_known_in_its_workflow_and_refused_in_another(engine: Engine) {
    let app = App::start(engine).await;
    app.apply(&TestPack::of("billing")).await;
    let ana = app.reviewer("ana").await;
    for ticket in ["t-1", "t-2"] {
        ana.approve(&app.stage(&Draft::of(ticket)).await).await;
    }
    let export = app.owner().get("/v1/cases/export?workflow=desk").await.text();
    let elsewhere = app.owner().post_lines("/v1/drafts?workflow=billing&summary=true", export.clone()).await.ok();
    assert_eq!((&elsewhere["created"], &elsewhere["rejected"]), (&json!(0), &json!(2)));
    for (n, error) in elsewhere["errors"].as_array().unwrap().iter().enumerate() {
        assert_eq!((&error["line"], &error["field"]), (&json!(n + 1), &json!("workflow")));
        assert!(text(&error["message"]).starts_with("this draft is for \"desk\""), "{error}");
    }
    let again = app.owner().post_lines("/v1/drafts?workflow=desk&summary=true", export).await.ok();
    assert_eq!((&again["duplicate"], &again["created"], &again["errors"]), (&json!(2), &json!(0), &json!([])));
    assert_eq!(app.workflow("billing").await["drafts"], json!({}));
}
