//! Drafts with a known fault, mixed in to see whether people read.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use countersign_testkit::drafts::{TEXT, edit, escalation, verdict};
use countersign_testkit::receiver::Receiver;
use countersign_testkit::{App, Draft, Engine, Person, TestPack, on_both, text};
use serde_json::{Value, json};

on_both! {
    a_probe_looks_like_any_draft_to_its_reviewer,
    a_probe_is_nobody_elses,
    a_probe_is_no_evidence_no_case_no_delivery_and_no_escalation,
    a_verdict_on_a_probe_can_be_taken_back,
    a_real_ticket_of_the_same_name_comes_in_all_the_same,
    a_probe_for_which_no_name_is_free_is_left_out,
    who_misses_too_many_is_told_and_counts_once_confirmed,
    a_disagreement_with_an_unconfirmed_verdict_moves_at_the_settlement,
    who_answers_for_the_labels_gets_no_probe,
    a_pack_with_a_broken_probe_is_refused,
}

/// Probes with a wrong promise in each.
fn lines(n: usize) -> String {
    let probe = |i| {
        let mut row = (*Draft::of(&format!("probe-{i}"))
            .text(&format!("{TEXT} We will pay you twice for it, case {i}.")))
        .clone();
        row["expected"] = json!(["edit.factual", "escalate"]);
        format!("{row}\n")
    };
    (0..n).map(probe).collect()
}

fn pack(n: usize) -> TestPack {
    TestPack::of("desk").probing(&lines(n))
}

fn is_probe(leased: &Value) -> bool {
    leased["draft"]["draft"]["text"].as_str().is_some_and(|t| t.contains("We will pay you twice"))
}

/// Has a reviewer lease and give back until they are given a probe.
async fn given(app: &App, who: &Person, prefix: &str) -> Value {
    for i in 0..600 {
        if i % 100 == 0 {
            let rows: Vec<Draft> = (0..5).map(|k| Draft::of(&format!("{prefix}-{i}{k}00"))).collect();
            app.send(&rows).await;
        }
        let leased = who.lease().await;
        if is_probe(&leased) {
            return leased;
        }
        assert!(!leased.is_null(), "nothing to review");
        who.release(&leased, false).await;
    }
    panic!("600 leases without a probe");
}

async fn list(who: &Person, query: &str) -> Value {
    who.get(&format!("/v1/drafts?{query}")).await.ok()
}

fn ids(list: &Value) -> Vec<&str> {
    list["drafts"].as_array().unwrap().iter().map(|d| text(&d["id"])).collect()
}

async fn a_probe_looks_like_any_draft_to_its_reviewer(engine: Engine) {
    let receiver = Receiver::start().await;
    let app = App::with(engine, &pack(3).delivering_to(receiver.url())).await;
    let ana = app.reviewer("ana").await;
    let leased = given(&app, &ana, "T").await;
    let probe = &leased["draft"];
    let real = ana.lease().await;
    let keys = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!((keys(&leased), keys(probe)), (keys(&real), keys(&real["draft"])));
    for same in
        ["version", "stage", "revision", "staged_at", "expires_at", "probability", "held_by", "state", "workflow"]
    {
        assert_eq!(probe[same], real["draft"][same], "{same}");
    }
    assert!(text(&probe["external_id"]).starts_with('T'), "{}", probe["external_id"]);
    assert!(!leased.to_string().contains("probe"), "{leased}");
    // It is in their lists, and counted where they count.
    let held = list(&ana, "state=in_review&workflow=desk").await;
    assert_eq!((held["total"].clone(), ids(&held).len()), (json!(2), 2));
    assert!(ids(&list(&ana, "q=twice&workflow=desk").await).contains(&text(&probe["id"])));
    assert_eq!(ana.get("/v1/workflows/desk").await.ok()["drafts"]["in_review"], 2);

    let outcome = ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
    let other = ana.decide(&real, &verdict(&real, "approve")).await.ok();
    assert_eq!(keys(&outcome), keys(&other));
    assert!(outcome["case_id"].is_string() && outcome["state"] == "approved");
    let seen = |id: &Value| {
        let (ana, id) = (ana.clone(), text(id).to_owned());
        async move { ana.get(&format!("/v1/drafts/{id}")).await.ok() }
    };
    let (one, two) = (seen(&probe["id"]).await, seen(&real["draft"]["id"]).await);
    assert_eq!((keys(&one), keys(&one["delivery"])), (keys(&two), keys(&two["delivery"])));
    assert_eq!(ana.get("/v1/me").await.ok()["today"]["decided"], 2);
    app.deliver_after_undo().await;
    app.desk.expire_drafts().await.unwrap();
    let (one, two) = (seen(&probe["id"]).await, seen(&real["draft"]["id"]).await);
    assert_eq!((&one["state"], keys(&one["delivery"])), (&json!("delivered"), keys(&two["delivery"])));
    assert_eq!(ids(&list(&ana, "state=delivered").await).len(), 2);
    ana.withdraw(&outcome).await.refused(409, "already_delivered");
}

