//! When a gate is green it is true: what enters its record, and when.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use countersign_testkit::drafts::{escalation, verdict};
use countersign_testkit::receiver::Receiver;
use countersign_testkit::{App, Draft, Engine, Person, TestPack, on_both, text};
use serde_json::{Value, json};
use toml::{Table, Value as Toml};

on_both! {
    harm_that_waits_for_a_second_person_holds_a_gate_that_would_be_green,
    somebody_is_called_when_confirmation_would_change_the_gate,
    failures_that_are_decided_late_dont_turn_it_green,
    a_draft_enters_a_fixed_lag_after_its_staging,
    a_lower_rate_later_leaves_the_earlier_bets_as_they_were,
    a_rate_is_hit_by_any_reason_of_an_escalation,
    what_waits_for_too_long_counts_as_left_undecided,
    a_limit_without_a_figure_holds,
    an_overspent_budget_holds_and_says_by_how_much,
    an_expired_draft_is_judged_for_its_label_and_never_sent,
    only_who_asks_for_an_expired_draft_gets_one,
    a_second_review_that_ran_out_is_asked_for_again_while_a_verdict_waits_for_it,
    old_counts_are_added_up_and_nothing_changes_by_it,
    reviews_of_drafts_that_were_staged_earlier_are_named,
}

const HOUR: i64 = 3_600;

fn rate(name: &str, counts: &[&str], max: f64) -> Toml {
    let mut table = Table::new();
    table.insert("name".to_owned(), name.into());
    table.insert("counts".to_owned(), Toml::Array(counts.iter().map(|c| Toml::from(*c)).collect()));
    table.insert("max".to_owned(), max.into());
    Toml::Table(table)
}

/// One rate with room for a test's few drafts, and nothing else to wait for.
fn easy() -> TestPack {
    TestPack::of("desk")
        .set("gate.rate", Toml::Array(vec![rate("harm", &["edit.factual", "escalate:harm"], 0.3)]))
        .set("gate.min_reviewed", 20)
        .set("gate.min_days", 0)
        .set("gate.entry_lag_hours", 0)
        .set("failure_budget.rate", "harm")
        .without("gate.eval_suite")
        .without("cost.max_per_sent_usd")
}

async fn started(engine: Engine, pack: &TestPack) -> (App, Person) {
    let app = App::with(engine, pack).await;
    app.owner().post("/v1/workflows/desk/drill", json!({})).await.ok();
    let ana = app.reviewer("ana").await;
    (app, ana)
}

async fn staged(app: &App, name: &str, n: usize) -> Vec<String> {
    let drafts: Vec<Draft> = (0..n).map(|i| Draft::of(&format!("{name}-{i}"))).collect();
    app.send(&drafts).await.iter().map(|d| text(&d["id"]).to_owned()).collect()
}

async fn approved(app: &App, who: &Person, name: &str, n: usize) {
    for id in staged(app, name, n).await {
        who.approve(&id).await;
    }
}

async fn gate(app: &App) -> Value {
    app.owner().get("/v1/workflows/desk/gate").await.ok()
}

fn condition<'a>(gate: &'a Value, name: &str) -> &'a Value {
    let found = gate["conditions"].as_array().unwrap().iter().find(|c| c["name"] == name);
    found.unwrap_or_else(|| panic!("no condition {name} in {gate}"))
}

/// A reviewer who missed too many probes: their verdicts wait for a second person.
async fn careless(app: &App) -> Person {
    let bo = app.reviewer("bo").await;
    for n in 0..2 {
        let sql = format!(
            "INSERT INTO probe_result (verdict_id, reviewer, workflow_id, version, draft_seq, caught, at)
             SELECT 'missed-{n}', 'bo', 'desk', 1, MIN(seq), 0, 1 FROM draft"
        );
        app.tamper(&sql).await;
    }
    bo
}

fn probing(pack: TestPack) -> TestPack {
    let mut row = (*Draft::of("probe-1")).clone();
    row["expected"] = json!(["edit.factual"]);
    pack.probing(&format!("{row}\n"))
}

