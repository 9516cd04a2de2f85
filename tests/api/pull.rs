//! Drafts that the hub fetches itself, from endpoints that packs name.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::feed::Feed;
use countersign_testkit::{App, Draft, Engine, TestPack, WORKFLOW, on_both};
use serde_json::{Value, json};

on_both! {
    a_pull_goes_on_where_it_stopped_also_after_a_restart,
    a_page_full_of_news_is_followed_by_the_next_at_once,
    a_source_that_fails_is_asked_again_with_the_same_cursor_and_says_why,
    a_source_that_asks_for_patience_gets_it,
    bad_drafts_of_a_page_are_counted_and_the_good_ones_come_in,
    a_page_that_could_not_be_staged_is_asked_for_again,
    a_page_of_any_length_comes_in_whole,
    two_hubs_ask_once,
    a_pulled_draft_for_another_workflow_is_rejected,
    a_source_may_answer_in_every_form_that_drafts_are_sent_in,
    a_source_that_changes_a_text_under_the_same_revision_is_told_about,
    a_silent_source_keeps_no_other_from_being_asked,
    a_killed_workflows_drafts_are_pulled_and_frozen,
}

async fn pulling(engine: Engine) -> (App, Feed) {
    let feed = Feed::start().await;
    (App::with(engine, &TestPack::of(WORKFLOW).pulling_from(feed.url())).await, feed)
}

fn tickets(n: usize) -> Vec<Draft> {
    (1..=n).map(|i| Draft::of(&format!("t-{i}"))).collect()
}

async fn staged(app: &App) -> Value {
    app.workflow(WORKFLOW).await["drafts"]["staged"].clone()
}

async fn pull_of(app: &App) -> Value {
    app.workflow(WORKFLOW).await["pulls"][0].clone()
}

async fn a_pull_goes_on_where_it_stopped_also_after_a_restart(engine: Engine) {
    let (app, feed) = pulling(engine).await;
    assert_eq!(pull_of(&app).await, json!({ "url": feed.url() }), "it has not been asked yet");
    feed.add(&tickets(1));
    assert_eq!(app.desk.pull_due().await.unwrap(), 1);
    assert_eq!(app.desk.pull_due().await.unwrap(), 0, "there may be more, and there is not");
    app.clock.advance(4);
    assert_eq!(app.desk.pull_due().await.unwrap(), 0);
    assert_eq!(feed.asked().len(), 2, "it is not due yet");
    feed.add(&[Draft::of("t-2")]);
    app.clock.advance(1);
    let app = app.restarted().await;
    assert_eq!(app.desk.pull_due().await.unwrap(), 1);
    assert_eq!(feed.asked(), [None, Some("after-1".to_owned()), Some("after-1".to_owned())]);
    assert_eq!(staged(&app).await, 2);
    let pull = pull_of(&app).await;
    assert_eq!((&pull["next_at"], pull.get("last_error")), (&json!(app.now()), None));
}

async fn a_page_full_of_news_is_followed_by_the_next_at_once(engine: Engine) {
    let (app, feed) = pulling(engine).await;
    feed.add(&tickets(5));
    let mut came = Vec::new();
    for _ in 0..5 {
        came.push(app.desk.pull_due().await.unwrap());
    }
    assert_eq!(came, [2, 2, 1, 0, 0]);
    assert_eq!((staged(&app).await, feed.asked().len()), (json!(5), 4));
}

