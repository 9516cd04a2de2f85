//! A day at the desk: everything comes in, eight reviewers decide, everything goes out, and the books are compared.

use crate::books::{self, Books};
use crate::door::Door;
use crate::input::{Input, SECRET_NAME};
use crate::reviewer::{Receipt, Reviewer};
use crate::site::{Hub, Site, free_port};
use anyhow::{Context, ensure};
use countersign_testkit::SECRET;
use countersign_testkit::receiver::Receiver;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

const REVIEWERS: usize = 8;

/// A site with its workflow, sources, receiver and tokens; no hub runs yet.
pub struct Day {
    /// The binary, its folder and its database.
    pub site: Site,
    /// What comes in.
    pub input: Input,
    /// Where replies go.
    pub receiver: Receiver,
    /// Told at every verdict that is being sent.
    pub sending: Arc<Notify>,
    admin: String,
    reviewers: Vec<(String, String)>,
    seed: u64,
    stop: Arc<AtomicBool>,
}

/// Reviewers at work.
pub type Work = Vec<JoinHandle<anyhow::Result<Reviewer>>>;

impl Day {
    /// Prepares one over a SQLite file, or the database given. All chance comes from the seed, which is printed;
    /// `COUNTERSIGN_SEED` sets it.
    pub async fn prepare(database: Option<String>, undo_seconds: u32, lease_seconds: u32) -> anyhow::Result<Self> {
        let seed = match std::env::var("COUNTERSIGN_SEED") {
            Ok(seed) => seed.parse().context("COUNTERSIGN_SEED is no number")?,
            Err(_) => fastrand::u64(..),
        };
        say(&format!("seed {seed}"));
        let (input, receiver) = (Input::find()?, Receiver::start().await);
        let site = Site::new(database, SECRET_NAME, SECRET)?;
        let pack = site.path().join("pack");
        input.pack_into(&pack, receiver.url(), undo_seconds, lease_seconds)?;
        site.run(&["pack", "apply", &pack.display().to_string()])?;
        let sources = site.path().join("sources.jsonl");
        std::fs::write(&sources, &input.sources)?;
        site.run(&["source", "import", &sources.display().to_string()])?;
        let admin = site.token(&["admin"], "bar")?;
        let named =
            (0..REVIEWERS).map(|i| Ok((format!("reviewer-{i}"), site.token(&["reviewer"], &format!("reviewer-{i}"))?)));
        let reviewers = named.collect::<anyhow::Result<_>>()?;
        let (sending, stop) = (Arc::default(), Arc::default());
        Ok(Self { site, input, receiver, sending, admin, reviewers, seed, stop })
    }