async fn harm_that_waits_for_a_second_person_holds_a_gate_that_would_be_green(engine: Engine) {
    let (app, ana) = started(engine, &probing(easy())).await;
    approved(&app, &ana, "t", 40).await;
    assert_eq!(gate(&app).await["status"], "pass");
    let bo = careless(&app).await;
    let harmful = staged(&app, "harm", 13).await;
    for id in &harmful {
        bo.escalate(id, "unsafe").await;
    }
    let held = gate(&app).await;
    assert_eq!((&held["status"], &held["summary"]["unconfirmed"]), (&json!("hold"), &json!(13)), "{held}");
    assert_eq!(held["rates"][0]["status"], "hold", "in the upper bound they are failures: {held}");
    assert_eq!(held["rates"][0]["lower"], 0.0, "in the lower bound they are none");
    assert!(app.desk.watch_red_lines().await.unwrap().is_empty());
    let left = condition(&held, "unresolved");
    assert_eq!(left["status"], "hold");
    assert!(text(&left["reason"]).contains("13 waiting for a second person's confirmation"), "{left}");
}

async fn somebody_is_called_when_confirmation_would_change_the_gate(engine: Engine) {
    let (app, ana) = started(engine, &probing(easy())).await;
    approved(&app, &ana, "t", 6).await;
    let bo = careless(&app).await;
    let harmful = staged(&app, "harm", 30).await;
    assert_eq!(app.desk.watch_confirmations().await.unwrap(), 0);
    for id in &harmful {
        bo.escalate(id, "unsafe").await;
    }
    let held = gate(&app).await;
    assert_eq!((&held["status"], &held["if_confirmed"]), (&json!("hold"), &json!("fail")), "{held}");
    assert_eq!(app.desk.watch_confirmations().await.unwrap(), 1);
    assert_eq!(app.desk.watch_confirmations().await.unwrap(), 0, "once is enough");
    let alerts = app.owner().get("/v1/alerts?state=firing").await.ok();
    let alert = &alerts["alerts"][0];
    assert_eq!((&alert["kind"], &alert["action"]), (&json!("confirmation"), &json!("page")), "{alerts}");
    assert!(text(&alert["summary"]).contains("30 verdicts wait"), "{alert}");
    let cem = app.reviewer("cem").await;
    for id in &harmful {
        cem.escalate(id, "unsafe").await;
    }
    assert_eq!(gate(&app).await["status"], "fail");
    assert_eq!(app.desk.watch_confirmations().await.unwrap(), 1);
    assert_eq!(app.owner().get("/v1/alerts?state=firing").await.ok()["alerts"], json!([]));
    assert_eq!(app.verify().await["ok"], true);
}

async fn failures_that_are_decided_late_dont_turn_it_green(engine: Engine) {
    let (app, ana) = started(engine, &easy().set("gate.max_unresolved", 1.0).set("gate.entry_lag_hours", 12)).await;
    let ids = staged(&app, "t", 60).await;
    for id in &ids[..40] {
        ana.approve(id).await;
    }
    // The twenty that are left are those that will fail, and take two days.
    app.clock.advance(13 * HOUR);
    let held = gate(&app).await;
    assert_eq!((&held["rates"][0]["status"], &held["rates"][0]["estimate"]), (&json!("hold"), &json!(0.0)), "{held}");
    assert_eq!((&held["summary"]["reviewed"], &held["summary"]["overdue"]), (&json!(40), &json!(20)));
    // What is undecided is no failure to a lower bound.
    assert_eq!(held["rates"][0]["lower"], 0.0);
    for id in &ids[40..] {
        ana.approve(id).await;
    }
    assert_eq!(gate(&app).await["rates"][0]["status"], "pass");
}

async fn a_draft_enters_a_fixed_lag_after_its_staging(engine: Engine) {
    // Without a lag of its own it is a quarter of the time there is.
    let (app, ana) = started(engine, &easy().set("review.expires_hours", 8).without("gate.entry_lag_hours")).await;
    approved(&app, &ana, "t", 40).await;
    let fresh = gate(&app).await;
    assert_eq!((&fresh["entry_lag_hours"], &fresh["summary"]["entered"]), (&json!(2.0), &json!(0)), "{fresh}");
    assert_eq!((&fresh["rates"][0]["upper"], &fresh["rates"][0]["estimate"]), (&json!(1.0), &json!(0.0)));
    assert_eq!(fresh["rates"][0]["more_reviews"], 0, "it only takes time: {fresh}");
    app.clock.advance(2 * HOUR);
    let later = gate(&app).await;
    assert_eq!((&later["rates"][0]["status"], &later["summary"]["entered"]), (&json!("pass"), &json!(40)), "{later}");
}

