//! A kill is in force before its call returns; a resume begins again at `internal`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::verdict;
use countersign_testkit::receiver::Receiver;
use countersign_testkit::{App, Draft, Engine, Person, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    a_kill_freezes_drafts_voids_leases_and_holds_deliveries,
    drafts_still_come_in_while_killed_and_are_frozen,
    killing_twice_is_killing_once,
    all_workflows_are_killed_and_resumed_at_once,
    a_resume_begins_at_internal_and_stages_the_frozen_drafts_again,
    a_reply_whose_ticket_moved_while_killed_stays_out,
    the_help_desk_is_told_although_the_workflow_is_killed,
    a_kill_on_one_hub_is_in_force_on_every_other,
    verdicts_and_kills_at_once_never_pass_each_other,
    a_kill_and_a_resume_take_a_reason_and_the_right_person,
    every_transition_is_kept_with_who_and_why,
}

async fn kill(who: &Person, id: &str) -> Value {
    who.post(&format!("/v1/workflows/{id}/kill"), json!({ "reason": "it went wrong" })).await.ok()
}

async fn resume(who: &Person, id: &str) -> Value {
    who.post(&format!("/v1/workflows/{id}/resume"), json!({ "reason": "mended" })).await.ok()
}

async fn delivering(engine: Engine) -> (App, Receiver) {
    let receiver = Receiver::start().await;
    (App::with(engine, &TestPack::of("desk").delivering_to(receiver.url())).await, receiver)
}

