//! The demo workflow shows what there is to see.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_domain::mark::Mark;
use countersign_domain::state::State;
use countersign_testkit::{App, Engine, on_both};
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both! {
    the_demo_shows_every_state_every_mark_and_more_than_one_language,
    a_second_load_of_the_demo_changes_nothing,
    the_demo_loads_while_somebody_reviews_already,
}

async fn listed(app: &App, query: &str) -> Vec<Value> {
    let page = app.owner().get(&format!("/v1/drafts?{query}&limit=200")).await.ok();
    page["drafts"].as_array().unwrap().clone()
}

async fn the_demo_shows_every_state_every_mark_and_more_than_one_language(engine: Engine) {
    let app = App::empty(engine).await;
    app.owner().post("/v1/demo", json!({})).await.ok();
    for state in State::ALL {
        assert!(!listed(&app, &format!("state={}", state.as_str())).await.is_empty(), "no draft is {state:?}");
    }
    for mark in Mark::ALL {
        assert!(!listed(&app, &format!("mark={}", mark.as_str())).await.is_empty(), "no draft is marked {mark:?}");
    }
    let mut languages = BTreeSet::new();
    let (mut shortest, mut longest) = (usize::MAX, 0);
    let all = listed(&app, "").await;
    for row in &all {
        let draft = app.draft(row["id"].as_str().unwrap()).await;
        languages.extend(draft["metadata"]["language"].as_str().map(str::to_owned));
        let length = draft["draft"]["text"].as_str().unwrap().chars().count();
        (shortest, longest) = (shortest.min(length), longest.max(length));
    }
    assert!(["en", "de", "es"].iter().all(|l| languages.contains(*l)), "{languages:?}");
    assert!(shortest < 200 && longest > 1500, "{shortest} to {longest} characters");
    assert!(all.len() >= 60, "{} drafts", all.len());
    assert_eq!(app.verify().await["ok"], true);
}

async fn a_second_load_of_the_demo_changes_nothing(engine: Engine) {
    let app = App::empty(engine).await;
    app.owner().post("/v1/demo", json!({})).await.ok();
    let before = app.number("SELECT COUNT(*) FROM audit").await;
    app.owner().post("/v1/demo", json!({})).await.ok();
    assert_eq!(app.number("SELECT COUNT(*) FROM audit").await, before);
}

async fn the_demo_loads_while_somebody_reviews_already(engine: Engine) {
    let app = App::empty(engine).await;
    let owner = app.owner();
    let reviews = async {
        for _ in 0..300 {
            let _ = owner.post("/v1/queue/lease", json!({})).await;
        }
    };
    let (loaded, ()) = tokio::join!(owner.post("/v1/demo", json!({})), reviews);
    loaded.ok();
    let workflows = owner.get("/v1/workflows").await.ok();
    assert_eq!(workflows["workflows"].as_array().unwrap().len(), 2, "all of it is there");
}
