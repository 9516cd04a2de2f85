//! Who may do what: every route with every role, as the one table says.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_domain::access::Role;
use countersign_hub::ROUTES;
use countersign_testkit::drafts::{ndjson, verdict};
use countersign_testkit::receiver::Receiver;
use countersign_testkit::{App, Draft, Engine, TestPack, on_both, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

on_both! {
    every_route_answers_exactly_the_roles_of_its_act,
    nothing_of_a_workflow_is_in_reach_of_a_grant_for_another,
    a_grant_for_a_workflow_reaches_what_is_in_it,
    an_unknown_expired_or_revoked_token_is_nobody,
    a_token_that_makes_no_sense_is_not_made,
    tokens_are_kept_as_hashes_and_never_shown_again,
    who_reads_a_draft_a_source_or_a_case_is_on_record,
    who_reads_a_list_is_on_record_with_its_filter_and_without_the_words,
    the_difference_to_an_empty_text_is_a_read_on_record,
    oncall_reads_the_runbook_and_no_draft_guideline_or_pack,
    a_token_that_has_expired_already_is_refused,
    an_unknown_path_and_a_wrong_method_are_said_in_the_shape_of_every_error,
}

#[test]
fn every_route_of_the_contract_is_in_the_table_and_the_other_way_round() {
    let document = serde_json::to_value(countersign_hub::openapi()).unwrap();
    let mut documented = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            documented.insert((method.to_uppercase(), path.clone()));
        }
    }
    // The document and its page can't describe themselves.
    for path in ["/openapi.json", "/docs"] {
        documented.insert(("GET".to_owned(), path.to_owned()));
    }
    let table: BTreeSet<_> = ROUTES.iter().map(|(m, p, _)| ((*m).to_owned(), (*p).to_owned())).collect();
    assert_eq!(documented, table);
    assert_eq!(table.len(), ROUTES.len(), "a route stands twice");
}

async fn every_route_answers_exactly_the_roles_of_its_act(engine: Engine) {
    let app = App::start(engine).await;
    let mut people = Vec::new();
    for role in Role::ALL {
        people.push((role, app.role(role.as_str()).await));
    }
    let nobody = app.bearer("cs_0000");
    for (method, path, act) in ROUTES {
        let path = path.replace("{id}", "none");
        let call = |who: &countersign_testkit::Person| {
            let (who, path) = (who.clone(), path.clone());
            async move { who.open(method, &path, "application/json", "{}").await.status().as_u16() }
        };
        if *path == *"/ofrep/v1/stream" {
            // Its pass is in its address; that has a story of its own.
            continue;
        }
        let Some(act) = act else {
            assert_eq!(call(&nobody).await, 200, "{method} {path} is open");
            continue;
        };
        assert_eq!(call(&nobody).await, 401, "{method} {path}");
        for (role, who) in &people {
            let status = call(who).await;
            assert!(status < 500, "{method} {path} for {role:?}: {status}");
            let allowed = act.roles().contains(role);
            assert_eq!(status != 403 && status != 401, allowed, "{method} {path} for {role:?}: {status}");
        }
    }
    for path in ["/v1/nothing", "/v1/drafts/a/b/c"] {
        assert_eq!(people[0].1.open("GET", path, "application/json", "").await.status(), 404, "{path}");
    }
}

/// Everything there can be in the workflow `desk`: (draft, lease, verdict, escalation, delivery, case).
async fn furnished(engine: Engine) -> (App, Receiver, [String; 6]) {
    let app = App::empty(engine).await;
    let (receiver, ids) = furnish(&app).await;
    (app, receiver, ids)
}

pub(crate) async fn furnish(app: &App) -> (Receiver, [String; 6]) {
    let receiver = Receiver::start().await;
    app.furnish_with(&TestPack::of("desk").delivering_to(receiver.url())).await;
    app.apply(&TestPack::of("billing")).await;
    let source = json!({ "id": "desk/own", "text": "Ours.", "access": ["public"] });
    app.owner().post_lines("/v1/sources?workflow=desk", source.to_string()).await.ok();
    let ana = app.reviewer("ana").await;
    let escalated = app.stage(&Draft::of("t-1")).await;
    let outcome = ana.escalate(&escalated, "unsafe").await;
    app.stage(&Draft::of("t-2")).await;
    let leased = ana.lease().await;
    let draft = app.draft(&escalated).await;
    let ids = [
        &leased["draft"]["id"],
        &leased["lease"]["id"],
        &outcome["verdict_id"],
        &draft["escalation"]["id"],
        &draft["delivery"]["id"],
        &outcome["case_id"],
    ];
    let ids = ids.map(|id| text(id).to_owned());
    (receiver, ids)
}

