//! Who reviews what next, and for how long it is theirs.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::verdict;
use countersign_testkit::{App, Draft, Engine, Person, TestPack, on_both, text, until};
use serde_json::{Value, json};
use std::collections::HashSet;

on_both! {
    the_queue_goes_by_deadline_then_risk_then_age,
    nobody_gets_what_somebody_else_holds,
    eight_reviewers_at_once_never_hold_the_same_draft,
    a_certain_draft_can_be_leased_and_asking_again_gives_the_same_lease,
    a_skipped_draft_goes_to_the_back_of_that_reviewers_queue_alone,
    a_draft_given_back_is_next_again,
    excluded_drafts_and_other_workflows_are_passed_over,
    a_renewed_lease_lasts_and_one_that_lapsed_is_lost,
    a_lapsed_draft_goes_to_the_next_who_asks,
    a_lease_whose_time_is_over_is_begun_anew_for_its_holder,
    a_lease_ends_with_the_drafts_own_deadline,
    leases_survive_a_restart_of_the_hub,
    a_reviewer_may_hold_twenty_and_no_more,
    somebody_elses_lease_is_out_of_reach,
    the_list_is_filtered_by_workflow_state_mark_and_reviewer,
    every_state_is_listed_in_every_order,
    paging_gives_every_row_once,
    an_unknown_filter_is_refused,
}

async fn tickets(app: &App, who: &Person, n: usize) -> Vec<String> {
    let mut seen = Vec::new();
    for _ in 0..n {
        let leased = who.lease().await;
        seen.push(text(&leased["draft"]["external_id"]).to_owned());
    }
    assert_eq!(app.workflow("desk").await["drafts"]["in_review"], n);
    seen
}

async fn listed(who: &Person, query: &str) -> Vec<String> {
    let list = who.get(&format!("/v1/drafts?{query}")).await.ok();
    list["drafts"].as_array().unwrap().iter().map(|d| text(&d["external_id"]).to_owned()).collect()
}

async fn the_queue_goes_by_deadline_then_risk_then_age(engine: Engine) {
    let app = App::start(engine).await;
    let at = |seconds| app.now().plus_seconds(seconds).to_string();
    let rows = [
        Draft::of("later").with("expires_at", at(7200)),
        Draft::of("older").with("expires_at", at(3600)),
        Draft::of("younger").with("expires_at", at(3600)),
        Draft::of("doubtful").with("expires_at", at(3600)).doubted("conflict"),
        Draft::of("urgent").with("expires_at", at(600)),
    ];
    app.send(&rows).await;
    let order = ["urgent", "doubtful", "older", "younger", "later"];
    assert_eq!(listed(&app.owner(), "state=staged").await, order);
    assert_eq!(tickets(&app, &app.reviewer("ana").await, 5).await, order);
}

