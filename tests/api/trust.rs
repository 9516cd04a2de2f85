//! Two people on the same draft: how far they agree, and what a curator makes of it where they don't.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::{TEXT, edit, escalation, verdict};
use countersign_testkit::{App, Draft, Engine, Person, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    agreement_counts_pairs_that_stand_and_no_others,
    two_escalations_agree_whatever_their_reasons,
    a_disagreement_opens_with_the_pair_and_is_void_with_either_verdict,
    what_a_curator_settles_on_is_the_label_and_counts_as_such,
    a_curators_own_label_keeps_the_rules_of_a_verdict,
    nobody_settles_a_disagreement_of_their_own,
    a_disagreement_is_found_by_its_id_until_a_verdict_is_withdrawn,
    a_settled_label_is_undone_with_a_verdict,
    a_verdict_too_fast_to_have_been_read_is_flagged_and_counts,
}

async fn double(engine: Engine) -> (App, Person, Person) {
    let app = App::with(engine, &TestPack::of("desk").double_read().set("review.undo_seconds", 600)).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    (app, ana, ben)
}

async fn agreement(app: &App) -> Value {
    app.owner().get("/v1/workflows/desk/agreement").await.ok()
}

async fn disagreements(app: &App, state: &str) -> Vec<Value> {
    let all = app.owner().get(&format!("/v1/disagreements?workflow=desk&state={state}")).await.ok();
    all["disagreements"].as_array().unwrap().clone()
}

/// Ana approves, Ben corrects a claim: the draft's id, Ana's outcome, Ben's.
async fn differ(app: &App, ana: &Person, ben: &Person, ticket: &str) -> (String, Value, Value) {
    let id = app.stage(&Draft::of(ticket)).await;
    let first = ana.approve(&id).await;
    let second = ben.lease_of(&id).await.ok();
    let mut corrected = edit(&second, &format!("{TEXT} That is not so."));
    corrected["grade"] = json!("factual");
    let second = ben.decide(&second, &corrected).await.ok();
    (id, first, second)
}

async fn settle(who: &Person, id: &Value, pick: Value) -> countersign_testkit::Reply {
    let body = json!({ "pick": pick, "note": "the policy says so" });
    who.post(&format!("/v1/disagreements/{}/settle", text(id)), body).await
}

async fn agreement_counts_pairs_that_stand_and_no_others(engine: Engine) {
    let (app, ana, ben) = double(engine).await;
    let none = agreement(&app).await;
    assert_eq!((&none["pairs"], &none["raw"], &none["kappa"]), (&json!(0), &Value::Null, &Value::Null));
    for ticket in ["t-1", "t-2", "t-3"] {
        let id = app.stage(&Draft::of(ticket)).await;
        ana.approve(&id).await;
        ben.approve(&id).await;
    }
    let (_, first, second) = differ(&app, &ana, &ben, "t-4").await;
    let found = agreement(&app).await;
    assert_eq!((&found["pairs"], &found["raw"]), (&json!(4), &json!(0.75)));
    assert_eq!(
        (&found["labels"][0], &found["matrix"][0][0], &found["matrix"][0][3]),
        (&json!("approve"), &json!(3), &json!(1))
    );
    assert_eq!((&found["versions"][0]["version"], &found["versions"][0]["pairs"]), (&json!(1), &json!(4)));

    let back = ben.withdraw(&second).await.ok();
    assert_eq!(agreement(&app).await["pairs"], 3);
    ben.decide(&back, &verdict(&back, "approve")).await.ok();
    assert_eq!(agreement(&app).await["raw"], 1.0);
    // The second one still stands when the first is given anew.
    let back = ana.withdraw(&first).await.ok();
    assert_eq!(agreement(&app).await["pairs"], 3);
    ana.decide(&back, &escalation(&back, "unsafe")).await.ok();
    let found = agreement(&app).await;
    assert_eq!((&found["pairs"], &found["matrix"][5][0]), (&json!(4), &json!(1)));
    assert_eq!(disagreements(&app, "open").await.len(), 1);
}

async fn two_escalations_agree_whatever_their_reasons(engine: Engine) {
    let (app, ana, ben) = double(engine).await;
    let id = app.stage(&Draft::of("t-1")).await;
    ana.escalate(&id, "unsafe").await;
    ben.escalate(&id, "needs_human").await;
    assert_eq!(agreement(&app).await["raw"], 1.0);
    assert_eq!(disagreements(&app, "open").await, Vec::<Value>::new());
}

