//! What was escalated has an owner and an end.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::{App, Draft, Engine, Person, on_both, text};
use serde_json::{Value, json};

on_both! {
    an_escalation_shows_to_whoever_it_went_to,
    it_is_taken_by_one_and_settled_with_a_note,
    it_is_for_those_it_went_to_and_for_who_answers_for_the_workflow,
    settled_and_open_ones_are_told_apart_and_paged,
    a_settled_one_stays_settled,
}

async fn list(who: &Person, query: &str) -> Vec<Value> {
    who.get(&format!("/v1/escalations?{query}")).await.ok()["escalations"].as_array().unwrap().clone()
}

/// An escalation for each of these reasons, by a reviewer of their own.
async fn raised(app: &App, reasons: &[&str]) {
    let ana = app.reviewer("ana").await;
    for (i, reason) in reasons.iter().enumerate() {
        let id = app.stage(&Draft::of(&format!("t-{i}"))).await;
        ana.escalate(&id, reason).await;
    }
}

async fn lead(app: &App, name: &str, routes: &[&str]) -> Person {
    app.person(name, json!([{ "role": "reviewer" }]), routes).await
}

async fn an_escalation_shows_to_whoever_it_went_to(engine: Engine) {
    let app = App::start(engine).await;
    raised(&app, &["unsafe", "wrong_action", "needs_human"]).await;
    let (lena, otto) = (lead(&app, "lena", &["team-lead"]).await, lead(&app, "otto", &["on-call", "night"]).await);
    let of = |all: Vec<Value>| all.iter().map(|e| text(&e["reasons"][0]).to_owned()).collect::<Vec<_>>();
    assert_eq!(of(list(&lena, "mine=true").await), ["needs_human", "wrong_action"]);
    assert_eq!(of(list(&otto, "mine=true").await), ["unsafe"]);
    assert_eq!(list(&app.reviewer("ana").await, "mine=true").await, Vec::<Value>::new());
    assert_eq!(list(&app.owner(), "mine=true").await.len(), 3, "the embedded owner answers every route");
    let one = &list(&otto, "mine=true").await[0];
    assert_eq!((&one["to"], &one["owner"], &one["state"]), (&json!("on-call"), &Value::Null, &json!("open")));
    assert_eq!((&one["subject"], &one["customer"]), (&json!("May I send the lamp back?"), &json!("Ada")));
    assert_eq!(one["waiting_since"], one["opened_at"], "the message has no time");
    let asked = app.now().plus_seconds(-7_200).to_string();
    let thread = json!([{ "role": "customer", "name": "Ada", "text": "May I?", "at": asked }]);
    app.reviewer("ben").await.escalate(&app.stage(&Draft::of("t-9").with("thread", thread)).await, "unsafe").await;
    assert_eq!(list(&otto, "mine=true").await[0]["waiting_since"], asked);
    assert_eq!((&one["comment"], &one["external_id"]), (&json!("please have a look"), &json!("t-0")));
    assert_eq!(otto.get("/v1/me").await.ok()["routes"], json!(["on-call", "night"]));
}

async fn it_is_taken_by_one_and_settled_with_a_note(engine: Engine) {
    let app = App::start(engine).await;
    raised(&app, &["wrong_action"]).await;
    let (lena, luca) = (lead(&app, "lena", &["team-lead"]).await, lead(&app, "luca", &["team-lead"]).await);
    let path = format!("/v1/escalations/{}", text(&list(&lena, "mine=true").await[0]["id"]));
    let taken = lena.post(&format!("{path}/take"), json!({})).await.ok();
    assert_eq!(taken["owner"], "lena");
    lena.post(&format!("{path}/take"), json!({})).await.ok();
    luca.post(&format!("{path}/take"), json!({})).await.refused(422, "invalid");
    assert_eq!((list(&luca, "mine=true").await.len(), list(&lena, "mine=true").await.len()), (0, 1));
    for note in [json!({ "note": " " }), json!({ "note": "x".repeat(4001) }), json!({ "note": "\0" }), json!({})] {
        lena.post(&format!("{path}/settle"), note).await.refused(422, "invalid");
    }
    app.clock.advance(60);
    let settled = lena.post(&format!("{path}/settle"), json!({ "note": "I called her." })).await.ok();
    assert_eq!((&settled["state"], &settled["note"]), (&json!("settled"), &json!("I called her.")));
    assert_eq!(settled["settled_at"], json!(app.now()));
    assert_eq!(app.workflow("desk").await["escalations_open"], 0);
    let draft = app.draft(text(&settled["draft_id"])).await;
    assert_eq!((&draft["escalation"]["state"], &draft["escalation"]["owner"]), (&json!("settled"), &json!("lena")));
}

