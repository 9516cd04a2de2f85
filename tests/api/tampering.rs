//! Somebody has the database, and not the hub's key: whatever they change in it shows.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_domain::audit::{Checkpoint, Entry, GENESIS};
use countersign_testkit::drafts::{edit, escalation, verdict};
use countersign_testkit::{App, Draft, Engine, TestPack, on_both, text};
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};

on_both! {
    a_changed_row_text_or_count_is_named,
    what_was_decided_on_a_day_at_two_review_rates_adds_up,
    a_log_made_anew_and_signed_with_another_key_is_not_believed,
    a_log_without_its_checkpoints_is_not_believed,
    a_hub_signs_nothing_over_a_log_that_lost_what_it_signed,
    everybody_can_keep_a_checkpoint_and_hold_the_log_against_it,
    a_second_hub_is_believed_once_the_first_has_signed_for_its_key,
    a_log_from_before_counts_from_its_baseline,
    an_old_copy_of_the_database_shows,
}

/// A hub after a day's work: drafts read and unread, every kind of verdict, replies, a kill, tokens come and gone.
async fn worked(engine: Engine) -> App {
    let rates = toml::Table::from_iter([("internal".to_owned(), toml::Value::from(0.5))]);
    let pack = TestPack::of("desk").set("review.rate", rates).delivering_to("http://127.0.0.1:9/hook");
    let app = App::with(engine, &pack).await;
    let rows: Vec<Draft> = (0..30).map(|i| Draft::of(&format!("t-{i}"))).collect();
    app.send(&rows).await;
    let ana = app.reviewer("ana").await;
    for i in 0..6 {
        let leased = ana.lease().await;
        let said = match i {
            0 => edit(&leased, "We will send a new one today."),
            1 => escalation(&leased, "unsafe"),
            _ => verdict(&leased, "approve"),
        };
        ana.decide(&leased, &said).await.ok();
    }
    let leased = ana.lease().await;
    let outcome = ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
    ana.withdraw(&outcome).await.ok();
    let owner = app.owner();
    let gone = owner.post("/v1/tokens", json!({ "name": "gone", "grants": [{ "role": "admin" }] })).await.ok();
    owner.delete(&format!("/v1/tokens/{}", text(&gone["id"]))).await.ok();
    for act in ["kill", "resume"] {
        owner.post(&format!("/v1/workflows/desk/{act}"), json!({ "reason": "a drill" })).await.ok();
    }
    owner.get("/v1/audit/checkpoint").await.ok();
    app
}

