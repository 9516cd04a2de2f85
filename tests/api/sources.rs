//! A changed source: what it means for the drafts that cite it, however many they are.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::{SOURCE, SOURCE_TEXT, ndjson, verdict};
use countersign_testkit::{App, Draft, Engine, on_both, text};
use serde_json::json;

on_both! {
    many_drafts_are_checked_again_in_stretches_and_each_on_the_spot,
    a_stretch_that_was_left_is_taken_up_by_the_next_hub,
    open_drafts_that_an_earlier_program_checked_are_checked_again,
    sources_and_drafts_that_come_in_at_once_agree_in_the_end,
}

const MANY: usize = 650;
const DOUBTED: &str = "SELECT COUNT(*) FROM draft WHERE marks <> 0";

async fn change(app: &App) {
    let changed = SOURCE_TEXT.replace("thirty", "fourteen");
    let source = json!({ "id": SOURCE, "title": "Returns", "text": changed, "access": ["public"] });
    assert_eq!(app.owner().post_lines("/v1/sources", source.to_string()).await.ok()["updated"], 1);
}

async fn stage_many(app: &App) -> (String, String) {
    let rows: Vec<Draft> = (0..MANY).map(|i| Draft::of(&format!("t-{i:03}"))).collect();
    let results = app.send(&rows).await;
    let id = |n: usize| text(&results[n]["id"]).to_owned();
    (id(MANY - 1), id(MANY - 2))
}

async fn many_drafts_are_checked_again_in_stretches_and_each_on_the_spot(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let (last, shown) = stage_many(&app).await;
    let leased = ana.lease_of(&last).await.ok();
    change(&app).await;
    assert_eq!(app.number(DOUBTED).await, 500, "an import answers before all of them are checked again");

    let error = ana.decide(&leased, &verdict(&leased, "approve")).await.refused(409, "content_changed");
    assert!(error["kept"]["verdict_id"].is_string());
    let again = ana.lease_of(&last).await.ok();
    assert_eq!(again["draft"]["marks"], json!(["no_such_quote", "uncited"]));
    assert_ne!(again["draft"]["content_hash"], leased["draft"]["content_hash"]);
    ana.decide(&again, &verdict(&again, "approve")).await.ok();
    assert_eq!(app.draft(&shown).await["marks"], json!(["no_such_quote", "uncited"]));
    assert_eq!(app.number(DOUBTED).await, 502);

    while app.desk.recheck_sources().await.unwrap() {}
    assert_eq!(app.number(DOUBTED).await, MANY as i64);
}

async fn a_stretch_that_was_left_is_taken_up_by_the_next_hub(engine: Engine) {
    let app = App::start(engine).await;
    stage_many(&app).await;
    change(&app).await;
    let app = app.restarted().await;
    while app.desk.recheck_sources().await.unwrap() {}
    assert_eq!(app.number(DOUBTED).await, MANY as i64);
}

async fn open_drafts_that_an_earlier_program_checked_are_checked_again(engine: Engine) {
    let app = App::start(engine).await;
    let ids = app.send(&(0..150).map(|n| Draft::of(&format!("t-{n}"))).collect::<Vec<_>>()).await;
    let shown = text(&ids[149]["id"]).to_owned();
    let (checks, hash) = {
        let draft = app.draft(&shown).await;
        (draft["checks"].clone(), draft["content_hash"].clone())
    };
    let old = r#"{"citations": [], "uncited": [{"start": 0, "end": 4}]}"#;
    app.tamper(&format!("UPDATE draft SET checks = '{old}', content_hash = 'of old'")).await;
    assert_eq!(app.draft(&shown).await["checks"]["uncited"][0]["end"], 4);
    assert!(app.desk.recheck_by_new_rules().await.unwrap());
    // Another hub goes on where this one stopped.
    let app = app.restarted().await;
    while app.desk.recheck_by_new_rules().await.unwrap() {}
    let draft = app.draft(&shown).await;
    assert_eq!((&draft["checks"], &draft["content_hash"]), (&checks, &hash));
    assert_eq!(app.number("SELECT COUNT(*) FROM draft WHERE content_hash = 'of old'").await, 0);
    app.tamper("UPDATE draft SET content_hash = 'of old'").await;
    assert!(!app.desk.recheck_by_new_rules().await.unwrap(), "once is enough");
}

async fn sources_and_drafts_that_come_in_at_once_agree_in_the_end(engine: Engine) {
    let app = App::start(engine).await;
    let owner = app.owner();
    let source = |id: &str, n: usize| json!({ "id": id, "text": format!("Text {n}."), "access": ["public"] });
    let lines = |ids: [&str; 2], n: usize| format!("{}\n{}\n", source(ids[0], n), source(ids[1], n));
    for n in 0..15 {
        let rows: Vec<Draft> = (0..10)
            .map(|i| Draft::of(&format!("t-{n}-{i}")).citing(if i % 2 == 0 { "desk/a" } else { "desk/b" }, "Text"))
            .collect();
        let (one, other, staged) = tokio::join!(
            owner.post_lines("/v1/sources", lines(["desk/a", "desk/b"], 2 * n)),
            owner.post_lines("/v1/sources", lines(["desk/b", "desk/a"], 2 * n + 1)),
            owner.post_lines("/v1/drafts?workflow=desk&summary=true", ndjson(&rows)),
        );
        one.ok();
        other.ok();
        assert_eq!(staged.ok()["created"], 10);
    }
    while app.desk.recheck_sources().await.unwrap() {}
    let stale =
        "SELECT COUNT(*) FROM draft d JOIN citation c ON c.draft_seq = d.seq JOIN source s ON s.id = c.source_id
                 WHERE d.checks NOT LIKE '%' || s.hash || '%'";
    assert_eq!(app.number(stale).await, 0);
}
