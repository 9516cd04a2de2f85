//! What a pack says about how long texts are kept is so.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::{edit, escalation, verdict};
use countersign_testkit::receiver::{Answer, Receiver};
use countersign_testkit::{App, Draft, Engine, Person, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    what_is_older_than_the_pack_keeps_is_in_no_table_and_no_file,
    a_draft_of_which_the_text_is_erased_says_so,
    counts_hashes_and_the_log_stay_as_they_were,
    what_waits_for_somebody_is_not_erased,
    an_erasure_that_was_broken_off_goes_on,
    one_transaction_erases_a_few_drafts,
    a_shortened_retention_holds_for_what_is_there,
}

/// It stands in every text, and must be nowhere afterwards.
const CANARY: &str = "zqxcanary";
const DAY: i64 = 86_400;

fn pack() -> TestPack {
    TestPack::of("desk").set("policy.retention_days", 30).set("review.expires_hours", 48)
}

fn marked(ticket: &str) -> Draft {
    let named = json!({ "subject": format!("{CANARY} 1"), "customer": format!("{CANARY} 2"), "order": CANARY });
    let draft = Draft::of(ticket).text(&format!("Keep the {CANARY}.")).with("metadata", named);
    draft.with("thread", json!([{ "role": "customer", "text": format!("My {CANARY}?"), "name": CANARY }]))
}

async fn erased(app: &App) -> usize {
    for _ in 0..8 {
        app.desk.index_words().await.unwrap();
    }
    let mut erased = 0;
    loop {
        match app.desk.erase_old().await.unwrap() {
            0 => return erased,
            n => erased += n,
        }
    }
}

/// How many rows and how many files hold the canary.
async fn traces(app: &App) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(path) = app.desk.store().path() {
        for suffix in ["", "-wal", ".words", ".words-wal"] {
            let bytes = std::fs::read(format!("{}{suffix}", path.display())).unwrap_or_default();
            if bytes.windows(CANARY.len()).any(|w| w.eq_ignore_ascii_case(CANARY.as_bytes())) {
                found.push(format!("file{suffix}"));
            }
        }
        return found;
    }
    for table in ["draft", "verdict", "case_record", "escalation", "delivery", "settlement", "kept", "audit"] {
        let rows = app.number(&format!("SELECT COUNT(*) FROM {table} t WHERE t::text LIKE '%{CANARY}%'")).await;
        if rows > 0 {
            found.push(format!("{rows} rows of {table}"));
        }
    }
    found
}

/// An edit, an escalation that is settled, a verdict that came too late, and two who differ.
async fn a_day(app: &App) -> (Person, Vec<String>) {
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    let mut ids = Vec::new();
    for n in 1..=4 {
        ids.push(app.stage(&marked(&format!("t-{n}"))).await);
    }
    let leased = ana.lease_of(&ids[0]).await.ok();
    let mut final_text = edit(&leased, &format!("Never mind the {CANARY}."));
    final_text["comment"] = json!(CANARY);
    ana.decide(&leased, &final_text).await.ok();
    let second = ben.lease_of(&ids[0]).await.ok();
    ben.decide(&second, &verdict(&second, "approve")).await.ok();
    let differ = app.owner().get("/v1/disagreements").await.ok();
    let path = format!("/v1/disagreements/{}/settle", text(&differ["disagreements"][0]["id"]));
    let own = json!({ "action": "edit", "final_text": format!("{CANARY}, then."), "grade": "material" });
    app.role("curator").await.post(&path, json!({ "pick": own, "note": CANARY })).await.ok();

    let leased = ana.lease_of(&ids[1]).await.ok();
    let mut escalated = escalation(&leased, "unsafe");
    escalated["comment"] = json!(CANARY);
    ana.decide(&leased, &escalated).await.ok();
    let open = app.owner().get("/v1/escalations").await.ok();
    let path = format!("/v1/escalations/{}/settle", text(&open["escalations"][0]["id"]));
    app.owner().post(&path, json!({ "note": CANARY })).await.ok();

    let leased = ana.lease_of(&ids[2]).await.ok();
    let mut late = edit(&leased, &format!("Too late, {CANARY}."));
    late["fence"] = json!(0);
    ana.decide(&leased, &late).await.refused(409, "lease_lost");
    ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
    app.deliver_after_undo().await;
    (ana, ids)
}

