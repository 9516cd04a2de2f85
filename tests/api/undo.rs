//! A verdict can be taken back until its reply is on its way.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::{TEXT, edit, verdict};
use countersign_testkit::receiver::{Answer, Receiver};
use countersign_testkit::{App, Draft, Engine, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    a_withdrawn_verdict_gives_the_draft_back_and_takes_its_evidence_and_case_along,
    a_delivered_verdict_stays,
    a_verdict_whose_delivery_was_tried_stays_even_after_a_retry_by_hand,
    without_a_receiver_the_undo_time_is_the_limit,
    withdrawing_twice_is_withdrawing_once,
    a_verdict_can_be_withdrawn_with_both_hands_full,
    only_its_author_may_withdraw_a_verdict,
    a_withdrawn_escalation_leaves_everybodys_list,
    a_withdrawn_verdict_of_a_moved_ticket_is_superseded,
    the_other_decision_after_an_undo_is_the_one_that_goes_out,
    nothing_is_withdrawn_while_killed,
}

async fn delivering(engine: Engine) -> (App, Receiver) {
    let receiver = Receiver::start().await;
    (App::with(engine, &TestPack::of("desk").delivering_to(receiver.url())).await, receiver)
}

async fn a_withdrawn_verdict_gives_the_draft_back_and_takes_its_evidence_and_case_along(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    let outcome = ana.decide(&leased, &edit(&leased, &format!("{TEXT} Bye!"))).await.ok();
    let before = app.number("SELECT COUNT(*) FROM verdict").await;

    let back = ana.withdraw(&outcome).await.ok();
    assert_eq!((&back["state"], &back["draft"]["held_by"]), (&json!("in_review"), &json!("you")));
    assert!(back["lease"]["fence"].as_i64() > leased["lease"]["fence"].as_i64());
    assert_eq!(back["draft"]["outcome"], Value::Null);
    assert_eq!(app.evidence().await.get("edit.material"), None);
    assert_eq!(app.owner().get("/v1/cases").await.ok()["cases"], json!([]));
    assert!(app.owner().get("/v1/cases/export?workflow=desk").await.bytes.is_empty());
    assert_eq!(app.number("SELECT COUNT(*) FROM verdict").await, before, "a withdrawal deletes nothing");
    assert_eq!(app.number("SELECT COUNT(*) FROM withdrawal").await, 1);
    assert_eq!(app.deliver_after_undo().await, 0);
    assert!(receiver.received().is_empty());

    ana.decide(&back, &verdict(&back, "approve")).await.ok();
    assert_eq!(app.draft(&id).await["state"], "approved");
}

async fn a_delivered_verdict_stays(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let outcome = ana.approve(&id).await;
    assert_eq!((app.deliver_after_undo().await, receiver.received().len()), (1, 1));
    ana.withdraw(&outcome).await.refused(409, "already_delivered");
    assert_eq!(app.draft(&id).await["state"], "delivered");
}

async fn a_verdict_whose_delivery_was_tried_stays_even_after_a_retry_by_hand(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let outcome = ana.approve(&id).await;
    // It may have arrived all the same: only the answer says no.
    receiver.answer(Answer::Status(500));
    assert_eq!(app.deliver_after_undo().await, 1);
    ana.withdraw(&outcome).await.refused(409, "already_delivered");
    let delivery = app.draft(&id).await["delivery"]["id"].clone();
    app.owner().post(&format!("/v1/deliveries/{}/retry", text(&delivery)), json!({})).await.ok();
    ana.withdraw(&outcome).await.refused(409, "already_delivered");
}

async fn without_a_receiver_the_undo_time_is_the_limit(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let outcome = ana.approve(&id).await;
    app.clock.advance(10);
    let back = ana.withdraw(&outcome).await.ok();
    let outcome = ana.decide(&back, &verdict(&back, "approve")).await.ok();
    app.clock.advance(11);
    ana.withdraw(&outcome).await.refused(409, "already_delivered");
}

