//! Every list has pages, and all of them together hold each row once.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::{App, Engine, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    every_token_is_found_page_by_page,
    every_workflow_is_found_page_by_page,
    every_version_is_found_page_by_page,
    a_long_timeline_is_shown_by_its_end_and_found_and_exported_whole,
}

/// Every row of a list, two a page.
async fn paged(app: &App, path: &str, name: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.owner().get(&format!("{path}?limit=2{cursor}")).await.ok();
        let listed = page[name].as_array().unwrap();
        assert!(listed.len() <= 2, "{page}");
        rows.extend(listed.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

fn all<'a>(rows: &'a [Value], name: &str) -> Vec<&'a str> {
    rows.iter().map(|row| text(&row[name])).collect()
}

async fn every_token_is_found_page_by_page(engine: Engine) {
    let app = App::start(engine).await;
    for n in 0..5 {
        app.reviewer(&format!("r-{n}")).await;
        app.clock.advance(n % 2);
    }
    let rows = paged(&app, "/v1/tokens", "tokens").await;
    let mut names = all(&rows, "name");
    names.sort_unstable();
    assert_eq!(names, ["r-0", "r-1", "r-2", "r-3", "r-4"]);
    assert_eq!(app.owner().get("/v1/tokens").await.ok()["tokens"].as_array().unwrap()[..], rows[..]);
}

async fn every_workflow_is_found_page_by_page(engine: Engine) {
    let app = App::start(engine).await;
    for id in ["billing", "returns", "shipping"] {
        app.apply(&TestPack::of(id)).await;
    }
    let rows = paged(&app, "/v1/workflows", "workflows").await;
    assert_eq!(all(&rows, "id"), ["billing", "desk", "returns", "shipping"]);
    let two = app.person("ana", json!([{ "role": "reviewer", "workflow": "desk" }]), &[]).await;
    let page = two.get("/v1/workflows?limit=1").await.ok();
    assert_eq!((all(page["workflows"].as_array().unwrap(), "id"), page.get("next_cursor")), (vec!["desk"], None));
}

async fn every_version_is_found_page_by_page(engine: Engine) {
    let app = App::start(engine).await;
    for n in 2..=5 {
        app.apply(&TestPack::of("desk").set("gate.min_reviewed", 100 + n)).await;
    }
    let rows = paged(&app, "/v1/workflows/desk/versions", "versions").await;
    let versions: Vec<i64> = rows.iter().map(|v| v["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, [5, 4, 3, 2, 1]);
    app.owner().get("/v1/workflows/elsewhere/versions").await.refused(404, "not_found");
}

async fn a_long_timeline_is_shown_by_its_end_and_found_and_exported_whole(engine: Engine) {
    let app = App::start(engine).await;
    let opened = app.owner().post("/v1/incidents", json!({ "workflow": "desk", "title": "odd prices" })).await.ok();
    let path = format!("/v1/incidents/{}", text(&opened["id"]));
    let many = format!(
        "WITH RECURSIVE count (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE n < 203)
         INSERT INTO incident_entry (incident_id, at, actor, kind, text)
         SELECT '{}', 0, 'owner', 'note', 'note ' || CAST(n AS TEXT) || '.' FROM count",
        text(&opened["id"])
    );
    assert_eq!(app.tamper(&many).await, 203);
    let shown = app.owner().get(&path).await.ok();
    let late = all(shown["entries"].as_array().unwrap(), "text").into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!((late.len(), late[0].as_str(), late[199].as_str()), (200, "note 4.", "note 203."));
    let cursor = text(&shown["entries_cursor"]);
    let early = app.owner().get(&format!("{path}/entries?cursor={cursor}")).await.ok();
    assert_eq!(all(early["entries"].as_array().unwrap(), "text"), ["note 3.", "note 2.", "note 1.", "odd prices"]);
    assert_eq!(paged(&app, &format!("{path}/entries"), "entries").await.len(), 204);
    let export = app.owner().get(&format!("{path}/export")).await.text();
    assert!((1..=203).all(|n| export.contains(&format!("note {n}"))));
}