async fn nobody_gets_what_somebody_else_holds(engine: Engine) {
    let app = App::start(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    let id = app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    assert_eq!(leased["draft"]["held_by"], "you");
    assert!(ben.lease().await.is_null());
    let refused = ben.lease_of(&id).await.refused(409, "lease_lost");
    assert!(text(&refused["message"]).starts_with("ana holds this draft, until "), "{refused}");
    assert_eq!(ben.get(&format!("/v1/drafts/{id}")).await.ok()["held_by"], "ana");
}

async fn eight_reviewers_at_once_never_hold_the_same_draft(engine: Engine) {
    let app = App::start(engine).await;
    let other = app.another().await;
    let hubs = if engine == Engine::Postgres { [&app, &other] } else { [&app, &app] };
    let rows: Vec<Draft> = (0..60).map(|i| Draft::of(&format!("t-{i}"))).collect();
    app.send(&rows).await;
    let mut work = tokio::task::JoinSet::new();
    for i in 0..8 {
        let who = hubs[i % 2].reviewer(&format!("r-{i}")).await;
        work.spawn(async move {
            let mut mine = Vec::new();
            for _ in 0..10 {
                let leased = who.lease().await;
                if !leased.is_null() {
                    mine.push(text(&leased["draft"]["id"]).to_owned());
                }
            }
            mine
        });
    }
    let held: Vec<String> = work.join_all().await.into_iter().flatten().collect();
    assert_eq!((held.len(), held.iter().collect::<HashSet<_>>().len()), (60, 60));
}

async fn a_certain_draft_can_be_leased_and_asking_again_gives_the_same_lease(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-1")).await;
    let second = app.stage(&Draft::of("t-2")).await;
    let leased = ana.lease_of(&second).await.ok();
    assert_eq!(leased["draft"]["external_id"], "t-2");
    assert_eq!(ana.lease_of(&second).await.ok()["lease"], leased["lease"]);
    ana.lease_of("no-such-draft").await.refused(404, "not_found");
}

async fn a_skipped_draft_goes_to_the_back_of_that_reviewers_queue_alone(engine: Engine) {
    let app = App::start(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    app.send(&[Draft::of("t-1"), Draft::of("t-2")]).await;
    let first = ana.lease().await;
    ana.release(&first, true).await.ok();
    let second = ana.lease().await;
    assert_eq!(second["draft"]["external_id"], "t-2");
    let again = ana.lease().await;
    assert_eq!(again["draft"]["external_id"], "t-1", "when nothing else is left, the skipped one comes back");
    assert!(again["lease"]["fence"].as_i64() > first["lease"]["fence"].as_i64());
    ana.release(&again, true).await.ok();
    assert_eq!(ben.lease().await["draft"]["external_id"], "t-1");
}

async fn a_draft_given_back_is_next_again(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.send(&[Draft::of("t-1"), Draft::of("t-2")]).await;
    let first = ana.lease().await;
    ana.release(&first, false).await.ok();
    ana.release(&first, false).await.ok();
    assert_eq!(ana.lease().await["draft"]["external_id"], "t-1");
    ana.decide(&first, &verdict(&first, "approve")).await.refused(409, "lease_lost");
}

async fn excluded_drafts_and_other_workflows_are_passed_over(engine: Engine) {
    let app = App::start(engine).await;
    app.apply(&TestPack::of("billing")).await;
    let ana = app.reviewer("ana").await;
    let first = app.stage(&Draft::of("t-1")).await;
    app.stage(&Draft::of("t-2")).await;
    let ask = |body: Value| async { ana.post("/v1/queue/lease", body).await };
    assert!(ask(json!({ "workflows": ["billing"] })).await.ok().is_null());
    assert_eq!(ask(json!({ "exclude": [first] })).await.ok()["draft"]["external_id"], "t-2");
    ask(json!({ "workflows": ["nowhere"] })).await.refused(404, "not_found");
    ask(json!({ "worflows": ["billing"] })).await.refused(422, "invalid");
}

async fn a_renewed_lease_lasts_and_one_that_lapsed_is_lost(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    for _ in 0..3 {
        app.clock.advance(290);
        let renewed = ana.renew(&leased).await.ok();
        assert_eq!(renewed["lease"]["fence"], leased["lease"]["fence"]);
        assert_eq!(app.desk.lapse_leases().await.unwrap(), 0);
    }
    app.clock.advance(300);
    ana.renew(&leased).await.refused(409, "lease_lost");
    until("the lease lapses", async || app.desk.lapse_leases().await.unwrap() == 1).await;
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "staged": 1 }));
}