/// What is changed, how it is put back, and which part of the verification names it.
const CHANGES: &[(&str, &str, &str)] = &[
    (
        "UPDATE evidence SET n = n + 500 WHERE outcome = 'approve'",
        "UPDATE evidence SET n = n - 500 WHERE outcome = 'approve'",
        "counts",
    ),
    (
        "UPDATE evidence SET outcome = 'edit.none' WHERE outcome = 'escalate:unsafe'",
        "UPDATE evidence SET outcome = 'escalate:unsafe' WHERE outcome = 'edit.none'",
        "counts",
    ),
    (
        "UPDATE slot SET n = n + 3 WHERE outcome = 'approve'",
        "UPDATE slot SET n = n - 3 WHERE outcome = 'approve'",
        "counts",
    ),
    ("UPDATE draft SET body = replace(body, 'a', 'e') WHERE external_id = 't-1'", "RESTORE draft body t-1", "bodies"),
    ("UPDATE draft SET body_hash = 'ab' WHERE external_id = 't-1'", "RESTORE draft body_hash t-1", "rows"),
    (
        "UPDATE draft SET probability = 0.9 WHERE external_id = 't-1'",
        "UPDATE draft SET probability = 0.5 WHERE external_id = 't-1'",
        "rows",
    ),
    (
        "UPDATE draft SET selected = 1 - selected WHERE external_id = 't-2'",
        "UPDATE draft SET selected = 1 - selected WHERE external_id = 't-2'",
        "rows",
    ),
    (
        "UPDATE draft SET staged_at = staged_at - 86400000 WHERE external_id = 't-2'",
        "UPDATE draft SET staged_at = staged_at + 86400000 WHERE external_id = 't-2'",
        "rows",
    ),
    (
        "UPDATE draft SET probe = '{}' WHERE external_id = 't-2'",
        "UPDATE draft SET probe = NULL WHERE external_id = 't-2'",
        "rows",
    ),
    (
        "UPDATE verdict SET reviewer = 'mallory' WHERE action = 'edit'",
        "UPDATE verdict SET reviewer = 'ana' WHERE action = 'edit'",
        "rows",
    ),
    (
        "UPDATE verdict SET action = 'approve' WHERE action = 'escalate'",
        "UPDATE verdict SET action = 'escalate' WHERE reasons LIKE '%unsafe%'",
        "rows",
    ),
    (
        "UPDATE verdict SET final_text = 'Pay now.' WHERE action = 'edit'",
        "UPDATE verdict SET final_text = 'We will send a new one today.' WHERE action = 'edit'",
        "bodies",
    ),
    (
        "UPDATE verdict SET comment = 'as told' WHERE action = 'edit'",
        "UPDATE verdict SET comment = NULL WHERE action = 'edit'",
        "bodies",
    ),
    (
        "UPDATE case_record SET record = replace(record, 'edit', 'EDIT') WHERE action = 'edit'",
        "UPDATE case_record SET record = replace(record, 'EDIT', 'edit') WHERE action = 'edit'",
        "bodies",
    ),
    (
        "UPDATE case_record SET action = 'approve' WHERE action = 'edit'",
        "UPDATE case_record SET action = 'edit' WHERE grade IS NOT NULL",
        "rows",
    ),
    (
        "UPDATE delivery SET body = replace(body, 'today', 'never') WHERE verdict_id IS NOT NULL AND body LIKE '%today%'",
        "UPDATE delivery SET body = replace(body, 'never', 'today') WHERE body LIKE '%never%'",
        "bodies",
    ),
    (
        "UPDATE delivery SET ticket = 't-x' WHERE verdict_id IS NULL AND ticket = (SELECT MIN(ticket) FROM delivery WHERE verdict_id IS NULL AND draft_seq IS NOT NULL)",
        "UPDATE delivery SET ticket = (SELECT external_id FROM draft WHERE draft.seq = delivery.draft_seq) WHERE ticket = 't-x'",
        "rows",
    ),
    (
        "UPDATE transition SET actor = 'dana' WHERE kind = 'kill'",
        "UPDATE transition SET actor = 'owner' WHERE kind = 'kill'",
        "rows",
    ),
    (
        "UPDATE transition SET reason = 'none' WHERE kind = 'kill'",
        "UPDATE transition SET reason = 'a drill' WHERE kind = 'kill'",
        "rows",
    ),
    (
        "UPDATE workflow SET stage = 'default' WHERE id = 'desk'",
        "UPDATE workflow SET stage = 'internal' WHERE id = 'desk'",
        "rows",
    ),
    ("UPDATE token SET grants = '[{\"role\":\"dri\"}]' WHERE subject = 'ana'", "RESTORE token grants ana", "rows"),
    (
        "UPDATE token SET subject = 'dana' WHERE subject = 'ana'",
        "UPDATE token SET subject = 'ana' WHERE subject = 'dana'",
        "rows",
    ),
    ("UPDATE token SET hash = 'ab' WHERE subject = 'ana'", "RESTORE token hash ana", "rows"),
    ("UPDATE token SET revoked_at = NULL WHERE subject = 'gone'", "RESTORE token revoked_at gone", "rows"),
    (
        "INSERT INTO token (id, subject, hash, grants, routes, created_at, created_by) VALUES ('x', 'dana', 'x', '[]', '[]', 1, 'owner')",
        "DELETE FROM token WHERE id = 'x'",
        "rows",
    ),
    ("UPDATE workflow_version SET applied_by = 'dana'", "UPDATE workflow_version SET applied_by = 'owner'", "rows"),
    ("UPDATE workflow_revision SET applied_by = 'dana'", "UPDATE workflow_revision SET applied_by = 'owner'", "rows"),
    ("UPDATE workflow_version SET hash = 'ab'", "RESTORE workflow_version hash", "rows"),
    ("UPDATE workflow_revision SET files = files || ' '", "UPDATE workflow_revision SET files = TRIM(files)", "rows"),
    ("UPDATE workflow SET version = 7", "UPDATE workflow SET version = 1", "rows"),
    (
        "INSERT INTO earned (workflow_id, version, stage, at) VALUES ('desk', 1, 'default', 1)",
        "DELETE FROM earned WHERE at = 1",
        "rows",
    ),
    (
        "UPDATE draft SET erased_at = 1 WHERE external_id = 't-1'",
        "UPDATE draft SET erased_at = NULL WHERE external_id = 't-1'",
        "rows",
    ),
    ("UPDATE delivery SET body = ''", "RESTORE delivery body", "bodies"),
    ("UPDATE verdict SET withdrawn = 1 - withdrawn", "UPDATE verdict SET withdrawn = 1 - withdrawn", "rows"),
];

