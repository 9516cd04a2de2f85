//! Verdicts: what each writes, and what is refused.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::{TEXT, edit, escalation, verdict};
use countersign_testkit::{App, Draft, Engine, on_both, text};
use serde_json::{Value, json};

on_both! {
    an_approval_writes_outcome_case_evidence_audit_and_delivery_together,
    an_edit_carries_its_diff_ratio_and_a_suggested_grade,
    a_reviewers_own_grade_stands_over_the_suggested_one,
    an_escalation_goes_to_the_route_of_its_first_reason,
    the_diff_is_shown_before_anything_is_decided,
    the_same_verdict_again_is_answered_alike_and_changes_nothing,
    the_same_id_with_other_content_or_from_somebody_else_is_refused,
    a_verdict_against_the_rules_is_refused_and_the_lease_stays,
    what_is_not_a_verdict_at_all_is_refused,
    my_day_counts_what_i_decided,
}

async fn an_approval_writes_outcome_case_evidence_audit_and_delivery_together(engine: Engine) {
    let pack = countersign_testkit::TestPack::of("desk").delivering_to("http://127.0.0.1:9/");
    let app = App::with(engine, &pack).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    let approval = verdict(&leased, "approve");
    let reply = ana.decide(&leased, &approval).await;
    assert_eq!(reply.status, 201);
    let outcome = reply.ok();
    assert_eq!((&outcome["state"], &outcome["action"]), (&json!("approved"), &json!("approve")));
    assert_eq!(outcome["undo_until"], json!(app.now().plus_seconds(10)));

    let draft = app.draft(&id).await;
    assert_eq!((&draft["outcome"]["by"], &draft["outcome"]["seconds"]), (&json!("ana"), &json!(21.0)));
    assert_eq!((&draft["delivery"]["state"], &draft["held_by"]), (&json!("pending"), &Value::Null));
    let case = app.owner().get(&format!("/v1/cases/{}", text(&outcome["case_id"]))).await.ok();
    assert_eq!((&case["verdict_id"], &case["reference_text"]), (&approval["verdict_id"], &json!(TEXT)));
    assert_eq!(app.evidence().await["approve"], 1);
    let newest = app.owner().get("/v1/audit?limit=3").await.ok();
    let acts: Vec<&str> = newest["entries"].as_array().unwrap().iter().map(|e| text(&e["act"])).collect();
    assert_eq!(acts, ["case.read", "draft.read", "verdict.recorded"]);
    assert_eq!(app.verify().await["ok"], true);
}

async fn an_edit_carries_its_diff_ratio_and_a_suggested_grade(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    for (ticket, from, to, grade) in [
        ("cosmetic", "would pay", "Would pay", "cosmetic"),
        ("factual", "You can send", "You cannot send", "factual"),
        ("citation", "within thirty days", "within 30 days", "citation"),
        ("value", "within thirty days", "within forty days", "factual"),
        ("material", "and you would pay for the parcel", "or hand it to the driver yourself", "material"),
    ] {
        let id = app.stage(&Draft::of(ticket)).await;
        let leased = ana.lease_of(&id).await.ok();
        let outcome = ana.decide(&leased, &edit(&leased, &TEXT.replace(from, to))).await.ok();
        assert_eq!((&outcome["grade"], &outcome["suggested_grade"]), (&json!(grade), &json!(grade)), "{ticket}");
        let ratio = outcome["edit_ratio"].as_f64().unwrap();
        assert!(ratio > 0.0 && ratio < 1.0, "{ticket}: {ratio}");
        assert_eq!(app.draft(&id).await["outcome"]["final_text"], TEXT.replace(from, to));
        assert!(app.evidence().await[&format!("edit.{grade}")] >= 1);
    }
}

async fn a_reviewers_own_grade_stands_over_the_suggested_one(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    let mut graded = edit(&leased, &format!("{TEXT}!"));
    graded["grade"] = json!("factual");
    let outcome = ana.decide(&leased, &graded).await.ok();
    assert_eq!((&outcome["grade"], &outcome["suggested_grade"]), (&json!("factual"), &json!("cosmetic")));
    let evidence = app.evidence().await;
    assert_eq!((evidence["edit.factual"], evidence.get("edit.cosmetic")), (1, None));
}

async fn an_escalation_goes_to_the_route_of_its_first_reason(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    let mut raised = escalation(&leased, "unsafe");
    raised["reasons"] = json!(["unsafe", "needs_human"]);
    assert_eq!(ana.decide(&leased, &raised).await.ok()["state"], "escalated");
    let draft = app.draft(&id).await;
    assert_eq!((&draft["escalation"]["to"], &draft["escalation"]["state"]), (&json!("on-call"), &json!("open")));
    assert_eq!(draft["outcome"]["reasons"], json!(["unsafe", "needs_human"]));
    assert_eq!(app.evidence().await["escalate:needs_human+unsafe"], 1, "once, under both");
    assert_eq!(app.workflow("desk").await["escalations_open"], 1);
}

async fn the_diff_is_shown_before_anything_is_decided(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1").text("Hello Ada, it is on its way.")).await;
    let diff = ana.post(&format!("/v1/drafts/{id}/diff"), json!({ "final_text": "Hello Ada, it isn't here." })).await;
    let diff = diff.ok();
    let joined = |without: &str| -> String {
        let ops = diff["ops"].as_array().unwrap().iter().filter(|op| op["tag"] != without);
        ops.map(|op| text(&op["text"])).collect()
    };
    assert_eq!(
        (joined("insert").as_str(), joined("delete").as_str()),
        ("Hello Ada, it is on its way.", "Hello Ada, it isn't here.")
    );
    assert_eq!(diff["suggested_grade"], "factual");
    assert_eq!(app.draft(&id).await["state"], "staged");
}

