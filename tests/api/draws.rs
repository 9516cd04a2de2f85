//! Which drafts are read is drawn, not picked: the draws can be replayed, and follow a budget where there is one.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::verdict;
use countersign_testkit::{App, Draft, Engine, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    every_draw_can_be_replayed,
    a_draft_picked_by_hand_shows,
    a_seed_that_was_put_in_later_shows,
    the_draws_can_be_left_out,
    under_a_budget_fewer_are_drawn_risky_ones_last,
    within_its_budget_a_workflow_keeps_its_rates,
}

const DAY: i64 = 86_400;

async fn sampled(engine: Engine) -> App {
    let rates = toml::Table::from_iter([("internal".to_owned(), toml::Value::from(0.5))]);
    let pack = TestPack::of("desk").set("review.rate", rates.clone()).set("review.double_rate", 0.3);
    let app = App::with(engine, &pack).await;
    let rows: Vec<Draft> = (0..60).map(|i| Draft::of(&format!("t-{i}"))).collect();
    app.send(&rows).await;
    app.apply(&pack.set("review.double_rate", 0.6)).await;
    let rows: Vec<Draft> = (60..90).map(|i| Draft::of(&format!("t-{i}"))).collect();
    app.send(&rows).await;
    app
}

async fn wrong(app: &App) -> Value {
    let verified = app.verify().await;
    assert_eq!((&verified["ok"], verified.get("broken_at")), (&json!(false), None), "{verified}");
    verified["draws"].clone()
}

async fn every_draw_can_be_replayed(engine: Engine) {
    let app = sampled(engine).await;
    let ana = app.reviewer("ana").await;
    let leased = ana.lease().await;
    ana.approve(text(&leased["draft"]["id"])).await;
    let verified = app.verify().await;
    assert_eq!((&verified["ok"], &verified["draws"]), (&json!(true), &json!({ "checked": 90, "wrong": 0 })));
    let selected = app.number("SELECT COUNT(*) FROM draft WHERE selected = 1").await;
    assert!((25..65).contains(&selected), "{selected} of 90");
    assert_eq!(selected, 90 - app.number("SELECT COUNT(*) FROM draft WHERE state = 'unreviewed'").await);
}

async fn a_draft_picked_by_hand_shows(engine: Engine) {
    let app = sampled(engine).await;
    app.tamper("UPDATE draft SET selected = 0 WHERE seq = (SELECT MAX(seq) FROM draft WHERE selected = 1)").await;
    let draws = wrong(&app).await;
    assert_eq!((&draws["wrong"], &draws["first_wrong"]["workflow"]), (&json!(1), &json!("desk")));
    assert!(text(&draws["first_wrong"]["why"]).contains("stored as not selected"), "{draws}");
    app.tamper(
        "UPDATE draft SET double_read = 1 - double_read WHERE seq = (SELECT MIN(seq) FROM draft WHERE selected = 1)",
    )
    .await;
    assert_eq!(wrong(&app).await["wrong"], 2);
    // A probability that was changed afterwards moves what it selects.
    app.tamper("UPDATE draft SET probability = 0.01").await;
    assert!(wrong(&app).await["wrong"].as_i64().unwrap() > 20);
}

async fn a_seed_that_was_put_in_later_shows(engine: Engine) {
    let app = sampled(engine).await;
    app.tamper(&format!("UPDATE workflow_version SET seed = '{}' WHERE version = 2", "ab".repeat(32))).await;
    let draws = wrong(&app).await;
    assert_eq!(draws["wrong"], 30, "every draft of that version");
    assert!(text(&draws["first_wrong"]["why"]).contains("seed"), "{draws}");
}

async fn the_draws_can_be_left_out(engine: Engine) {
    let app = sampled(engine).await;
    app.tamper("UPDATE draft SET selected = 1 - selected").await;
    let verified = app.owner().get("/v1/audit/verify?draws=false").await.ok();
    assert_eq!((&verified["ok"], verified.get("draws")), (&json!(true), None));
    let kept = app.owner().get("/v1/audit/checkpoint").await.ok();
    assert_eq!(app.owner().post("/v1/audit/verify?draws=false", kept.clone()).await.ok()["ok"], true);
    assert_eq!(app.owner().post("/v1/audit/verify", kept).await.ok()["ok"], false);
}

async fn a_day(app: &App, day: usize, plain: usize, risky: usize) {
    let plain = (0..plain).map(|i| Draft::of(&format!("p-{day}-{i}")));
    let risky = (0..risky).map(|i| Draft::of(&format!("r-{day}-{i}")).doubted("low_confidence"));
    let rows: Vec<Draft> = plain.chain(risky).collect();
    app.send(&rows).await;
}

async fn budget(app: &App) -> Value {
    app.owner().get("/v1/workflows/desk/budget").await.ok()
}

async fn under_a_budget_fewer_are_drawn_risky_ones_last(engine: Engine) {
    let app = App::with(engine, &TestPack::of("desk").set("review.per_day", 30)).await;
    a_day(&app, 1, 100, 10).await;
    let first = budget(&app).await;
    assert_eq!(
        (&first["per_day"], &first["rates"]["low"]),
        (&json!(30), &json!(1.0)),
        "nothing is known on the first day"
    );
    app.clock.advance(DAY);
    let found = budget(&app).await;
    assert_eq!(found["expected_per_day"], json!({ "low": 100.0, "high": 10.0 }));
    assert_eq!(
        (&found["rates"], &found["base"]),
        (&json!({ "low": 0.2, "high": 1.0 }), &json!({ "low": 1.0, "high": 1.0 }))
    );
    assert_eq!(found["selected_per_day"], 30.0);
    a_day(&app, 2, 100, 10).await;
    assert_eq!(budget(&app).await["rates"], found["rates"], "what comes in today changes nothing before tomorrow");
    assert_eq!(app.another().await.owner().get("/v1/workflows/desk/budget").await.ok()["rates"], found["rates"]);
    let of = |sql: &str| format!("SELECT COUNT(*) FROM draft WHERE external_id LIKE '{sql}' AND selected = 1");
    assert_eq!(app.number(&of("r-2-%")).await, 10);
    let plain = app.number(&of("p-2-%")).await;
    assert!((8..35).contains(&plain), "{plain} of 100 at 0.2");
    assert_eq!(
        app.number("SELECT COUNT(*) FROM draft WHERE external_id LIKE 'p-2-%' AND probability = 0.2").await,
        100
    );
    assert_eq!(app.verify().await["ok"], true);
    let ana = app.reviewer("ana").await;
    for _ in 0..10 {
        let leased = ana.lease().await;
        ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
    }
    let days = budget(&app).await["days_to_green"].clone();
    let (now, without) = (days["now"].as_f64().unwrap(), days["without_budget"].as_f64().unwrap());
    assert!(without > 0.0 && now > 3.0 * without, "what the budget costs: {days}");
}

async fn within_its_budget_a_workflow_keeps_its_rates(engine: Engine) {
    let app = App::with(engine, &TestPack::of("desk").set("review.per_day", 200)).await;
    a_day(&app, 1, 20, 2).await;
    app.clock.advance(DAY);
    let found = budget(&app).await;
    assert_eq!((&found["rates"], &found["selected_per_day"]), (&found["base"], &json!(22.0)));
    // A week later nothing of that day is looked at any more.
    app.clock.advance(8 * DAY);
    assert_eq!(budget(&app).await["expected_per_day"], json!({ "low": 0.0, "high": 0.0 }));
}