async fn a_changed_row_text_or_count_is_named(engine: Engine) {
    let app = worked(engine).await;
    let whole = app.verify().await;
    assert_eq!(whole["ok"], true, "{whole}");
    for part in ["rows", "bodies", "counts", "draws"] {
        assert!(whole[part]["checked"].as_i64().unwrap() > 5, "{part}: {whole}");
    }
    for (change, back, part) in CHANGES {
        let restore = back.strip_prefix("RESTORE ").map(|what| what.split(' ').collect::<Vec<_>>());
        if let Some([table, column, ..]) = restore.as_deref() {
            app.tamper(&format!("CREATE TABLE saved AS SELECT {} AS id, {column} AS was FROM {table}", key(table)))
                .await;
        }
        assert!(app.tamper(change).await > 0, "{change}");
        let verified = app.verify().await;
        assert_eq!(verified["ok"], false, "{change}");
        assert!(verified[part]["wrong"].as_i64().unwrap() > 0, "{change}: {verified}");
        assert!(!text(&verified[part]["first_wrong"]["why"]).is_empty(), "{verified}");
        match restore.as_deref() {
            Some([table, column, ..]) => {
                let id = key(table);
                app.tamper(&format!("UPDATE {table} SET {column} = (SELECT was FROM saved WHERE saved.id = {id})"))
                    .await;
                app.tamper("DROP TABLE saved").await;
            }
            _ => assert!(app.tamper(back).await > 0, "{back}"),
        }
        let verified = app.verify().await;
        assert_eq!(verified["ok"], true, "{back}: {verified}");
    }
}

fn key(table: &str) -> String {
    let column = if table == "workflow_version" { "version" } else { "id" };
    format!("{table}.{column}")
}