/// Later, when whatever nobody decided has expired.
async fn later(app: &App, days: i64) {
    app.clock.advance(days * DAY);
    app.desk.lapse_leases().await.unwrap();
    app.desk.expire_drafts().await.unwrap();
}

async fn worked(engine: Engine) -> (App, Receiver, Person, Vec<String>) {
    let receiver = Receiver::start().await;
    let app = App::with(engine, &pack().double_read().delivering_to(receiver.url())).await;
    let (ana, ids) = a_day(&app).await;
    (app, receiver, ana, ids)
}

async fn what_is_older_than_the_pack_keeps_is_in_no_table_and_no_file(engine: Engine) {
    let (app, _receiver, _, _) = worked(engine).await;
    later(&app, 29).await;
    assert_eq!(erased(&app).await, 0);
    assert!(!traces(&app).await.is_empty());
    let listed =
        async |q: &str| app.owner().get(&format!("/v1/drafts?q={q}")).await.ok()["drafts"].as_array().unwrap().len();
    assert_eq!(listed(CANARY).await, 4);
    later(&app, 2).await;
    assert_eq!(erased(&app).await, 4);
    assert_eq!(traces(&app).await, Vec::<String>::new());
    assert_eq!(listed(CANARY).await, 0);
    app.stage(&marked("t-5")).await;
    assert_eq!(listed(CANARY).await, 1);
}

async fn a_draft_of_which_the_text_is_erased_says_so(engine: Engine) {
    let (app, _receiver, ana, ids) = worked(engine).await;
    let case = app.owner().get("/v1/cases").await.ok()["cases"][0]["id"].clone();
    let before = app.draft(&ids[0]).await;
    later(&app, 31).await;
    erased(&app).await;
    let draft = app.draft(&ids[0]).await;
    assert_eq!(draft["erased_at"], json!(app.now()));
    for same in ["external_id", "revision", "state", "content_hash", "probability", "marks", "staged_at"] {
        assert_eq!(draft[same], before[same], "{same}");
    }
    assert_eq!((&draft["subject"], &draft["customer"], &draft["thread"]), (&json!(""), &Value::Null, &json!([])));
    assert_eq!((&draft["outcome"]["action"], draft["outcome"].get("final_text")), (&json!("edit"), None));
    let list = app.owner().get("/v1/drafts?state=delivered").await.ok();
    assert_eq!(list["drafts"][0]["erased_at"], json!(app.now()));
    ana.lease_of(&ids[3]).await.refused(410, "erased");
    let path = format!("/v1/drafts/{}/diff", ids[0]);
    ana.post(&path, json!({ "final_text": "x" })).await.refused(410, "erased");
    app.owner().get(&format!("/v1/cases/{}", text(&case))).await.refused(410, "erased");
    assert_eq!(app.owner().get("/v1/cases").await.ok()["cases"], json!([]));
    assert!(app.owner().get("/v1/cases/export?workflow=desk").await.bytes.is_empty());
    // The ticket is known: what comes in again is no news.
    assert_eq!(app.send([&marked("t-1")]).await[0]["status"], "duplicate");
}