async fn a_probe_is_nobody_elses(engine: Engine) {
    let app = App::with(engine, &pack(3)).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    let leased = given(&app, &ana, "T").await;
    let id = text(&leased["draft"]["id"]);
    ben.get(&format!("/v1/drafts/{id}")).await.refused(404, "not_found");
    ben.lease_of(id).await.refused(404, "not_found");
    for who in [&ben, &app.role("dri").await] {
        assert!(!ids(&list(who, "workflow=desk").await).contains(&id));
        assert!(ids(&list(who, "q=twice").await).is_empty());
    }
    ana.release(&leased, false).await;
    assert!(!ids(&list(&ben, "state=staged").await).contains(&id));
    for _ in 0..5 {
        assert_ne!(ben.lease().await["draft"]["id"], json!(id));
    }
    let files = ben.get("/v1/workflows/desk/versions/1").await.ok();
    assert!(!files.to_string().contains("pay you twice"), "whoever may be given it must not know it");
    let dri = app.role("dri").await.get("/v1/workflows/desk/versions/1").await.ok();
    assert!(dri.to_string().contains("pay you twice"));
}

async fn a_probe_is_no_evidence_no_case_no_delivery_and_no_escalation(engine: Engine) {
    let receiver = Receiver::start().await;
    let app = App::with(engine, &pack(3).delivering_to(receiver.url())).await;
    let ana = app.reviewer("ana").await;
    let leased = given(&app, &ana, "T").await;
    let (evidence, before) = (app.evidence().await, app.workflow("desk").await);
    let outcome = ana.decide(&leased, &escalation(&leased, "unsafe")).await.ok();
    assert_eq!(outcome["state"], "escalated");
    let seen = ana.get(&format!("/v1/drafts/{}", text(&outcome["draft_id"]))).await.ok();
    assert_eq!(seen["escalation"]["state"], "open", "it went to somebody, for all they can see");
    app.deliver_after_undo().await;
    assert_eq!(app.evidence().await, evidence);
    let after = app.workflow("desk").await;
    assert_eq!((&after["drafts"], &after["escalations_open"]), (&before["drafts"], &json!(0)));
    for table in ["case_record", "delivery", "escalation", "second_review"] {
        assert_eq!(app.number(&format!("SELECT COUNT(*) FROM {table}")).await, 0, "{table}");
    }
    assert!(receiver.received().is_empty());
    let trust = app.owner().get("/v1/workflows/desk/trust").await.ok();
    assert_eq!((&trust["probes"], &trust["too_fast"]["of"]), (&json!({ "shown": 1, "missed": 0 }), &json!(0)));
    let log = app.owner().get("/v1/audit?act=probe.").await.ok();
    let acts: Vec<&str> = log["entries"].as_array().unwrap().iter().map(|e| text(&e["act"])).collect();
    assert_eq!(acts, ["probe.decided", "probe.given"]);
    // One that waits undecided leaves no mark either.
    let waiting = given(&app, &ana, "U").await;
    ana.release(&waiting, false).await;
    let evidence = app.evidence().await;
    let real = app.number("SELECT COUNT(*) FROM draft WHERE probe IS NULL AND state = 'staged'").await;
    app.clock.advance(8 * 86_400);
    app.desk.expire_drafts().await.unwrap();
    assert_eq!(
        app.evidence().await.get("expired").copied().unwrap_or(0),
        evidence.get("expired").copied().unwrap_or(0) + real
    );
    let verified = app.verify().await;
    assert_eq!((&verified["ok"], &verified["draws"]["wrong"]), (&json!(true), &json!(0)));
}

async fn a_verdict_on_a_probe_can_be_taken_back(engine: Engine) {
    let app = App::with(engine, &pack(3)).await;
    let ana = app.reviewer("ana").await;
    let leased = given(&app, &ana, "T").await;
    let given = verdict(&leased, "approve");
    let outcome = ana.decide(&leased, &given).await.ok();
    assert_eq!(ana.decide(&leased, &given).await.ok(), outcome, "a retry is answered alike");
    let probes = async || app.owner().get("/v1/workflows/desk/trust").await.ok()["probes"].clone();
    assert_eq!(probes().await, json!({ "shown": 1, "missed": 1 }));
    let back = ana.withdraw(&outcome).await.ok();
    assert_eq!((&back["state"], &back["draft"]["held_by"]), (&json!("in_review"), &json!("you")));
    assert_eq!(probes().await, json!({ "shown": 0, "missed": 0 }));
    let mut better = edit(&back, TEXT);
    better["grade"] = json!("factual");
    ana.decide(&back, &better).await.ok();
    assert_eq!(probes().await, json!({ "shown": 1, "missed": 0 }));
}

async fn a_real_ticket_of_the_same_name_comes_in_all_the_same(engine: Engine) {
    let app = App::with(engine, &pack(3)).await;
    let ana = app.reviewer("ana").await;
    let leased = given(&app, &ana, "T").await;
    let results = app.send([&Draft::of(text(&leased["draft"]["external_id"]))]).await;
    assert_eq!(results[0]["status"], "created");
    assert_ne!(results[0]["id"], leased["draft"]["id"]);
    ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
}

