//! `kill -9` of the hub at random moments while eight reviewers work: every verdict that was taken stays taken,
//! once, and every reply goes out under one id. And while a workflow is promoted, sent back, killed and resumed.

mod turns;
mod unseen;

use anyhow::{Context, ensure};
use countersign_testkit::postgres::Server;
use countersign_testkit::receiver::Answer;
use countersign_tests::books::Books;
use countersign_tests::day::{Day, say};
use countersign_tests::site::free_port;
use std::time::{Duration, Instant};

/// How long a delivery that was under way counts as such after its hub died, with some to spare.
const DRAIN: Duration = Duration::from_secs(75);

async fn survives(
    database: Option<String>,
    kills: usize,
    power_cuts: usize,
    server: Option<&Server>,
) -> anyhow::Result<()> {
    let began = Instant::now();
    // A lease whose answer was lost with the hub lapses soon.
    let day = Day::prepare(database, 1, 30).await?;
    day.receiver.answer(Answer::After(Duration::from_millis(15)));
    let mut draw = day.draw(99);
    let port = free_port(&mut draw);
    let mut hub = day.site.hub(port).await?;
    let url = hub.url.clone();
    let work = day.begin(&[&url], Duration::from_millis(350))?;
    let (mut restarts, mut checkpoint) = (Vec::new(), None);
    // The drafts come in under the kills, too.
    let import = async { day.import(&url, 40).await };
    let deaths = async {
        for n in 0..kills {
            // Half of the time in the middle of somebody's verdict, else whenever.
            if draw.bool() {
                let soon = tokio::time::timeout(Duration::from_millis(300), day.sending.notified());
                let _ = soon.await;
                tokio::time::sleep(Duration::from_micros(draw.u64(0..6_000))).await;
            } else {
                tokio::time::sleep(Duration::from_millis(draw.u64(0..200))).await;
            }
            hub.kill_9()?;
            if let Some(server) = server.filter(|_| power_cuts > 0 && n % (kills / power_cuts) == 1) {
                server.crash();
            }
            hub = day.site.hub(port).await?;
            restarts.push(hub.ready_after);
            if n == kills / 2 {
                checkpoint = Some(day.admin(&url)?.get("/v1/audit/checkpoint").await?);
            }
        }
        anyhow::Ok(())
    };
    let (imported, died) = tokio::join!(import, deaths);
    imported?;
    died?;
    let books = Books::open(day.site.database()).await?;
    let (taken, tried) = (books.number("SELECT COUNT(*) FROM verdict").await?, day.receiver.received().len());
    let reviewers = day.finish(work, DRAIN).await?;
    let receipts = day.compare(&[&url], &reviewers).await?;
    let checkpoint = checkpoint.context("no checkpoint")?;
    let kept = day.admin(&url)?.post("/v1/audit/verify", &checkpoint).await?;
    ensure!(kept["ok"] == true, "the log doesn't hold against a checkpoint from before: {kept}");

    restarts.sort();
    let (median, slowest) = (restarts[restarts.len() / 2], restarts[restarts.len() - 1]);
    ensure!(median < Duration::from_secs(2), "a restart took {median:?}");
    let interrupted: usize = reviewers.iter().map(|r| r.interruptions).sum();
    say(&format!(
        "{kills} kills, {power_cuts} of them with the database; until the last one {interrupted} requests cut off, \
         {taken} verdicts taken, {tried} deliveries tried; then {} verdicts, none lost, and {} tries of {} replies; \
         restart {median:?}, at most {slowest:?}; {:?} in all",
        receipts.iter().filter(|r| r.taken.is_some()).count(),
        day.receiver.received().len(),
        day.input.len(),
        began.elapsed()
    ));
    ensure!(interrupted > kills && taken > kills as i64 && tried > kills / 2, "the kills met too little work");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_kills_lose_nothing_on_sqlite() -> anyhow::Result<()> {
    survives(None, 100, 0, None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_and_power_cuts_lose_nothing_on_postgres() -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let server = Server::durable(dir.path());
    survives(Some(server.database()), 30, 3, Some(&server)).await
}