async fn a_disagreement_opens_with_the_pair_and_is_void_with_either_verdict(engine: Engine) {
    let (app, ana, ben) = double(engine).await;
    let (id, first, second) = differ(&app, &ana, &ben, "t-1").await;
    let open = disagreements(&app, "open").await;
    assert_eq!((open.len(), &open[0]["draft_id"], &open[0]["external_id"]), (1, &json!(id), &json!("t-1")));
    assert_eq!((&open[0]["first"]["action"], &open[0]["first"]["case_id"]), (&json!("approve"), &first["case_id"]));
    assert_eq!((&open[0]["second"]["grade"], &open[0]["second"]["case_id"]), (&json!("factual"), &second["case_id"]));
    assert!(!open[0].to_string().contains("\"ana\""), "reviewers stand under their pseudonyms");

    let back = ben.withdraw(&second).await.ok();
    assert_eq!(disagreements(&app, "open").await, Vec::<Value>::new());
    let curator = app.role("curator").await;
    settle(&curator, &open[0]["id"], json!("first")).await.refused(404, "not_found");
    ben.decide(&back, &escalation(&back, "unsafe")).await.ok();
    let again = disagreements(&app, "open").await;
    assert_eq!(again.len(), 1);
    assert_ne!(again[0]["id"], open[0]["id"]);
    ana.withdraw(&first).await.ok();
    assert_eq!(disagreements(&app, "open").await, Vec::<Value>::new());
}

async fn what_a_curator_settles_on_is_the_label_and_counts_as_such(engine: Engine) {
    let (app, ana, ben) = double(engine).await;
    let (id, first, second) = differ(&app, &ana, &ben, "t-1").await;
    let of_first = format!("/v1/cases/{}", text(&first["case_id"]));
    assert_eq!(app.evidence().await["approve"], 1);
    let open = disagreements(&app, "open").await;
    let curator = app.role("curator").await;
    let settled = settle(&curator, &open[0]["id"], json!("second")).await.ok();
    assert_eq!((&settled["state"], &settled["settled"]["grade"]), (&json!("settled"), &json!("factual")));
    settle(&curator, &open[0]["id"], json!("first")).await.refused(409, "already_decided");

    let evidence = app.evidence().await;
    assert_eq!((evidence.get("approve"), evidence.get("edit.factual")), (None, Some(&1)));
    let case = app.owner().get(&of_first).await.ok();
    assert_eq!(
        (&case["action"], &case["grade"], &case["settled"]["note"]),
        (&json!("edit"), &json!("factual"), &json!("the policy says so"))
    );
    assert_eq!(case["settled"]["verdicts"], json!([first["verdict_id"], second["verdict_id"]]));
    assert_eq!((&case["settled"]["was"]["action"], &case["reference_text"]), (&json!("approve"), &case["final_text"]));
    let export = app.owner().get("/v1/cases/export?workflow=desk").await.text();
    let lines: Vec<Value> = export.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|c| text(&c["action"])).collect::<Vec<_>>(), ["edit", "edit"], "both cases are there");
    assert_eq!(app.owner().get("/v1/cases?action=approve").await.ok()["cases"], json!([]));
    // What was sent was sent.
    assert_eq!(
        (&app.draft(&id).await["state"], &app.draft(&id).await["outcome"]["action"]),
        (&json!("approved"), &json!("approve"))
    );
    let log = app.owner().get("/v1/audit?act=disagreement.").await.ok();
    let acts: Vec<&str> = log["entries"].as_array().unwrap().iter().map(|e| text(&e["act"])).collect();
    assert_eq!(acts, ["disagreement.settled", "disagreement.opened"]);
    assert!(disagreements(&app, "open").await.is_empty() && disagreements(&app, "settled").await.len() == 1);
}

async fn a_curators_own_label_keeps_the_rules_of_a_verdict(engine: Engine) {
    let (app, ana, ben) = double(engine).await;
    differ(&app, &ana, &ben, "t-1").await;
    let id = disagreements(&app, "open").await[0]["id"].clone();
    let curator = app.role("curator").await;
    settle(&curator, &id, json!("third")).await.refused(422, "invalid");
    settle(&curator, &id, json!({ "action": "escalate" })).await.refused(422, "invalid");
    settle(&curator, &id, json!({ "action": "escalate", "reasons": ["no_such"] })).await.refused(422, "invalid");
    settle(&curator, &id, json!({ "action": "edit", "final_text": TEXT })).await.refused(422, "invalid");
    let path = format!("/v1/disagreements/{}/settle", text(&id));
    curator.post(&path, json!({ "pick": "first", "note": " " })).await.refused(422, "invalid");
    settle(&curator, &id, json!({ "action": "escalate", "reasons": ["unsafe"] })).await.ok();
    let evidence = app.evidence().await;
    assert_eq!((evidence.get("approve"), evidence.get("escalate:unsafe")), (None, Some(&1)));
}

