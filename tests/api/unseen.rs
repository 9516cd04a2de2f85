//! Nothing goes out that a person should have seen: what comes in while a workflow is killed is all read, and what was
//! drawn before a kill or a demotion, and not sent yet, goes to a person.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::receiver::{Answer, Received, Receiver};
use countersign_testkit::{App, Draft, Engine, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    what_comes_in_while_killed_is_all_for_a_person,
    what_was_drawn_before_a_kill_goes_to_a_person_and_is_counted_no_second_time,
    what_was_drawn_before_a_demotion_goes_to_a_person,
    one_that_had_been_tried_may_have_reached_the_customer,
    a_retry_by_hand_sends_nothing_that_was_recalled,
    a_recalled_reply_whose_ticket_moved_on_makes_way,
    a_recalled_reply_that_nobody_gets_to_expires_and_counts_no_second_time,
    two_hubs_bring_everything_back_once,
}

fn pack(receiver: &Receiver) -> TestPack {
    let rates = ["internal", "opt_in", "default"].map(|stage| (stage.to_owned(), toml::Value::from(0.05)));
    TestPack::of("desk").set("review.rate", toml::Table::from_iter(rates)).delivering_to(receiver.url())
}

async fn sampled(engine: Engine) -> (App, Receiver) {
    let receiver = Receiver::start().await;
    (App::with(engine, &pack(&receiver)).await, receiver)
}

async fn stage(app: &App, name: &str, n: usize) -> i64 {
    let rows: Vec<Draft> = (0..n).map(|i| Draft::of(&format!("{name}-{i}"))).collect();
    let before = app.number("SELECT COUNT(*) FROM draft WHERE selected = 0").await;
    app.send(&rows).await;
    app.number("SELECT COUNT(*) FROM draft WHERE selected = 0").await - before
}

async fn act(app: &App, act: &str) {
    app.owner().post(&format!("/v1/workflows/desk/{act}"), json!({ "reason": "it went wrong" })).await.ok();
}

async fn bring_back(app: &App) -> usize {
    let mut all = 0;
    loop {
        match app.desk.rescue_unseen().await.unwrap() {
            0 => return all,
            n => all += n,
        }
    }
}

fn replies(receiver: &Receiver) -> Vec<Received> {
    receiver.received().into_iter().filter(|r| r.kind == "reply.ready").collect()
}

async fn one_that_is(app: &App, state: &str) -> String {
    let list = app.owner().get(&format!("/v1/drafts?state={state}&limit=1")).await.ok();
    text(&list["drafts"][0]["id"]).to_owned()
}

async fn what_comes_in_while_killed_is_all_for_a_person(engine: Engine) {
    let (app, receiver) = sampled(engine).await;
    act(&app, "kill").await;
    assert_eq!(stage(&app, "t", 60).await, 0);
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "frozen": 60 }));
    assert_eq!(app.number("SELECT COUNT(*) FROM draft WHERE probability = 1 AND selected = 1").await, 60);
    act(&app, "resume").await;
    app.deliver().await;
    assert_eq!(replies(&receiver), []);
    assert_eq!((app.evidence().await.get("staged"), app.evidence().await.get("unreviewed")), (Some(&60), None));
    assert_eq!(app.verify().await["draws"], json!({ "checked": 60, "wrong": 0 }));
}

