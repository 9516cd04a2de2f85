//! The second, blind review is about the label alone.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::{TEXT, edit, verdict};
use countersign_testkit::receiver::Receiver;
use countersign_testkit::{App, Draft, Engine, Person, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    the_second_review_never_goes_to_the_first_reviewer,
    nothing_of_the_first_verdict_shows_to_whoever_may_be_asked,
    a_draft_that_waits_for_its_second_review_can_be_asked_for,
    its_case_is_of_the_second_round_and_counts_for_no_evidence,
    it_does_not_hold_up_the_delivery,
    who_sees_all_verdicts_is_not_asked,
    an_undone_first_verdict_takes_the_waiting_second_review_along,
    a_second_verdict_can_be_undone_and_given_anew,
    a_second_verdict_that_is_undone_after_the_first_was_leaves_nothing_to_review_twice,
    only_the_drawn_share_is_read_twice,
    neither_a_cursor_nor_a_count_nor_an_event_gives_a_first_verdict_away,
}

async fn double(engine: Engine) -> App {
    App::with(engine, &TestPack::of("desk").double_read()).await
}

async fn list(who: &Person, query: &str) -> Vec<Value> {
    who.get(&format!("/v1/drafts?{query}")).await.ok()["drafts"].as_array().unwrap().clone()
}

async fn the_second_review_never_goes_to_the_first_reviewer(engine: Engine) {
    let app = double(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    assert!(ana.lease().await.is_null());
    let second = ben.lease().await;
    ana.lease_of(&id).await.refused(409, "already_decided");
    assert_eq!((&second["draft"]["id"], &second["draft"]["second_review"]), (&json!(id), &json!(true)));
    // Nor to a third one, while the second has it or once they are done.
    let cem = app.reviewer("cem").await;
    assert!(cem.lease().await.is_null());
    ben.decide(&second, &verdict(&second, "approve")).await.ok();
    assert!(cem.lease().await.is_null());
}

async fn nothing_of_the_first_verdict_shows_to_whoever_may_be_asked(engine: Engine) {
    let app = double(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    let id = app.stage(&Draft::of("t-1")).await;
    let never = app.stage(&Draft::of("t-2")).await;
    let fresh = ben.get(&format!("/v1/drafts/{never}")).await.ok();
    let leased = ana.lease_of(&id).await.ok();
    let mut first = countersign_testkit::drafts::escalation(&leased, "unsafe");
    first["comment"] = json!("SPOILER");
    ana.decide(&leased, &first).await.ok();

    let seen = ben.get(&format!("/v1/drafts/{id}")).await.ok();
    let keys = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&seen), keys(&fresh), "it looks like one that nobody has touched");
    assert_eq!((&seen["state"], &seen["held_by"]), (&json!("staged"), &Value::Null));
    let rows = list(&ben, "workflow=desk").await;
    assert!(rows.iter().all(|d| d["state"] == "staged" && d["escalation"].is_null()), "{rows:?}");
    for query in ["state=escalated", "state=approved,edited,escalated,delivering,delivered", "reviewer=ana"] {
        assert_eq!(list(&ben, query).await, Vec::<Value>::new(), "{query}");
    }
    assert_eq!(ben.get("/v1/escalations").await.ok()["escalations"], json!([]));

    let second = ben.lease_of(&id).await.ok();
    assert!(!second.to_string().contains("SPOILER") && !second.to_string().contains("ana"), "{second}");
    assert_eq!((&second["draft"]["state"], &second["draft"]["held_by"]), (&json!("in_review"), &json!("you")));
    ben.decide(&second, &verdict(&second, "approve")).await.ok();
    let after = ben.get(&format!("/v1/drafts/{id}")).await.ok();
    assert_eq!((&after["state"], &after["outcome"]["by"]), (&json!("escalated"), &json!("ana")));
}

