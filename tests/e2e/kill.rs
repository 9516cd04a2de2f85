//! A kill at one hub is in force at every other one when its call returns.

use anyhow::Context;
use countersign_testkit::postgres::Server;
use countersign_tests::books::Books;
use countersign_tests::day::Day;
use reqwest::Method;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

pub(crate) fn approval(leased: &Value) -> Value {
    json!({
        "verdict_id": uuid::Uuid::new_v4(), "lease_id": leased["lease"]["id"], "fence": leased["lease"]["fence"],
        "content_hash": leased["draft"]["content_hash"], "action": "approve", "seconds": 9,
    })
}

pub(crate) fn verdicts(leased: &Value) -> String {
    format!("/v1/drafts/{}/verdicts", leased["draft"]["id"].as_str().unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_one_hub_is_refused_at_the_other_at_once() -> anyhow::Result<()> {
    let day = Day::prepare(Some(Server::start().database()), 1, 300).await?;
    let (here, there) = (day.hub().await?, day.hub().await?);
    day.import(&here.url, usize::MAX).await?;
    let workflow = format!("/v1/workflows/{}", day.input.workflow);
    let (admin, at_here, at_there) = (day.admin(&here.url)?, day.reviewer(&here.url, 0)?, day.reviewer(&there.url, 1)?);

    // One reply waits out its undo time, one draft is held at each hub.
    let decided = at_there.post("/v1/queue/lease", &json!({})).await?;
    at_there.post(&verdicts(&decided), &approval(&decided)).await?;
    let held_there = at_there.post("/v1/queue/lease", &json!({})).await?;
    let held_here = at_here.post("/v1/queue/lease", &json!({})).await?;

    let killed = admin.post(&format!("{workflow}/kill"), &json!({ "reason": "a drill" })).await?;
    assert_eq!(killed["leases_voided"], 2);
    assert_eq!(killed["deliveries_held"], 1);
    let effect_ms = killed["effect_ms"].as_f64().context("no effect_ms")?;
    assert!(effect_ms < 1_000.0, "the kill took {effect_ms} ms");

    let asked = json!({ "workflows": [day.input.workflow] });
    for (door, held) in [(&at_there, &held_there), (&at_here, &held_here)] {
        let lease = door.send(Method::POST, "/v1/queue/lease", Some(&asked)).await?;
        assert_eq!((lease.status, &lease.body["error"]["code"]), (409, &json!("workflow_killed")));
        let lease = door.send(Method::POST, "/v1/queue/lease", Some(&json!({}))).await?;
        assert_eq!(lease.status, 204, "a draft of a killed workflow was handed out: {}", lease.body);
        let verdict = door.send(Method::POST, &verdicts(held), Some(&approval(held))).await?;
        assert_eq!((verdict.status, &verdict.body["error"]["code"]), (409, &json!("workflow_killed")));
        let renewed = format!("/v1/leases/{}/renew", held["lease"]["id"].as_str().unwrap_or_default());
        assert_eq!(door.send(Method::POST, &renewed, None).await?.status, 409);
    }
    let books = Books::open(day.site.database()).await?;
    // The notice of the kill may be on its way out just between one count and the other.
    let deadline = Instant::now() + Duration::from_secs(10);
    while let Err(e) = books.agree_with(&day.admin(&there.url)?, &day.input.workflow).await {
        anyhow::ensure!(Instant::now() < deadline, e);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // Its undo time is long over, and still nothing but the notice has gone out.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let kinds = || day.receiver.received().into_iter().map(|r| r.kind).collect::<Vec<_>>();
    assert_eq!(kinds(), ["workflow.killed"]);

    let back =
        day.admin(&there.url)?.post(&format!("{workflow}/resume"), &json!({ "reason": "it was a drill" })).await?;
    assert_eq!((&back["stage"], &back["returned"]), (&json!("internal"), &json!(day.input.len() - 1)));
    assert_eq!(at_here.send(Method::POST, "/v1/queue/lease", Some(&asked)).await?.status, 200);
    for _ in 0..100 {
        if kinds().contains(&"reply.ready".to_owned()) {
            return books.hold_together().await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the reply that was held back never went out: {:?}", kinds())
}
