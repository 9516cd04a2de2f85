//! The log can't be changed without it showing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_domain::audit::Entry;
use countersign_testkit::drafts::edit;
use countersign_testkit::{App, Draft, Engine, on_both, text};
use serde_json::{Value, json};

on_both! {
    the_chain_of_a_days_work_holds_and_goes_on_after_a_restart,
    a_changed_entry_is_named,
    a_missing_entry_is_named,
    a_missing_tail_shows_in_the_head_and_against_a_checkpoint,
    a_log_that_was_rewritten_whole_shows_against_a_checkpoint,
    a_checkpoint_that_was_forged_is_not_believed,
    checkpoints_are_signed_by_themselves_when_the_log_has_moved,
    the_export_is_the_whole_chain_in_order,
    nothing_that_anybody_wrote_is_in_the_log,
    acts_at_the_same_moment_make_one_chain,
    every_entry_names_the_token_it_came_by,
}

/// A hub with some twenty entries in its log.
async fn worked(engine: Engine) -> App {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    for i in 0..6 {
        let id = app.stage(&Draft::of(&format!("t-{i}"))).await;
        ana.approve(&id).await;
    }
    app
}

async fn chain(app: &App) -> Vec<Entry> {
    let export = app.owner().get("/v1/audit/export").await;
    export.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

async fn broken_at(app: &App) -> Value {
    let verified = app.verify().await;
    assert_eq!(verified["ok"], false, "{verified}");
    verified["broken_at"].clone()
}

async fn against(app: &App, checkpoint: &Value) -> Value {
    app.owner().post("/v1/audit/verify", checkpoint.clone()).await.ok()
}

async fn the_chain_of_a_days_work_holds_and_goes_on_after_a_restart(engine: Engine) {
    let app = worked(engine).await;
    let before = app.verify().await;
    let entries = app.number("SELECT COUNT(*) FROM audit").await;
    assert_eq!((&before["ok"], &before["entries"]), (&json!(true), &json!(entries)));
    assert_eq!(before.get("checkpoint"), None, "nothing has been signed yet");
    let signed = app.owner().get("/v1/audit/checkpoint").await.ok();
    let said = app.verify().await;
    assert_eq!((&said["checkpoint"], &said["public_key"]), (&signed, &signed["public_key"]));
    let before = app.verify().await;
    let app = app.restarted().await;
    app.stage(&Draft::of("later")).await;
    let after = app.verify().await;
    assert_eq!((&after["ok"], after["entries"].as_i64()), (&json!(true), before["entries"].as_i64().map(|n| n + 1)));
}

async fn a_changed_entry_is_named(engine: Engine) {
    let app = worked(engine).await;
    for (column, value) in [("actor", "'mallory'"), ("detail", "'{}'"), ("at", "at + 1"), ("act", "'draft.read'")] {
        let whole = chain(&app).await;
        let was = &whole[9];
        assert_eq!(app.tamper(&format!("UPDATE audit SET {column} = {value} WHERE seq = 10")).await, 1);
        assert_eq!(broken_at(&app).await, 10, "{column}");
        app.tamper(&format!(
            "UPDATE audit SET actor = '{}', detail = '{}', at = {}, act = '{}' WHERE seq = 10",
            was.actor, was.detail, was.at.0, was.act
        ))
        .await;
        assert_eq!(app.verify().await["ok"], true);
    }
}

async fn a_missing_entry_is_named(engine: Engine) {
    let app = worked(engine).await;
    app.tamper("DELETE FROM audit WHERE seq = 7").await;
    assert_eq!(broken_at(&app).await, 7);
    let verified = app.verify().await;
    assert_eq!(verified["entries"], 6, "what comes before it still holds");
}

async fn a_missing_tail_shows_in_the_head_and_against_a_checkpoint(engine: Engine) {
    let app = worked(engine).await;
    let kept = app.owner().get("/v1/audit/checkpoint").await.ok();
    let length = kept["seq"].as_i64().unwrap();
    let cut = length - 3;
    app.tamper(&format!("DELETE FROM audit WHERE seq > {cut}")).await;
    assert_eq!(broken_at(&app).await, cut + 1);
    // Whoever cuts the log mends its head too, and takes the hub's own checkpoints away.
    app.tamper(&format!("UPDATE audit_head SET seq = {cut}, hash = (SELECT hash FROM audit WHERE seq = {cut})")).await;
    assert_eq!(broken_at(&app).await, cut + 1, "the hub keeps its checkpoints");
    app.tamper("DELETE FROM checkpoint").await;
    assert_eq!(broken_at(&app).await, cut + 1, "and one of them beside its key");
    let verified = against(&app, &kept).await;
    assert_eq!((&verified["ok"], &verified["broken_at"]), (&json!(false), &json!(cut + 1)));
}

async fn a_log_that_was_rewritten_whole_shows_against_a_checkpoint(engine: Engine) {
    let app = worked(engine).await;
    let kept = app.owner().get("/v1/audit/checkpoint").await.ok();
    let mut prev = countersign_domain::audit::GENESIS.to_owned();
    for mut entry in chain(&app).await {
        if entry.actor == "ana" {
            entry.actor = "ben".to_owned();
        }
        entry.prev_hash = prev;
        entry.hash = entry.expected_hash();
        prev = entry.hash.clone();
        app.tamper(&format!(
            "UPDATE audit SET actor = '{}', prev_hash = '{}', hash = '{}' WHERE seq = {}",
            entry.actor, entry.prev_hash, entry.hash, entry.seq
        ))
        .await;
    }
    app.tamper(&format!("UPDATE audit_head SET hash = '{prev}'")).await;
    assert_eq!(broken_at(&app).await, kept["seq"], "the hub's own checkpoint");
    app.tamper("DELETE FROM checkpoint").await;
    assert_eq!(broken_at(&app).await, kept["seq"], "and the one beside its key");
    let verified = against(&app, &kept).await;
    assert_eq!((&verified["ok"], &verified["broken_at"]), (&json!(false), &kept["seq"]));
}

async fn a_checkpoint_that_was_forged_is_not_believed(engine: Engine) {
    let app = worked(engine).await;
    let kept = app.owner().get("/v1/audit/checkpoint").await.ok();
    assert_eq!(against(&app, &kept).await["ok"], true);
    for (field, value) in [
        ("seq", json!(3)),
        ("hash", json!("0".repeat(64))),
        ("signature", json!("00".repeat(64))),
        ("signature", json!("not hex")),
        ("public_key", json!("11".repeat(32))),
    ] {
        let mut forged = kept.clone();
        forged[field] = value;
        assert_eq!(against(&app, &forged).await["ok"], false, "{field}");
    }
    // Another desk's checkpoint is signed all right, but not by this one.
    let elsewhere = worked(engine).await.owner().get("/v1/audit/checkpoint").await.ok();
    assert_eq!(against(&app, &elsewhere).await["ok"], false);
    app.owner().post("/v1/audit/verify", json!({ "seq": "x" })).await.refused(422, "invalid");
}

async fn checkpoints_are_signed_by_themselves_when_the_log_has_moved(engine: Engine) {
    let app = worked(engine).await;
    assert!(app.desk.sign_if_moved().await.unwrap());
    assert!(!app.desk.sign_if_moved().await.unwrap());
    app.stage(&Draft::of("later")).await;
    assert!(app.desk.sign_if_moved().await.unwrap());
    let first = app.owner().get("/v1/audit/checkpoint").await.ok();
    assert_eq!(app.owner().get("/v1/audit/checkpoint").await.ok(), first, "the same head has one checkpoint");
    assert_eq!(app.verify().await["ok"], true);
}

async fn the_export_is_the_whole_chain_in_order(engine: Engine) {
    let app = worked(engine).await;
    let entries = chain(&app).await;
    assert!(entries.iter().map(|e| e.seq).eq(1..=entries.len() as i64));
    assert!(entries.iter().all(|e| e.hash == e.expected_hash()));
    let mut paged = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.owner().get(&format!("/v1/audit?limit=5&cursor={cursor}")).await.ok();
        paged.extend(page["entries"].as_array().unwrap().iter().map(|e| e["seq"].as_i64().unwrap()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert!(paged.into_iter().eq((1..=entries.len() as i64).rev()), "newest first, every entry once");
}

async fn nothing_that_anybody_wrote_is_in_the_log(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let thread = json!([{ "role": "customer", "name": "SECRETNAME", "text": "My card is SECRETCARD" }]);
    let mut draft = Draft::of("t-1").text("SECRETTEXT").with("thread", thread);
    draft["audience"] = json!({ "subject": "SECRETCUSTOMER", "groups": ["staff"] });
    draft["metadata"] = json!({ "subject": "SECRETSUBJECT" });
    app.stage(&draft).await;
    let leased = ana.lease().await;
    let mut edited = edit(&leased, "SECRETEDIT");
    edited["comment"] = json!("SECRETCOMMENT");
    let outcome = ana.decide(&leased, &edited).await.ok();
    ana.decide(&leased, &edit(&leased, "SECRETLATE")).await.refused(409, "already_decided");
    let back = ana.withdraw(&outcome).await.ok();
    ana.decide(&back, &countersign_testkit::drafts::escalation(&back, "unsafe")).await.ok();
    let escalation = app.draft(text(&back["draft"]["id"])).await["escalation"]["id"].clone();
    let settle = format!("/v1/escalations/{}/settle", text(&escalation));
    app.owner().post(&settle, json!({ "note": "SECRETNOTE" })).await.ok();
    let log = app.owner().get("/v1/audit/export").await.text();
    assert!(log.contains("escalation.settled") && !log.contains("SECRET"), "{log}");
    let metrics = app.owner().get("/metrics").await.text();
    assert!(!metrics.contains("SECRET"), "{metrics}");
}

async fn acts_at_the_same_moment_make_one_chain(engine: Engine) {
    let app = App::start(engine).await;
    let other = app.another().await;
    let hubs = if engine == Engine::Postgres { [app.owner(), other.owner()] } else { [app.owner(), app.owner()] };
    let mut work = tokio::task::JoinSet::new();
    for i in 0..40 {
        let hub = hubs[i % 2].clone();
        work.spawn(async move { hub.post("/v1/drafts", (*Draft::of(&format!("t-{i}"))).clone()).await.ok() });
    }
    work.join_all().await;
    assert_eq!(app.verify().await["ok"], true);
    assert_eq!(app.number("SELECT COUNT(*) FROM audit WHERE act = 'drafts.staged'").await, 40);
}

async fn every_entry_names_the_token_it_came_by(engine: Engine) {
    let app = App::start(engine).await;
    let made = app.owner().post("/v1/tokens", json!({ "name": "bar", "grants": [{ "role": "admin" }] })).await.ok();
    let admin = app.bearer(text(&made["token"]));
    // Whoever makes tokens can make one in another's name; the log tells the two apart.
    let grants = json!([{ "role": "dri", "workflow": "desk" }]);
    let own = app.owner().post("/v1/tokens", json!({ "name": "dana", "grants": grants })).await.ok();
    let borrowed = admin.post("/v1/tokens", json!({ "name": "dana", "grants": grants })).await.ok();
    for token in [&own, &borrowed] {
        let dana = app.bearer(text(&token["token"]));
        dana.post("/v1/workflows/desk/kill", json!({ "reason": "a test" })).await.ok();
        dana.post("/v1/workflows/desk/resume", json!({ "reason": "a test" })).await.ok();
    }
    let entries = chain(&app).await;
    let detail = |e: &Entry| -> Value { serde_json::from_str(&e.detail).unwrap() };
    let kills: Vec<_> = entries.iter().filter(|e| e.act == "workflow.killed").collect();
    assert!(kills.iter().all(|e| e.actor == "dana"));
    assert_eq!(detail(kills[0])["token"], own["id"]);
    assert_eq!(detail(kills[1])["token"], borrowed["id"]);
    let minted = entries.iter().find(|e| e.object.as_deref() == borrowed["id"].as_str()).unwrap();
    assert_eq!((minted.actor.as_str(), &detail(minted)["token"]), ("bar", &made["id"]));
    assert_eq!((&detail(minted)["name"], &detail(minted)["grants"]), (&json!("dana"), &grants));
    let applied = entries.iter().find(|e| e.act == "pack.applied").unwrap();
    assert_eq!(detail(applied).get("token"), None, "the owner and the hub come by none");
}
