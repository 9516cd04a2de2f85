//! Receivers that behave badly, and places where there must be none.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::receiver::{Answer, Receiver};
use countersign_testkit::{App, Draft, Engine, TestPack, on_both, text, until};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

on_both! {
    a_receiver_that_hangs_is_given_up_on_and_tried_again,
    a_receiver_that_redirects_is_not_followed,
    a_receiver_that_answers_garbage_is_tried_again,
    a_receiver_that_answers_without_end_has_taken_it,
    a_receiver_that_is_not_there_is_tried_again,
    a_private_address_is_refused_unless_the_pack_allows_it,
    a_secret_that_is_not_set_is_named_and_nothing_is_sent,
    a_kill_breaks_off_a_send_and_a_resume_sends_the_same_again,
}

/// An approved reply for a receiver at this address, after its first try.
async fn tried(engine: Engine, pack: TestPack) -> (App, String) {
    let app = App::with(engine, &pack).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    assert_eq!(app.deliver_after_undo().await, 1);
    (app, id)
}

async fn waits_for_another_try(app: &App, id: &str, error: &str) {
    let delivery = app.draft(id).await["delivery"].clone();
    assert_eq!((&delivery["state"], &delivery["attempts"]), (&json!("pending"), &json!(1)));
    assert!(text(&delivery["last_error"]).contains(error), "{delivery}");
    assert!(!delivery["next_attempt_at"].is_null());
}

/// Answers every connection with these bytes, and with the last of them again and again if it is told to.
async fn answering(bytes: &'static [u8], without_end: bool) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 8192];
                let _ = socket.read(&mut request).await;
                let mut sent = socket.write_all(bytes).await;
                while without_end && sent.is_ok() {
                    sent = socket.write_all(&[b'x'; 4096]).await;
                }
            });
        }
    });
    url
}

async fn a_receiver_that_hangs_is_given_up_on_and_tried_again(engine: Engine) {
    let receiver = Receiver::start().await;
    receiver.answer_next([Answer::Hang]);
    let (app, id) = tried(engine, TestPack::of("desk").delivering_to(receiver.url())).await;
    waits_for_another_try(&app, &id, "no answer in time").await;
    app.clock.advance(6);
    app.deliver().await;
    assert_eq!(app.draft(&id).await["state"], "delivered");
}

async fn a_receiver_that_redirects_is_not_followed(engine: Engine) {
    let (receiver, elsewhere) = (Receiver::start().await, Receiver::start().await);
    receiver.answer(Answer::Redirect(elsewhere.url().to_owned()));
    let (app, id) = tried(engine, TestPack::of("desk").delivering_to(receiver.url())).await;
    waits_for_another_try(&app, &id, "redirect").await;
    assert!(elsewhere.received().is_empty() && elsewhere.refused().is_empty());
}

async fn a_receiver_that_answers_garbage_is_tried_again(engine: Engine) {
    let url = answering(b"\x00\x01 this is not HTTP\r\n\r\n", false).await;
    let (app, id) = tried(engine, TestPack::of("desk").delivering_to(&url)).await;
    waits_for_another_try(&app, &id, "broken answer").await;
}

async fn a_receiver_that_answers_without_end_has_taken_it(engine: Engine) {
    let url = answering(b"HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\nconnection: close\r\n\r\n", true).await;
    let (app, id) = tried(engine, TestPack::of("desk").delivering_to(&url)).await;
    assert_eq!(app.draft(&id).await["state"], "delivered");
}

async fn a_receiver_that_is_not_there_is_tried_again(engine: Engine) {
    // Bound, so that nobody else gets the port, and not listening.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let nobody = format!("http://{}/", socket.local_addr().unwrap());
    let (app, id) = tried(engine, TestPack::of("desk").delivering_to(&nobody)).await;
    waits_for_another_try(&app, &id, "no connection").await;
}

async fn a_private_address_is_refused_unless_the_pack_allows_it(engine: Engine) {
    let receiver = Receiver::start().await;
    let pack = TestPack::of("desk").delivering_to(receiver.url()).set("delivery.allow_private", false);
    let (app, id) = tried(engine, pack).await;
    let draft = app.draft(&id).await;
    assert_eq!((&draft["state"], &draft["delivery"]["state"]), (&json!("undeliverable"), &json!("undeliverable")));
    assert!(text(&draft["delivery"]["last_error"]).contains("allow_private"), "{draft}");
    assert!(receiver.received().is_empty());
}

async fn a_secret_that_is_not_set_is_named_and_nothing_is_sent(engine: Engine) {
    let receiver = Receiver::start().await;
    let pack =
        TestPack::of("desk").delivering_to(receiver.url()).set("delivery.secret_env", "COUNTERSIGN_SECRET_NEVER_SET");
    let (app, id) = tried(engine, pack).await;
    waits_for_another_try(&app, &id, "COUNTERSIGN_SECRET_NEVER_SET").await;
    assert!(receiver.received().is_empty() && receiver.refused().is_empty());
}

async fn a_kill_breaks_off_a_send_and_a_resume_sends_the_same_again(engine: Engine) {
    let receiver = Receiver::start().await;
    let app = App::with(engine, &TestPack::of("desk").delivering_to(receiver.url())).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    ana.approve(&id).await;
    app.clock.advance(11);
    receiver.answer_next([Answer::Hang]);
    let desk = app.desk.clone();
    let sending = tokio::spawn(async move { desk.deliver_due().await });
    until("the send begins", async || receiver.received().len() == 1).await;

    let killed = app.owner().post("/v1/workflows/desk/kill", json!({ "reason": "a drill" })).await.ok();
    assert_eq!((&killed["deliveries_held"], &killed["killed"]), (&json!(1), &json!(true)));
    assert!(killed["effect_ms"].as_f64().unwrap() < 1000.0, "{killed}");
    // The notice of the kill may be: that is to go.
    let replies = "SELECT COUNT(*) FROM delivery WHERE claimed_until > 0 AND draft_seq IS NOT NULL";
    assert_eq!(app.number(replies).await, 0, "no reply is under way");
    sending.await.unwrap().unwrap();
    assert_eq!(app.draft(&id).await["delivery"]["state"], "held");

    app.deliver().await;
    app.owner().post("/v1/workflows/desk/resume", json!({ "reason": "over" })).await.ok();
    app.deliver().await;
    let replies: Vec<Value> = receiver.received().iter().filter(|r| r.ticket == "t-1").map(|r| json!(r.id)).collect();
    assert_eq!(replies, [app.draft(&id).await["delivery"]["id"].clone(), replies[0].clone()]);
    assert_eq!(app.draft(&id).await["state"], "delivered");
}
