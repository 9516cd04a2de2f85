//! Secrets belong to the operator: a pack names only what it may, and nothing tells one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::body::Body;
use countersign_testkit::feed::Feed;
use countersign_testkit::receiver::Receiver;
use countersign_testkit::{App, Draft, Engine, Person, Reply, TestPack, on_both, text, until};
use futures::StreamExt;
use serde_json::json;

on_both! {
    a_pack_that_names_a_variable_of_the_hubs_own_is_refused_and_told_where,
    a_secret_belongs_to_the_first_workflow_that_names_it_and_to_its_hosts,
    a_secret_that_was_freed_is_used_by_nobody_until_a_pack_is_applied,
    a_binding_that_is_gone_stops_deliveries_and_pulls,
    a_database_from_before_bindings_keeps_delivering_what_only_one_workflow_names,
    a_pull_reaches_no_private_address_unless_its_pack_says_so,
    a_revoked_token_hears_and_gets_no_more,
    a_secret_that_cannot_do_its_work_is_told_to_who_may_apply_the_pack_and_is_never_used,
}

const SECRET_NAME: &str = "COUNTERSIGN_WEBHOOK_SECRET";

fn pulling(id: &str, url: &str, token: &str) -> TestPack {
    let pull = toml::Table::from_iter([
        ("url".to_owned(), toml::Value::from(url)),
        ("every_seconds".to_owned(), toml::Value::from(5)),
        ("token_env".to_owned(), toml::Value::from(token)),
        ("allow_private".to_owned(), toml::Value::from(true)),
    ]);
    TestPack::of(id).with_pull(pull)
}

async fn apply(who: &Person, pack: &TestPack) -> Reply {
    who.post("/v1/packs", json!({ "files": pack.files() })).await
}

async fn a_pack_that_names_a_variable_of_the_hubs_own_is_refused_and_told_where(engine: Engine) {
    let app = App::start(engine).await;
    let feed = Feed::start().await;
    app.set_secret("COUNTERSIGN_DATABASE_BACKUP", "postgres://hub:S3cret@db/prod");
    app.apply(&TestPack::of("mine")).await;
    let admin = app.person("mo", json!([{ "role": "admin", "workflow": "mine" }]), &[]).await;
    for name in ["COUNTERSIGN_DATABASE_BACKUP", "COUNTERSIGN_TOKEN", SECRET_NAME] {
        let refused = apply(&admin, &pulling("mine", feed.url(), name)).await.refused(422, "invalid");
        let fault = &refused["faults"][0];
        assert_eq!((&fault["key"], &fault["found"]), (&json!("pull[0].token_env"), &json!(name)));
        assert!(fault["line"].as_i64().unwrap() > 1 && text(&fault["expected"]).contains("COUNTERSIGN_SECRET_"));
    }
    app.desk.pull_due().await.unwrap();
    assert!(feed.asked().is_empty(), "nobody was asked");
}

async fn a_secret_belongs_to_the_first_workflow_that_names_it_and_to_its_hosts(engine: Engine) {
    let app = App::empty(engine).await;
    let receiver = Receiver::start().await;
    app.apply(&TestPack::of("desk").delivering_to(receiver.url())).await;
    let thief = TestPack::of("mine").delivering_to(receiver.url()).set("delivery.secret_env", SECRET_NAME);
    let refused = apply(&app.owner(), &thief).await.refused(422, "invalid");
    assert_eq!(refused["faults"][0]["key"], "delivery.secret_env");
    assert!(!refused.to_string().contains("desk"), "whose it is, isn't told: {refused}");
    // Nor does the workflow itself send it elsewhere.
    let elsewhere = TestPack::of("desk").delivering_to("https://evil.example.com/");
    apply(&app.owner(), &elsewhere).await.refused(422, "invalid");
    let secrets = app.owner().get("/v1/secrets").await.ok();
    let row = &secrets["secrets"][0];
    assert_eq!(
        (&row["name"], &row["workflow"], &row["hosts"], &row["set"]),
        (&json!(SECRET_NAME), &json!("desk"), &json!(["127.0.0.1"]), &json!(true))
    );
    // One admin of everything may free it, and only they.
    let local = app.person("mo", json!([{ "role": "admin", "workflow": "desk" }]), &[]).await;
    local.delete(&format!("/v1/secrets/{SECRET_NAME}")).await.refused(403, "forbidden");
    app.role("admin").await.delete(&format!("/v1/secrets/{SECRET_NAME}")).await.ok();
    apply(&app.owner(), &thief).await.ok();
    app.role("admin").await.delete("/v1/secrets/NONE").await.refused(404, "not_found");
}