async fn the_same_verdict_again_is_answered_alike_and_changes_nothing(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    let approval = verdict(&leased, "approve");
    let first = ana.decide(&leased, &approval).await;
    app.clock.advance(4000);
    let again = ana.decide(&leased, &approval).await;
    assert_eq!((first.status.as_u16(), again.status.as_u16()), (201, 200));
    assert_eq!(first.body, again.body);
    assert_eq!(app.number("SELECT COUNT(*) FROM verdict").await, 1);
    assert_eq!(app.evidence().await["approve"], 1);
}

async fn the_same_id_with_other_content_or_from_somebody_else_is_refused(engine: Engine) {
    let app = App::start(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    app.send(&[Draft::of("t-1"), Draft::of("t-2")]).await;
    let leased = ana.lease().await;
    let approval = verdict(&leased, "approve");
    ana.decide(&leased, &approval).await.ok();

    let mut other = approval.clone();
    other["seconds"] = json!(22.0);
    ana.decide(&leased, &other).await.refused(409, "already_decided");
    ben.decide(&leased, &approval).await.refused(409, "already_decided");
    // The same id on another draft, with all that is right for that draft.
    let next = ana.lease().await;
    let mut elsewhere = verdict(&next, "approve");
    elsewhere["verdict_id"] = approval["verdict_id"].clone();
    ana.decide(&next, &elsewhere).await.refused(409, "already_decided");
    assert_eq!(app.number("SELECT COUNT(*) FROM verdict").await, 1);
    assert_eq!(app.draft(text(&next["draft"]["id"])).await["state"], "in_review");
}

async fn a_verdict_against_the_rules_is_refused_and_the_lease_stays(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    let with = |base: Value, field: &str, value: Value| {
        let mut changed = base;
        changed[field] = value;
        changed
    };
    let approve = || verdict(&leased, "approve");
    for wrong in [
        verdict(&leased, "edit"),
        edit(&leased, TEXT),
        edit(&leased, " \n"),
        edit(&leased, "nul\0nul"),
        edit(&leased, &"é".repeat(200_001)),
        verdict(&leased, "escalate"),
        escalation(&leased, "no_such_reason"),
        with(escalation(&leased, "unsafe"), "reasons", json!(["unsafe", "unsafe"])),
        with(escalation(&leased, "unsafe"), "final_text", json!("Hello")),
        with(approve(), "final_text", json!("Hello")),
        with(approve(), "grade", json!("cosmetic")),
        with(approve(), "reasons", json!(["unsafe"])),
        with(approve(), "comment", json!("x".repeat(4001))),
        with(approve(), "comment", json!("nul\0nul")),
        with(approve(), "seconds", json!(-1)),
        with(approve(), "seconds", json!(86_401)),
        with(approve(), "verdict_id", json!("")),
        with(approve(), "verdict_id", json!("with space")),
        with(approve(), "verdict_id", json!("x".repeat(101))),
        with(approve(), "verdict_id", json!("nul\0nul")),
    ] {
        ana.decide(&leased, &wrong).await.refused(422, "invalid");
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM verdict").await, 0);
    ana.decide(&leased, &approve()).await.ok();
}

async fn what_is_not_a_verdict_at_all_is_refused(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let path = format!("/v1/drafts/{id}/verdicts");
    for (body, status, code) in [
        ("", 422, "invalid"),
        ("{\"verdict_id\": \"", 400, "malformed"),
        ("{\"verdict_id\": 7}", 422, "invalid"),
        ("\u{feff}{}", 422, "invalid"),
    ] {
        ana.call("POST", &path, "application/json", body).await.refused(status, code);
    }
    let leased = ana.lease().await;
    let mut extra = verdict(&leased, "approve");
    extra["reviewer"] = json!("ben");
    ana.decide(&leased, &extra).await.refused(422, "invalid");
    extra = verdict(&leased, "reject");
    ana.decide(&leased, &extra).await.refused(422, "invalid");
    ana.post("/v1/drafts/no-such/verdicts", verdict(&leased, "approve")).await.refused(404, "not_found");
}

async fn my_day_counts_what_i_decided(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    for (i, seconds) in [10.0, 20.0, 60.0].into_iter().enumerate() {
        app.stage(&Draft::of(&format!("t-{i}"))).await;
        let leased = ana.lease().await;
        let mut decided =
            if i == 0 { verdict(&leased, "approve") } else { edit(&leased, &format!("{TEXT} Version {i}.")) };
        decided["seconds"] = json!(seconds);
        let outcome = ana.decide(&leased, &decided).await.ok();
        if i == 2 {
            ana.withdraw(&outcome).await.ok();
        }
    }
    let today = ana.get("/v1/me").await.ok()["today"].clone();
    assert_eq!(today, json!({ "decided": 2, "median_seconds": 20.0, "as_is": 0.5, "withdrawn": 1 }));
    app.clock.advance(86_400);
    assert_eq!(ana.get("/v1/me").await.ok()["today"]["decided"], 0);
}