async fn a_lower_rate_later_leaves_the_earlier_bets_as_they_were(engine: Engine) {
    let (app, ana) = started(engine, &easy().set("review.per_day", 10)).await;
    approved(&app, &ana, "t", 80).await;
    let before = gate(&app).await["rates"][0]["upper"].as_f64().unwrap();
    app.clock.advance(24 * HOUR);
    let lowered = app.owner().get("/v1/workflows/desk/budget").await.ok();
    assert!(lowered["rates"]["low"].as_f64().unwrap() < 0.2, "{lowered}");
    for id in staged(&app, "u", 3).await {
        if app.draft(&id).await["state"] == "staged" {
            ana.approve(&id).await;
        }
    }
    let after = gate(&app).await["rates"][0]["upper"].as_f64().unwrap();
    assert!((after - before).abs() < 0.01, "from {before} to {after}");
    assert_eq!(app.number("SELECT COUNT(*) FROM draft WHERE floor = 1").await, 80);
    assert_eq!(app.number("SELECT COUNT(*) FROM draft WHERE floor < 0.2 AND floor <= probability").await, 3);
    assert_eq!(app.number("SELECT COUNT(*) FROM rate_floor WHERE floor < 0.2").await, 1);
}

async fn a_rate_is_hit_by_any_reason_of_an_escalation(engine: Engine) {
    let rates = vec![
        rate("harm", &["escalate:harm"], 0.3),
        rate("handed on", &["escalate:needs_human"], 0.3),
        rate("escalated", &["escalate"], 0.3),
        rate("facts", &["edit.factual"], 0.3),
    ];
    let (app, ana) = started(engine, &easy().set("gate.rate", Toml::Array(rates))).await;
    let id = app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease_of(&id).await.ok();
    let mut given = escalation(&leased, "unsafe");
    given["reasons"] = json!(["unsafe", "needs_human"]);
    ana.decide(&leased, &given).await.ok();
    let gate = gate(&app).await;
    let estimates: Vec<&Value> = gate["rates"].as_array().unwrap().iter().map(|r| &r["estimate"]).collect();
    assert_eq!(estimates, [&json!(1.0), &json!(1.0), &json!(1.0), &json!(0.0)]);
    assert_eq!(gate["summary"]["reviewed"], 1, "it counts once");
    assert_eq!(app.evidence().await["escalate:needs_human+unsafe"], 1);
}

async fn what_waits_for_too_long_counts_as_left_undecided(engine: Engine) {
    let (app, ana) = started(engine, &easy().set("review.expires_hours", 8)).await;
    approved(&app, &ana, "t", 40).await;
    staged(&app, "left", 5).await;
    let fresh = gate(&app).await;
    assert_eq!((&condition(&fresh, "unresolved")["status"], &fresh["summary"]["overdue"]), (&json!("pass"), &json!(0)));
    app.clock.advance(4 * HOUR);
    let late = gate(&app).await;
    assert_eq!((&condition(&late, "unresolved")["status"], &late["summary"]["overdue"]), (&json!("hold"), &json!(5)));
    assert!(text(&condition(&late, "unresolved")["reason"]).contains("5 waiting for longer than 2 hours"), "{late}");
}

async fn a_limit_without_a_figure_holds(engine: Engine) {
    let pack = easy().set("cost.monthly_usd", "10.00").set("cost.max_per_sent_usd", "0.05");
    let (app, ana) = started(engine, &pack).await;
    let nothing = gate(&app).await;
    for name in ["rate", "unresolved", "cost_per_sent", "failure_budget"] {
        assert_eq!(condition(&nothing, name)["status"], "hold", "{name}: {nothing}");
    }
    ana.approve(&app.stage(&Draft::of("t-1")).await).await;
    assert_eq!(condition(&gate(&app).await, "cost_per_sent")["status"], "hold", "nobody said what it cost");
    ana.approve(&app.stage(&Draft::of("t-2").with("cost_usd", "0.01")).await).await;
    let known = gate(&app).await;
    assert_eq!(condition(&known, "cost_per_sent")["status"], "pass");
    assert_eq!(condition(&known, "failure_budget")["status"], "pass");
}

