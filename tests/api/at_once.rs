//! Two acts on the same draft in the same moment: one comes first, and neither is a fault of the database.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use countersign_testkit::drafts::verdict;
use countersign_testkit::receiver::Receiver;
use countersign_testkit::{App, Draft, Engine, TestPack, on_both};
use serde_json::json;

on_both! {
    a_first_verdict_is_taken_back_while_the_second_reviewer_gives_the_draft_back,
    a_first_verdict_is_taken_back_while_the_second_reviewers_hold_runs_out,
    a_verdict_is_taken_back_while_its_reply_goes_out,
    a_hold_is_renewed_while_its_workflow_is_killed,
    the_same_tickets_are_sent_in_twice_the_other_way_round,
    one_verdict_id_on_two_drafts_is_one_verdict_and_one_refusal,
}

/// Often enough for two that wait for each other to meet.
const ROUNDS: usize = 25;

async fn a_first_verdict_is_taken_back_while_the_second_reviewer_gives_the_draft_back(engine: Engine) {
    let app = App::with(engine, &TestPack::of("desk").double_read()).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    for n in 0..ROUNDS {
        let id = app.stage(&Draft::of(&format!("t-{n}"))).await;
        let outcome = ana.approve(&id).await;
        let second = ben.lease_of(&id).await.ok();
        let (back, given) = tokio::join!(ana.withdraw(&outcome), ben.release(&second, true));
        assert_eq!((back.status.as_u16(), given.status.as_u16()), (200, 204), "round {n}");
        ana.release(&back.ok(), false).await.ok();
    }
}

async fn a_first_verdict_is_taken_back_while_the_second_reviewers_hold_runs_out(engine: Engine) {
    let pack = TestPack::of("desk").double_read().set("review.undo_seconds", 600).set("review.lease_seconds", 30);
    let app = App::with(engine, &pack).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    for n in 0..ROUNDS {
        let id = app.stage(&Draft::of(&format!("t-{n}"))).await;
        let outcome = ana.approve(&id).await;
        ben.lease_of(&id).await.ok();
        app.clock.advance(31);
        let (back, lapsed) = tokio::join!(ana.withdraw(&outcome), app.desk.lapse_leases());
        lapsed.unwrap();
        ana.release(&back.ok(), false).await.ok();
    }
}

async fn a_verdict_is_taken_back_while_its_reply_goes_out(engine: Engine) {
    let receiver = Receiver::start().await;
    let app = App::with(engine, &TestPack::of("desk").delivering_to(receiver.url())).await;
    let ana = app.reviewer("ana").await;
    let mut sent = 0;
    for n in 0..ROUNDS {
        let id = app.stage(&Draft::of(&format!("t-{n}"))).await;
        let outcome = ana.approve(&id).await;
        app.clock.advance(10);
        let (back, tried) = tokio::join!(ana.withdraw(&outcome), app.desk.deliver_due());
        tried.unwrap();
        if back.status.is_success() {
            ana.release(&back.ok(), false).await.ok();
        } else {
            back.refused(409, "already_delivered");
            sent += 1;
        }
        assert_eq!(receiver.received().len(), sent, "round {n}: what was taken back goes out, or what stands doesn't");
    }
}

async fn a_hold_is_renewed_while_its_workflow_is_killed(engine: Engine) {
    let app = App::start(engine).await;
    let (ana, owner) = (app.reviewer("ana").await, app.owner());
    for n in 0..ROUNDS {
        let id = app.stage(&Draft::of(&format!("t-{n}"))).await;
        let leased = ana.lease_of(&id).await.ok();
        let reason = json!({ "reason": "a test" });
        let (renewed, killed) = tokio::join!(ana.renew(&leased), owner.post("/v1/workflows/desk/kill", reason.clone()));
        assert!([200, 409].contains(&renewed.status.as_u16()), "round {n}: {}", renewed.status);
        killed.ok();
        ana.renew(&leased).await.refused(409, "workflow_killed");
        owner.post("/v1/workflows/desk/resume", reason).await.ok();
    }
}

async fn the_same_tickets_are_sent_in_twice_the_other_way_round(engine: Engine) {
    let app = App::start(engine).await;
    let owner = app.owner();
    let lines = |revision: usize, turned: bool| {
        let mut rows: Vec<String> =
            (0..20).map(|t| Draft::of(&format!("t-{t}")).revision(&revision.to_string()).to_string()).collect();
        if turned {
            rows.reverse();
        }
        rows.join("\n")
    };
    for revision in 1..=ROUNDS {
        let path = "/v1/drafts?workflow=desk&summary=true";
        let (one, other) =
            tokio::join!(owner.post_lines(path, lines(revision, false)), owner.post_lines(path, lines(revision, true)));
        let (one, other) = (one.ok(), other.ok());
        let count = |what: &str| one[what].as_u64().unwrap_or(0) + other[what].as_u64().unwrap_or(0);
        let older = if revision == 1 { 0 } else { 20 };
        let counts = (count("created"), count("superseded"), count("duplicate"));
        assert_eq!(counts, (20, older, 20), "revision {revision}: {one} and {other}");
    }
}

async fn one_verdict_id_on_two_drafts_is_one_verdict_and_one_refusal(engine: Engine) {
    let app = App::start(engine).await;
    let (ana, ben) = (app.reviewer("ana").await, app.reviewer("ben").await);
    for n in 0..ROUNDS {
        app.send(&[Draft::of(&format!("t-{n}")), Draft::of(&format!("u-{n}"))]).await;
        let (one, other) = (ana.lease().await, ben.lease().await);
        let first = verdict(&one, "approve");
        let mut second = verdict(&other, "approve");
        second["verdict_id"] = first["verdict_id"].clone();
        let (a, b) = tokio::join!(ana.decide(&one, &first), ben.decide(&other, &second));
        let mut statuses = [a.status.as_u16(), b.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "round {n}: {} and {}", a.text(), b.text());
        for (who, leased, reply) in [(&ana, &one, a), (&ben, &other, b)] {
            if reply.status == 409 {
                reply.refused(409, "already_decided");
                who.decide(leased, &verdict(leased, "approve")).await.ok();
            }
        }
    }
}
