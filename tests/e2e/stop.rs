//! A hub that is told to stop finishes what it is sending.

use crate::kill::{approval, verdicts};
use anyhow::ensure;
use countersign_testkit::postgres::Server;
use countersign_testkit::receiver::Answer;
use countersign_testkit::until;
use countersign_tests::books::Books;
use countersign_tests::day::Day;
use serde_json::json;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const REPLIES: usize = 6;

async fn replies_under_way_go_out_once(database: Option<String>) -> anyhow::Result<()> {
    let day = Day::prepare(database, 1, 300).await?;
    day.receiver.answer(Answer::After(Duration::from_secs(2)));
    let mut hub = day.hub().await?;
    day.import(&hub.url, usize::MAX).await?;
    let reviewer = day.reviewer(&hub.url, 0)?;
    for _ in 0..REPLIES {
        let held = reviewer.post("/v1/queue/lease", &json!({})).await?;
        reviewer.post(&verdicts(&held), &approval(&held)).await?;
    }
    until("all of them are being sent", async || day.receiver.received().len() == REPLIES).await;
    let began = Instant::now();
    let code = hub.terminate()?;
    ensure!(code == Some(0) && began.elapsed() < Duration::from_secs(15), "{code:?} after {:?}", began.elapsed());
    let books = Books::open(day.site.database()).await?;
    let delivered = books.number("SELECT COUNT(*) FROM delivery WHERE state = 'delivered'").await?;
    ensure!(delivered as usize == REPLIES, "{delivered} of {REPLIES} are on record as delivered");

    // The next hub sends what is decided after it, and nothing a second time.
    day.receiver.answer(Answer::Status(204));
    let hub = day.hub().await?;
    let reviewer = day.reviewer(&hub.url, 0)?;
    let held = reviewer.post("/v1/queue/lease", &json!({})).await?;
    reviewer.post(&verdicts(&held), &approval(&held)).await?;
    until("the next one is sent", async || day.receiver.received().len() > REPLIES).await;
    let ids: BTreeSet<String> = day.receiver.received().into_iter().map(|r| r.id).collect();
    ensure!(ids.len() == REPLIES + 1 && day.receiver.received().len() == REPLIES + 1, "sent twice");
    books.hold_together().await
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_under_way_at_a_stop_go_out_once_on_sqlite() -> anyhow::Result<()> {
    replies_under_way_go_out_once(None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn replies_under_way_at_a_stop_go_out_once_on_postgres() -> anyhow::Result<()> {
    replies_under_way_go_out_once(Some(Server::start().database())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_ends_does_not_keep_a_hub_from_closing() -> anyhow::Result<()> {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let day = Day::prepare(None, 1, 300).await?;
    let (token, mut hub) = (day.site.token(&["admin"], "slow")?, day.hub().await?);
    let mut slow = tokio::net::TcpStream::connect(hub.url.trim_start_matches("http://")).await?;
    let head = format!(
        "POST /v1/drafts?workflow={} HTTP/1.1\r\nhost: hub\r\nauthorization: Bearer {token}\r\n\
         content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n",
        day.input.workflow
    );
    slow.write_all(head.as_bytes()).await?;
    // One line a second, for ever.
    let (mut answers, mut lines) = slow.into_split();
    let trickle = tokio::spawn(async move {
        while lines.write_all(b"1\r\n\n\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let began = Instant::now();
    let code = hub.terminate()?;
    trickle.abort();
    let mut answer = Vec::new();
    let _ = answers.read_to_end(&mut answer).await;
    ensure!(code == Some(0) && began.elapsed() < Duration::from_secs(28), "{code:?} after {:?}", began.elapsed());
    Ok(())
}