async fn a_secret_that_was_freed_is_used_by_nobody_until_a_pack_is_applied(engine: Engine) {
    let app = App::empty(engine).await;
    let receiver = Receiver::start().await;
    let pack = TestPack::of("desk").delivering_to(receiver.url());
    app.apply(&pack).await;
    let id = app.stage(&Draft::of("t-1")).await;
    app.reviewer("ana").await.approve(&id).await;
    app.owner().delete(&format!("/v1/secrets/{SECRET_NAME}")).await.ok();
    app.deliver_after_undo().await;
    assert!(receiver.received().is_empty());
    let delivery = app.draft(&id).await["delivery"].clone();
    assert!(text(&delivery["last_error"]).contains("bound to this workflow"), "{delivery}");
    let shown = app.owner().get("/v1/secrets").await.ok();
    assert!(shown["secrets"][0]["refused"].is_string(), "{shown}");
    // The same pack again makes no new version, and binds it.
    assert_eq!(app.apply(&pack).await["created"], false);
    app.clock.advance(3600);
    app.deliver().await;
    assert_eq!(receiver.received().len(), 1);
}

async fn a_binding_that_is_gone_stops_deliveries_and_pulls(engine: Engine) {
    let app = App::empty(engine).await;
    let feed = Feed::start().await;
    app.apply(&pulling("desk", feed.url(), "COUNTERSIGN_SECRET_PULL")).await;
    app.tamper("UPDATE secret_binding SET hosts = '[\"elsewhere.example.com\"]'").await;
    app.desk.pull_due().await.unwrap();
    assert!(feed.asked().is_empty(), "its token went nowhere");
    let pull = app.workflow("desk").await["pulls"][0].clone();
    assert!(text(&pull["last_error"]).contains("COUNTERSIGN_SECRET_PULL"), "{pull}");
}

async fn a_database_from_before_bindings_keeps_delivering_what_only_one_workflow_names(engine: Engine) {
    let app = App::empty(engine).await;
    let receiver = Receiver::start().await;
    app.apply(&TestPack::of("desk").delivering_to(receiver.url())).await;
    app.tamper("DELETE FROM secret_binding").await;
    app.tamper("DELETE FROM meta WHERE name = 'secrets_bound'").await;
    let app = app.restarted().await;
    assert_eq!(app.owner().get("/v1/secrets").await.ok()["secrets"][0]["bound_by"], "hub");
    let id = app.stage(&Draft::of("t-1")).await;
    app.reviewer("ana").await.approve(&id).await;
    app.deliver_after_undo().await;
    assert_eq!(receiver.received().len(), 1);
}

async fn a_pull_reaches_no_private_address_unless_its_pack_says_so(engine: Engine) {
    let feed = Feed::start().await;
    let app = App::with(engine, &TestPack::of("desk").pulling_from(feed.url()).set_pull("allow_private", false)).await;
    app.desk.pull_due().await.unwrap();
    assert!(feed.asked().is_empty());
    let why = app.workflow("desk").await["pulls"][0]["last_error"].clone();
    assert!(text(&why).contains("not a public address"), "{why}");
}

/// What a stream says next; none once it has ended.
async fn next_change(stream: &mut axum::body::BodyDataStream) -> Option<String> {
    let part = tokio::time::timeout(std::time::Duration::from_secs(10), stream.next()).await;
    // A stream that neither says anything nor ends fails the story.
    part.unwrap().and_then(Result::ok).map(|b| String::from_utf8_lossy(&b).into_owned())
}

