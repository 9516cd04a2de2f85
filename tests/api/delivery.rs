//! Decided replies go out: signed, in order, again until they arrive, and never from a killed workflow.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::{TEXT, edit};
use countersign_testkit::receiver::{Answer, Receiver};
use countersign_testkit::{App, Draft, Engine, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    a_reply_goes_out_signed_once_its_undo_time_is_over,
    an_edit_and_an_escalation_say_what_was_decided,
    the_replies_of_a_ticket_arrive_in_order_and_do_not_wait_for_other_tickets,
    a_failed_delivery_is_tried_again_later_and_later_and_given_up_after_ten,
    a_receiver_that_is_gone_for_good_is_not_asked_again,
    an_undeliverable_reply_can_be_retried_by_hand,
    two_hubs_deliver_everything_once,
    a_hub_that_died_in_a_send_leaves_it_to_the_next,
    the_list_is_filtered_and_tells_no_text,
    a_changed_receiver_gets_what_is_still_waiting,
}

async fn delivering(engine: Engine) -> (App, Receiver) {
    let receiver = Receiver::start().await;
    (App::with(engine, &TestPack::of("desk").delivering_to(receiver.url())).await, receiver)
}

async fn a_reply_goes_out_signed_once_its_undo_time_is_over(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let outcome = ana.approve(&id).await;
    app.clock.advance(9);
    assert_eq!(app.deliver().await, 0, "it can still be withdrawn");
    app.clock.advance(1);
    assert_eq!(app.deliver().await, 1);
    assert_eq!((receiver.received().len(), receiver.refused()), (1, Vec::<String>::new()));
    let received = &receiver.received()[0];
    let draft = app.draft(&id).await;
    assert_eq!((received.kind.as_str(), received.ticket.as_str()), ("reply.ready", "t-1"));
    assert_eq!(json!(received.id), draft["delivery"]["id"]);
    let expected = json!({
        "workflow": "desk", "external_id": "t-1", "revision": "1", "draft_id": id, "action": "approve",
        "verdict_id": outcome["verdict_id"], "text": TEXT,
    });
    assert_eq!(received.data(), expected);
    assert_eq!((&draft["state"], &draft["delivery"]["state"]), (&json!("delivered"), &json!("delivered")));
    assert_eq!(app.deliver().await, 0);
}

async fn an_edit_and_an_escalation_say_what_was_decided(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let edited = app.stage(&Draft::of("edited")).await;
    let leased = ana.lease_of(&edited).await.ok();
    ana.decide(&leased, &edit(&leased, "A word from me.")).await.ok();
    let escalated = app.stage(&Draft::of("escalated")).await;
    ana.escalate(&escalated, "unsafe").await;
    assert_eq!(app.deliver_after_undo().await, 2);
    let of = |ticket: &str| receiver.received().into_iter().find(|r| r.ticket == ticket).unwrap();
    let (edit, escalation) = (of("edited"), of("escalated"));
    assert_eq!((&edit.data()["text"], &edit.data()["grade"]), (&json!("A word from me."), &json!("factual")));
    assert_eq!((escalation.kind.as_str(), &escalation.data()["to"]), ("draft.escalated", &json!("on-call")));
    assert_eq!((&escalation.data()["reasons"], &escalation.data()["text"]), (&json!(["unsafe"]), &Value::Null));
    assert_eq!(app.draft(&escalated).await["state"], "escalated", "it stays with whoever it went to");
}

async fn the_replies_of_a_ticket_arrive_in_order_and_do_not_wait_for_other_tickets(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let mut staged = Vec::new();
    for draft in [Draft::of("t-1"), Draft::of("t-1").revision("2"), Draft::of("t-1").revision("3"), Draft::of("t-2")] {
        let id = app.stage(&draft).await;
        ana.approve(&id).await;
        staged.push(id);
    }
    receiver.answer(Answer::Status(503));
    app.clock.advance(11);
    assert_eq!(app.deliver().await, 2, "one of each ticket");
    receiver.answer(Answer::Status(204));
    assert_eq!(app.deliver().await, 0, "the second revision waits for the first");
    app.clock.advance(6);
    assert_eq!(app.deliver().await, 4);
    let ok: Vec<Value> = receiver.received().iter().skip(2).filter(|r| r.ticket == "t-1").map(|r| r.data()).collect();
    let revisions: Vec<&str> = ok.iter().map(|d| text(&d["revision"])).collect();
    assert_eq!(revisions, ["1", "2", "3"]);
    for id in staged {
        assert_eq!(app.draft(&id).await["state"], "delivered");
    }
}

async fn a_failed_delivery_is_tried_again_later_and_later_and_given_up_after_ten(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    receiver.answer(Answer::Status(500));
    app.clock.advance(11);
    let mut last_pause = 0;
    for attempt in 1..=10 {
        assert_eq!(app.deliver().await, 1, "try {attempt}");
        let draft = app.draft(&id).await;
        assert_eq!(draft["delivery"]["attempts"], attempt);
        if attempt == 10 {
            assert_eq!(
                (&draft["state"], &draft["delivery"]["state"]),
                (&json!("undeliverable"), &json!("undeliverable"))
            );
            assert!(text(&draft["delivery"]["last_error"]).contains("10 tries"), "{draft}");
            break;
        }
        assert_eq!(draft["state"], "delivering");
        let next = text(&draft["delivery"]["next_attempt_at"]);
        let pause = countersign_domain::time::Millis::parse(next).unwrap().0 - app.now().0;
        assert!(pause > last_pause, "{pause} after {last_pause}");
        app.clock.advance(pause / 1000 - 1);
        assert_eq!(app.deliver().await, 0, "not before its time");
        app.clock.advance(2);
        last_pause = pause;
    }
    assert_eq!(app.deliver().await, 0);
    let workflow = app.workflow("desk").await;
    assert_eq!((&workflow["deliveries_waiting"], &workflow["deliveries_undeliverable"]), (&json!(0), &json!(1)));
}

