//! The hub's figures: the release build of `countersign`, used from outside over its command line and HTTP, on SQLite
//! with `synchronous=FULL`. Prints a table; exits 1 when a figure falls short of what is promised.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod delivery;
mod intake;
mod rollout;

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const WORKFLOW: &str = "support-first-reply";

struct Sizes {
    small: usize,
    import: usize,
    large: usize,
    cases: usize,
    calls: usize,
}

struct Row {
    figure: String,
    measured: String,
    promised: String,
    met: bool,
}

struct Hub {
    process: Child,
    url: String,
    token: String,
    binary: PathBuf,
}

impl Hub {
    fn start(root: &Path, dir: &Path) -> Result<Self> {
        let binary = std::env::current_exe()?.with_file_name("countersign");
        let mut process = Command::new(&binary)
            .args(["hub", "--print-token", "--listen", "127.0.0.1:0", "--packs"])
            .arg(root.join("packs/support-first-reply"))
            .arg("--database")
            .arg(format!("sqlite://{}/hub.db", dir.display()))
            .env("COUNTERSIGN_WEBHOOK_SECRET", countersign_testkit::SECRET)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("no release build at {}: cargo build --release", binary.display()))?;
        let mut line = String::new();
        BufReader::new(process.stdout.take().context("the hub's output")?).read_line(&mut line)?;
        let address = line.trim().strip_prefix("console: ").context("the hub did not say where it listens")?;
        let (url, token) = address.split_once("/#token=").context("the hub did not give its token")?;
        Ok(Self { process, url: url.to_owned(), token: token.to_owned(), binary })
    }

    /// Runs a command against the hub; answers how long it took.
    fn command(&self, args: &[&str]) -> Result<Duration> {
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

    fn resident_mb(&self) -> Result<f64> {
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

/// Drafts of about 2 KB.
fn write_drafts(path: &Path, from: usize, n: usize) -> Result<()> {
    let mut file = BufWriter::new(std::fs::File::create(path)?);
    let asked = "My colleague was added to our workspace last week and the invoice has gone up since. ".repeat(10);
    let reply = "Thank you for writing. Seats added during a month are charged for the days that remain. ".repeat(9);
    for i in from..from + n {
        let row = json!({
            "external_id": format!("bench-{i}"), "revision": "1",
            "thread": [{ "role": "customer", "text": format!("Invoice {i} is wrong. {asked}"), "name": "Priya" }],
            "draft": { "text": reply, "citations": [] },
        });
        writeln!(file, "{row}")?;
    }
    Ok(file.flush()?)
}

#[derive(Clone)]
struct Reviewer {
    client: reqwest::Client,
    url: String,
    token: String,
}

impl Reviewer {
    async fn post(&self, path: &str, body: &Value) -> Result<(u16, Value)> {
        self.send(Method::POST, path, body).await
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<(u16, Value)> {
        let request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        let response = request.header("content-type", "application/json").body(body.to_string()).send().await?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await?;
        Ok((status, if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? }))
    }

    /// Leases the next draft and approves it; answers how long each took. `None` when there is no next one.
    async fn one(&self) -> Result<Option<(Duration, Duration)>> {
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

/// p50 and p99 in milliseconds.
fn percentiles(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort();
    let at = |q: f64| times.get((times.len() as f64 * q) as usize).map_or(0.0, |t| t.as_secs_f64() * 1000.0);
    (at(0.5), at(0.99))
}

async fn measure(reviewer: &Reviewer, calls: usize) -> Result<((f64, f64), (f64, f64))> {
    let (mut leases, mut verdicts) = (Vec::new(), Vec::new());
    for i in 0..calls + 20 {
        let (lease, verdict) = reviewer.one().await?.context("the queue ran dry")?;
        // The first calls open connections and fill caches.
        if i >= 20 {
            leases.push(lease);
            verdicts.push(verdict);
        }
    }
    Ok((percentiles(leases), percentiles(verdicts)))
}

fn machine() -> String {
    let read = |path: &str, key: &str| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let line =
            text.lines().find(|l| l.starts_with(key)).and_then(|l| l.split_once(':')).map(|(_, v)| v.trim().to_owned());
        line.unwrap_or_default()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory: f64 =
        read("/proc/meminfo", "MemTotal").split_whitespace().next().and_then(|kb| kb.parse().ok()).unwrap_or(0.0);
    format!("{}, {cores} cores, {:.0} GiB, Linux", read("/proc/cpuinfo", "model name"), memory / 1_048_576.0)
}

#[tokio::main]
async fn main() -> Result<()> {
    let quick = std::env::args().any(|a| a == "--quick");
    let sizes = if quick {
        Sizes { small: 2_000, import: 10_000, large: 20_000, cases: 2_000, calls: 200 }
    } else {
        Sizes { small: 10_000, import: 100_000, large: 1_000_000, cases: 100_000, calls: 1_000 }
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace")?.to_owned();
    let built = std::env::current_exe()?.parent().context("this program's folder")?.to_owned();
    let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(built)?;
    let hub = Hub::start(&root, dir.path())?;
    let client = reqwest::Client::new();
    let admin = Reviewer { client: client.clone(), url: hub.url.clone(), token: hub.token.clone() };
    let mut reviewers = Vec::new();
    for i in 0..8 {
        let new = json!({ "name": format!("reviewer {i}"), "grants": [{ "role": "reviewer", "workflow": WORKFLOW }] });
        let (_, made) = admin.post("/v1/tokens", &new).await?;
        let token = made["token"].as_str().context("a token")?.to_owned();
        reviewers.push(Reviewer { client: client.clone(), url: hub.url.clone(), token });
    }
    let mut rows = Vec::new();
    let mut at_most = |figure: &str, measured: f64, limit: f64, unit: &str| {
        rows.push(Row {
            figure: figure.to_owned(),
            measured: format!("{measured:.2} {unit}"),
            promised: format!("≤ {limit} {unit}"),
            met: measured <= limit,
        });
    };
    let file = dir.path().join("drafts.jsonl");
    let import = |from: usize, n: usize| -> Result<f64> {
        write_drafts(&file, from, n)?;
        let took = hub.command(&["draft", "import", &file.display().to_string(), "--workflow", WORKFLOW])?;
        Ok(n as f64 / took.as_secs_f64())
    };

    import(0, sizes.small)?;
    let (lease_small, verdict_small) = measure(&reviewers[0], sizes.calls).await?;
    let rate = import(sizes.small, sizes.import)?;
    let rest = sizes.large - sizes.import - sizes.small + sizes.calls + 20;
    for part in 0..rest.div_ceil(100_000) {
        let from = sizes.small + sizes.import + part * 100_000;
        import(from, (rest - part * 100_000).min(100_000))?;
    }
    std::fs::remove_file(&file)?;
    let (lease_large, verdict_large) = measure(&reviewers[0], sizes.calls).await?;
    at_most(&format!("lease over HTTP, {} staged, p99", sizes.small), lease_small.1, 5.0, "ms");
    at_most(&format!("lease over HTTP, {} staged, p99", sizes.large), lease_large.1, 5.0, "ms");
    at_most("lease, many staged against few, p99", lease_large.1 / lease_small.1, 1.5, "times");
    at_most("lease, many staged against few, p50", lease_large.0 / lease_small.0, 1.5, "times");
    at_most(&format!("verdict over HTTP, {} staged, p99", sizes.small), verdict_small.1, 5.0, "ms");
    at_most(&format!("verdict over HTTP, {} staged, p99", sizes.large), verdict_large.1, 5.0, "ms");

    let crew = reviewers.clone();
    let wanted = (sizes.cases - 2 * (sizes.calls + 20)) as u64;
    let (left, began) = (Arc::new(AtomicU64::new(wanted)), Instant::now());
    let work = reviewers.into_iter().map(|reviewer| {
        let left = left.clone();
        tokio::spawn(async move {
            while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok() {
                reviewer.one().await?;
            }
            Ok::<(), anyhow::Error>(())
        })
    });
    for done in work.collect::<Vec<_>>() {
        done.await??;
    }
    let pairs = wanted as f64 / began.elapsed().as_secs_f64();
    let out = dir.path().join("cases.jsonl");
    let took = hub.command(&["cases", "export", "--workflow", WORKFLOW, "--out", &out.display().to_string()])?;
    let cases = BufReader::new(std::fs::File::open(&out)?).lines().count();
    at_most(&format!("export of {cases} cases"), took.as_secs_f64(), 2.0 * sizes.cases as f64 / 100_000.0, "s");
    let (_, killed) = admin.post(&format!("/v1/workflows/{WORKFLOW}/kill"), &json!({ "reason": "bench" })).await?;
    at_most(
        &format!("kill with {} drafts frozen", killed["frozen"]),
        killed["effect_ms"].as_f64().unwrap_or(f64::MAX),
        50.0,
        "ms",
    );
    admin.post(&format!("/v1/workflows/{WORKFLOW}/resume"), &json!({ "reason": "bench" })).await?;
    let gate = rollout::gate(&admin, &dir.path().join("hub.db")).await?;
    at_most("gate report, 10 million drafts behind it, p99", gate.1, 5.0, "ms");
    let program = json!({ "name": "program", "grants": [{ "role": "service" }] });
    let (_, made) = admin.post("/v1/tokens", &program).await?;
    let token = made["token"].as_str().context("a token")?.to_owned();
    let program = Reviewer { token, ..admin.clone() };
    let flags = rollout::evaluations(&program, sizes.calls * 10).await?;
    at_most("flag evaluation at 2000 requests/s, p99", flags.1, 2.0, "ms");
    let kills = rollout::kills(&admin, &program, &crew).await?;
    at_most("kill to last acceptance at 500 requests/s, p99", kills.1, 10.0, "ms");
    at_most("memory through an import of 300 rows of 2 MB", intake::memory(&root, dir.path())?, 150.0, "MB");
    let sent = delivery::times(&admin, &dir.path().join("hub.db")).await?;
    at_most("another workflow's reply, 1,000 due at a receiver that hangs", sent.other, 1_000.0, "ms");
    at_most(&format!("kill with {} replies waiting", delivery::WAITING), sent.kill, 50.0, "ms");
    at_most("the same once it is killed", sent.again, 50.0, "ms");
    at_most("the resume after it", sent.resume, 1_500.0, "ms");
    at_most("the hub's memory through all of it, resident at most", hub.resident_mb()?, 100.0, "MB");
    rows.insert(
        0,
        Row {
            figure: format!("import of {} drafts of 2 KB", sizes.import),
            measured: format!("{rate:.0} drafts/s"),
            promised: "≥ 20000 drafts/s".to_owned(),
            met: rate >= 20_000.0,
        },
    );

    println!("{}; SQLite, synchronous=FULL; release build\n", machine());
    println!("| figure | measured | promised | |\n|---|---|---|---|");
    for row in &rows {
        println!(
            "| {} | {} | {} | {} |",
            row.figure,
            row.measured,
            row.promised,
            if row.met { "met" } else { "MISSED" }
        );
    }
    println!(
        "\nlease p50 {:.2} and {:.2} ms, verdict p50 {:.2} and {:.2} ms; 8 reviewers at once: {pairs:.0} leases with verdict a second; \
         gate p50 {:.2} ms, flag p50 {:.2} ms, kill to last acceptance p50 {:.2} ms",
        lease_small.0, lease_large.0, verdict_small.0, verdict_large.0, gate.0, flags.0, kills.0
    );
    if rows.iter().all(|r| r.met) { Ok(()) } else { bail!("a figure falls short") }
}
