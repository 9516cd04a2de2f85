//! The whole way of every draft through the real binary, on either database and on two hubs.

mod cli;
mod doctor;
mod doors;
mod files;
mod kill;
mod memory;
mod place;
mod reach;
mod readme;
mod stop;

use countersign_testkit::postgres::Server;
use countersign_tests::day::{Day, say};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(150);

/// All drafts come in, eight reviewers decide, everything goes out and comes out as cases; nothing is lost, held
/// twice or counted wrong.
async fn every_draft_is_accounted_for(database: Option<String>, hubs: usize) -> anyhow::Result<()> {
    let day = Day::prepare(database, 1, 300).await?;
    let mut running = Vec::new();
    for _ in 0..hubs {
        running.push(day.hub().await?);
    }
    let urls: Vec<&str> = running.iter().map(|hub| hub.url.as_str()).collect();
    day.import(urls[0], usize::MAX).await?;
    let work = day.begin(&urls, Duration::ZERO)?;
    let reviewers = day.finish(work, LIMIT).await?;
    let receipts = day.compare(&urls, &reviewers).await?;

    let interrupted: usize = reviewers.iter().map(|r| r.interruptions).sum();
    assert_eq!(interrupted, 0, "the hub was away");
    let received = day.receiver.received();
    assert_eq!(received.len(), day.input.len(), "a delivery was made twice though nothing failed");
    let taken = receipts.iter().filter_map(|r| r.taken.as_ref());
    let (second, withdrawn) = taken.fold((0, 0), |(s, w), t| (s + u32::from(t.second), w + u32::from(t.withdrawn)));
    say(&format!(
        "{} drafts in, {} holds, {second} second reviews, {withdrawn} withdrawn, {} deliveries verified, all accounted for",
        day.input.len(),
        receipts.len(),
        received.len()
    ));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_draft_is_accounted_for_on_sqlite() -> anyhow::Result<()> {
    every_draft_is_accounted_for(None, 1).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_draft_is_accounted_for_on_postgres() -> anyhow::Result<()> {
    every_draft_is_accounted_for(Some(Server::start().database()), 1).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_draft_is_accounted_for_by_two_hubs_on_one_postgres() -> anyhow::Result<()> {
    every_draft_is_accounted_for(Some(Server::start().database()), 2).await
}