async fn a_revoked_token_hears_and_gets_no_more(engine: Engine) {
    let app = App::start(engine).await;
    let grants = json!([{ "role": "auditor" }, { "role": "service" }]);
    let made = app.owner().post("/v1/tokens", json!({ "name": "bob", "grants": grants })).await.ok();
    let bob = app.bearer(text(&made["token"]));
    let other_hub = (engine == Engine::Postgres).then_some(app.another().await);
    let mut streams = Vec::new();
    for hub in [Some(&app), other_hub.as_ref()].into_iter().flatten() {
        let bob = hub.bearer(text(&made["token"]));
        let events = bob.open("GET", "/v1/events", "text/plain", Body::empty()).await;
        assert_eq!(events.headers()["x-accel-buffering"], "no");
        assert!(events.headers()["cache-control"].to_str().unwrap().contains("no-transform"));
        streams.push(events.into_body().into_data_stream());
        let flags = bob.post("/ofrep/v1/evaluate/flags", json!({})).await.ok();
        let address = text(&flags["eventStreams"][0]["endpoint"]["requestUri"]).to_owned();
        streams
            .push(hub.nobody().open("GET", &address, "text/plain", Body::empty()).await.into_body().into_data_stream());
    }
    for stream in &mut streams {
        assert!(next_change(stream).await.unwrap().starts_with(':'), "something comes at once");
    }
    app.owner().delete(&format!("/v1/tokens/{}", text(&made["id"]))).await.ok();
    bob.get("/v1/me").await.refused(401, "unauthorized");
    for mut stream in streams {
        until("the stream ends", async || next_change(&mut stream).await.is_none()).await;
    }
    app.stage(&Draft::of("t-1")).await;
}

#[tokio::test]
async fn an_export_breaks_off_when_its_token_is_revoked() {
    let app = App::start(Engine::Sqlite).await;
    let made = app.owner().post("/v1/tokens", json!({ "name": "bob", "grants": [{ "role": "auditor" }] })).await.ok();
    app.stage(&Draft::of("t-1")).await;
    let bob = app.bearer(text(&made["token"]));
    let mut export =
        bob.open("GET", "/v1/audit/export", "text/plain", Body::empty()).await.into_body().into_data_stream();
    assert!(export.next().await.unwrap().is_ok());
    app.owner().delete(&format!("/v1/tokens/{}", text(&made["id"]))).await.ok();
    let mut last = None;
    while let Some(part) = export.next().await {
        last = Some(part.is_ok());
    }
    assert_eq!(last, Some(false), "it doesn't end as if it were whole");
}

async fn a_secret_that_cannot_do_its_work_is_told_to_who_may_apply_the_pack_and_is_never_used(engine: Engine) {
    let app = App::empty(engine).await;
    let receiver = Receiver::start().await;
    let good = countersign_testkit::SECRET;
    let pack = TestPack::of("desk").delivering_to(receiver.url());
    let check = async |who: &Person| who.post("/v1/packs/check", json!({ "files": pack.files() })).await.ok();
    for (value, why) in [
        ("", "isn't set"),
        ("hunter2", "is no webhook secret"),
        (&format!("v1,{good}"), "begins with v1,"),
        (&format!("{good}\n"), "has a line end in it"),
        (&format!("{good} "), "has a space in it"),
    ] {
        app.set_secret(SECRET_NAME, value);
        let told = check(&app.owner()).await["secrets"][0].clone();
        assert_eq!((&told["key"], &told["name"]), (&json!("delivery.secret_env"), &json!(SECRET_NAME)));
        assert!(text(&told["why"]).starts_with(why), "{told}");
        app.apply(&pack).await;
        let listed = app.owner().get("/v1/secrets").await.ok()["secrets"][0].clone();
        assert_eq!((&listed["fault"], listed.get("refused")), (&told["why"], None), "{listed}");
    }
    assert_eq!(check(&app.role("dri").await).await["secrets"], json!([]), "it is for who may apply it");
    let id = app.stage(&Draft::of("t-1")).await;
    app.reviewer("ana").await.approve(&id).await;
    app.deliver_after_undo().await;
    assert!(receiver.received().is_empty());
    let error = app.draft(&id).await["delivery"]["last_error"].clone();
    assert_eq!(text(&error), format!("the secret {SECRET_NAME} has a space in it; set it without"));
    app.set_secret(SECRET_NAME, good);
    assert_eq!(check(&app.owner()).await["secrets"], json!([]));
    assert_eq!(app.owner().get("/v1/secrets").await.ok()["secrets"][0].get("fault"), None);
    app.clock.advance(3600);
    app.deliver().await;
    assert_eq!(receiver.received().len(), 1);
}
