//! A verdict that comes too late is refused with its own code, and the reviewer keeps what they typed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::{SOURCE, edit, verdict};
use countersign_testkit::{App, Draft, Engine, Person, on_both, text};
use serde_json::{Value, json};

on_both! {
    a_stale_fence_is_refused_and_the_text_is_kept,
    a_lapsed_lease_is_refused_and_the_text_is_kept,
    a_lease_of_another_draft_is_refused_and_the_text_is_kept,
    changed_content_is_refused_and_the_text_is_kept,
    a_superseded_draft_is_refused_and_the_text_is_kept,
    a_decided_draft_is_refused_and_the_text_is_kept,
    a_killed_workflow_is_refused_and_the_text_is_kept,
    an_expired_draft_is_refused_and_the_text_is_kept,
    two_verdicts_at_once_are_one,
}

const TYPED: &str = "What I typed in vain, with an emoji 🪔 and\nanother line.";

/// The edit is refused with this code; its text is then shown to its author, and to nobody else.
async fn refused_and_kept(app: &App, author: &Person, leased: &Value, typed: &Value, code: &str) {
    let error = author.decide(leased, typed).await.refused(409, code);
    assert_eq!(error["kept"], json!({ "verdict_id": typed["verdict_id"] }));
    // A client that retries gets the same answer, and one kept text.
    author.decide(leased, typed).await.refused(409, code);
    let path = format!("/v1/drafts/{}", text(&leased["draft"]["id"]));
    let seen = author.get(&path).await.ok();
    let kept = seen["kept"].as_array().unwrap();
    let mine: Vec<&Value> = kept.iter().filter(|k| k["verdict_id"] == typed["verdict_id"]).collect();
    assert_eq!(mine.len(), 1, "{kept:?}");
    assert_eq!((&mine[0]["code"], &mine[0]["action"]), (&json!(code), &json!("edit")));
    assert_eq!((&mine[0]["final_text"], &mine[0]["comment"]), (&json!(TYPED), &json!("my comment")));
    for other in [app.owner(), app.reviewer("somebody-else").await] {
        assert_eq!(other.get(&path).await.ok()["kept"], json!([]));
    }
    assert_eq!(app.verify().await["ok"], true);
}

fn typed(leased: &Value) -> Value {
    let mut typed = edit(leased, TYPED);
    typed["comment"] = json!("my comment");
    typed
}

async fn a_stale_fence_is_refused_and_the_text_is_kept(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-1")).await;
    let first = ana.lease().await;
    ana.release(&first, false).await.ok();
    let second = ana.lease().await;
    assert!(second["lease"]["fence"].as_i64() > first["lease"]["fence"].as_i64());
    let mut stale = typed(&second);
    stale["fence"] = first["lease"]["fence"].clone();
    refused_and_kept(&app, &ana, &second, &stale, "lease_lost").await;
    refused_and_kept(&app, &ana, &first, &typed(&first), "lease_lost").await;
    ana.decide(&second, &typed(&second)).await.ok();
}

async fn a_lapsed_lease_is_refused_and_the_text_is_kept(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    app.clock.advance(300);
    refused_and_kept(&app, &ana, &leased, &typed(&leased), "lease_lost").await;
}

async fn a_lease_of_another_draft_is_refused_and_the_text_is_kept(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.send(&[Draft::of("t-1"), Draft::of("t-2")]).await;
    let (one, two) = (ana.lease().await, ana.lease().await);
    let mut mixed = typed(&one);
    mixed["lease_id"] = two["lease"]["id"].clone();
    refused_and_kept(&app, &ana, &one, &mixed, "lease_lost").await;
}

async fn changed_content_is_refused_and_the_text_is_kept(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    let changed = json!({ "id": SOURCE, "title": "Returns", "text": "No returns at all.", "access": ["public"] });
    app.owner().post_lines("/v1/sources", changed.to_string()).await.ok();
    refused_and_kept(&app, &ana, &leased, &typed(&leased), "content_changed").await;
}

async fn a_superseded_draft_is_refused_and_the_text_is_kept(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    app.stage(&Draft::of("t-1").revision("2")).await;
    refused_and_kept(&app, &ana, &leased, &typed(&leased), "draft_superseded").await;
    ana.lease_of(text(&leased["draft"]["id"])).await.refused(409, "draft_superseded");
}

async fn a_decided_draft_is_refused_and_the_text_is_kept(engine: Engine) {
    let app = App::start(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    app.clock.advance(300);
    app.desk.lapse_leases().await.unwrap();
    let taken_over = ben.lease().await;
    ben.decide(&taken_over, &verdict(&taken_over, "approve")).await.ok();
    refused_and_kept(&app, &ana, &leased, &typed(&leased), "already_decided").await;
    ana.lease_of(text(&leased["draft"]["id"])).await.refused(409, "already_decided");
}

async fn a_killed_workflow_is_refused_and_the_text_is_kept(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    app.owner().post("/v1/workflows/desk/kill", json!({ "reason": "a drill" })).await.ok();
    refused_and_kept(&app, &ana, &leased, &typed(&leased), "workflow_killed").await;
}

async fn an_expired_draft_is_refused_and_the_text_is_kept(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let soon = app.now().plus_seconds(200).to_string();
    app.stage(&Draft::of("t-1").with("expires_at", soon)).await;
    let leased = ana.lease().await;
    app.clock.advance(150);
    ana.renew(&leased).await.ok();
    app.clock.advance(50);
    ana.renew(&leased).await.refused(409, "lease_lost");
    app.desk.lapse_leases().await.unwrap();
    assert_eq!(app.desk.expire_drafts().await.unwrap(), 1);
    refused_and_kept(&app, &ana, &leased, &typed(&leased), "lease_lost").await;
}

async fn two_verdicts_at_once_are_one(engine: Engine) {
    let app = App::start(engine).await;
    let other = app.another().await;
    let ana = app.reviewer("ana").await;
    let there = if engine == Engine::Postgres { other.bearer(ana.token()) } else { ana.clone() };
    for i in 0..10 {
        app.stage(&Draft::of(&format!("t-{i}"))).await;
        let leased = ana.lease().await;
        let (one, two) = (verdict(&leased, "approve"), typed(&leased));
        let (a, b) = tokio::join!(ana.decide(&leased, &one), there.decide(&leased, &two));
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", a.text(), b.text());
        let refused = if a.status == 409 { a } else { b };
        refused.refused(409, "already_decided");
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM verdict").await, 10);
    assert_eq!(app.number("SELECT COUNT(*) FROM case_record").await, 10);
}