async fn a_kill_freezes_drafts_voids_leases_and_holds_deliveries(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let ids =
        [app.stage(&Draft::of("t-1")).await, app.stage(&Draft::of("t-2")).await, app.stage(&Draft::of("t-3")).await];
    ana.approve(&ids[0]).await;
    let leased = ana.lease().await;
    let killed = kill(&app.owner(), "desk").await;
    let counts = ["frozen", "leases_voided", "deliveries_held"].map(|k| killed[k].as_i64().unwrap());
    assert_eq!((&killed["workflow"], counts), (&json!("desk"), [2, 1, 1]));

    ana.renew(&leased).await.refused(409, "workflow_killed");
    ana.lease_of(&ids[2]).await.refused(409, "workflow_killed");
    ana.post("/v1/queue/lease", json!({ "workflows": ["desk"] })).await.refused(409, "workflow_killed");
    assert!(ana.lease().await.is_null());
    app.deliver_after_undo().await;
    assert!(receiver.received().iter().all(|r| r.kind == "workflow.killed"));
    let workflow = app.workflow("desk").await;
    assert_eq!((&workflow["killed"], &workflow["killed_by"]), (&json!(true), &json!("owner")));
    assert_eq!(workflow["drafts"], json!({ "approved": 1, "frozen": 2 }));
    assert_eq!(app.draft(&ids[1]).await["state"], "frozen");
    assert_eq!(app.draft(&ids[0]).await["delivery"]["state"], "held");
    let frozen = ana.get("/v1/drafts?state=frozen").await.ok();
    assert_eq!((&frozen["total"], frozen["drafts"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(ana.get("/v1/drafts?state=staged").await.ok()["drafts"], json!([]));
}

async fn drafts_still_come_in_while_killed_and_are_frozen(engine: Engine) {
    let app = App::start(engine).await;
    kill(&app.owner(), "desk").await;
    let id = app.stage(&Draft::of("t-1")).await;
    assert_eq!(app.draft(&id).await["state"], "frozen");
    assert_eq!(app.workflow("desk").await["drafts"], json!({ "frozen": 1 }));
    assert_eq!(resume(&app.owner(), "desk").await["returned"], 1);
    assert_eq!(app.draft(&id).await["state"], "staged");
}

async fn killing_twice_is_killing_once(engine: Engine) {
    let app = App::start(engine).await;
    app.stage(&Draft::of("t-1")).await;
    let first = kill(&app.owner(), "desk").await;
    app.clock.advance(60);
    let second = kill(&app.owner(), "desk").await;
    assert_eq!((&second["at"], &second["frozen"]), (&first["at"], &json!(1)));
    assert_eq!(app.number("SELECT COUNT(*) FROM transition").await, 1);
}

async fn all_workflows_are_killed_and_resumed_at_once(engine: Engine) {
    let app = App::start(engine).await;
    app.apply(&TestPack::of("billing")).await;
    kill(&app.owner(), "billing").await;
    let killed = kill(&app.owner(), "all").await;
    let named: Vec<&str> = killed["workflows"].as_array().unwrap().iter().map(|w| text(&w["workflow"])).collect();
    assert_eq!(named, ["billing", "desk"]);
    let resumed = resume(&app.owner(), "all").await;
    assert_eq!(resumed["workflows"].as_array().unwrap().len(), 2);
    assert_eq!(resume(&app.owner(), "all").await["workflows"], json!([]));
    assert_eq!(app.workflow("billing").await["killed"], false);
}

async fn a_resume_begins_at_internal_and_stages_the_frozen_drafts_again(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let approved = app.stage(&Draft::of("t-1")).await;
    ana.approve(&approved).await;
    app.stage(&Draft::of("t-2")).await;
    // Where an earlier promotion had brought it.
    app.tamper("UPDATE workflow SET stage = 'default'").await;
    let leased = ana.lease().await;
    kill(&app.owner(), "desk").await;
    let resumed = resume(&app.owner(), "desk").await;
    assert_eq!((&resumed["stage"], &resumed["killed"]), (&json!("internal"), &json!(false)));
    assert_eq!((&resumed["returned"], &resumed["stayed_out"]), (&json!(1), &json!(0)));
    assert_eq!(app.workflow("desk").await["stage"], "internal");
    ana.decide(&leased, &verdict(&leased, "approve")).await.refused(409, "lease_lost");
    let again = ana.lease_of(text(&leased["draft"]["id"])).await.ok();
    assert!(again["lease"]["fence"].as_i64() > leased["lease"]["fence"].as_i64());
    app.deliver_after_undo().await;
    assert!(receiver.received().iter().any(|r| r.ticket == "t-1"));
}

async fn a_reply_whose_ticket_moved_while_killed_stays_out(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let ana = app.reviewer("ana").await;
    let moved = app.stage(&Draft::of("moved")).await;
    let same = app.stage(&Draft::of("same")).await;
    let staged = app.stage(&Draft::of("staged")).await;
    ana.approve(&moved).await;
    ana.approve(&same).await;
    kill(&app.owner(), "desk").await;
    app.stage(&Draft::of("moved").revision("2")).await;
    app.stage(&Draft::of("staged").revision("2")).await;
    let resumed = resume(&app.owner(), "desk").await;
    assert_eq!((&resumed["returned"], &resumed["stayed_out"]), (&json!(2), &json!(1)));
    app.deliver_after_undo().await;
    let sent: Vec<String> = receiver.received().into_iter().map(|r| r.ticket).filter(|t| !t.is_empty()).collect();
    assert_eq!(sent, ["same"]);
    assert_eq!(app.draft(&moved).await["state"], "undeliverable");
    assert_eq!(app.draft(&staged).await["state"], "superseded");
}

async fn the_help_desk_is_told_although_the_workflow_is_killed(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    kill(&app.owner(), "desk").await;
    app.deliver().await;
    resume(&app.owner(), "desk").await;
    app.deliver().await;
    let told: Vec<(String, Value)> =
        receiver.received().iter().map(|r| (r.kind.clone(), r.data()["reason"].clone())).collect();
    let expected = [("workflow.killed", "it went wrong"), ("workflow.resumed", "mended")];
    assert_eq!(told, expected.map(|(kind, why)| (kind.to_owned(), json!(why))));
}

async fn a_kill_on_one_hub_is_in_force_on_every_other(engine: Engine) {
    let (app, receiver) = delivering(engine).await;
    let other = app.another().await;
    let ana = app.reviewer("ana").await;
    let there = other.bearer(ana.token());
    let id = app.stage(&Draft::of("t-1")).await;
    app.stage(&Draft::of("t-2")).await;
    ana.approve(&id).await;
    let leased = there.lease().await;
    app.clock.advance(11);
    kill(&app.owner(), "desk").await;
    there.decide(&leased, &verdict(&leased, "approve")).await.refused(409, "workflow_killed");
    assert!(there.lease().await.is_null());
    other.deliver().await;
    assert!(receiver.received().iter().all(|r| r.ticket.is_empty()));
}

async fn verdicts_and_kills_at_once_never_pass_each_other(engine: Engine) {
    let app = App::start(engine).await;
    let rows: Vec<Draft> = (0..40).map(|i| Draft::of(&format!("t-{i}"))).collect();
    app.send(&rows).await;
    let mut work = tokio::task::JoinSet::new();
    for i in 0..4 {
        let who = app.reviewer(&format!("r-{i}")).await;
        work.spawn(async move {
            let mut taken = 0;
            for _ in 0..10 {
                let leased = who.lease().await;
                if leased.is_null() {
                    break;
                }
                let reply = who.decide(&leased, &verdict(&leased, "approve")).await;
                match reply.status.as_u16() {
                    201 => taken += 1,
                    _ => drop(reply.refused(409, "workflow_killed")),
                }
            }
            taken
        });
    }
    let killed = kill(&app.owner(), "desk").await;
    let at_the_kill = app.number("SELECT COUNT(*) FROM verdict").await;
    let taken: i64 = work.join_all().await.into_iter().sum();
    assert_eq!((taken, app.number("SELECT COUNT(*) FROM verdict").await), (at_the_kill, at_the_kill));
    assert_eq!(killed["frozen"].as_i64().unwrap(), 40 - taken);
    assert_eq!(app.number("SELECT COUNT(*) FROM lease WHERE ended_at IS NULL").await, 0);
}

async fn a_kill_and_a_resume_take_a_reason_and_the_right_person(engine: Engine) {
    let app = App::start(engine).await;
    let path = "/v1/workflows/desk/kill";
    for reason in
        [json!({}), json!({ "reason": " " }), json!({ "reason": "x".repeat(2001) }), json!({ "reason": "\0" })]
    {
        app.owner().post(path, reason).await.refused(422, "invalid");
    }
    app.reviewer("ana").await.post(path, json!({ "reason": "no" })).await.refused(403, "forbidden");
    app.owner().post("/v1/workflows/desk/resume", json!({ "reason": "why not" })).await.refused(422, "invalid");
    app.owner().post("/v1/workflows/nowhere/kill", json!({ "reason": "no" })).await.refused(404, "not_found");
    let oncall = app.role("oncall").await;
    kill(&oncall, "desk").await;
    oncall.post("/v1/workflows/desk/resume", json!({ "reason": "hm" })).await.refused(403, "forbidden");
    let local = app.person("local", json!([{ "role": "oncall", "workflow": "desk" }]), &[]).await;
    local.post("/v1/workflows/all/kill", json!({ "reason": "no" })).await.refused(403, "forbidden");
    kill(&oncall, "all").await;
}

async fn every_transition_is_kept_with_who_and_why(engine: Engine) {
    let app = App::start(engine).await;
    let oncall = app.role("oncall").await;
    kill(&oncall, "desk").await;
    resume(&app.role("dri").await, "desk").await;
    let kept =
        "SELECT COUNT(*) FROM transition WHERE (kind = 'kill' AND actor = 'the-oncall' AND reason = 'it went wrong')
                OR (kind = 'resume' AND actor = 'the-dri' AND reason = 'mended' AND to_stage = 'internal')";
    assert_eq!(app.number(kept).await, 2);
    let newest = app.owner().get("/v1/audit?limit=1").await.ok();
    assert_eq!(
        (&newest["entries"][0]["act"], &newest["entries"][0]["actor"]),
        (&json!("workflow.resumed"), &json!("the-dri"))
    );
}