async fn what_was_drawn_before_a_kill_goes_to_a_person_and_is_counted_no_second_time(engine: Engine) {
    let (app, receiver) = sampled(engine).await;
    let unseen = stage(&app, "t", 150).await;
    assert!(unseen > 100, "{unseen}");
    let counted = app.evidence().await;
    act(&app, "kill").await;
    act(&app, "resume").await;
    app.deliver().await;
    assert_eq!(replies(&receiver), [], "not even before they are brought back");
    assert_eq!(bring_back(&app).await as i64, unseen);
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "staged": 150 }));
    app.deliver().await;
    assert_eq!((replies(&receiver).len(), app.evidence().await == counted), (0, true));

    // They are decided like any other, and are no evidence a second time.
    let ana = app.reviewer("ana").await;
    let rescued = "SELECT COUNT(*) FROM draft WHERE rescued = 1 AND selected = 0 AND probability < 1 AND state = ";
    assert_eq!(app.number(&format!("{rescued}'staged'")).await, unseen);
    let mut decided = Vec::new();
    while decided.len() < 12 {
        let leased = ana.lease().await;
        let outcome = match decided.len() % 2 {
            0 => ana.approve(text(&leased["draft"]["id"])).await,
            _ => ana.escalate(text(&leased["draft"]["id"]), "unsafe").await,
        };
        decided.push(outcome);
    }
    let of_selected = "SELECT COUNT(*) FROM verdict v JOIN draft d ON d.seq = v.draft_seq
                       WHERE v.withdrawn = 0 AND d.selected = 1";
    let verdicts = async |app: &App| {
        let evidence = app.evidence().await;
        evidence
            .iter()
            .filter(|(key, _)| key.starts_with("approve") || key.starts_with("escalate"))
            .map(|(_, n)| n)
            .sum()
    };
    let counted: i64 = verdicts(&app).await;
    assert_eq!(counted, app.number(of_selected).await);
    ana.withdraw(&decided[0]).await.ok();
    ana.withdraw(&decided[1]).await.ok();
    let counted: i64 = verdicts(&app).await;
    assert_eq!(counted, app.number(of_selected).await);
    app.deliver_after_undo().await;
    assert_eq!(replies(&receiver).len(), 5, "what a person approved goes out");
    let made = app.number("SELECT COUNT(*) FROM case_record WHERE withdrawn = 0").await;
    assert_eq!(made, 10, "and is a label");
    assert_eq!(app.verify().await["ok"], true);

    // What is drawn from now on goes out as before.
    let fresh = stage(&app, "fresh", 40).await;
    app.deliver().await;
    assert_eq!((bring_back(&app).await, replies(&receiver).len() as i64), (0, 5 + fresh));
}

async fn what_was_drawn_before_a_demotion_goes_to_a_person(engine: Engine) {
    let (app, receiver) = sampled(engine).await;
    // Where an earlier promotion had brought it.
    app.tamper("UPDATE workflow SET stage = 'opt_in'").await;
    let unseen = stage(&app, "t", 60).await;
    act(&app, "demote").await;
    app.deliver().await;
    assert_eq!(replies(&receiver), []);
    assert_eq!(bring_back(&app).await as i64, unseen);
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "staged": 60 }));
    let fresh = stage(&app, "fresh", 40).await;
    app.deliver().await;
    assert_eq!(replies(&receiver).len() as i64, fresh);
}

async fn one_that_had_been_tried_may_have_reached_the_customer(engine: Engine) {
    let (app, receiver) = sampled(engine).await;
    stage(&app, "tried", 40).await;
    receiver.answer(Answer::Status(503));
    app.deliver().await;
    let tried = one_that_is(&app, "delivering").await;
    let marked = async |id: &str| app.draft(id).await["may_have_reached_customer"] == json!(true);
    assert!(!marked(&tried).await);
    let fresh = stage(&app, "fresh", 40).await;
    let fresh_one = one_that_is(&app, "unreviewed").await;
    act(&app, "kill").await;
    bring_back(&app).await;
    assert_eq!(app.number("SELECT COUNT(*) FROM draft WHERE rescued = 1 AND may_have_reached = 0").await, fresh);
    assert_eq!((marked(&tried).await, marked(&fresh_one).await), (true, false));
    let shown = async |query: &str| {
        app.owner().get(&format!("/v1/deliveries?{query}&limit=200")).await.ok()["deliveries"]
            .as_array()
            .unwrap()
            .clone()
    };
    let recalled = shown("state=recalled").await;
    let of = |id: &str| recalled.iter().find(|d| d["draft_id"] == id).unwrap().clone();
    assert_eq!(
        (&of(&tried)["may_have_reached_customer"], &of(&fresh_one)["may_have_reached_customer"]),
        (&json!(true), &Value::Null)
    );

    act(&app, "resume").await;
    receiver.answer(Answer::Status(204));
    let before = replies(&receiver).len();
    app.reviewer("ana").await.approve(&tried).await;
    app.deliver_after_undo().await;
    let sent = &replies(&receiver)[before..];
    assert_eq!((sent.len(), &sent[0].data()["may_have_reached_customer"]), (1, &json!(true)));
    assert!(marked(&tried).await);
}

