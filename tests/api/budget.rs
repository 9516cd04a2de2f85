//! The failure budget burns, is watched, and its alerts reach those who are called.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use countersign_testkit::receiver::Receiver;
use countersign_testkit::{App, Draft, Engine, Person, TestPack, on_both, text};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

on_both! {
    verdicts_are_counted_by_five_minutes_and_a_withdrawal_leaves_the_slot_it_was_in,
    a_budget_burns_by_what_fails_and_says_what_is_left,
    a_budget_has_one_state_at_the_gate_and_in_its_own_view,
    few_drafts_are_no_fire,
    a_rule_that_could_never_fire_says_so,
    sampled_drafts_weigh_what_they_stand_for,
    a_rule_that_begins_and_stops_opens_and_resolves_one_alert,
    slack_and_pagerduty_get_what_they_take,
    a_service_that_is_down_is_asked_again_later_and_one_that_refuses_is_not,
    an_alert_goes_to_no_private_address_unless_the_pack_allows_it,
    a_kill_calls_people_until_its_incident_is_closed,
    two_hubs_tell_of_it_once,
    slots_are_kept_as_long_as_the_window,
}

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// Goes on to the next moment that is so many seconds past a multiple of `every`.
fn go_on(app: &App, every: i64, past: i64) {
    app.clock.advance(every - app.now().0.div_euclid(1000) % every + past);
}

async fn review(app: &App, who: &Person, from: usize, bad: usize, good: usize) {
    for i in from..from + bad + good {
        let id = app.stage(&Draft::of(&format!("t-{i}"))).await;
        if i < from + bad {
            who.escalate(&id, "unsafe").await
        } else {
            who.approve(&id).await
        };
    }
}

async fn burn(app: &App) -> Value {
    app.owner().get("/v1/workflows/desk/burn").await.ok()
}

fn rules(burn: &Value, field: &str) -> Vec<Value> {
    burn["rules"].as_array().unwrap().iter().map(|r| r[field].clone()).collect()
}

async fn alerts(app: &App, query: &str) -> Vec<Value> {
    app.owner().get(&format!("/v1/alerts?{query}")).await.ok()["alerts"].as_array().unwrap().clone()
}

fn near(value: &Value, expected: f64) {
    let found = value.as_f64().unwrap();
    assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
}

/// What was posted, as path and JSON, and the statuses to answer with next.
type Posted = (Vec<(String, Value)>, VecDeque<u16>);

/// A service that keeps what is posted to it.
#[derive(Clone)]
struct Service {
    url: String,
    inner: Arc<Mutex<Posted>>,
}

impl Service {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let service = Self { url: format!("http://{}", listener.local_addr().unwrap()), inner: Arc::default() };
        let app = Router::new().fallback(Self::take).with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        service
    }

    async fn take(State(service): State<Self>, uri: Uri, body: String) -> StatusCode {
        let mut inner = service.inner.lock().unwrap();
        inner.0.push((uri.path().to_owned(), serde_json::from_str(&body).unwrap()));
        StatusCode::from_u16(inner.1.pop_front().unwrap_or(202)).unwrap()
    }

    fn answer_next(&self, with: &[u16]) {
        self.inner.lock().unwrap().1.extend(with);
    }

    /// What came to a path, in order.
    fn at(&self, path: &str) -> Vec<Value> {
        self.inner.lock().unwrap().0.iter().filter(|(p, _)| p == path).map(|(_, body)| body.clone()).collect()
    }
}

fn alerting(service: &Service) -> TestPack {
    TestPack::of("desk")
        .set("alerts.slack_url_env", "COUNTERSIGN_SECRET_SLACK")
        .set("alerts.pagerduty_key_env", "COUNTERSIGN_SECRET_PAGERDUTY")
        .set("alerts.pagerduty_url", format!("{}/enqueue", service.url))
        .set("alerts.allow_private", true)
}