/// What takes a grant for the workflow `desk`.
pub(crate) fn within_desk(
    [draft, lease, verdict_id, escalation, delivery, case]: &[String; 6],
) -> Vec<(&'static str, String, Value)> {
    let leased = json!({ "lease": { "id": lease, "fence": 1 }, "draft": { "id": draft, "content_hash": "" } });
    let why = json!({ "reason": "a drill" });
    vec![
        ("GET", "/v1/workflows/desk".to_owned(), Value::Null),
        ("GET", "/v1/packs/desk".to_owned(), Value::Null),
        ("GET", "/v1/drafts?workflow=desk".to_owned(), Value::Null),
        ("GET", format!("/v1/drafts/{draft}"), Value::Null),
        ("POST", format!("/v1/drafts/{draft}/diff"), json!({ "final_text": "Hello" })),
        ("POST", format!("/v1/drafts/{draft}/verdicts"), verdict(&leased, "approve")),
        ("POST", "/v1/queue/lease".to_owned(), json!({ "draft_id": draft })),
        ("POST", "/v1/queue/lease".to_owned(), json!({ "workflows": ["desk"] })),
        ("POST", format!("/v1/leases/{lease}/renew"), json!({})),
        ("DELETE", format!("/v1/leases/{lease}"), json!({})),
        ("GET", "/v1/escalations?workflow=desk".to_owned(), Value::Null),
        ("POST", format!("/v1/escalations/{escalation}/take"), json!({})),
        ("POST", format!("/v1/escalations/{escalation}/settle"), json!({ "note": "done" })),
        ("GET", "/v1/deliveries?workflow=desk".to_owned(), Value::Null),
        ("POST", format!("/v1/deliveries/{delivery}/retry"), json!({})),
        ("GET", "/v1/cases?workflow=desk".to_owned(), Value::Null),
        ("GET", format!("/v1/cases/{case}"), Value::Null),
        ("GET", "/v1/cases/export?workflow=desk".to_owned(), Value::Null),
        ("GET", "/v1/workflows/desk/agreement".to_owned(), Value::Null),
        ("GET", "/v1/workflows/desk/trust".to_owned(), Value::Null),
        ("GET", "/v1/workflows/desk/budget".to_owned(), Value::Null),
        ("GET", "/v1/disagreements?workflow=desk".to_owned(), Value::Null),
        ("GET", "/v1/sources/desk%2Fown".to_owned(), Value::Null),
        ("POST", "/v1/sources?workflow=desk".to_owned(), json!({ "id": "desk/new", "text": "New." })),
        ("POST", "/v1/drafts?workflow=desk".to_owned(), (*Draft::of("t-9")).clone()),
        ("POST", "/v1/packs".to_owned(), json!({ "files": TestPack::of("desk").files() })),
        ("POST", format!("/v1/verdicts/{verdict_id}/withdraw"), json!({})),
        ("GET", "/v1/incidents?workflow=desk".to_owned(), Value::Null),
        ("POST", "/v1/incidents".to_owned(), json!({ "workflow": "desk", "title": "Something is odd" })),
        ("POST", "/v1/workflows/desk/drill".to_owned(), json!({})),
        ("GET", "/v1/workflows/desk/drills".to_owned(), Value::Null),
        ("GET", "/v1/workflows/desk/burn".to_owned(), Value::Null),
        ("GET", "/v1/alerts?workflow=desk".to_owned(), Value::Null),
        ("POST", "/v1/workflows/desk/kill".to_owned(), why.clone()),
        ("POST", "/v1/workflows/desk/resume".to_owned(), why),
    ]
}