async fn chain(app: &App) -> Vec<Entry> {
    let export = app.owner().get("/v1/audit/export").await;
    export.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn quoted(text: Option<&str>) -> String {
    text.map_or("NULL".to_owned(), |t| format!("'{}'", t.replace('\'', "''")))
}

/// Puts this log in place of the one that is there, as a chain of its own.
async fn put(app: &App, entries: Vec<Entry>) -> Vec<Entry> {
    app.tamper("DELETE FROM audit").await;
    let mut prev = GENESIS.to_owned();
    let mut made = Vec::new();
    for (seq, mut e) in (1..).zip(entries) {
        e.seq = seq;
        e.prev_hash = prev.clone();
        e.hash = e.expected_hash();
        prev.clone_from(&e.hash);
        app.tamper(&format!(
            "INSERT INTO audit (seq, at, actor, act, workflow_id, object, detail, prev_hash, hash)
             VALUES ({}, {}, {}, {}, {}, {}, {}, {}, {})",
            e.seq,
            e.at.0,
            quoted(Some(&e.actor)),
            quoted(Some(&e.act)),
            quoted(e.workflow.as_deref()),
            quoted(e.object.as_deref()),
            quoted(Some(&e.detail)),
            quoted(Some(&e.prev_hash)),
            quoted(Some(&e.hash)),
        ))
        .await;
        made.push(e);
    }
    made
}

/// Signs over every entry from one on, with a key of one's own.
async fn sign(app: &App, entries: &[Entry], from: i64) {
    let mine = SigningKey::from_bytes(&[9; 32]);
    app.tamper(&format!("DELETE FROM checkpoint WHERE seq >= {from}")).await;
    for e in entries.iter().filter(|e| e.seq >= from) {
        let c = Checkpoint::sign(&mine, e.seq, &e.hash, e.at);
        app.tamper(&format!(
            "INSERT INTO checkpoint (seq, hash, at, public_key, signature) VALUES ({}, '{}', {}, '{}', '{}')",
            c.seq, c.hash, c.at.0, c.public_key, c.signature
        ))
        .await;
    }
}

fn my_key() -> String {
    Checkpoint::sign(&SigningKey::from_bytes(&[9; 32]), 1, "", countersign_domain::time::Millis(0)).public_key
}

type Rewriting = fn(&mut Vec<Entry>);

const REWRITINGS: [(&str, Rewriting); 6] = [
    ("another actor", |log| {
        log.iter_mut().filter(|e| e.act == "workflow.killed").for_each(|e| e.actor = "dana".into())
    }),
    ("another order", |log| log.swap(8, 9)),
    ("another time", |log| log.iter_mut().for_each(|e| e.at.0 -= 86_400_000)),
    ("an entry put in", |log| {
        let more = Entry { actor: "dana".into(), act: "workflow.promoted".into(), ..log[9].clone() };
        log.insert(10, more);
    }),
    ("the tail cut off", |log| log.truncate(12)),
    ("the hub's key replaced", |log| {
        let own = log.iter_mut().filter(|e| e.act == "key.registered");
        own.for_each(|e| e.detail = json!({ "ed25519": my_key() }).to_string());
    }),
];

async fn what_was_decided_on_a_day_at_two_review_rates_adds_up(engine: Engine) {
    let rates = toml::Table::from_iter([("internal".to_owned(), toml::Value::from(0.5))]);
    let high = toml::Table::from_iter([("high".to_owned(), toml::Value::from(1.0))]);
    let app = App::with(engine, &TestPack::of("desk").set("review.rate", rates).set("review.risk_rate", high)).await;
    let plain = (0..20).map(|i| Draft::of(&format!("t-{i}")));
    let doubted = (20..24).map(|i| Draft::of(&format!("t-{i}")).doubted("low_confidence"));
    app.send(&plain.chain(doubted).collect::<Vec<_>>()).await;
    let ana = app.reviewer("ana").await;
    loop {
        let leased = ana.lease().await;
        if leased.is_null() {
            break;
        }
        ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
    }
    let rates = "SELECT COUNT(*) FROM (SELECT DISTINCT probability FROM draft WHERE selected = 1) AS rates";
    assert_eq!(app.number(rates).await, 2, "drafts of two probabilities were decided");
    let verified = app.verify().await;
    assert_eq!(verified["ok"], true, "{verified}");
}

async fn a_log_made_anew_and_signed_with_another_key_is_not_believed(engine: Engine) {
    let app = worked(engine).await;
    let whole = chain(&app).await;
    let signed = app.number("SELECT MAX(seq) FROM checkpoint").await;
    for (what, rewrite) in REWRITINGS {
        // Signed by a key that nobody vouches for, and by one that the log itself registers.
        for registered in [false, true] {
            let mut log = whole.clone();
            rewrite(&mut log);
            if registered {
                let registers = Entry {
                    actor: "hub".into(),
                    act: "key.registered".into(),
                    detail: json!({ "ed25519": my_key() }).to_string(),
                    ..log[0].clone()
                };
                log.insert(3, registers);
            }
            let log = put(&app, log).await;
            sign(&app, &log, 1).await;
            let verified = app.verify().await;
            assert_eq!(
                (&verified["ok"], verified["broken_at"].is_null()),
                (&json!(false), false),
                "{what}: {verified}"
            );
        }
    }
    put(&app, whole).await;
    assert_eq!(app.verify().await["ok"], false, "its own checkpoint over {signed} entries is gone");
}

async fn a_log_without_its_checkpoints_is_not_believed(engine: Engine) {
    let app = worked(engine).await;
    app.tamper("DELETE FROM checkpoint").await;
    let verified = app.verify().await;
    assert_eq!(verified["ok"], false);
    assert!(text(&verified["why"]).contains("gone"), "{verified}");
    // Nor where what the hub kept is gone too.
    let app = worked(engine).await;
    app.forget_checkpoint();
    let app = app.restarted().await;
    assert_eq!(app.verify().await["ok"], true);
    app.forget_checkpoint();
    app.tamper("DELETE FROM checkpoint").await;
    let other = app.another().await;
    let verified = other.verify().await;
    assert!(text(&verified["why"]).contains("no checkpoint of it is there"), "{verified}");
    // The newest ones alone show where the log went on.
    let app = worked(engine).await;
    app.forget_checkpoint();
    let app = app.another().await;
    for i in 0..15 {
        app.clock.advance(60);
        app.stage(&Draft::of(&format!("later-{i}"))).await;
    }
    let verified = app.verify().await;
    assert!(text(&verified["why"]).contains("without a checkpoint"), "{verified}");
    app.desk.sign_if_moved().await.unwrap();
    assert_eq!(app.verify().await["ok"], true);
}

async fn a_hub_signs_nothing_over_a_log_that_lost_what_it_signed(engine: Engine) {
    let app = worked(engine).await;
    let mut log = chain(&app).await;
    log.truncate(12);
    put(&app, log).await;
    app.tamper("DELETE FROM checkpoint").await;
    let app = app.restarted().await;
    assert!(app.desk.sign_if_moved().await.is_err());
    app.owner().get("/v1/audit/checkpoint").await.refused(500, "internal");
    assert_eq!(app.number("SELECT COUNT(*) FROM checkpoint").await, 0);
    assert_eq!(app.verify().await["ok"], false);
}

async fn seen(app: &App, role: &str, kept: &Value) -> Value {
    app.role(role).await.post("/v1/audit/seen", json!({ "checkpoint": kept })).await.ok()
}

async fn everybody_can_keep_a_checkpoint_and_hold_the_log_against_it(engine: Engine) {
    let app = worked(engine).await;
    let signed = app.owner().get("/v1/audit/checkpoint").await.ok();
    for role in ["reviewer", "dri", "curator", "admin", "auditor", "service", "oncall"] {
        let first = seen(&app, role, &Value::Null).await;
        assert_eq!((&first["holds"], &first["checkpoint"]), (&json!(true), &signed), "{role}");
        assert_eq!(seen(&app, role, &signed).await["holds"], true, "{role}");
    }
    let mut forged = signed.clone();
    forged["seq"] = json!(3);
    assert_eq!(seen(&app, "oncall", &forged).await["why"], "not_signed");
    let elsewhere = worked(engine).await.owner().get("/v1/audit/checkpoint").await.ok();
    assert_eq!(seen(&app, "oncall", &elsewhere).await["holds"], false);
    let whole = chain(&app).await;
    let mut log = whole.clone();
    log[4].actor = "dana".into();
    put(&app, log).await;
    assert_eq!(seen(&app, "oncall", &signed).await["why"], "rewritten");
    put(&app, whole[..12].to_vec()).await;
    assert_eq!(seen(&app, "oncall", &signed).await["why"], "shorter");
    let log = put(&app, whole).await;
    app.clock.advance(7_200);
    let last = Entry { at: app.now(), ..log.last().unwrap().clone() };
    let log = put(&app, [log, vec![last]].concat()).await;
    sign(&app, &log, log.len() as i64).await;
    assert_eq!(seen(&app, "oncall", &signed).await["why"], "other_key");
}

async fn a_second_hub_is_believed_once_the_first_has_signed_for_its_key(engine: Engine) {
    let app = worked(engine).await;
    let second = app.with_another_key().await;
    let theirs = second.owner().get("/v1/audit/checkpoint").await.ok();
    let verified = app.verify().await;
    assert!(text(&verified["why"]).contains("no known key vouches"), "{verified}");
    app.stage(&Draft::of("later")).await;
    app.owner().get("/v1/audit/checkpoint").await.ok();
    assert_eq!(app.verify().await["ok"], true);
    assert_eq!(app.owner().post("/v1/audit/verify", theirs.clone()).await.ok()["ok"], true);
    assert_eq!(app.owner().post("/v1/audit/seen", json!({ "checkpoint": theirs })).await.ok()["holds"], true);
    assert_eq!(second.verify().await["ok"], true, "and the other way round");
}

async fn a_log_from_before_counts_from_its_baseline(engine: Engine) {
    let app = worked(engine).await;
    // As a program from before would have left it: entries that say nothing of rows and counts.
    let mut log = chain(&app).await;
    for e in &mut log {
        let mut detail: serde_json::Map<String, Value> = serde_json::from_str(&e.detail).unwrap();
        detail.retain(|name, _| !["sealed", "resealed", "counted", "decided"].contains(&name.as_str()));
        e.detail = Value::Object(detail).to_string();
    }
    put(&app, log).await;
    app.tamper("DELETE FROM checkpoint").await;
    for (table, column) in
        [("draft", "body_hash"), ("verdict", "text_hash"), ("case_record", "record_hash"), ("delivery", "body_hash")]
    {
        app.tamper(&format!("UPDATE {table} SET {column} = NULL")).await;
    }
    app.tamper("INSERT INTO meta (name, value) VALUES ('audit_baseline', 'due')").await;
    app.forget_checkpoint();
    let app = app.another().await;
    assert_eq!(app.number("SELECT COUNT(*) FROM audit WHERE act = 'audit.baseline'").await, 1);
    app.owner().get("/v1/audit/checkpoint").await.ok();
    let verified = app.verify().await;
    assert_eq!(verified["ok"], true, "{verified}");
    let rows: Vec<Draft> = (30..40).map(|i| Draft::of(&format!("t-{i}"))).collect();
    app.send(&rows).await;
    let ana = app.reviewer("ana").await;
    let leased = ana.lease().await;
    ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
    assert_eq!(app.verify().await["ok"], true);
    for (change, part) in [
        ("UPDATE evidence SET n = n + 1 WHERE outcome LIKE 'escalate%'", "counts"),
        ("UPDATE transition SET actor = 'dana' WHERE kind = 'kill'", "rows"),
        ("UPDATE draft SET probability = 0.9 WHERE external_id = 't-31'", "rows"),
    ] {
        app.tamper(change).await;
        assert!(app.verify().await[part]["wrong"].as_i64().unwrap() > 0, "{change}");
    }
    // Whoever has another one written makes nothing good by it.
    app.tamper("INSERT INTO meta (name, value) VALUES ('audit_baseline', 'due')").await;
    let app = app.restarted().await;
    let verified = app.verify().await;
    assert_eq!(verified["ok"], false);
    assert!(verified.to_string().contains("a baseline in a log that has begun"), "{verified}");
}

async fn an_old_copy_of_the_database_shows(engine: Engine) {
    if engine == Engine::Postgres {
        // Its old copy is its log cut short, which is above.
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let app = App::in_folder(folder.path()).await;
    app.furnish().await;
    app.stage(&Draft::of("t-1")).await;
    app.close().await;
    let (file, copy) = (folder.path().join("desk.db"), folder.path().join("copy.db"));
    std::fs::copy(&file, &copy).unwrap();
    let app = App::in_folder(folder.path()).await;
    app.stage(&Draft::of("t-2")).await;
    let kept = app.owner().get("/v1/audit/checkpoint").await.ok();
    assert_eq!(app.verify().await["ok"], true);
    app.close().await;
    std::fs::copy(&copy, &file).unwrap();
    let app = App::in_folder(folder.path()).await;
    let verified = app.verify().await;
    assert_eq!(verified["ok"], false, "{verified}");
    assert_eq!(app.owner().post("/v1/audit/seen", json!({ "checkpoint": kept })).await.ok()["why"], "shorter");
    // Somebody meant it.
    app.forget_checkpoint();
    let app = app.restarted().await;
    assert_eq!(app.verify().await["ok"], true);
}
