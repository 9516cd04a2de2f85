//! The sender: one receiver's trouble is its own, and what is on its way can't be taken back or started over.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::receiver::{Answer, Receiver};
use countersign_testkit::{App, Draft, Engine, TestPack, on_both, text, until};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

on_both! {
    a_receiver_that_hangs_holds_up_nobody_elses_replies,
    a_notice_of_a_kill_does_not_wait_behind_replies,
    a_receiver_that_lets_the_time_run_out_is_left_alone_and_the_list_says_so,
    a_reply_behind_another_says_what_it_waits_for,
    what_is_being_sent_is_neither_retried_nor_withdrawn,
    a_late_answer_changes_nothing_that_was_settled_meanwhile,
    a_clock_that_jumped_ahead_signs_with_the_time_on_the_wall,
    a_sender_that_is_told_to_stop_finishes_what_it_is_sending,
    a_kill_counts_the_replies_that_it_holds_back,
    a_resume_sends_no_reply_that_it_has_not_looked_at,
    a_kill_says_which_hub_has_not_stopped_sending,
}

fn unread(id: &str, receiver: &Receiver) -> TestPack {
    let rate = toml::Table::from_iter([("internal".to_owned(), toml::Value::from(0.05))]);
    TestPack::of(id).set("review.rate", rate).delivering_to(receiver.url())
}

async fn delivering(engine: Engine) -> (App, Receiver) {
    let receiver = Receiver::start().await;
    (App::with(engine, &TestPack::of("desk").delivering_to(receiver.url())).await, receiver)
}