async fn alerted(engine: Engine) -> (App, Service) {
    let service = Service::start().await;
    let app = App::with(engine, &alerting(&service)).await;
    app.set_secret("COUNTERSIGN_SECRET_SLACK", &format!("{}/services/T0/B0/x", service.url));
    app.set_secret("COUNTERSIGN_SECRET_PAGERDUTY", "R0UT1NG");
    (app, service)
}

async fn send(app: &App) -> usize {
    let mut tries = 0;
    loop {
        match app.desk.send_alerts().await.unwrap() {
            0 => return tries,
            n => tries += n,
        }
    }
}

async fn verdicts_are_counted_by_five_minutes_and_a_withdrawal_leaves_the_slot_it_was_in(engine: Engine) {
    let app = App::with(engine, &TestPack::of("desk").set("review.undo_seconds", 600)).await;
    let ana = app.reviewer("ana").await;
    go_on(&app, 300, 0);
    let first = ana.approve(&app.stage(&Draft::of("t-1")).await).await;
    app.clock.advance(301);
    ana.escalate(&app.stage(&Draft::of("t-2")).await, "unsafe").await;
    assert_eq!(app.number("SELECT COUNT(*) FROM slot WHERE n = 1").await, 2);
    assert_eq!(app.number("SELECT MAX(slot) - MIN(slot) FROM slot").await, 1);
    ana.withdraw(&first).await.ok();
    assert_eq!(app.number("SELECT COUNT(*) FROM slot WHERE n = 0 AND outcome = 'approve'").await, 1);
    assert_eq!(app.number("SELECT COUNT(*) FROM slot WHERE n < 0").await, 0);
    let slot = app.now().0.div_euclid(300_000);
    let here = format!("SELECT COUNT(*) FROM slot WHERE slot = {slot} AND outcome = 'escalate:unsafe'");
    assert_eq!(app.number(&here).await, 1);
    assert_eq!(
        app.number("SELECT COUNT(*) FROM slot WHERE outcome IN ('staged', 'expired', 'superseded', 'unreviewed')")
            .await,
        0
    );
}

async fn a_budget_burns_by_what_fails_and_says_what_is_left(engine: Engine) {
    let app = App::start(engine).await;
    go_on(&app, DAY, 10 * HOUR);
    let ana = app.reviewer("ana").await;
    let before = burn(&app).await;
    assert_eq!((&before["rate"], &before["window_days"]), (&json!("harm"), &json!(28)));
    near(&before["remaining"], 1.0);
    review(&app, &ana, 0, 1, 39).await;
    let quiet = burn(&app).await;
    // One in forty at a budget of one in twenty: half of it.
    near(&quiet["remaining"], 0.5);
    near(&quiet["rules"][0]["burn_long"], 0.5);
    assert_eq!(rules(&quiet, "firing"), [json!(false), json!(false), json!(false), json!(false)]);
    assert_eq!(quiet.get("freeze"), None);
    app.clock.advance(26 * HOUR);
    review(&app, &ana, 100, 8, 2).await;
    let burnt = burn(&app).await;
    near(&burnt["rules"][0]["burn_long"], 16.0);
    near(&burnt["remaining"], 1.0 - 9.0 / (50.0 * 0.05));
    assert_eq!(rules(&burnt, "firing"), [json!(true), json!(true), json!(true), json!(true)]);
    assert_eq!(rules(&burnt, "action"), [json!("page"), json!("page"), json!("notify"), json!("notify")]);
    assert_eq!(rules(&burnt, "long"), [json!(3600), json!(21_600), json!(86_400), json!(259_200)]);
    assert!(text(&burnt["freeze"]).contains("burns 16.0 times too fast over 1h"), "{burnt}");
    let days = burnt["days"].as_array().unwrap();
    assert_eq!(days.len(), 29);
    assert_eq!(text(&days[28][0]), &app.now().to_string()[..10]);
    near(&days[26][1], 1.0);
    near(&days[27][1], 1.0 - 1.0 / 2.5);
    near(&days[28][1], burnt["remaining"].as_f64().unwrap());
    app.owner().get("/v1/workflows/nowhere/burn").await.refused(404, "not_found");
}