async fn it_is_for_those_it_went_to_and_for_who_answers_for_the_workflow(engine: Engine) {
    let app = App::start(engine).await;
    raised(&app, &["unsafe"]).await;
    let path = format!("/v1/escalations/{}/take", text(&list(&app.owner(), "").await[0]["id"]));
    lead(&app, "lena", &["team-lead"]).await.post(&path, json!({})).await.refused(403, "forbidden");
    app.role("auditor").await.post(&path, json!({})).await.refused(403, "forbidden");
    let dri = app.role("dri").await;
    assert_eq!(dri.post(&path, json!({})).await.ok()["owner"], "the-dri");
    // A name can be a route.
    raised_to_a_person(&app).await;
}

async fn raised_to_a_person(app: &App) {
    let reason: toml::Table = toml::toml! { code = "vip" label = "For Zoe alone" to = "zoe" };
    let pack = countersign_testkit::TestPack::of("desk").set("review.reason", vec![reason]);
    app.apply(&pack).await;
    let id = app.stage(&Draft::of("for-zoe")).await;
    app.reviewer("ben").await.escalate(&id, "vip").await;
    let zoe = app.reviewer("zoe").await;
    let mine = list(&zoe, "mine=true").await;
    assert_eq!((mine.len(), &mine[0]["to"]), (1, &json!("zoe")));
    zoe.post(&format!("/v1/escalations/{}/take", text(&mine[0]["id"])), json!({})).await.ok();
}

async fn settled_and_open_ones_are_told_apart_and_paged(engine: Engine) {
    let app = App::start(engine).await;
    raised(&app, &["unsafe", "wrong_action", "needs_human"]).await;
    let all = list(&app.owner(), "").await;
    let settle = format!("/v1/escalations/{}/settle", text(&all[1]["id"]));
    app.owner().post(&settle, json!({ "note": "done" })).await.ok();
    assert_eq!((list(&app.owner(), "state=open").await.len(), list(&app.owner(), "state=settled").await.len()), (2, 1));
    let page = app.owner().get("/v1/escalations?limit=2").await.ok();
    let rest = list(&app.owner(), &format!("limit=2&cursor={}", text(&page["next_cursor"]))).await;
    assert_eq!(rest, [all[2].clone()]);
    app.owner().get("/v1/escalations?state=lost").await.refused(422, "invalid");
    app.owner().get("/v1/escalations?cursor=x").await.refused(400, "malformed");
    app.owner().get("/v1/escalations?workflow=nowhere").await.refused(404, "not_found");
}

async fn a_settled_one_stays_settled(engine: Engine) {
    let app = App::start(engine).await;
    raised(&app, &["unsafe"]).await;
    let path = format!("/v1/escalations/{}", text(&list(&app.owner(), "").await[0]["id"]));
    app.owner().post(&format!("{path}/settle"), json!({ "note": "done" })).await.ok();
    for act in ["take", "settle"] {
        app.owner().post(&format!("{path}/{act}"), json!({ "note": "again" })).await.refused(422, "invalid");
    }
    app.owner().post("/v1/escalations/none/take", json!({})).await.refused(404, "not_found");
}