/// A sender as a hub runs it.
struct Sender {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Sender {
    fn start(app: &App) -> Self {
        let (desk, stop) = (app.desk.clone(), CancellationToken::new());
        let until = stop.clone();
        Self { stop, task: tokio::spawn(async move { desk.keep_delivering(until).await }) }
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn arrived(receiver: &Receiver, n: usize) {
    until("the receiver has been called", async || receiver.received().len() >= n).await;
}

async fn the_delivery(app: &App, id: &str) -> Value {
    app.draft(id).await["delivery"].clone()
}

async fn a_receiver_that_hangs_holds_up_nobody_elses_replies(engine: Engine) {
    let (hanging, fine) = (Receiver::start().await, Receiver::start().await);
    hanging.answer(Answer::Hang);
    let app = App::with(engine, &unread("desk", &hanging)).await;
    app.apply(&unread("fine", &fine)).await;
    let rows: Vec<Draft> = (0..1_000).map(|i| Draft::of(&format!("t-{i}"))).collect();
    app.send(&rows).await;
    let _sender = Sender::start(&app);
    arrived(&hanging, 1).await;
    let rows: Vec<Draft> = (0..20).map(|i| Draft::of(&format!("f-{i}")).with("workflow", "fine")).collect();
    app.send(&rows).await;
    let due = Instant::now();
    arrived(&fine, 1).await;
    let took = due.elapsed();
    assert!(took < Duration::from_secs(1), "another workflow's reply took {took:?}");
    arrived(&fine, 10).await;
    assert!(hanging.received().len() <= 16, "{} at once to one receiver", hanging.received().len());
}

async fn a_notice_of_a_kill_does_not_wait_behind_replies(engine: Engine) {
    let receiver = Receiver::start().await;
    receiver.answer(Answer::Hang);
    let app = App::with(engine, &unread("desk", &receiver)).await;
    let rows: Vec<Draft> = (0..200).map(|i| Draft::of(&format!("t-{i}"))).collect();
    app.send(&rows).await;
    let _sender = Sender::start(&app);
    arrived(&receiver, 16).await;
    receiver.answer(Answer::Status(204));
    app.owner().post("/v1/workflows/desk/kill", json!({ "reason": "it went wrong" })).await.ok();
    let told = Instant::now();
    let notice = async || receiver.received().iter().any(|r| r.kind == "workflow.killed");
    until("the notice arrived", notice).await;
    assert!(told.elapsed() < Duration::from_secs(1), "{:?}", told.elapsed());
}

async fn a_receiver_that_lets_the_time_run_out_is_left_alone_and_the_list_says_so(engine: Engine) {
    let receiver = Receiver::start().await;
    receiver.answer(Answer::Hang);
    let app = App::with(engine, &unread("desk", &receiver)).await;
    let rows: Vec<Draft> = (0..60).map(|i| Draft::of(&format!("t-{i}"))).collect();
    app.send(&rows).await;
    // As long as it takes until the first have run out of time.
    assert_eq!(app.desk.deliver_due().await.unwrap(), 16);
    assert_eq!(app.desk.deliver_due().await.unwrap(), 0, "nothing more is tried at once");
    let list = app.owner().get("/v1/deliveries?state=pending&limit=200").await.ok();
    let rows = list["deliveries"].as_array().unwrap();
    let untried: Vec<&Value> = rows.iter().filter(|d| d["attempts"] == 0).collect();
    assert!(untried.len() > 20 && untried.iter().all(|d| d["waits_for"] == "receiver"), "{list}");
    let next = countersign_domain::time::Millis::parse(text(&untried[0]["next_attempt_at"])).unwrap();
    assert!(next.0 > app.now().0, "{}", untried[0]);
}

async fn a_reply_behind_another_says_what_it_waits_for(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    for revision in ["1", "2"] {
        let id = app.stage(&Draft::of("t-1").revision(revision)).await;
        ana.approve(&id).await;
    }
    receiver.answer(Answer::Status(503));
    app.deliver_after_undo().await;
    let list = app.owner().get("/v1/deliveries").await.ok();
    let waits: Vec<&Value> = list["deliveries"].as_array().unwrap().iter().map(|d| &d["waits_for"]).collect();
    assert_eq!(waits, [&json!("earlier"), &Value::Null]);
}

async fn what_is_being_sent_is_neither_retried_nor_withdrawn(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    receiver.answer(Answer::Hang);
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let outcome = ana.approve(&id).await;
    app.clock.advance(11);
    let _sender = Sender::start(&app);
    arrived(&receiver, 1).await;
    let delivery = text(&the_delivery(&app, &id).await["id"]).to_owned();
    let retry = format!("/v1/deliveries/{delivery}/retry");
    app.owner().post(&retry, json!({})).await.refused(422, "invalid");
    ana.withdraw(&outcome).await.refused(409, "already_delivered");
    // As an earlier program left it after a retry in the middle of a try.
    app.tamper("UPDATE delivery SET attempts = 0, last_error = NULL").await;
    ana.withdraw(&outcome).await.refused(409, "already_delivered");
    assert_eq!(app.draft(&id).await["state"], "delivering");
}

async fn a_late_answer_changes_nothing_that_was_settled_meanwhile(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    receiver.answer(Answer::After(Duration::from_millis(700)));
    let id = app.stage(&Draft::of("t-1")).await;
    app.reviewer("ana").await.approve(&id).await;
    app.clock.advance(11);
    let desk = app.desk.clone();
    let sending = tokio::spawn(async move { desk.deliver_due().await });
    arrived(&receiver, 1).await;
    app.tamper("UPDATE delivery SET state = 'withdrawn', claimed_until = 0").await;
    sending.await.unwrap().unwrap();
    assert_eq!(app.number("SELECT COUNT(*) FROM delivery WHERE state = 'withdrawn'").await, 1);
    assert_eq!(app.draft(&id).await["state"], "delivering");
}

async fn a_clock_that_jumped_ahead_signs_with_the_time_on_the_wall(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let id = app.stage(&Draft::of("t-1")).await;
    app.reviewer("ana").await.approve(&id).await;
    app.clock.advance(86_400);
    assert_eq!(app.deliver().await, 1);
    assert_eq!((receiver.received().len(), receiver.refused()), (1, Vec::new()));
}

async fn a_sender_that_is_told_to_stop_finishes_what_it_is_sending(engine: Engine) {
    let receiver = Receiver::start().await;
    receiver.answer(Answer::After(Duration::from_millis(500)));
    let app = App::with(engine, &unread("desk", &receiver)).await;
    let rows: Vec<Draft> = (0..60).map(|i| Draft::of(&format!("t-{i}"))).collect();
    app.send(&rows).await;
    let mut sender = Sender::start(&app);
    arrived(&receiver, 16).await;
    sender.stop.cancel();
    (&mut sender.task).await.unwrap();
    assert_eq!(app.number("SELECT COUNT(*) FROM delivery WHERE state = 'delivered'").await, 16);
    assert_eq!(app.number("SELECT COUNT(*) FROM delivery WHERE claimed_until > 0").await, 0);
    assert_eq!(receiver.received().len(), 16, "and nothing more is begun");
}

/// Replies that a person decided, as many as it takes, without as many decisions.
async fn decided(app: &App, n: usize) {
    let rows: Vec<Draft> = (0..n).map(|i| Draft::of(&format!("t-{i}"))).collect();
    app.send(&rows).await;
    app.tamper(
        "INSERT INTO delivery (id, workflow_id, draft_seq, ticket, verdict_id, kind, body, state, due_at, created_at)
         SELECT 'msg-' || seq, workflow_id, seq, external_id, 'v-' || seq, 'reply.ready',
         '{\"type\":\"reply.ready\",\"data\":{\"external_id\":\"' || external_id || '\"}}', 'pending', 0, 0 FROM draft",
    )
    .await;
    app.tamper("UPDATE draft SET state = 'approved'").await;
    app.tamper("UPDATE draft_count SET state = 'approved' WHERE state = 'staged'").await;
    app.tamper("INSERT INTO draft_count (workflow_id, state, n) SELECT workflow_id, 'reply', COUNT(*) FROM delivery GROUP BY workflow_id").await;
}

async fn kill(app: &App) -> Value {
    app.owner().post("/v1/workflows/desk/kill", json!({ "reason": "it went wrong" })).await.ok()
}

async fn a_kill_counts_the_replies_that_it_holds_back(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    decided(&app, 300).await;
    receiver.answer(Answer::Status(410));
    app.deliver().await;
    let gone = app.number("SELECT COUNT(*) FROM delivery WHERE state = 'undeliverable'").await;
    assert_eq!((gone, app.workflow("desk").await["deliveries_waiting"].clone()), (300, json!(0)));
    for seq in [1, 2, 3] {
        app.owner().post(&format!("/v1/deliveries/msg-{seq}/retry"), json!({})).await.ok();
    }
    assert_eq!(app.workflow("desk").await["deliveries_waiting"], 3);
    assert_eq!(
        (kill(&app).await["deliveries_held"].clone(), kill(&app).await["deliveries_held"].clone()),
        (json!(3), json!(3))
    );
}

async fn a_resume_sends_no_reply_that_it_has_not_looked_at(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    decided(&app, 450).await;
    kill(&app).await;
    let newer: Vec<Draft> = (0..450).step_by(2).map(|i| Draft::of(&format!("t-{i}")).revision("2")).collect();
    app.send(&newer).await;
    let resume = async || app.owner().post("/v1/workflows/desk/resume", json!({ "reason": "mended" })).await.ok();
    let resumed = resume().await;
    assert_eq!((&resumed["stayed_out"], &resumed["stayed_out_is_final"]), (&json!(225), &json!(true)));

    // As it stands when the hub dies right after the commit.
    app.tamper("UPDATE delivery SET state = 'pending' WHERE state = 'undeliverable'").await;
    app.tamper("UPDATE draft_count SET n = 450 WHERE state = 'reply'").await;
    app.tamper("INSERT INTO sweep (workflow_id, after_seq, upto_seq) VALUES ('desk', 0, 450)").await;
    app.deliver().await;
    let sent = || receiver.received().into_iter().filter(|r| r.kind == "reply.ready").map(|r| r.ticket);
    let odd = |ticket: &String| ticket.trim_start_matches("t-").parse::<usize>().is_ok_and(|i| i % 2 == 1);
    assert_eq!((sent().count(), sent().filter(odd).count()), (225, 225));
    while app.desk.sweep_moved().await.unwrap() > 0 {}
    app.deliver().await;
    assert_eq!(sent().count(), 225);
    assert_eq!(app.number("SELECT COUNT(*) FROM delivery WHERE state = 'undeliverable'").await, 225);
    assert_eq!(app.workflow("desk").await["deliveries_waiting"], 0);
}

async fn a_kill_says_which_hub_has_not_stopped_sending(engine: Engine) {
    let (app, _receiver) = delivering(engine).await;
    decided(&app, 3).await;
    // As another hub leaves it that can't be reached in the middle of a try.
    let until_then = app.now().plus_seconds(20).0;
    app.tamper(&format!("UPDATE delivery SET claimed_until = {until_then}, claimed_by = 'far-away' WHERE seq = 1"))
        .await;
    let began = Instant::now();
    let killed = kill(&app).await;
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!((&killed["effect_ms"], &killed["sends_running"]), (&Value::Null, &json!(1)));
    let hubs = killed["hubs"].as_array().unwrap();
    let stopped: Vec<bool> = hubs.iter().map(|h| h["stopped"] == true).collect();
    assert_eq!((stopped, &hubs[1]["id"], &hubs[1]["ms"]), (vec![true, false], &json!("far-away"), &Value::Null));
    let history = app.owner().get("/v1/workflows/desk/history").await.ok();
    let effect = format!("/v1/workflows/desk/transitions/{}/effect", text(&history["transitions"][0]["id"]));
    let known = app.owner().get(&effect).await.ok();
    assert_eq!(
        (&known["refused_ms"], &known["sends_running"], &known["senders"]),
        (&Value::Null, &json!(1), &killed["hubs"])
    );

    // Its claim runs out, or it says that it has broken off.
    app.clock.advance(21);
    until("the kill is in force", async || {
        app.desk.keep_effects().await.unwrap();
        app.owner().get(&effect).await.ok()["sends_running"] == 0
    })
    .await;
    let known = app.owner().get(&effect).await.ok();
    assert!(known["refused_ms"].as_f64().unwrap() > 0.0 && known["senders"][1]["stopped"] == true, "{known}");
}