/// What takes a grant for every workflow.
pub(crate) fn everywhere() -> Vec<(&'static str, &'static str, Value)> {
    let why = json!({ "reason": "a drill" });
    vec![
        ("POST", "/v1/workflows/all/kill", why.clone()),
        ("POST", "/v1/workflows/all/resume", why),
        ("POST", "/v1/sources", json!({ "id": "desk/new", "text": "New." })),
        ("GET", "/v1/sources", Value::Null),
        ("POST", "/v1/demo", json!({})),
        ("POST", "/v1/tokens", json!({ "grants": [{ "role": "admin" }] })),
        ("GET", "/v1/tokens", Value::Null),
        ("DELETE", "/v1/tokens/none", json!({})),
        ("GET", "/v1/audit", Value::Null),
        ("GET", "/v1/audit/export", Value::Null),
        ("GET", "/v1/audit/verify", Value::Null),
        ("GET", "/v1/audit/checkpoint", Value::Null),
    ]
}

fn every_role_in(workflow: &str) -> Value {
    Role::ALL.iter().map(|r| json!({ "role": r, "workflow": workflow })).collect()
}

async fn nothing_of_a_workflow_is_in_reach_of_a_grant_for_another(engine: Engine) {
    let (app, _receiver, ids) = furnished(engine).await;
    let stranger = app.person("stranger", every_role_in("billing"), &["on-call"]).await;
    let before = app.number("SELECT COUNT(*) FROM audit").await;
    for (method, path, body) in within_desk(&ids) {
        let reply = stranger.call(method, &path, "application/json", body.to_string()).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (403, "forbidden"), "{method} {path}: {}", reply.text());
    }
    for (method, path, body) in everywhere() {
        let reply = stranger.call(method, path, "application/json", body.to_string()).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (403, "forbidden"), "{method} {path}: {}", reply.text());
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM audit").await, before, "nothing came of it");
    for (path, list) in
        [("drafts", "drafts"), ("escalations", "escalations"), ("deliveries", "deliveries"), ("cases", "cases")]
    {
        assert_eq!(stranger.get(&format!("/v1/{path}")).await.ok()[list], json!([]), "{path}");
    }
    let workflows = stranger.get("/v1/workflows").await.ok();
    assert_eq!(
        (workflows["workflows"].as_array().unwrap().len(), &workflows["workflows"][0]["id"]),
        (1, &json!("billing"))
    );
    assert!(stranger.lease().await.is_null());
    let rows = ndjson(&[Draft::of("t-9").with("workflow", "desk")]);
    stranger.post_lines("/v1/drafts", rows).await.refused(403, "forbidden");
}

async fn a_grant_for_a_workflow_reaches_what_is_in_it(engine: Engine) {
    let (app, _receiver, ids) = furnished(engine).await;
    let local = app.person("ana", every_role_in("desk"), &["on-call"]).await;
    for (method, path, body) in within_desk(&ids) {
        let reply = local.call(method, &path, "application/json", body.to_string()).await;
        assert!(![401, 403, 404].contains(&reply.status.as_u16()), "{method} {path}: {}", reply.text());
        assert!(reply.status.as_u16() < 500, "{method} {path}: {}", reply.text());
    }
}

async fn an_unknown_expired_or_revoked_token_is_nobody(engine: Engine) {
    let app = App::start(engine).await;
    let until = app.now().plus_seconds(60).to_string();
    let new = json!({ "name": "brief", "grants": [{ "role": "reviewer" }], "expires_at": until });
    let made = app.owner().post("/v1/tokens", new).await.ok();
    let brief = app.bearer(text(&made["token"]));
    brief.get("/v1/me").await.ok();
    app.clock.advance(60);
    brief.get("/v1/me").await.refused(401, "unauthorized");

    let made = app.owner().post("/v1/tokens", json!({ "grants": [{ "role": "admin" }] })).await.ok();
    let admin = app.bearer(text(&made["token"]));
    admin.get("/v1/tokens").await.ok();
    app.owner().delete(&format!("/v1/tokens/{}", text(&made["id"]))).await.ok();
    admin.get("/v1/tokens").await.refused(401, "unauthorized");
    app.owner().delete("/v1/tokens/none").await.refused(404, "not_found");

    for token in ["", " ", "cs_", "cs_\u{e4}", &"x".repeat(5000)] {
        if let Ok(header) = axum::http::HeaderValue::from_str(&format!("Bearer {token}")) {
            drop(header);
            app.bearer(token).get("/v1/me").await.refused(401, "unauthorized");
        }
    }
}