/// The gate's condition beside the budget's own answer: state and status, which must be the same, and the share spent.
async fn one_state(app: &App) -> (Value, Value, f64) {
    let (gate, burn) = (app.owner().get("/v1/workflows/desk/gate").await.ok(), burn(app).await);
    let all = gate["conditions"].as_array().unwrap();
    let condition = all.iter().find(|c| c["name"] == "failure_budget").unwrap();
    assert_eq!((&condition["budget"], &condition["status"]), (&burn["state"], &burn["status"]), "{burn}");
    near(&condition["measured"], burn["here"]["spent"].as_f64().unwrap());
    assert_eq!((&gate["version"], &gate["stage"]), (&burn["version"], &burn["stage"]));
    (burn["state"].clone(), burn["status"].clone(), burn["here"]["spent"].as_f64().unwrap())
}

async fn a_budget_has_one_state_at_the_gate_and_in_its_own_view(engine: Engine) {
    // At a limit of 30% no rule that pages can fire.
    let pack = |days: u32| {
        TestPack::of("desk").set("failure_budget.rate", "not sent as is").set("failure_budget.window_days", days)
    };
    let app = App::with(engine, &pack(28)).await;
    let ana = app.reviewer("ana").await;
    assert_eq!(one_state(&app).await.0, "unknown");
    assert_eq!(burn(&app).await.get("since"), None);
    review(&app, &ana, 0, 2, 2).await;
    let (state, status, spent) = one_state(&app).await;
    assert_eq!((&state, &status), (&json!("within"), &json!("pass")), "two failures say nothing");
    assert!(spent > 1.0, "{spent}");
    review(&app, &ana, 10, 8, 0).await;
    let (state, status, _) = one_state(&app).await;
    assert_eq!((&state, &status), (&json!("overspent"), &json!("hold")));
    let now = burn(&app).await;
    assert_eq!(now.get("freeze"), None, "no rule that pages fires");
    assert_eq!(text(&now["since"]), &app.now().to_string()[..10]);
    let whole = |burn: &Value| {
        let of = &burn["whole"];
        (of["reviewed"].as_i64().unwrap(), of["failures"].as_i64().unwrap(), of["state"].clone())
    };
    assert_eq!(whole(&now), (12, 10, json!("overspent")));
    near(&now["remaining"], 1.0 - now["whole"]["spent"].as_f64().unwrap());
    // Another version answers for its own drafts; the whole workflow's budget is still told.
    app.apply(&pack(27)).await;
    let (state, status, spent) = one_state(&app).await;
    assert_eq!((&state, &status, spent), (&json!("unknown"), &json!("hold"), 0.0));
    review(&app, &ana, 20, 0, 1).await;
    let (state, status, spent) = one_state(&app).await;
    assert_eq!((&state, &status, spent), (&json!("alerting"), &json!("hold"), 0.0), "what burns is not met");
    app.clock.advance(7 * HOUR);
    let (state, status, _) = one_state(&app).await;
    assert_eq!((&state, &status), (&json!("within"), &json!("pass")), "the fire is out");
    let later = burn(&app).await;
    assert_eq!((whole(&later), &later["here"]["reviewed"]), ((13, 10, json!("overspent")), &json!(1)));
}

async fn few_drafts_are_no_fire(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    review(&app, &ana, 0, 2, 8).await;
    let two = burn(&app).await;
    assert_eq!(two["rules"][1]["firing"], false);
    assert!(text(&two["rules"][1]["silent"]).starts_with("2 failures in 6h"), "{two}");
    assert_eq!(app.desk.watch_budgets().await.unwrap(), 0);
    assert_eq!(alerts(&app, "").await, Vec::<Value>::new());
}