async fn a_draft_that_waits_for_its_second_review_can_be_asked_for(engine: Engine) {
    let app = double(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    let second = ben.lease_of(&id).await.ok();
    assert_eq!(second["draft"]["second_review"], true);
    assert_eq!(ben.lease_of(&id).await.ok()["lease"], second["lease"]);
    app.reviewer("cem").await.lease_of(&id).await.refused(409, "lease_lost");
}

async fn its_case_is_of_the_second_round_and_counts_for_no_evidence(engine: Engine) {
    let app = double(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    let second = ben.lease().await;
    let outcome = ben.decide(&second, &edit(&second, &format!("{TEXT} Not so."))).await.ok();
    assert_eq!(outcome["second_review"], true);
    let case = app.owner().get(&format!("/v1/cases/{}", text(&outcome["case_id"]))).await.ok();
    assert_eq!((&case["round"], &case["action"]), (&json!(2), &json!("edit")));
    let evidence = app.evidence().await;
    assert_eq!(evidence.iter().filter(|(k, _)| k.starts_with("edit")).count(), 0, "{evidence:?}");
    assert_eq!(app.draft(&id).await["state"], "approved");
    assert_eq!(app.draft(&id).await["outcome"]["by"], "ana");
}

async fn it_does_not_hold_up_the_delivery(engine: Engine) {
    let receiver = Receiver::start().await;
    let app = App::with(engine, &TestPack::of("desk").double_read().delivering_to(receiver.url())).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    let second = ben.lease().await;
    app.deliver_after_undo().await;
    assert_eq!(app.draft(&id).await["state"], "delivered");
    ben.decide(&second, &edit(&second, "I would have said something else.")).await.ok();
    app.deliver_after_undo().await;
    let texts: Vec<Value> = receiver.received().iter().map(|r| r.data()["text"].clone()).collect();
    assert_eq!(texts, [json!(TEXT)], "the second opinion isn't sent to anybody");
}

async fn who_sees_all_verdicts_is_not_asked(engine: Engine) {
    let app = double(engine).await;
    let ana = app.reviewer("ana").await;
    let dri = app.person("dri", json!([{ "role": "reviewer" }, { "role": "dri" }]), &[]).await;
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    assert_eq!(dri.get(&format!("/v1/drafts/{id}")).await.ok()["outcome"]["by"], "ana");
    assert!(dri.lease().await.is_null());
}

async fn an_undone_first_verdict_takes_the_waiting_second_review_along(engine: Engine) {
    let app = double(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    let id = app.stage(&Draft::of("t-1")).await;
    let outcome = ana.approve(&id).await;
    let second = ben.lease().await;
    let back = ana.withdraw(&outcome).await.ok();
    ben.decide(&second, &verdict(&second, "approve")).await.refused(409, "lease_lost");
    assert!(ben.lease().await.is_null());
    ana.decide(&back, &verdict(&back, "approve")).await.ok();
    assert_eq!(ben.lease().await["draft"]["second_review"], true);
}

async fn a_second_verdict_can_be_undone_and_given_anew(engine: Engine) {
    let app = double(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    let second = ben.lease().await;
    let outcome = ben.decide(&second, &verdict(&second, "approve")).await.ok();
    let back = ben.withdraw(&outcome).await.ok();
    assert_eq!((&back["draft"]["second_review"], &back["draft"]["outcome"]), (&json!(true), &Value::Null));
    ben.decide(&back, &edit(&back, "On reflection, no.")).await.ok();
    assert_eq!(app.draft(&id).await["state"], "approved");
    assert_eq!(app.evidence().await["approve"], 1);
}

async fn only_the_drawn_share_is_read_twice(engine: Engine) {
    let app = App::with(engine, &TestPack::of("desk").set("review.double_rate", 0.5)).await;
    let rows: Vec<Draft> = (0..200).map(|i| Draft::of(&format!("t-{i}"))).collect();
    app.send(&rows).await;
    let drawn = app.number("SELECT COUNT(*) FROM draft WHERE double_read = 1").await;
    assert!((60..140).contains(&drawn), "{drawn} of 200");
}

async fn a_second_verdict_that_is_undone_after_the_first_was_leaves_nothing_to_review_twice(engine: Engine) {
    let app = double(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    let id = app.stage(&Draft::of("t-1")).await;
    let first = ana.approve(&id).await;
    let leased = ben.lease().await;
    let second = ben.decide(&leased, &verdict(&leased, "approve")).await.ok();
    let back = ana.withdraw(&first).await.ok();
    assert_eq!(ben.withdraw(&second).await.ok()["lease"], Value::Null);
    assert!(ben.lease().await.is_null(), "ana has it, and nobody has decided on it");
    ana.decide(&back, &verdict(&back, "approve")).await.ok();
    let anew = ben.lease().await;
    assert_eq!((&anew["draft"]["id"], &anew["draft"]["second_review"]), (&json!(id), &json!(true)));
    ben.decide(&anew, &verdict(&anew, "approve")).await.ok();
}

async fn neither_a_cursor_nor_a_count_nor_an_event_gives_a_first_verdict_away(engine: Engine) {
    let app = double(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    let (id, plain) = (app.stage(&Draft::of("t-1")).await, app.stage(&Draft::of("t-2")).await);
    let events = ben.open("GET", "/v1/events", "text/plain", axum::body::Body::empty()).await;
    let status = async |who: &Person| who.get("/v1/workflows").await.ok()["workflows"][0].clone();
    let before = status(&ben).await;
    let counts = async || {
        ben.get("/v1/workflows/desk/burn").await.refused(403, "forbidden");
        ben.get("/v1/workflows/desk/history?days=1").await.ok()["days"].clone()
    };
    let days = counts().await;
    ana.escalate(&id, "unsafe").await;
    assert_eq!(counts().await, days);
    for query in
        ["ticket=t-1&state=escalated&limit=1", "ticket=t-1&state=staged,escalated&limit=1", "reviewer=ana&limit=1"]
    {
        let seen = ben.get(&format!("/v1/drafts?{query}")).await.ok();
        assert_eq!((&seen["drafts"], seen.get("next_cursor")), (&json!([]), None), "{query}");
    }
    let seen = ben.get("/v1/escalations?limit=1").await.ok();
    assert_eq!((&seen["escalations"], seen.get("next_cursor")), (&json!([]), None));
    let after = status(&ben).await;
    assert_eq!((&after["drafts"], &after["escalations_open"]), (&before["drafts"], &before["escalations_open"]));
    assert_eq!(ben.get("/v1/drafts?state=escalated").await.ok()["total"], 0);
    assert_eq!(status(&ana).await["drafts"]["escalated"], 1, "who gave it sees it");
    // What comes last tells that everything before it has come.
    app.owner().post("/v1/workflows/desk/kill", json!({ "reason": "enough" })).await.ok();
    let mut stream = events.into_body().into_data_stream();
    let mut heard = String::new();
    while !heard.contains("workflow.killed") {
        heard += std::str::from_utf8(&futures::StreamExt::next(&mut stream).await.unwrap().unwrap()).unwrap();
    }
    assert!(heard.contains("draft.leased") && heard.contains(&id), "{heard}");
    assert!(!heard.contains("escalation.updated"), "{heard}");
    let verdict = heard.lines().find(|l| l.contains("verdict.recorded")).unwrap();
    assert!(!verdict.contains(&id), "{verdict}");
    drop(plain);
}
