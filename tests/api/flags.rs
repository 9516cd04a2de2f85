//! Flags follow stages and kills: what OpenFeature clients are answered, and how it is known that they have followed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::body::Body;
use axum::http::Response;
use countersign_testkit::{App, Engine, Person, TestPack, on_both, until};
use futures::StreamExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};

on_both! {
    a_flag_is_on_for_whom_the_stage_admits,
    a_kill_has_turned_the_flag_off_before_it_returns,
    a_flag_that_is_none_and_a_context_that_is_none_are_said_in_the_protocols_words,
    an_etag_covers_the_whole_context,
    who_was_told_of_a_change_never_hears_that_nothing_changed,
    a_token_sees_the_flags_of_its_own_workflows,
    a_kill_counts_the_clients_that_have_followed,
    a_kill_counts_the_consoles_that_say_they_know,
    a_stream_takes_the_pass_that_this_hub_gave,
    pages_of_any_origin_may_ask,
    another_hub_over_the_same_database_follows,
}

const KEY: &str = "/ofrep/v1/evaluate/flags/desk";
const ALL: &str = "/ofrep/v1/evaluate/flags";

fn staff() -> Value {
    json!({ "context": { "targetingKey": "u-1", "groups": ["staff"], "opted_in": false } })
}

async fn kill(app: &App) -> Value {
    app.owner().post("/v1/workflows/desk/kill", json!({ "reason": "it went wrong" })).await.ok()
}

async fn a_flag_is_on_for_whom_the_stage_admits(engine: Engine) {
    let app = App::start(engine).await;
    let service = app.role("service").await;
    let on = service.post(KEY, staff()).await.ok();
    assert_eq!(
        (&on["value"], &on["variant"], &on["reason"]),
        (&json!(true), &json!("internal"), &json!("TARGETING_MATCH"))
    );
    let stranger = service.post(KEY, json!({ "context": {} })).await.ok();
    assert_eq!((&stranger["value"], &stranger["variant"]), (&json!(false), &json!("internal")));
    app.reviewer("ana").await.post(KEY, staff()).await.refused(403, "forbidden");
}

async fn a_kill_has_turned_the_flag_off_before_it_returns(engine: Engine) {
    let app = App::start(engine).await;
    let service = app.role("service").await;
    assert_eq!(service.post(KEY, staff()).await.ok()["value"], true);
    kill(&app).await;
    let off = service.post(KEY, staff()).await.ok();
    assert_eq!((&off["value"], &off["variant"], &off["reason"]), (&json!(false), &json!("killed"), &json!("DISABLED")));
    app.owner().post("/v1/workflows/desk/resume", json!({ "reason": "mended" })).await.ok();
    assert_eq!(service.post(KEY, staff()).await.ok()["value"], true);
}

async fn a_flag_that_is_none_and_a_context_that_is_none_are_said_in_the_protocols_words(engine: Engine) {
    let app = App::start(engine).await;
    let service = app.role("service").await;
    let none = service.post("/ofrep/v1/evaluate/flags/nowhere", staff()).await;
    assert_eq!((none.status.as_u16(), &none.body["errorCode"]), (404, &json!("FLAG_NOT_FOUND")));
    for (body, code) in [
        (json!({ "context": { "groups": "staff" } }).to_string(), "INVALID_CONTEXT"),
        ("{\"context\":".to_owned(), "PARSE_ERROR"),
    ] {
        let bad = service.call("POST", KEY, "application/json", body).await;
        let fields = ["errorCode", "key", "value", "reason"].map(|f| bad.body[f].clone());
        assert_eq!((bad.status.as_u16(), fields), (400, [json!(code), json!("desk"), json!(false), json!("ERROR")]));
        assert!(bad.body["errorDetails"].is_string());
    }
}