async fn a_source_that_fails_is_asked_again_with_the_same_cursor_and_says_why(engine: Engine) {
    let (app, feed) = pulling(engine).await;
    feed.add(&tickets(1));
    app.desk.pull_due().await.unwrap();
    for (status, body, why) in [
        // What a private address answers is for the log alone.
        (503, "", "log says why"),
        (200, "<html>", "not JSON"),
        (200, r#"{"rows": []}"#, r#"{"drafts": […], "cursor": "…"}"#),
        (301, "", "log says why"),
    ] {
        app.clock.advance(5);
        feed.answer_next(status, "0", body);
        assert_eq!(app.desk.pull_due().await.unwrap(), 0);
        let said = pull_of(&app).await["last_error"].clone();
        assert!(said.as_str().unwrap().contains(why), "{said} for {status} {body:?}");
    }
    feed.add(&[Draft::of("t-2")]);
    app.clock.advance(5);
    assert_eq!(app.desk.pull_due().await.unwrap(), 1);
    assert_eq!(feed.asked().split_first().unwrap().1, vec![Some("after-1".to_owned()); 5]);
    assert_eq!(pull_of(&app).await.get("last_error"), None);
}

async fn a_source_that_asks_for_patience_gets_it(engine: Engine) {
    let (app, feed) = pulling(engine).await;
    feed.answer_next(429, "120", "");
    app.desk.pull_due().await.unwrap();
    app.clock.advance(119);
    app.desk.pull_due().await.unwrap();
    assert_eq!(feed.asked().len(), 1);
    app.clock.advance(1);
    app.desk.pull_due().await.unwrap();
    assert_eq!(feed.asked().len(), 2);
}

async fn bad_drafts_of_a_page_are_counted_and_the_good_ones_come_in(engine: Engine) {
    let (app, feed) = pulling(engine).await;
    feed.add(&[Draft::of("t-1").with("draft", 7), Draft::of("t-2")]);
    assert_eq!(app.desk.pull_due().await.unwrap(), 1);
    assert_eq!(staged(&app).await, 1);
    let said = pull_of(&app).await["last_error"].clone();
    assert!(said.as_str().unwrap().starts_with("1 of 2 drafts were rejected; the first, draft 1: draft:"), "{said}");
    let log = app.owner().get("/v1/audit?limit=20").await.ok();
    let entry = log["entries"].as_array().unwrap().iter().find(|e| e["act"] == "pull.rejected").unwrap();
    let detail: Value = serde_json::from_str(entry["detail"].as_str().unwrap()).unwrap();
    assert_eq!((&detail["drafts"], &detail["rejected"]), (&json!(2), &json!(1)));
}

async fn a_page_that_could_not_be_staged_is_asked_for_again(engine: Engine) {
    let (app, feed) = pulling(engine).await;
    feed.add(&tickets(1));
    app.tamper("ALTER TABLE draft RENAME TO draft_away").await;
    assert!(app.desk.pull_due().await.is_err());
    app.tamper("ALTER TABLE draft_away RENAME TO draft").await;
    let said = pull_of(&app).await["last_error"].clone();
    assert!(said.as_str().unwrap().starts_with("what it brought can't be staged"), "{said}");
    app.clock.advance(60);
    assert_eq!(app.desk.pull_due().await.unwrap(), 1);
    assert_eq!((feed.asked(), staged(&app).await), (vec![None, None], json!(1)));
}

async fn a_page_of_any_length_comes_in_whole(engine: Engine) {
    let (app, feed) = pulling(engine).await;
    feed.pages_of(3_000);
    let mut drafts = tickets(3_000);
    drafts[2_000] = Draft::of("t-2001").with("draft", 7);
    feed.add(&drafts);
    assert_eq!(app.desk.pull_due().await.unwrap(), 2_999);
    assert_eq!(staged(&app).await, 2_999);
    let said = pull_of(&app).await["last_error"].clone();
    assert!(
        said.as_str().unwrap().starts_with("1 of 3000 drafts were rejected; the first, draft 2001: draft:"),
        "{said}"
    );
}

async fn two_hubs_ask_once(engine: Engine) {
    let (app, feed) = pulling(engine).await;
    let other = app.another().await;
    app.desk.pull_due().await.unwrap();
    feed.add(&tickets(2));
    app.clock.advance(5);
    let (one, two) = tokio::join!(app.desk.pull_due(), other.desk.pull_due());
    assert_eq!(one.unwrap() + two.unwrap(), 2);
    let same = feed.asked().iter().filter(|cursor| cursor.as_deref() == Some("after-0")).count();
    assert_eq!(same, 1, "each page is asked for by one of them");
}

async fn a_pulled_draft_for_another_workflow_is_rejected(engine: Engine) {
    let (app, feed) = pulling(engine).await;
    app.apply(&TestPack::of("other")).await;
    feed.add(&[Draft::of("t-1").with("workflow", "other"), Draft::of("t-2").with("workflow", WORKFLOW)]);
    assert_eq!(app.desk.pull_due().await.unwrap(), 1);
    assert_eq!((staged(&app).await, &app.workflow("other").await["drafts"]), (json!(1), &json!({})));
    let said = pull_of(&app).await["last_error"].clone();
    assert!(said.as_str().unwrap().contains("workflow: this draft is for \"other\""), "{said}");
}

async fn a_source_may_answer_in_every_form_that_drafts_are_sent_in(engine: Engine) {
    let (app, feed) = pulling(engine).await;
    let of = |n: usize| Draft::of(&format!("t-{n}")).to_string();
    let bodies = [
        (200, format!("[{}, {}]", of(1), of(2)), 2),
        (200, format!("{}\n{}\n", of(3), of(4)), 2),
        (200, format!("\u{feff}{{\"drafts\": [{}]}}", of(5)), 1),
        (200, of(6), 1),
        (204, String::new(), 0),
        (200, "[]".to_owned(), 0),
    ];
    for (status, body, came) in bodies {
        feed.answer_next(status, "0", &body);
        assert_eq!(app.desk.pull_due().await.unwrap(), came, "{body}");
        assert_eq!(pull_of(&app).await.get("last_error"), None, "{body}");
        app.clock.advance(5);
    }
    assert_eq!(staged(&app).await, 6);
    assert_eq!(feed.asked(), vec![None; 6], "none of them gave a cursor");
}

async fn a_source_that_changes_a_text_under_the_same_revision_is_told_about(engine: Engine) {
    let (app, feed) = pulling(engine).await;
    feed.answer_next(200, "0", format!("[{}]", *Draft::of("t-1")));
    feed.answer_next(200, "0", format!("[{}]", *Draft::of("t-1").text("Another text")));
    assert_eq!(app.desk.pull_due().await.unwrap(), 1);
    app.clock.advance(5);
    assert_eq!(app.desk.pull_due().await.unwrap(), 0);
    let said = pull_of(&app).await["last_error"].clone();
    assert!(said.as_str().unwrap().contains("draft 1: draft.text: differs"), "{said}");
}

async fn a_silent_source_keeps_no_other_from_being_asked(engine: Engine) {
    let (app, feed) = pulling(engine).await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    app.apply(&TestPack::of(WORKFLOW).pulling_from(&url).pulling_from(feed.url())).await;
    feed.add(&tickets(1));
    let desk = app.desk.clone();
    let pulling = tokio::spawn(async move { desk.pull_due().await });
    countersign_testkit::until("the other source's draft", async || staged(&app).await == 1).await;
    assert!(!pulling.is_finished(), "the silent source is still being asked");
    pulling.abort();
}

async fn a_killed_workflows_drafts_are_pulled_and_frozen(engine: Engine) {
    let (app, feed) = pulling(engine).await;
    app.owner().post(&format!("/v1/workflows/{WORKFLOW}/kill"), json!({ "reason": "wrong refunds" })).await.ok();
    feed.add(&tickets(1));
    assert_eq!(app.desk.pull_due().await.unwrap(), 1);
    assert_eq!(app.workflow(WORKFLOW).await["drafts"], json!({ "frozen": 1 }));
}