async fn an_overspent_budget_holds_and_says_by_how_much(engine: Engine) {
    let (app, ana) = started(engine, &easy()).await;
    let ids = staged(&app, "t", 12).await;
    for id in &ids[..2] {
        ana.escalate(id, "unsafe").await;
    }
    for id in &ids[2..9] {
        ana.approve(id).await;
    }
    for id in &ids[9..] {
        ana.escalate(id, "unsafe").await;
    }
    let spent = gate(&app).await;
    let budget = condition(&spent, "failure_budget");
    assert_eq!(budget["status"], "hold", "{spent}");
    // 5 of 12 against 30%.
    assert!(text(&budget["reason"]).contains("overspent by 38.9%"), "{budget}");
    assert!((budget["measured"].as_f64().unwrap() - 5.0 / 12.0 / 0.3).abs() < 1e-9);
    // Another version has its own.
    app.apply(&easy().set("gate.min_reviewed", 21)).await;
    let fresh = gate(&app).await;
    assert!(text(&condition(&fresh, "failure_budget")["reason"]).contains("no draft of version 2"), "{fresh}");
}

async fn an_expired_draft_is_judged_for_its_label_and_never_sent(engine: Engine) {
    let receiver = Receiver::start().await;
    let pack = easy().delivering_to(receiver.url()).set("review.undo_seconds", 600);
    let (app, ana) = started(engine, &pack).await;
    staged(&app, "left", 2).await;
    app.clock.advance(100 * HOUR);
    app.desk.expire_drafts().await.unwrap();
    assert!(ana.lease().await.is_null(), "what is overdue is not handed out by itself");
    let ask = json!({ "expired": true });
    let leased = ana.post("/v1/queue/lease", ask.clone()).await.ok();
    assert_eq!(leased["draft"]["state"], "expired");
    let outcome = ana.decide(&leased, &escalation(&leased, "unsafe")).await.ok();
    assert_eq!((&outcome["state"], outcome["case_id"].is_string()), (&json!("expired"), true));
    let evidence = app.evidence().await;
    assert_eq!((evidence["expired"], evidence["escalate:unsafe"]), (1, 1));
    let now = gate(&app).await;
    assert_eq!((&now["summary"]["expired"], &now["summary"]["reviewed"]), (&json!(1), &json!(1)));
    assert_eq!(app.owner().get("/v1/escalations").await.ok()["escalations"], json!([]));

    let back = ana.withdraw(&outcome).await.ok();
    assert_eq!((&back["state"], app.evidence().await["expired"]), (&json!("expired"), 2));
    ana.decide(&back, &verdict(&back, "approve")).await.ok();
    let second = ana.post("/v1/queue/lease", ask.clone()).await.ok();
    assert_ne!(second["draft"]["id"], leased["draft"]["id"]);
    ana.release(&second, false).await.ok();
    app.desk.expire_drafts().await.unwrap();
    let evidence = app.evidence().await;
    assert_eq!((evidence["expired"], evidence["approve"]), (1, 1), "giving one back counts nothing twice");
    app.clock.advance(700);
    assert_eq!(app.deliver().await, 0);
    assert!(receiver.received().is_empty());
    let case = app.owner().get("/v1/cases").await.ok();
    assert_eq!(case["cases"].as_array().unwrap().len(), 1);
    app.owner().post("/v1/workflows/desk/kill", json!({ "reason": "stop" })).await.ok();
    let refused = ana.post("/v1/queue/lease", ask).await;
    assert_eq!(refused.status, 204, "{}", refused.text());
}