async fn a_retry_by_hand_sends_nothing_that_was_recalled(engine: Engine) {
    let (app, receiver) = sampled(engine).await;
    stage(&app, "t", 40).await;
    receiver.answer(Answer::Status(410));
    app.deliver().await;
    let id = one_that_is(&app, "undeliverable").await;
    let delivery = text(&app.draft(&id).await["delivery"]["id"]).to_owned();
    act(&app, "kill").await;
    act(&app, "resume").await;
    receiver.answer(Answer::Status(204));
    app.deliver().await;
    let before = replies(&receiver).len();
    app.owner().post(&format!("/v1/deliveries/{delivery}/retry"), json!({})).await.ok();
    app.deliver().await;
    assert_eq!((replies(&receiver).len(), bring_back(&app).await), (before, 1));
    let draft = app.draft(&id).await;
    assert_eq!((&draft["state"], &draft["may_have_reached_customer"]), (&json!("staged"), &json!(true)));
}

async fn a_recalled_reply_whose_ticket_moved_on_makes_way(engine: Engine) {
    let (app, receiver) = sampled(engine).await;
    stage(&app, "t", 40).await;
    let id = one_that_is(&app, "unreviewed").await;
    let ticket = text(&app.draft(&id).await["external_id"]).to_owned();
    act(&app, "kill").await;
    app.stage(&Draft::of(&ticket).revision("2")).await;
    let counted = app.evidence().await;
    act(&app, "resume").await;
    bring_back(&app).await;
    app.deliver().await;
    assert_eq!((app.draft(&id).await["state"].clone(), replies(&receiver)), (json!("superseded"), Vec::new()));
    assert_eq!(app.evidence().await, counted);
}

async fn a_recalled_reply_that_nobody_gets_to_expires_and_counts_no_second_time(engine: Engine) {
    let (app, _receiver) = sampled(engine).await;
    let unseen = stage(&app, "t", 40).await;
    app.tamper("UPDATE draft SET state = 'expired' WHERE selected = 1").await;
    app.clock.advance(47 * 3600);
    act(&app, "kill").await;
    bring_back(&app).await;
    let counted = app.evidence().await;
    app.clock.advance(2 * 3600);
    assert_eq!(app.desk.expire_drafts().await.unwrap(), 0, "its reviewer sees it only now");
    app.clock.advance(48 * 3600);
    assert_eq!(app.desk.expire_drafts().await.unwrap() as i64, unseen);
    assert_eq!(app.evidence().await, counted);
}

async fn two_hubs_bring_everything_back_once(engine: Engine) {
    let (app, _receiver) = sampled(engine).await;
    let other = if engine == Engine::Postgres { app.another().await.desk } else { app.desk.clone() };
    let unseen = stage(&app, "t", 150).await;
    act(&app, "kill").await;
    let drain = |desk: countersign_desk::Desk| async move {
        let mut idle = 0;
        // Somebody else may hold what is left for a moment.
        while idle < 20 {
            idle = if desk.rescue_unseen().await.unwrap() == 0 { idle + 1 } else { 0 };
        }
    };
    tokio::join!(drain(app.desk.clone()), drain(other.clone()), drain(other));
    assert_eq!(app.number("SELECT COUNT(*) FROM draft WHERE rescued = 1 AND state = 'staged'").await, unseen);
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "frozen": 150 }));
}