async fn counts_hashes_and_the_log_stay_as_they_were(engine: Engine) {
    let (app, _receiver, _, _) = worked(engine).await;
    later(&app, 31).await;
    let (evidence, drafts) = (app.evidence().await, app.workflow("desk").await["drafts"].clone());
    let trust = app.owner().get("/v1/workflows/desk/trust").await.ok();
    let hashes = "SELECT COUNT(DISTINCT content_hash) FROM draft";
    let distinct = app.number(hashes).await;
    assert_eq!(erased(&app).await, 4);
    assert_eq!((app.evidence().await, &app.workflow("desk").await["drafts"]), (evidence, &drafts));
    assert_eq!(app.owner().get("/v1/workflows/desk/trust").await.ok(), trust);
    assert_eq!(app.number(hashes).await, distinct);
    let verified = app.verify().await;
    assert_eq!((&verified["ok"], &verified["draws"]["wrong"]), (&json!(true), &json!(0)), "{verified}");
    let log = app.owner().get("/v1/audit?act=drafts.erased").await.ok();
    assert_eq!(log["entries"].as_array().unwrap().len(), 1, "one entry a stretch");
    let detail: Value = serde_json::from_str(text(&log["entries"][0]["detail"])).unwrap();
    assert_eq!((&detail["drafts"], &detail["retention_days"]), (&json!(4), &json!(30)));
}

async fn what_waits_for_somebody_is_not_erased(engine: Engine) {
    let receiver = Receiver::start().await;
    let app = App::with(engine, &pack().delivering_to(receiver.url())).await;
    let ana = app.reviewer("ana").await;
    let far = app.now().plus_seconds(90 * DAY).to_string();
    let undecided = app.stage(&Draft::of("t-1").with("expires_at", far.clone())).await;
    let held = app.stage(&Draft::of("t-2").with("expires_at", far)).await;
    let on_its_way = app.stage(&Draft::of("t-3")).await;
    receiver.answer(Answer::Status(500));
    ana.approve(&on_its_way).await;
    app.deliver_after_undo().await;
    later(&app, 31).await;
    let leased = ana.lease_of(&held).await.ok();
    assert_eq!(erased(&app).await, 0);
    assert_eq!(app.draft(&undecided).await.get("erased_at"), None);
    ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
    // As if both had arrived; a receiver takes no message that is dated this far from its own time.
    app.tamper("UPDATE delivery SET state = 'delivered' WHERE state = 'pending'").await;
    assert_eq!(erased(&app).await, 2, "what was sent, and no longer what waits");
    assert_eq!(app.draft(&undecided).await["state"], "staged");
}

async fn an_erasure_that_was_broken_off_goes_on(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    app.send(&[marked("t-1"), marked("t-2")]).await;
    later(&app, 31).await;
    app.desk.index_words().await.unwrap();
    // The words are out of the index, and the hub died before anything else was done.
    app.desk.store().forget_words(&[1]).await.unwrap();
    let app = app.restarted().await;
    assert_eq!(erased(&app).await, 2);
    assert_eq!(traces(&app).await, Vec::<String>::new());
    app.stage(&marked("t-3")).await;
    let found = app.owner().get(&format!("/v1/drafts?q={CANARY}")).await.ok();
    assert_eq!(found["drafts"].as_array().unwrap().len(), 1);
}

async fn one_transaction_erases_a_few_drafts(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    let rows: Vec<Draft> = (0..120).map(|n| Draft::of(&format!("t-{n}"))).collect();
    app.send(&rows).await;
    app.send(&[marked("long-1").text(&"lamp ".repeat(38_000)), marked("long-2").text(&"lamp ".repeat(38_000))]).await;
    later(&app, 31).await;
    while app.desk.index_words().await.unwrap() > 0 {}
    let mut stretches = Vec::new();
    loop {
        match app.desk.erase_old().await.unwrap() {
            0 => break,
            n => stretches.push(n),
        }
    }
    assert_eq!(stretches, [50, 50, 21, 1]);
}

async fn a_shortened_retention_holds_for_what_is_there(engine: Engine) {
    let app = App::with(engine, &pack()).await;
    app.stage(&marked("t-1")).await;
    later(&app, 8).await;
    assert_eq!(erased(&app).await, 0);
    app.apply(&pack().set("policy.retention_days", 7)).await;
    assert_eq!(erased(&app).await, 1);
}
