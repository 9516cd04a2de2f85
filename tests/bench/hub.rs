//! A hub of the release build, and people who work at it over HTTP.

use crate::{Bench, WORKFLOW};
use anyhow::{Context, Result, bail, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Workflows of the tests' own packs that deliver, each with a secret of its own.
const DELIVERING: &[&str] = &["HANGS", "FINE", "BUSY"];

pub(crate) struct Hub {
    process: Child,
    url: String,
    token: String,
    binary: PathBuf,
}

impl Hub {
    pub(crate) fn start(bench: &Bench, database: &str) -> Result<Self> {
        let binary = std::env::current_exe()?.with_file_name("countersign");
        // Who can read a SQLite file's lock is its hub's owner; a Postgres knows its tokens alone.
        let made = if database.starts_with("postgres") { Some(first_token(bench, &binary, database)?) } else { None };
        let secrets =
            DELIVERING.iter().map(|id| (format!("COUNTERSIGN_SECRET_WEBHOOK_{id}"), countersign_testkit::SECRET));
        let mut process = Command::new(&binary)
            .args(["hub", "--print-token", "--listen", "127.0.0.1:0", "--database", database, "--packs"])
            .arg(bench.root.join("packs/support-first-reply"))
            .env("COUNTERSIGN_WEBHOOK_SECRET", countersign_testkit::SECRET)
            .envs(secrets)
            // What only an owner on this machine may do rests on files beside the data.
            .env("XDG_DATA_HOME", &bench.dir)
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(bench.dir.join("hub.log"))?)
            .spawn()
            .with_context(|| format!("no release build at {}: cargo build --release", binary.display()))?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("the hub's output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("console: ").context("the hub did not say where it listens")?;
        let (url, token) = match made {
            Some(token) => (address.trim_end_matches('/'), token),
            None => {
                let (url, token) = address.split_once("/#token=").context("the hub did not give its token")?;
                (url, token.to_owned())
            }
        };
        Ok(Self { process, url: url.to_owned(), token, binary })
    }

    /// Whoever may do everything.
    pub(crate) fn admin(&self) -> Reviewer {
        Reviewer { client: reqwest::Client::new(), url: self.url.clone(), token: self.token.clone() }
    }

    /// Eight people who review.
    pub(crate) async fn reviewers(&self) -> Result<Vec<Reviewer>> {
        let mut reviewers = Vec::new();
        for i in 0..8 {
            reviewers.push(
                self.person(&format!("reviewer {i}"), json!([{ "role": "reviewer", "workflow": WORKFLOW }])).await?,
            );
        }
        Ok(reviewers)
    }

    /// Somebody with these grants.
    pub(crate) async fn person(&self, name: &str, grants: Value) -> Result<Reviewer> {
        let admin = self.admin();
        let (status, made) = admin.post("/v1/tokens", &json!({ "name": name, "grants": grants })).await?;
        let token = made["token"].as_str().with_context(|| format!("a token: {status} {made}"))?.to_owned();
        Ok(Reviewer { token, ..admin })
    }

    /// Runs a command against the hub; answers how long it took.
    pub(crate) fn command(&self, args: &[&str]) -> Result<Duration> {
        let began = Instant::now();
        let done = Command::new(&self.binary)
            .args(args)
            .args(["--json", "--hub", &self.url, "--token", &self.token])
            .output()?;
        if !done.status.success() {
            bail!("{args:?}: {}", String::from_utf8_lossy(&done.stderr));
        }
        Ok(began.elapsed())
    }

    /// Imports so many drafts of 2 KB, numbered from `from`; answers how many a second.
    pub(crate) fn import(&self, bench: &Bench, from: usize, n: usize) -> Result<f64> {
        let file = bench.dir.join("drafts.jsonl");
        write_drafts(&file, from, n)?;
        let took = self.command(&["draft", "import", &file.display().to_string(), "--workflow", WORKFLOW])?;
        std::fs::remove_file(&file)?;
        Ok(n as f64 / took.as_secs_f64())
    }

    /// Waits until a search finds every draft that is in; answers how long that took.
    pub(crate) async fn indexed(&self) -> Result<Duration> {
        let (began, admin) = (Instant::now(), self.admin());
        loop {
            let (status, answer) = admin.get("/v1/drafts?q=bench&limit=1").await?;
            ensure!(status == 200, "{status} {answer}");
            if answer["indexing"] != true {
                return Ok(began.elapsed());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    pub(crate) fn resident_mb(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find(|l| l.starts_with("VmHWM:")).context("VmHWM")?;
        let kb: f64 = line.split_whitespace().nth(1).context("VmHWM")?.parse()?;
        Ok(kb / 1024.0)
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An admin's token, made beside the hub. What brings a database about is its first pack.
fn first_token(bench: &Bench, binary: &Path, database: &str) -> Result<String> {
    let pack = bench.root.join("packs/support-first-reply");
    let applied = Command::new(binary).args(["pack", "apply", "--database", database]).arg(pack).output()?;
    ensure!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
    let made = Command::new(binary)
        .args([
            "token",
            "create",
            "--name",
            "bench",
            "--role",
            "admin",
            "--role",
            "dri",
            "--json",
            "--database",
            database,
        ])
        .output()?;
    let answer: Value = serde_json::from_slice(&made.stdout)
        .with_context(|| format!("no token: {}", String::from_utf8_lossy(&made.stderr)))?;
    Ok(answer["token"].as_str().context("no token")?.to_owned())
}

/// A draft of about 2 KB.
pub(crate) fn draft(external_id: &str) -> Value {
    let asked = "My colleague was added to our workspace last week and the invoice has gone up since. ".repeat(10);
    let reply = "Thank you for writing. Seats added during a month are charged for the days that remain. ".repeat(9);
    json!({
        "external_id": external_id, "revision": "1",
        "thread": [{ "role": "customer", "text": format!("Invoice {external_id} is wrong. {asked}"), "name": "Priya" }],
        "draft": { "text": reply, "citations": [] },
    })
}

fn write_drafts(path: &Path, from: usize, n: usize) -> Result<()> {
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    for i in from..from + n {
        writeln!(file, "{}", draft(&format!("bench-{i}")))?;
    }
    Ok(file.flush()?)
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Reviewer {
    pub(crate) client: reqwest::Client,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Reviewer {
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<(u16, Value)> {
        self.send(Method::POST, path, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Result<(u16, Value)> {
        self.send(Method::GET, path, &Value::Null).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Result<(u16, Value)> {
        self.send_text(method, path, "application/json", body.to_string()).await
    }

    pub(crate) async fn lines(&self, path: &str, lines: String) -> Result<(u16, Value)> {
        self.send_text(Method::POST, path, "application/x-ndjson", lines).await
    }

    async fn send_text(&self, method: Method, path: &str, kind: &str, body: String) -> Result<(u16, Value)> {
        let request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        let response = request.header("content-type", kind).body(body).send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        Ok((status, if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? }))
    }

    /// Applies a pack of the tests' own.
    pub(crate) async fn apply(&self, pack: &countersign_testkit::TestPack) -> Result<()> {
        let (status, answer) = self.post("/v1/packs", &json!({ "files": pack.files() })).await?;
        ensure!(status < 300, "{status} {answer}");
        Ok(())
    }

    /// Leases the next draft and approves it; answers how long each took. `None` when there is no next one.
    pub(crate) async fn one(&self) -> Result<Option<(Duration, Duration)>> {
        let began = Instant::now();
        let (status, leased) = self.post("/v1/queue/lease", &json!({})).await?;
        let lease = began.elapsed();
        if status == 204 {
            return Ok(None);
        }
        let verdict = json!({
            "verdict_id": uuid::Uuid::new_v4(), "lease_id": leased["lease"]["id"], "fence": leased["lease"]["fence"],
            "content_hash": leased["draft"]["content_hash"], "action": "approve", "seconds": 9,
        });
        let path = format!("/v1/drafts/{}/verdicts", leased["draft"]["id"].as_str().context("a draft's id")?);
        let began = Instant::now();
        let (status, answer) = self.post(&path, &verdict).await?;
        if status != 201 {
            bail!("a verdict was answered {status}: {answer}");
        }
        Ok(Some((lease, began.elapsed())))
    }
}

/// Lets these people review so many drafts between them, all at once; answers how many leases with verdict a second.
pub(crate) async fn review(people: &[Reviewer], drafts: u64) -> Result<f64> {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    let (left, began) = (Arc::new(AtomicU64::new(drafts)), Instant::now());
    let work = people.iter().cloned().map(|person| {
        let left = left.clone();
        tokio::spawn(async move {
            while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
                person.one().await?.context("the queue ran dry")?;
            }
            Ok::<(), anyhow::Error>(())
        })
    });
    for done in work.collect::<Vec<_>>() {
        done.await??;
    }
    Ok(drafts as f64 / began.elapsed().as_secs_f64())
}