async fn only_who_asks_for_an_expired_draft_gets_one(engine: Engine) {
    let (app, ana) = started(engine, &easy()).await;
    let ids = staged(&app, "left", 1).await;
    app.clock.advance(100 * HOUR);
    app.desk.expire_drafts().await.unwrap();
    ana.lease_of(&ids[0]).await.refused(409, "lease_lost");
    let asked = ana.post("/v1/queue/lease", json!({ "draft_id": ids[0], "expired": true })).await.ok();
    let ben = app.reviewer("ben").await;
    let taken = ben.post("/v1/queue/lease", json!({ "expired": true })).await;
    assert_eq!(taken.status, 204, "somebody has it: {}", taken.text());
    ben.post("/v1/queue/lease", json!({ "draft_id": ids[0], "expired": true })).await.refused(409, "lease_lost");
    ana.decide(&asked, &verdict(&asked, "approve")).await.ok();
    ana.post("/v1/queue/lease", json!({ "draft_id": ids[0], "expired": true })).await.refused(409, "already_decided");
}

async fn a_second_review_that_ran_out_is_asked_for_again_while_a_verdict_waits_for_it(engine: Engine) {
    let (app, ana) = started(engine, &probing(easy())).await;
    approved(&app, &ana, "t", 1).await;
    let bo = careless(&app).await;
    let id = app.stage(&Draft::of("bo-1")).await;
    bo.approve(&id).await;
    for _ in 0..3 {
        app.clock.advance(100 * HOUR);
        app.desk.expire_drafts().await.unwrap();
    }
    let second = ana.lease().await;
    assert_eq!((&second["draft"]["id"], &second["draft"]["second_review"]), (&json!(id), &json!(true)));
    ana.decide(&second, &verdict(&second, "approve")).await.ok();
    assert_eq!(app.evidence().await.get("unconfirmed.approve"), None);
}

async fn old_counts_are_added_up_and_nothing_changes_by_it(engine: Engine) {
    let (app, ana) = started(engine, &easy()).await;
    for day in 0..3 {
        approved(&app, &ana, &format!("t-{day}"), 8).await;
        app.clock.advance(7 * HOUR);
        approved(&app, &ana, &format!("u-{day}"), 4).await;
        app.clock.advance(17 * HOUR);
    }
    let hours = "SELECT COUNT(*) FROM evidence WHERE hour % 24 <> 0";
    let days = "SELECT COUNT(DISTINCT hour - hour % 24) FROM evidence";
    let before = (app.evidence().await, gate(&app).await["rates"].clone(), app.number(days).await);
    app.clock.advance(30 * 24 * HOUR);
    while app.desk.add_up_evidence().await.unwrap() {}
    assert_eq!(app.number(hours).await, 0);
    let after = (app.evidence().await, gate(&app).await["rates"].clone(), app.number(days).await);
    assert_eq!((&before.0, &before.1, before.2), (&after.0, &after.1, after.2));
    app.clock.advance(90 * 24 * HOUR);
    while app.desk.add_up_evidence().await.unwrap() {}
    assert_eq!(app.number("SELECT COUNT(*) FROM evidence WHERE hour <> 0").await, 0);
    assert_eq!((app.evidence().await, gate(&app).await["rates"].clone()), (before.0, before.1));
}

async fn reviews_of_drafts_that_were_staged_earlier_are_named(engine: Engine) {
    let (app, ana) = started(engine, &easy().set("gate.max_unresolved", 1.0)).await;
    approved(&app, &ana, "t", 40).await;
    let waiting = staged(&app, "left", 1).await;
    let green = gate(&app).await;
    assert_eq!(green["status"], "pass", "{green}");
    app.owner()
        .post("/v1/workflows/desk/promote", json!({ "reason": "it is ready", "report": green["hash"] }))
        .await
        .ok();
    app.clock.advance(600);
    ana.approve(&waiting[0]).await;
    approved(&app, &ana, "new", 2).await;
    let now = gate(&app).await;
    assert_eq!(now["summary"]["reviewed"], 2);
    assert_eq!(now["staged_elsewhere"], json!([{ "version": 1, "stage": "internal", "reviewed": 1 }]), "{now}");
    let reason = text(&condition(&now, "reviewed")["reason"]);
    assert!(reason.contains("1 more reviewed here were staged at internal"), "{reason}");
}