async fn a_disagreement_is_found_by_its_id_until_a_verdict_is_withdrawn(engine: Engine) {
    let (app, ana, ben) = double(engine).await;
    let (_, _, second) = differ(&app, &ana, &ben, "t-1").await;
    let open = disagreements(&app, "open").await.remove(0);
    let path = format!("/v1/disagreements/{}", text(&open["id"]));
    let curator = app.role("curator").await;
    assert_eq!(curator.get(&path).await.ok(), open);
    settle(&curator, &open["id"], json!("second")).await.ok();
    assert_eq!(curator.get(&path).await.ok(), disagreements(&app, "settled").await[0]);
    app.apply(&TestPack::of("billing")).await;
    let elsewhere = app.person("stranger", json!([{ "role": "curator", "workflow": "billing" }]), &[]).await;
    elsewhere.get(&path).await.refused(403, "forbidden");
    ben.withdraw(&second).await.ok();
    curator.get(&path).await.refused(404, "not_found");
}

async fn nobody_settles_a_disagreement_of_their_own(engine: Engine) {
    let (app, ana, ben) = double(engine).await;
    let (_, _, _) = differ(&app, &ana, &ben, "t-1").await;
    let id = disagreements(&app, "open").await[0]["id"].clone();
    let ben = app.person("ben", json!([{ "role": "curator" }]), &[]).await;
    settle(&ben, &id, json!("second")).await.refused(403, "forbidden");
    app.apply(&TestPack::of("other")).await;
    let elsewhere = app.person("cleo", json!([{ "role": "curator", "workflow": "other" }]), &[]).await;
    settle(&elsewhere, &id, json!("second")).await.refused(403, "forbidden");
    app.role("dri")
        .await
        .post(&format!("/v1/disagreements/{}/settle", text(&id)), json!({}))
        .await
        .refused(403, "forbidden");
    assert_eq!(app.evidence().await["approve"], 1);
}

async fn a_settled_label_is_undone_with_a_verdict(engine: Engine) {
    let (app, ana, ben) = double(engine).await;
    let (_, first, second) = differ(&app, &ana, &ben, "t-1").await;
    let curator = app.role("curator").await;
    let id = disagreements(&app, "open").await[0]["id"].clone();
    settle(&curator, &id, json!("second")).await.ok();
    let back = ben.withdraw(&second).await.ok();
    let evidence = app.evidence().await;
    assert_eq!((evidence.get("approve"), evidence.get("edit.factual")), (Some(&1), None));
    let case = app.owner().get(&format!("/v1/cases/{}", text(&first["case_id"]))).await.ok();
    assert_eq!((&case["action"], case.get("settled")), (&json!("approve"), None));
    ben.decide(&back, &escalation(&back, "unsafe")).await.ok();
    let id = disagreements(&app, "open").await[0]["id"].clone();
    settle(&curator, &id, json!("second")).await.ok();
    assert_eq!(app.evidence().await.get("escalate:unsafe"), Some(&1));
    ana.withdraw(&first).await.ok();
    let evidence = app.evidence().await;
    assert_eq!((evidence.get("approve"), evidence.get("escalate:unsafe")), (None, None), "{evidence:?}");
}

async fn a_verdict_too_fast_to_have_been_read_is_flagged_and_counts(engine: Engine) {
    let app = App::start(engine).await;
    let ana = app.reviewer("ana").await;
    let long = vec!["Please read this with care."; 60].join(" ");
    let mut outcomes = Vec::new();
    for (ticket, seconds) in [("t-1", 2.0), ("t-2", 40.0)] {
        app.stage(&Draft::of(ticket).text(&long)).await;
        let leased = ana.lease().await;
        let mut given = verdict(&leased, "approve");
        given["seconds"] = json!(seconds);
        outcomes.push(ana.decide(&leased, &given).await.ok());
    }
    for (outcome, flag) in outcomes.iter().zip([json!(true), Value::Null]) {
        let case = app.owner().get(&format!("/v1/cases/{}", text(&outcome["case_id"]))).await.ok();
        assert_eq!(case["too_fast"], flag);
    }
    assert_eq!(app.evidence().await["approve"], 2, "it is never dropped");
    let trust = app.owner().get("/v1/workflows/desk/trust").await.ok();
    assert_eq!(trust["too_fast"], json!({ "n": 1, "of": 2 }));
    assert_eq!(
        (&trust["unconfirmed"], &trust["probes"]["shown"], &trust["agreement"]["pairs"]),
        (&json!(0), &json!(0), &json!(0))
    );
    ana.withdraw(&outcomes[0]).await.ok();
    assert_eq!(app.owner().get("/v1/workflows/desk/trust").await.ok()["too_fast"], json!({ "n": 0, "of": 1 }));
}