async fn a_token_that_makes_no_sense_is_not_made(engine: Engine) {
    let app = App::start(engine).await;
    let admin = app.role("admin").await;
    let reviewer = json!([{ "role": "reviewer" }]);
    for (new, status, code) in [
        (json!({ "grants": [] }), 422, "invalid"),
        (json!({ "name": "x" }), 422, "invalid"),
        (json!({ "grants": [{ "role": "king" }] }), 422, "invalid"),
        (json!({ "grants": [{ "role": "reviewer", "workflow": "nowhere" }] }), 404, "not_found"),
        (json!({ "grants": [{ "role": "reviewer", "workflow": "~drill:1" }] }), 404, "not_found"),
        (json!({ "name": "owner", "grants": reviewer }), 422, "invalid"),
        (json!({ "name": "hub", "grants": reviewer }), 422, "invalid"),
        (json!({ "name": "a\0b", "grants": reviewer }), 422, "invalid"),
        (json!({ "name": "x", "grants": reviewer, "expires_at": "soon" }), 422, "invalid"),
        (json!({ "name": "x", "grants": reviewer, "expires_at": app.now() }), 422, "invalid"),
    ] {
        admin.post("/v1/tokens", new).await.refused(status, code);
    }
}

async fn tokens_are_kept_as_hashes_and_never_shown_again(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    assert!(ana.token().len() > 60, "{}", ana.token());
    let kept =
        format!("SELECT COUNT(*) FROM token WHERE hash = '{0}' OR id = '{0}' OR grants LIKE '%{0}%'", ana.token());
    assert_eq!(app.number(&kept).await, 0);
    let listed = app.owner().get("/v1/tokens").await;
    assert!(listed.text().contains("\"ana\"") && !listed.text().contains(&ana.token()[3..]), "{}", listed.text());
    let log = app.owner().get("/v1/audit/export").await.text();
    assert!(log.contains("token.created") && !log.contains(&ana.token()[3..]));
}

async fn who_reads_a_draft_a_source_or_a_case_is_on_record(engine: Engine) {
    let (app, _receiver, ids) = furnished(engine).await;
    let auditor = app.role("auditor").await;
    auditor.get(&format!("/v1/drafts/{}", ids[0])).await.ok();
    auditor.get(&format!("/v1/cases/{}", ids[5])).await.ok();
    auditor.get("/v1/sources/desk%2Fown").await.ok();
    auditor.get("/v1/cases/export?workflow=desk").await.ok();
    let newest = app.owner().get("/v1/audit?limit=4").await.ok();
    let acts: Vec<(&str, &str)> =
        newest["entries"].as_array().unwrap().iter().map(|e| (text(&e["act"]), text(&e["actor"]))).collect();
    let expected = ["cases.exported", "source.read", "case.read", "draft.read"].map(|act| (act, "the-auditor"));
    assert_eq!(acts, expected);
}

async fn who_reads_a_list_is_on_record_with_its_filter_and_without_the_words(engine: Engine) {
    let app = App::start(engine).await;
    app.stage(&Draft::of("t-1")).await;
    let auditor = app.role("auditor").await;
    let before = app.number("SELECT COUNT(*) FROM audit").await;
    for _ in 0..3 {
        auditor.get("/v1/drafts?workflow=desk&q=jane%20doe&customer=Jane%20Doe").await.ok();
    }
    auditor.get("/v1/escalations?state=open").await.ok();
    auditor.get("/v1/disagreements").await.ok();
    auditor.get("/v1/cases?q=zebrafish").await.ok();
    assert_eq!(app.number("SELECT COUNT(*) FROM audit").await, before, "no list waits for the writer");
    let app = app.restarted().await;
    let newest = app.owner().get("/v1/audit?limit=4").await.ok();
    let entries = newest["entries"].as_array().unwrap();
    let of = |act: &str| entries.iter().find(|e| e["act"] == act).unwrap();
    let drafts = of("drafts.listed");
    assert_eq!((&drafts["actor"], &drafts["workflow"]), (&json!("the-auditor"), &json!("desk")));
    let detail: Value = serde_json::from_str(drafts["detail"].as_str().unwrap_or("null")).unwrap();
    let detail = if detail.is_null() { drafts["detail"].clone() } else { detail };
    assert_eq!((&detail["times"], &detail["filter"]["words"]), (&json!(3), &json!(2)));
    of("escalations.listed");
    of("disagreements.listed");
    of("cases.listed");
    let log = app.owner().get("/v1/audit/export").await.text();
    assert!(!log.to_lowercase().contains("jane") && !log.contains("zebrafish"), "what was searched for isn't kept");
}