    /// Chance of its own for each purpose.
    pub fn draw(&self, purpose: u64) -> fastrand::Rng {
        fastrand::Rng::with_seed(self.seed.wrapping_add(purpose.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
    }

    /// Starts a hub on a free port.
    pub async fn hub(&self) -> anyhow::Result<Hub> {
        self.site.hub(free_port(&mut fastrand::Rng::new())).await
    }

    /// The admin's door at a hub.
    pub fn admin(&self, hub: &str) -> anyhow::Result<Door> {
        Door::new(hub, &self.admin)
    }

    /// A reviewer's door at a hub.
    pub fn reviewer(&self, hub: &str, i: usize) -> anyhow::Result<Door> {
        Door::new(hub, &self.reviewers[i].1)
    }

    /// Sends every draft in, so many rows a request, each again and again until the hub has answered for it.
    pub async fn import(&self, hub: &str, at_once: usize) -> anyhow::Result<()> {
        let path = format!("/v1/drafts?summary=true&workflow={}", self.input.workflow);
        let (admin, lines) = (self.admin(hub)?, self.input.drafts.lines().collect::<Vec<_>>());
        for rows in lines.chunks(at_once) {
            let report = admin.stream(&path, &rows.join("\n")).await?;
            let count = |what: &str| report[what].as_u64().unwrap_or_default();
            ensure!(count("created") + count("duplicate") == rows.len() as u64, "not all came in: {report}");
        }
        Ok(())
    }

    /// Sets the reviewers to work, each asking these hubs in turn.
    pub fn begin(&self, hubs: &[&str], think: Duration) -> anyhow::Result<Work> {
        let mut work = Vec::new();
        for (i, (name, token)) in self.reviewers.iter().enumerate() {
            let mut doors = hubs.iter().map(|hub| Door::new(hub, token)).collect::<anyhow::Result<Vec<_>>>()?;
            doors.rotate_left(i % hubs.len());
            let reviewer = Reviewer {
                name: name.clone(),
                doors,
                reasons: self.input.reasons.clone(),
                draw: self.draw(i as u64),
                think,
                sending: self.sending.clone(),
                interruptions: 0,
                receipts: Vec::new(),
            };
            work.push(tokio::spawn(reviewer.work(self.stop.clone())));
        }
        Ok(work)
    }

    /// Waits until all is decided and sent, and sends the reviewers home.
    pub async fn finish(&self, work: Work, limit: Duration) -> anyhow::Result<Vec<Reviewer>> {
        let (books, began) = (Books::open(self.site.database()).await?, Instant::now());
        loop {
            let unfinished = books.unfinished().await?;
            if unfinished == 0 || work.iter().any(JoinHandle::is_finished) {
                break;
            }
            ensure!(began.elapsed() < limit, "{unfinished} drafts, reviews and deliveries are left after {limit:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.stop.store(true, Ordering::Relaxed);
        let mut done = Vec::new();
        for reviewer in work {
            done.push(reviewer.await??);
        }
        ensure!(books.unfinished().await? == 0, "the reviewers went home before all was done");
        Ok(done)
    }

    /// Compares what the reviewers were told, what the hub says, what the database holds, what arrived and what
    /// comes out as cases.
    pub async fn compare(&self, hubs: &[&str], reviewers: &[Reviewer]) -> anyhow::Result<Vec<Receipt>> {
        let receipts: Vec<Receipt> = reviewers.iter().flat_map(|r| r.receipts.clone()).collect();
        let books = Books::open(self.site.database()).await?;
        let rows = self.input.len();
        ensure!(books.number("SELECT COUNT(*) FROM draft").await? == rows as i64, "not {rows} drafts");
        books.hold_together().await?;
        books.hold_verdicts(&receipts).await?;
        books::held_by_one_at_a_time(&receipts)?;
        ensure!(self.receiver.refused().is_empty(), "signatures that don't hold: {:?}", self.receiver.refused());
        books.hold_deliveries(&self.receiver.received(), &receipts).await?;
        for hub in hubs {
            books.agree_with(&self.admin(hub)?, &self.input.workflow).await?;
            for (i, reviewer) in reviewers.iter().enumerate() {
                let me = self.reviewer(hub, i)?.get("/v1/me").await?;
                let sql =
                    format!("SELECT COUNT(*) FROM verdict WHERE withdrawn = 0 AND reviewer = '{}'", reviewer.name);
                ensure!(
                    me["today"]["decided"] == books.number(&sql).await?,
                    "{}'s day: {}",
                    reviewer.name,
                    me["today"]
                );
            }
        }
        let hub = hubs.first().context("no hub")?;
        let tickets = books::exported(&self.export(hub)?, &receipts)?;
        ensure!(tickets == rows, "{tickets} of {rows} tickets came out as cases");
        ensure!(self.export(hub)? == self.export(hub)?, "two exports differ");
        // Which lists were read goes into the log a moment later.
        let count = async || books.number("SELECT COUNT(*) FROM audit").await;
        let before = count().await?;
        let chain = self.admin(hub)?.get("/v1/audit/verify").await?;
        let (verified, after) = (chain["entries"].as_i64().unwrap_or_default(), count().await?);
        let whole = (before..=after).contains(&verified);
        ensure!(chain["ok"] == true && whole, "of {before} to {after} audit entries: {chain}");
        Ok(receipts)
    }

    fn export(&self, hub: &str) -> anyhow::Result<String> {
        let out = self.site.path().join("cases.jsonl");
        let path = out.display().to_string();
        let what = ["cases", "export", "--workflow", &self.input.workflow, "--out", &path, "--force"];
        self.site.run(&[&what[..], &["--hub", hub, "--token", &self.admin]].concat())?;
        Ok(std::fs::read_to_string(out)?)
    }
}

/// A line for whoever reads the test's output.
pub fn say(line: &str) {
    use std::io::Write;
    // A closed stderr is no reason to fail.
    let _ = writeln!(std::io::stderr(), "{line}");
}