async fn a_rule_that_could_never_fire_says_so(engine: Engine) {
    let app = App::with(engine, &TestPack::of("desk").set("failure_budget.rate", "not sent as is")).await;
    review(&app, &app.reviewer("ana").await, 0, 10, 0).await;
    let burn = burn(&app).await;
    assert_eq!(rules(&burn, "impossible"), [json!(true), json!(true), json!(false), json!(false)]);
    assert_eq!(rules(&burn, "firing"), [json!(false), json!(false), json!(true), json!(true)]);
    assert!(text(&burn["rules"][0]["silent"]).contains("no more than 3.33 is possible"), "{burn}");
    assert_eq!(burn.get("freeze"), None, "a rule that only notifies freezes nothing");
}

async fn sampled_drafts_weigh_what_they_stand_for(engine: Engine) {
    let app = App::start(engine).await;
    review(&app, &app.reviewer("ana").await, 0, 4, 16).await;
    // As if the failures had been sampled at a quarter: each of them stands for four.
    app.tamper("UPDATE slot SET probability = 0.25 WHERE outcome <> 'approve'").await;
    near(&burn(&app).await["rules"][0]["burn_long"], 0.5 / 0.05);
}

async fn a_rule_that_begins_and_stops_opens_and_resolves_one_alert(engine: Engine) {
    let receiver = Receiver::start().await;
    let app = App::with(engine, &TestPack::of("desk").delivering_to(receiver.url())).await;
    let ana = app.reviewer("ana").await;
    review(&app, &ana, 0, 8, 2).await;
    let mut changes = app.desk.changes();
    assert_eq!(app.desk.watch_budgets().await.unwrap(), 4);
    assert_eq!(app.desk.watch_budgets().await.unwrap(), 0, "it is told once");
    let change = serde_json::to_value(changes.try_recv().unwrap()).unwrap();
    assert_eq!(change, json!({ "type": "budget.alert", "workflow": "desk" }));
    let firing = alerts(&app, "workflow=desk&state=firing").await;
    assert_eq!(firing.len(), 4);
    let first = firing.iter().find(|a| a["rule"] == "1h/5m").unwrap();
    assert_eq!((&first["kind"], &first["action"], &first["posts"]), (&json!("budget"), &json!("page"), &json!([])));
    assert!(text(&first["summary"]).starts_with("desk: the failure budget burns 16.0 times too fast"), "{first}");
    app.deliver().await;
    let told: Vec<Value> = receiver.received().iter().filter(|r| r.kind == "budget.alert").map(|r| r.data()).collect();
    assert_eq!((told.len(), &told[0]["state"], &told[0]["workflow"]), (4, &json!("firing"), &json!("desk")));
    app.clock.advance(7 * HOUR);
    assert_eq!(app.desk.watch_budgets().await.unwrap(), 4);
    let over = alerts(&app, "state=resolved").await;
    assert_eq!((over.len(), text(&over[0]["resolved_at"])), (4, app.now().to_string().as_str()));
    let resolved = "SELECT COUNT(*) FROM delivery WHERE kind = 'budget.alert' AND body LIKE '%\"resolved\"%'";
    assert_eq!(app.number(resolved).await, 4);
    let log = app.owner().get("/v1/audit?act=budget.").await.ok();
    assert_eq!((log["entries"].as_array().unwrap().len(), &log["entries"][0]["actor"]), (8, &json!("hub")));
    // And again, when it begins again.
    review(&app, &ana, 200, 10, 0).await;
    assert!(app.desk.watch_budgets().await.unwrap() > 0);
    assert_eq!(app.verify().await["ok"], true);
}