async fn the_difference_to_an_empty_text_is_a_read_on_record(engine: Engine) {
    let app = App::start(engine).await;
    let id = app.stage(&Draft::of("t-1")).await;
    let reads = "SELECT COUNT(*) FROM audit WHERE act = 'draft.read'";
    let auditor = app.role("auditor").await;
    auditor.post(&format!("/v1/drafts/{id}/diff"), json!({ "final_text": "" })).await.ok();
    assert_eq!(app.number(reads).await, 1);
    // Whoever holds it has it on record already; their every key is none of the log's.
    let ana = app.reviewer("ana").await;
    ana.lease_of(&id).await.ok();
    ana.post(&format!("/v1/drafts/{id}/diff"), json!({ "final_text": "" })).await.ok();
    assert_eq!(app.number(reads).await, 1);
}

async fn oncall_reads_the_runbook_and_no_draft_guideline_or_pack(engine: Engine) {
    let app = App::start(engine).await;
    let id = app.stage(&Draft::of("t-1")).await;
    let oncall = app.role("oncall").await;
    let service = app.role("service").await;
    let seen = oncall.get("/v1/workflows/desk").await.ok();
    assert!(!text(&seen["runbook"]).is_empty());
    assert_eq!((&seen["guidelines"], &seen["pack"]), (&json!(""), &json!({})));
    let seen = service.get("/v1/workflows/desk").await.ok();
    assert_eq!((&seen["guidelines"], &seen["runbook"], &seen["pack"]), (&json!(""), &json!(""), &json!({})));
    for who in [&oncall, &service] {
        for path in ["/v1/packs/desk", "/v1/workflows/desk/history", "/v1/workflows/desk/versions/1", "/v1/drafts"] {
            who.get(path).await.refused(403, "forbidden");
        }
        who.get(&format!("/v1/drafts/{id}")).await.refused(403, "forbidden");
    }
    oncall.get("/v1/incidents").await.ok();
    oncall.post("/v1/workflows/desk/kill", json!({ "reason": "paged" })).await.ok();
    assert_eq!(oncall.get("/v1/incidents").await.ok()["incidents"].as_array().unwrap().len(), 1);
}

async fn a_token_that_has_expired_already_is_refused(engine: Engine) {
    let app = App::start(engine).await;
    let token = |at: String| json!({ "name": "ana", "grants": [{ "role": "reviewer" }], "expires_at": at });
    for seconds in [-1, 0] {
        let past = app.now().plus_seconds(seconds).to_string();
        let said = app.owner().post("/v1/tokens", token(past)).await.refused(422, "invalid");
        assert!(said["message"].as_str().unwrap().contains("has passed"), "{said}");
    }
    app.owner().post("/v1/tokens", token(app.now().plus_seconds(1).to_string())).await.ok();
}

async fn an_unknown_path_and_a_wrong_method_are_said_in_the_shape_of_every_error(engine: Engine) {
    let app = App::start(engine).await;
    for path in ["/v1/draft", "/v1/drafts/", "/v1/", "/v2/drafts", "/nowhere", "/assets/none.js"] {
        let said = app.owner().get(path).await.refused(404, "not_found");
        assert!(said["message"].as_str().unwrap().contains(path) && said["trace_id"].is_string(), "{said}");
    }
    for (method, path) in
        [("PUT", "/v1/drafts"), ("DELETE", "/v1/drafts/x"), ("GET", "/v1/queue/lease"), ("POST", "/healthz")]
    {
        let response = app.owner().open(method, path, "application/json", "").await;
        assert!(response.headers().contains_key("allow"), "{method} {path}");
        app.owner().call(method, path, "application/json", "").await.refused(405, "method_not_allowed");
    }
}