/// Ana approves two probes whose promise is wrong.
async fn careless(engine: Engine) -> (App, Person) {
    let app = App::with(engine, &pack(8)).await;
    let ana = app.reviewer("ana").await;
    for prefix in ["T", "U"] {
        let leased = given(&app, &ana, prefix).await;
        ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
    }
    (app, ana)
}

async fn who_misses_too_many_is_told_and_counts_once_confirmed(engine: Engine) {
    let (app, ana) = careless(engine).await;
    let told = ana.get("/v1/me").await.ok()["vigilance"].clone();
    assert_eq!(
        (&told[0]["workflow"], &told[0]["shown"], &told[0]["missed"], &told[0]["told"]),
        (&json!("desk"), &json!(2), &json!(2), &json!(true))
    );
    let ben = app.reviewer("ben").await;
    assert_eq!(ben.get("/v1/me").await.ok().get("vigilance"), None);

    let id = app.stage(&Draft::of("real-1")).await;
    let outcome = ana.approve(&id).await;
    let evidence = app.evidence().await;
    assert_eq!((evidence.get("approve"), evidence.get("unconfirmed.approve")), (None, Some(&1)));
    assert_eq!(app.owner().get("/v1/workflows/desk/trust").await.ok()["unconfirmed"], 1);
    let second = ben.lease_of(&id).await.ok();
    assert_eq!(second["draft"]["second_review"], true, "a second person is always asked");
    let confirmed = ben.decide(&second, &verdict(&second, "approve")).await.ok();
    let evidence = app.evidence().await;
    assert_eq!((evidence.get("approve"), evidence.get("unconfirmed.approve")), (Some(&1), None));
    ben.withdraw(&confirmed).await.ok();
    assert_eq!(app.evidence().await.get("unconfirmed.approve"), Some(&1));
    ana.withdraw(&outcome).await.ok();
    let evidence = app.evidence().await;
    assert_eq!((evidence.get("approve"), evidence.get("unconfirmed.approve")), (None, None));
}

async fn a_disagreement_with_an_unconfirmed_verdict_moves_at_the_settlement(engine: Engine) {
    let (app, ana) = careless(engine).await;
    let ben = app.reviewer("ben").await;
    let id = app.stage(&Draft::of("real-1")).await;
    ana.approve(&id).await;
    ben.escalate(&id, "unsafe").await;
    assert_eq!(app.evidence().await.get("unconfirmed.approve"), Some(&1));
    let open = app.owner().get("/v1/disagreements").await.ok();
    let path = format!("/v1/disagreements/{}/settle", text(&open["disagreements"][0]["id"]));
    let curator = app.role("curator").await;
    curator.post(&path, json!({ "pick": "first", "note": "fine as it is" })).await.ok();
    let evidence = app.evidence().await;
    assert_eq!((evidence.get("approve"), evidence.get("unconfirmed.approve")), (Some(&1), None));
}

async fn who_answers_for_the_labels_gets_no_probe(engine: Engine) {
    let app = App::with(engine, &pack(8)).await;
    let dri = app.person("dri", json!([{ "role": "reviewer" }, { "role": "dri" }]), &[]).await;
    app.stage(&Draft::of("t-1")).await;
    for _ in 0..150 {
        let leased = dri.lease().await;
        assert!(!is_probe(&leased));
        dri.release(&leased, false).await;
    }
    assert_eq!(app.number("SELECT COUNT(*) FROM draft WHERE probe IS NOT NULL").await, 0);
}

async fn a_pack_with_a_broken_probe_is_refused(engine: Engine) {
    let app = App::start(engine).await;
    for (lines, what) in [("", "no probe"), ("{}", "expected"), ("not json", "line 1"), (&lines(1).repeat(2), "again")]
    {
        let files = TestPack::of("desk").probing(lines).files();
        let refused = app.owner().post("/v1/packs", json!({ "files": files })).await.refused(422, "invalid");
        assert!(refused.to_string().contains(what), "{what}: {refused}");
    }
}

async fn a_probe_for_which_no_name_is_free_is_left_out(engine: Engine) {
    for name in [|n: usize| format!("t-{n}"), |n: usize| "票".repeat(n + 1)] {
        let app = App::with(engine, &pack(3)).await;
        let ana = app.reviewer("ana").await;
        let rows: Vec<Draft> = (0..10).map(|n| Draft::of(&name(n))).collect();
        app.send(&rows).await;
        for _ in 0..150 {
            let leased = ana.lease().await;
            assert!(!is_probe(&leased));
            ana.release(&leased, false).await.ok();
        }
        // The draws went on, and so the next name that is free gets one.
        for _ in 0..10 {
            let leased = ana.lease().await;
            ana.decide(&leased, &verdict(&leased, "approve")).await.ok();
        }
        given(&app, &ana, "U").await;
    }
}