async fn slack_and_pagerduty_get_what_they_take(engine: Engine) {
    let (app, service) = alerted(engine).await;
    review(&app, &app.reviewer("ana").await, 0, 8, 2).await;
    let began = app.now();
    app.desk.watch_budgets().await.unwrap();
    assert_eq!(send(&app).await, 8);
    assert_eq!(send(&app).await, 0);
    let slack = service.at("/services/T0/B0/x");
    let (first, count) = (&slack[0], slack.len());
    assert_eq!(
        (count, &first["blocks"][0]["type"], &first["blocks"][1]["type"]),
        (4, &json!("header"), &json!("section"))
    );
    assert!(text(&first["text"]).contains("desk: the failure budget burns 16.0"), "{first}");
    let page = service.at("/enqueue").into_iter().find(|e| e["payload"]["custom_details"]["rule"] == "1h/5m").unwrap();
    let alert = alerts(&app, "").await.into_iter().find(|a| a["rule"] == "1h/5m").unwrap();
    let expected = json!({
        "routing_key": "R0UT1NG", "event_action": "trigger",
        "dedup_key": format!("countersign/desk/{}", text(&alert["id"])),
        "payload": {
            "summary": alert["summary"], "source": "countersign", "severity": "critical", "timestamp": began.to_string(),
            "component": "desk", "custom_details": alert["detail"],
        },
    });
    assert_eq!(page, expected);
    app.clock.advance(7 * HOUR);
    app.desk.watch_budgets().await.unwrap();
    assert_eq!(send(&app).await, 8);
    let ended = service.at("/enqueue").into_iter().filter(|e| e["event_action"] == "resolve").collect::<Vec<_>>();
    assert!(ended.len() == 4 && ended.iter().any(|e| e["dedup_key"] == page["dedup_key"]), "{ended:?}");
    let posts = alerts(&app, "").await;
    assert!(posts.iter().flat_map(|a| a["posts"].as_array().unwrap()).all(|p| p["state"] == "sent"), "{posts:?}");
    assert!(!json!(posts).to_string().contains("R0UT1NG") && !json!(posts).to_string().contains("/services/"));
}

async fn a_service_that_is_down_is_asked_again_later_and_one_that_refuses_is_not(engine: Engine) {
    let service = Service::start().await;
    let app = App::with(engine, &alerting(&service)).await;
    app.set_secret("COUNTERSIGN_SECRET_PAGERDUTY", "R0UT1NG");
    app.owner().post("/v1/incidents", json!({ "workflow": "desk", "title": "odd" })).await.ok();
    service.answer_next(&[500]);
    assert_eq!(send(&app).await, 2);
    let posts = |alerts: Vec<Value>| alerts[0]["posts"].clone();
    let waiting = posts(alerts(&app, "").await);
    assert_eq!((&waiting[0]["channel"], &waiting[0]["state"]), (&json!("pagerduty"), &json!("pending")));
    assert!(text(&waiting[0]["last_error"]).contains("500"), "{waiting}");
    assert!(text(&waiting[1]["last_error"]).contains("COUNTERSIGN_SECRET_SLACK isn't set"), "{waiting}");
    assert_eq!(send(&app).await, 0, "not at once");
    app.clock.advance(6);
    app.set_secret("COUNTERSIGN_SECRET_SLACK", &format!("{}/gone", service.url));
    service.answer_next(&[500, 500]);
    assert_eq!(send(&app).await, 2);
    app.clock.advance(6);
    assert_eq!(send(&app).await, 0, "later and later");
    app.clock.advance(400);
    // One of the two is gone for good.
    service.answer_next(&[410, 202]);
    assert_eq!(send(&app).await, 2);
    let mut states: Vec<Value> =
        posts(alerts(&app, "").await).as_array().unwrap().iter().map(|p| p["state"].clone()).collect();
    states.sort_by_key(Value::to_string);
    assert_eq!(states, [json!("failed"), json!("sent")]);
    app.clock.advance(200_000);
    assert_eq!(send(&app).await, 0);
    let log = app.owner().get("/v1/audit?act=alert.failed").await.ok();
    assert_eq!(log["entries"].as_array().unwrap().len(), 1);
}