async fn bulk(who: &Person, path: &str, body: &Value, etag: Option<&str>) -> (u16, String, Value) {
    let answer = who.open_with(path, body.to_string(), etag.map(|e| ("if-none-match", e))).await;
    let status = answer.status().as_u16();
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, etag, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

async fn an_etag_covers_the_whole_context(engine: Engine) {
    let app = App::start(engine).await;
    let service = app.role("service").await;
    let (status, etag, answer) = bulk(&service, ALL, &staff(), None).await;
    assert_eq!((status, &answer["flags"][0]["key"], &answer["flags"][0]["value"]), (200, &json!("desk"), &json!(true)));
    assert_eq!(bulk(&service, ALL, &staff(), Some(&etag)).await.0, 304);
    let left = json!({ "context": { "targetingKey": "u-1", "groups": [], "opted_in": false } });
    let (status, other, answer) = bulk(&service, ALL, &left, Some(&etag)).await;
    assert_eq!((status, &answer["flags"][0]["value"]), (200, &json!(false)));
    assert_ne!(etag, other);
}

async fn who_was_told_of_a_change_never_hears_that_nothing_changed(engine: Engine) {
    let app = App::start(engine).await;
    let service = app.role("service").await;
    let (_, etag, _) = bulk(&service, ALL, &staff(), None).await;
    let told = format!("{ALL}?flagConfigEtag=something-newer.stream");
    assert_eq!(bulk(&service, &told, &staff(), Some(&etag)).await.0, 200);
}

async fn a_token_sees_the_flags_of_its_own_workflows(engine: Engine) {
    let app = App::start(engine).await;
    app.apply(&TestPack::of("other")).await;
    let grants = json!([{ "role": "service", "workflow": "other" }]);
    let theirs = app.person("their-program", grants, &[]).await;
    let (_, _, answer) = bulk(&theirs, ALL, &staff(), None).await;
    let keys: Vec<&Value> = answer["flags"].as_array().unwrap().iter().map(|f| &f["key"]).collect();
    assert_eq!(keys, ["other"]);
    assert_eq!(theirs.post(KEY, staff()).await.status, 404);
}

/// The next `data:` of an event stream.
async fn event(stream: &mut (impl StreamExt<Item = Result<bytes::Bytes, axum::Error>> + Unpin)) -> Value {
    loop {
        let text = String::from_utf8(stream.next().await.unwrap().unwrap().to_vec()).unwrap();
        if let Some(data) = text.lines().find_map(|l| l.strip_prefix("data:")) {
            return serde_json::from_str(data.trim()).unwrap();
        }
    }
}

async fn open_stream(app: &App, service: &Person) -> Response<Body> {
    let (_, _, answer) = bulk(service, ALL, &staff(), None).await;
    let uri = answer["eventStreams"][0]["endpoint"]["requestUri"].as_str().unwrap().to_owned();
    app.nobody().open("GET", &uri, "text/plain", Body::empty()).await
}

async fn a_kill_counts_the_clients_that_have_followed(engine: Engine) {
    let app = App::start(engine).await;
    let service = app.role("service").await;
    let mut stream = open_stream(&app, &service).await.into_body().into_data_stream();
    let first = event(&mut stream).await;
    assert_eq!(first["type"], "refetchEvaluation");
    let fetch = |event: &Value| format!("{ALL}?flagConfigEtag={}", event["etag"].as_str().unwrap());
    bulk(&service, &fetch(&first), &staff(), None).await;

    kill(&app).await;
    let history = app.owner().get("/v1/workflows/desk/history").await.ok();
    let path = format!("/v1/workflows/desk/transitions/{}/effect", history["transitions"][0]["id"].as_str().unwrap());
    app.desk.keep_effects().await.unwrap();
    let before = app.owner().get(&path).await.ok();
    assert_eq!((&before["flags"]["of"], &before["flags"]["acknowledged"]), (&json!(1), &json!(0)));
    assert!(before["commit_ms"].as_f64().unwrap() <= before["refused_ms"].as_f64().unwrap());

    let told = event(&mut stream).await;
    let (_, _, answer) = bulk(&service, &fetch(&told), &staff(), None).await;
    assert_eq!(answer["flags"][0]["variant"], "killed");
    app.desk.keep_effects().await.unwrap();
    let after = app.owner().get(&path).await.ok();
    assert_eq!((&after["flags"]["acknowledged"], after["flags"]["slowest_ms"].is_f64()), (&json!(1), true));
}

async fn console(app: &App) -> impl StreamExt<Item = Result<bytes::Bytes, axum::Error>> + Unpin {
    app.owner()
        .open("GET", "/v1/events?console=window-1", "text/plain", Body::empty())
        .await
        .into_body()
        .into_data_stream()
}

async fn consoles_of_the_last_kill(app: &App) -> Value {
    let history = app.owner().get("/v1/workflows/desk/history").await.ok();
    let id = history["transitions"][0]["id"].as_str().unwrap();
    app.desk.keep_effects().await.unwrap();
    app.owner().get(&format!("/v1/workflows/desk/transitions/{id}/effect")).await.ok()["consoles"].clone()
}

async fn a_kill_counts_the_consoles_that_say_they_know(engine: Engine) {
    let app = App::start(engine).await;
    let first = console(&app).await;
    // It connects anew, and only then is the end of what it had before noticed.
    let mut stream = console(&app).await;
    drop(first);
    kill(&app).await;
    let told = event(&mut stream).await;
    assert_eq!(told["type"], "workflow.killed");
    let before = consoles_of_the_last_kill(&app).await;
    assert_eq!((&before["of"], &before["acknowledged"]), (&json!(1), &json!(0)));
    let seen = format!("/v1/transitions/{}/seen", told["transition_id"].as_str().unwrap());
    app.owner().post(&seen, json!({ "console": "another" })).await;
    assert_eq!(consoles_of_the_last_kill(&app).await["acknowledged"], 0);
    app.owner().post(&seen, json!({ "console": "window-1" })).await;
    let after = consoles_of_the_last_kill(&app).await;
    assert_eq!((&after["acknowledged"], after["slowest_ms"].is_f64()), (&json!(1), true));
}

async fn a_stream_takes_the_pass_that_this_hub_gave(engine: Engine) {
    let app = App::start(engine).await;
    for pass in ["", "x", &"0".repeat(64)] {
        app.nobody().get(&format!("/ofrep/v1/stream?t={pass}")).await.refused(401, "unauthorized");
    }
}

async fn pages_of_any_origin_may_ask(engine: Engine) {
    let app = App::start(engine).await;
    let asked = app.nobody().open("OPTIONS", ALL, "text/plain", Body::empty()).await;
    assert_eq!(
        (asked.status().as_u16(), &asked.headers()["access-control-allow-origin"]),
        (204, &"*".parse().unwrap())
    );
    let service = app.role("service").await;
    let answer = service.open("POST", ALL, "application/json", staff().to_string()).await;
    assert!(answer.headers()["access-control-expose-headers"].to_str().unwrap().contains("ETag"));
}

async fn another_hub_over_the_same_database_follows(engine: Engine) {
    let app = App::start(engine).await;
    let other = app.another().await;
    let service = app.role("service").await;
    let there = other.bearer(service.token());
    assert_eq!(there.post(KEY, staff()).await.ok()["value"], true);
    kill(&app).await;
    until("the other hub's flag is off", async || there.post(KEY, staff()).await.ok()["value"] == false).await;
}