async fn a_receiver_that_is_gone_for_good_is_not_asked_again(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    receiver.answer(Answer::Status(410));
    assert_eq!(app.deliver_after_undo().await, 1);
    let draft = app.draft(&id).await;
    assert_eq!((&draft["state"], &draft["delivery"]["attempts"]), (&json!("undeliverable"), &json!(1)));
    app.clock.advance(200_000);
    assert_eq!(app.deliver().await, 0);
}

async fn an_undeliverable_reply_can_be_retried_by_hand(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    receiver.answer_next([Answer::Status(410)]);
    app.deliver_after_undo().await;
    let retry = format!("/v1/deliveries/{}/retry", text(&app.draft(&id).await["delivery"]["id"]));
    let dri = app.role("dri").await;
    let again = dri.post(&retry, json!({})).await.ok();
    assert_eq!((&again["state"], &again["attempts"]), (&json!("pending"), &json!(0)));
    assert_eq!((app.draft(&id).await["state"].clone(), app.deliver().await), (json!("delivering"), 1));
    assert_eq!(app.draft(&id).await["state"], "delivered");
    let ids: Vec<String> = receiver.received().into_iter().map(|r| r.id).collect();
    assert_eq!(ids[0], ids[1], "the receiver can tell that it is the same");
    dri.post(&retry, json!({})).await.refused(422, "invalid");
    dri.post("/v1/deliveries/no-such/retry", json!({})).await.refused(404, "not_found");
}

async fn two_hubs_deliver_everything_once(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let other = if engine == Engine::Postgres { app.another().await.desk } else { app.desk.clone() };
    let ana = app.reviewer("ana").await;
    for i in 0..40 {
        let id = app.stage(&Draft::of(&format!("t-{i}"))).await;
        ana.approve(&id).await;
    }
    app.clock.advance(11);
    let drain = |desk: countersign_desk::Desk| async move { while desk.deliver_due().await.unwrap() > 0 {} };
    tokio::join!(drain(app.desk.clone()), drain(other.clone()), drain(other), drain(app.desk.clone()));
    let mut tickets: Vec<String> = receiver.received().into_iter().map(|r| r.ticket).collect();
    tickets.sort_unstable();
    tickets.dedup();
    assert_eq!((tickets.len(), receiver.received().len()), (40, 40));
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "delivered": 40 }));
}

async fn a_hub_that_died_in_a_send_leaves_it_to_the_next(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    app.clock.advance(11);
    // As a hub leaves it that dies between claiming and hearing the answer.
    let claimed = app.now().plus_seconds(30).0;
    app.tamper(&format!("UPDATE delivery SET claimed_until = {claimed}, attempts = 1")).await;
    assert_eq!(app.deliver().await, 0);
    app.clock.advance(30);
    assert_eq!((app.deliver().await, receiver.received().len()), (1, 1));
    assert_eq!(app.draft(&id).await["state"], "delivered");
}

async fn the_list_is_filtered_and_tells_no_text(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    for ticket in ["t-1", "t-2", "t-3"] {
        let id = app.stage(&Draft::of(ticket)).await;
        ana.approve(&id).await;
    }
    receiver.answer_next([Answer::Status(410)]);
    app.deliver_after_undo().await;
    let id = app.stage(&Draft::of("t-4")).await;
    ana.approve(&id).await;
    let list = |query: &str| {
        let (dri, path) = (app.owner(), format!("/v1/deliveries?{query}"));
        async move { dri.get(&path).await.ok()["deliveries"].as_array().unwrap().clone() }
    };
    let all = list("workflow=desk").await;
    assert_eq!((all.len(), &all[0]["external_id"], &all[0]["draft_id"]), (4, &json!("t-4"), &json!(id)));
    for (state, n) in [("pending", 1), ("delivered", 2), ("undeliverable", 1), ("held", 0)] {
        assert_eq!(list(&format!("state={state}")).await.len(), n, "{state}");
    }
    assert!(!json!(all).to_string().contains("parcel"));
    app.owner().post("/v1/workflows/desk/kill", json!({ "reason": "a drill" })).await.ok();
    assert_eq!(
        (list("state=held").await.len(), list("state=pending").await.len()),
        (1, 1),
        "and the kill's own notice"
    );
    let page = app.owner().get("/v1/deliveries?limit=2").await.ok();
    let rest = app.owner().get(&format!("/v1/deliveries?cursor={}", text(&page["next_cursor"]))).await.ok();
    assert_eq!(rest["deliveries"].as_array().unwrap().len(), 3);
}

async fn a_changed_receiver_gets_what_is_still_waiting(engine: Engine) {
    let (app, old) = delivering(engine).await;
    let new = Receiver::start().await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    app.apply(&TestPack::of("desk").delivering_to(new.url())).await;
    app.deliver_after_undo().await;
    assert_eq!((old.received().len(), new.received().len()), (0, 1));
}