async fn an_alert_goes_to_no_private_address_unless_the_pack_allows_it(engine: Engine) {
    let service = Service::start().await;
    let app = App::with(engine, &alerting(&service).set("alerts.allow_private", false)).await;
    app.set_secret("COUNTERSIGN_SECRET_SLACK", &format!("{}/services", service.url));
    app.set_secret("COUNTERSIGN_SECRET_PAGERDUTY", "R0UT1NG");
    app.owner().post("/v1/incidents", json!({ "workflow": "desk", "title": "odd" })).await.ok();
    assert_eq!(send(&app).await, 2);
    let posts = alerts(&app, "").await[0]["posts"].clone();
    for post in posts.as_array().unwrap() {
        assert_eq!(post["state"], "failed");
        assert!(text(&post["last_error"]).contains("not a public address"), "{post}");
    }
    assert!(service.at("/services").is_empty() && service.at("/enqueue").is_empty());
}

async fn a_kill_calls_people_until_its_incident_is_closed(engine: Engine) {
    let (app, service) = alerted(engine).await;
    let act = |what: &str, why: &str| {
        let (owner, path, body) = (app.owner(), format!("/v1/workflows/desk/{what}"), json!({ "reason": why }));
        async move { owner.post(&path, body).await.ok() }
    };
    act("kill", "<!here> wrong").await;
    act("resume", "mended").await;
    act("kill", "wrong again").await;
    app.owner().post("/v1/workflows/desk/drill", json!({})).await.ok();
    assert_eq!(send(&app).await, 4, "a drill calls nobody");
    let events = service.at("/enqueue");
    assert_eq!(events[0]["dedup_key"], events[1]["dedup_key"]);
    assert_eq!(events[0]["payload"]["severity"], "critical");
    assert!(service.at("/services/T0/B0/x").iter().all(|s| !s.to_string().contains("<!")));
    let firing = alerts(&app, "state=firing").await;
    assert_eq!((firing.len(), &firing[0]["kind"]), (2, &json!("kill")));
    let close = format!("/v1/incidents/{}/close", text(&firing[0]["incident"]));
    app.owner().post(&close, json!({})).await.ok();
    assert_eq!(alerts(&app, "state=firing").await, Vec::<Value>::new());
    send(&app).await;
    assert_eq!(service.at("/enqueue").iter().filter(|e| e["event_action"] == "resolve").count(), 2);
}

async fn two_hubs_tell_of_it_once(engine: Engine) {
    let (app, service) = alerted(engine).await;
    let other = if engine == Engine::Postgres { app.another().await.desk } else { app.desk.clone() };
    review(&app, &app.reviewer("ana").await, 0, 8, 2).await;
    let (a, b, c) = tokio::join!(app.desk.watch_budgets(), other.watch_budgets(), app.desk.watch_budgets());
    assert_eq!(a.unwrap() + b.unwrap() + c.unwrap(), 4);
    let (a, b) = tokio::join!(app.desk.send_alerts(), app.desk.send_alerts());
    assert_eq!(a.unwrap() + b.unwrap(), 8);
    assert_eq!(service.at("/enqueue").len(), 4);
}

async fn slots_are_kept_as_long_as_the_window(engine: Engine) {
    let app = App::with(engine, &TestPack::of("desk").set("failure_budget.window_days", 3)).await;
    let ana = app.reviewer("ana").await;
    review(&app, &ana, 0, 0, 2).await;
    app.clock.advance(2 * DAY);
    review(&app, &ana, 10, 0, 2).await;
    app.desk.watch_budgets().await.unwrap();
    assert_eq!(app.number("SELECT COUNT(*) FROM slot").await, 2);
    app.clock.advance(25 * HOUR);
    app.desk.watch_budgets().await.unwrap();
    assert_eq!(app.number("SELECT COUNT(*) FROM slot").await, 1);
    assert_eq!(app.evidence().await["approve"], 4, "the evidence stays");
}