async fn withdrawing_twice_is_withdrawing_once(engine: Engine) {
    let (app, _receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let outcome = ana.approve(&id).await;
    let (one, two) = tokio::join!(ana.withdraw(&outcome), ana.withdraw(&outcome));
    assert_eq!(one.ok()["lease"], two.ok()["lease"]);
    assert_eq!(app.number("SELECT COUNT(*) FROM withdrawal").await, 1);
    assert!(!app.evidence().await.contains_key("approve"));
    // A late retry of the verdict itself doesn't bring it back.
    assert_eq!(app.draft(&id).await["state"], "in_review");
}

async fn only_its_author_may_withdraw_a_verdict(engine: Engine) {
    let (app, _receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let outcome = ana.approve(&id).await;
    app.reviewer("ben").await.withdraw(&outcome).await.refused(403, "forbidden");
    ana.withdraw(&json!({ "verdict_id": "no-such" })).await.refused(404, "not_found");
    ana.withdraw(&outcome).await.ok();
}

async fn a_withdrawn_escalation_leaves_everybodys_list(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let outcome = ana.escalate(&id, "unsafe").await;
    assert_eq!(app.workflow("desk").await["escalations_open"], 1);
    ana.withdraw(&outcome).await.ok();
    assert_eq!(app.workflow("desk").await["escalations_open"], 0);
    assert_eq!(app.owner().get("/v1/escalations").await.ok()["escalations"], json!([]));
    assert_eq!((app.deliver_after_undo().await, receiver.received().len()), (0, 0));
}

async fn a_withdrawn_verdict_of_a_moved_ticket_is_superseded(engine: Engine) {
    let (app, _receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let outcome = ana.approve(&id).await;
    app.stage(&Draft::of("t-1").revision("2")).await;
    let back = ana.withdraw(&outcome).await.ok();
    assert_eq!((&back["state"], &back["lease"]), (&json!("superseded"), &Value::Null));
    assert_eq!(ana.lease().await["draft"]["revision"], "2");
    assert_eq!(app.evidence().await["superseded"], 1);
}

async fn the_other_decision_after_an_undo_is_the_one_that_goes_out(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let outcome = ana.approve(&id).await;
    let back = ana.withdraw(&outcome).await.ok();
    ana.decide(&back, &edit(&back, "Second thoughts.")).await.ok();
    app.deliver_after_undo().await;
    let received = receiver.received();
    assert_eq!((received.len(), &received[0].data()["text"]), (1, &json!("Second thoughts.")));
    assert_eq!(app.draft(&id).await["state"], "delivered");
    assert_eq!(app.owner().get("/v1/cases").await.ok()["cases"].as_array().unwrap().len(), 1);
}

async fn nothing_is_withdrawn_while_killed(engine: Engine) {
    let (app, _receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let outcome = ana.approve(&id).await;
    app.owner().post("/v1/workflows/desk/kill", json!({ "reason": "a drill" })).await.ok();
    ana.withdraw(&outcome).await.refused(409, "workflow_killed");
    app.owner().post("/v1/workflows/desk/resume", json!({ "reason": "over" })).await.ok();
    ana.withdraw(&outcome).await.ok();
}

async fn a_verdict_can_be_withdrawn_with_both_hands_full(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let rows: Vec<Draft> = (0..22).map(|n| Draft::of(&format!("t-{n}"))).collect();
    app.send(&rows).await;
    let leased = ana.lease().await;
    let outcome = ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
    for _ in 0..20 {
        assert!(!ana.lease().await.is_null());
    }
    let back = ana.withdraw(&outcome).await.ok();
    assert_eq!((&back["state"], &back["draft"]["held_by"]), (&json!("in_review"), &json!("you")));
    ana.post("/v1/queue/lease", json!({})).await.refused(429, "rate_limited");
}