async fn a_lapsed_draft_goes_to_the_next_who_asks(engine: Engine) {
    let app = App::start(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    app.stage(&Draft::of("t-1")).await;
    let lost = ana.lease().await;
    app.clock.advance(300);
    assert_eq!(app.desk.lapse_leases().await.unwrap(), 1);
    let won = ben.lease().await;
    assert_eq!(won["draft"]["id"], lost["draft"]["id"]);
    assert!(won["lease"]["fence"].as_i64() > lost["lease"]["fence"].as_i64());
}

async fn leases_survive_a_restart_of_the_hub(engine: Engine) {
    let app = App::start(engine).await;
    let token = app.reviewer("ana").await.token().to_owned();
    app.stage(&Draft::of("t-1")).await;
    let leased = app.bearer(&token).lease().await;
    let app = app.restarted().await;
    let ana = app.bearer(&token);
    assert!(app.reviewer("ben").await.lease().await.is_null());
    assert_eq!(ana.lease_of(text(&leased["draft"]["id"])).await.ok()["lease"], leased["lease"]);
    ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
}

async fn a_reviewer_may_hold_twenty_and_no_more(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let rows: Vec<Draft> = (0..21).map(|i| Draft::of(&format!("t-{i}"))).collect();
    app.send(&rows).await;
    tickets(&app, &ana, 20).await;
    let refused = ana.post("/v1/queue/lease", json!({})).await;
    refused.refused(429, "rate_limited");
}

async fn somebody_elses_lease_is_out_of_reach(engine: Engine) {
    let app = App::start(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    app.stage(&Draft::of("t-1")).await;
    let leased = ana.lease().await;
    ben.renew(&leased).await.refused(403, "forbidden");
    ben.release(&leased, false).await.refused(403, "forbidden");
    ben.decide(&leased, &verdict(&leased, "approve")).await.refused(409, "lease_lost");
    ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
}

async fn the_list_is_filtered_by_workflow_state_mark_and_reviewer(engine: Engine) {
    let app = App::start(engine).await;
    app.apply(&TestPack::of("billing")).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    let approved = app.stage(&Draft::of("t-1")).await;
    app.send(&[Draft::of("t-2"), Draft::of("t-3").doubted("policy")]).await;
    app.send(&[Draft::of("b-1").with("workflow", "billing")]).await;
    ana.approve(&approved).await;
    ben.lease().await;
    assert_eq!(listed(&ana, "workflow=desk&state=staged").await, ["t-2"]);
    assert_eq!(listed(&ana, "workflow=billing").await, ["b-1"]);
    assert_eq!(listed(&ana, "state=approved,in_review&sort=newest").await, ["t-3", "t-1"]);
    assert_eq!(listed(&ana, "mark=policy").await, ["t-3"]);
    assert_eq!(listed(&ana, "reviewer=me").await, ["t-1"]);
    assert_eq!(listed(&ana, "reviewer=ben").await, ["t-3"]);
    let totals = ana.get("/v1/drafts?workflow=desk&limit=1").await.ok();
    assert_eq!((&totals["total"], totals["drafts"].as_array().unwrap().len()), (&json!(3), 1));
}

async fn every_state_is_listed_in_every_order(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let decided = app.stage(&Draft::of("t-1")).await;
    ana.approve(&decided).await;
    app.send(&[Draft::of("t-2")]).await;
    for state in countersign_domain::state::State::ALL {
        for sort in ["deadline", "newest"] {
            let query = format!("state={}&sort={sort}", state.as_str());
            let found: &[&str] = match state.as_str() {
                "staged" => &["t-2"],
                "approved" => &["t-1"],
                _ => &[],
            };
            assert_eq!(listed(&ana, &query).await, found, "{query}");
        }
    }
}

async fn paging_gives_every_row_once(engine: Engine) {
    let app = App::start(engine).await;
    app.apply(&TestPack::of("billing")).await;
    let ana = app.reviewer("ana").await;
    let at = |i: i64| app.now().plus_seconds(3600 * (1 + i % 3)).to_string();
    let rows: Vec<Draft> = (0..57)
        .map(|i| {
            let draft = Draft::of(&format!("t-{i}")).with("expires_at", at(i));
            let draft = if i % 4 == 0 { draft.doubted("conflict") } else { draft };
            if i % 5 == 0 { draft.with("workflow", "billing") } else { draft }
        })
        .collect();
    app.send(&rows).await;
    for _ in 0..9 {
        ana.lease().await;
    }
    // A killed workflow's drafts are stored as staged and shown as frozen; both must page alike.
    app.owner().post("/v1/workflows/billing/kill", json!({ "reason": "a drill" })).await.ok();
    for (query, expected) in [
        ("sort=deadline", 57),
        ("sort=newest", 57),
        ("state=in_review,frozen", 9 + 12 - app.number(HELD_ELSEWHERE).await),
        ("q=lamp", 57),
    ] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = ana.get(&format!("/v1/drafts?limit=7&{query}&cursor={cursor}")).await.ok();
            seen.extend(page["drafts"].as_array().unwrap().iter().map(|d| text(&d["id"]).to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        let distinct: HashSet<&String> = seen.iter().collect();
        assert_eq!((seen.len() as i64, distinct.len() as i64), (expected, expected), "{query}");
    }
}

/// Drafts that were held when their workflow was killed are staged, and so frozen, again.
const HELD_ELSEWHERE: &str = "SELECT COUNT(DISTINCT draft_seq) FROM lease WHERE workflow_id = 'billing'";

async fn an_unknown_filter_is_refused(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    for query in ["state=lost", "mark=doubt", "sort=oldest", "cursor=a.b"] {
        ana.get(&format!("/v1/drafts?{query}")).await.refused(422, "invalid");
    }
    ana.get("/v1/drafts?workflow=nowhere").await.refused(404, "not_found");
    ana.get("/v1/drafts?states=staged").await.refused(400, "malformed");
}

async fn a_lease_whose_time_is_over_is_begun_anew_for_its_holder(engine: Engine) {
    let app = App::with(engine, &TestPack::of("desk").set("review.lease_seconds", 30)).await;
    let ana = app.reviewer("ana").await;
    let id = app.stage(&Draft::of("t-1")).await;
    let first = ana.lease().await;
    app.clock.advance(30);
    let again = ana.lease_of(&id).await.ok();
    assert!(again["lease"]["fence"].as_i64() > first["lease"]["fence"].as_i64());
    assert_eq!(again["lease"]["expires_at"], app.now().plus_seconds(30).to_string());
    ana.decide(&again, &verdict(&again, "approve")).await.ok();
}

async fn a_lease_ends_with_the_drafts_own_deadline(engine: Engine) {
    let app = App::with(engine, &TestPack::of("desk").set("review.lease_seconds", 60)).await;
    let ana = app.reviewer("ana").await;
    let deadline = app.now().plus_seconds(90).to_string();
    app.stage(&Draft::of("t-1").with("expires_at", deadline.clone())).await;
    let leased = ana.lease().await;
    assert_eq!(leased["lease"]["expires_at"], app.now().plus_seconds(60).to_string());
    app.clock.advance(40);
    assert_eq!(ana.renew(&leased).await.ok()["lease"]["expires_at"], deadline);
    app.clock.advance(50);
    ana.renew(&leased).await.refused(409, "lease_lost");
    ana.decide(&leased, &verdict(&leased, "approve")).await.refused(409, "lease_lost");
    app.desk.lapse_leases().await.unwrap();
    app.desk.expire_drafts().await.unwrap();
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "expired": 1 }));
}
