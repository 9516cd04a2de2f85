//! Kills while drafts come in from every side, and whatever else goes on beside that: replies that wait, a source that
//! changes, long texts compared, lists and searches.

use crate::database::{Database, WAITING};
use crate::hub::{self, Hub, Reviewer};
use crate::rollout::is_on;
use crate::{Bench, Table, WORKFLOW, at};
use anyhow::{Context, Result, ensure};
use countersign_testkit::TestPack;
use countersign_testkit::postgres::Server;
use countersign_testkit::receiver::Receiver;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The workflow that is killed. Another one's flag is watched meanwhile.
const BUSY: &str = "busy";
const SOURCE: &str = "desk/returns";
const KILLS: usize = 20;
const IMPORTS: usize = 3;
/// Rows of a request, as the command line sends them.
const ROWS: usize = 8_000;
const CLIENTS: usize = 48;

/// Lists, searches and comparisons that were refused since this was last looked at.
static REFUSED: AtomicUsize = AtomicUsize::new(0);

pub(crate) async fn tables(bench: &Bench) -> Result<bool> {
    let sqlite = format!("sqlite://{}", bench.dir.join("load.db").display());
    let on_sqlite = table(bench, "SQLite", &sqlite, 100.0).await?;
    let dir = tempfile::tempdir()?;
    let server = Server::durable(dir.path());
    let on_postgres = table(bench, "Postgres", &server.database(), 250.0).await?;
    Ok(on_sqlite && on_postgres)
}

async fn table(bench: &Bench, engine: &str, address: &str, limit: f64) -> Result<bool> {
    let hub = Hub::start(bench, address)?;
    let (admin, receiver, database) = (hub.admin(), Receiver::start().await, Database::open(address).await?);
    let rate = toml::Table::from_iter([("internal".to_owned(), toml::Value::from(1.0))]);
    admin.apply(&TestPack::of(BUSY).set("review.rate", rate).delivering_to(receiver.url())).await?;
    let program = hub.person("program", json!([{ "role": "service" }])).await?;
    change_source(&admin, 0).await?;
    for from in (0..bench.sizes.citing).step_by(ROWS) {
        let rows = (from..(from + ROWS).min(bench.sizes.citing)).map(|i| citing(&format!("citing-{i}")));
        send(&admin, rows.collect()).await?;
    }
    let (_, listed) = admin.get(&format!("/v1/drafts?workflow={BUSY}&limit=1")).await?;
    let shown = listed["drafts"][0]["id"].as_str().context("a draft")?.to_owned();

    let mut table = Table::default();
    let mut measure = async |name: &str, beside: Vec<Beside>| {
        let load = Load::begin(&admin, beside);
        let watch = watch(program.clone());
        let times = kills(&admin).await?;
        let off = watch.end().await?;
        let staged = load.end().await?;
        let slowest = times.last().copied().unwrap_or_default().as_secs_f64() * 1_000.0;
        table.at_most(&format!("kill, {name}, p95 of {KILLS}"), at(&times, 0.95), limit, "ms");
        table.at_most("the slowest of them", slowest, 1_000.0, "ms");
        table.at_most("flags of another workflow that went off", off as f64, 0.0, "");
        let refused = REFUSED.swap(0, Ordering::Relaxed);
        println!("{engine}, {name}: {staged:.0} drafts/s came in, {refused} lists and comparisons were refused");
        anyhow::Ok(())
    };
    measure("3 imports and 48 clients", Vec::new()).await?;
    database.wait(BUSY).await?;
    measure(&format!("the same with {WAITING} replies waiting"), Vec::new()).await?;
    let citing = format!("the same and a source changed that {} drafts cite", bench.sizes.citing);
    measure(&citing, vec![Beside::Source]).await?;
    let mut readers = vec![Beside::Compare(shown); 4];
    readers.extend(vec![Beside::Get("/v1/drafts?q=invoice"); 12]);
    for path in ["/v1/drafts", "/v1/drafts?customer=Priya", "/v1/drafts?reviewer=nobody", "/v1/cases"] {
        readers.extend(vec![Beside::Get(path); 2]);
    }
    measure("the same with 4 long comparisons, 12 searches, 8 lists", readers).await?;
    Ok(table.print(&format!("Kills under load on {engine}")))
}

fn citing(external_id: &str) -> String {
    let mut row = hub::draft(external_id);
    row["draft"]["citations"] = json!([{ "source": SOURCE, "quote": "within thirty days" }]);
    row.to_string()
}

async fn change_source(admin: &Reviewer, n: usize) -> Result<()> {
    let text = format!("Goods can be sent back within thirty days of their arrival. Issue {n}.");
    let source = json!({ "id": SOURCE, "title": "Returns", "text": text, "access": ["public"] });
    let (status, answer) = admin.lines("/v1/sources", source.to_string()).await?;
    ensure!(status < 300, "a source: {status} {answer}");
    Ok(())
}

async fn send(admin: &Reviewer, rows: Vec<String>) -> Result<()> {
    let n = rows.len();
    let (status, answer) = admin.lines(&format!("/v1/drafts?workflow={BUSY}&summary=true"), rows.join("\n")).await?;
    ensure!(status < 300 && answer["created"] == n, "an import: {status} {answer}");
    Ok(())
}

/// Kills and resumes; answers how long each kill took until it was answered, in ascending order.
async fn kills(admin: &Reviewer) -> Result<Vec<Duration>> {
    let admin = Reviewer { client: reqwest::Client::new(), ..admin.clone() };
    let why = json!({ "reason": "bench" });
    let mut times = Vec::new();
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let began = Instant::now();
        let (status, answer) = admin.post(&format!("/v1/workflows/{BUSY}/kill"), &why).await?;
        ensure!(status == 200, "a kill: {status} {answer}");
        times.push(began.elapsed());
        let (status, answer) = admin.post(&format!("/v1/workflows/{BUSY}/resume"), &why).await?;
        ensure!(status == 200, "a resume: {status} {answer}");
    }
    times.sort();
    Ok(times)
}

/// Something that runs until it is told to end; answers a number.
struct Running<T>(tokio_util::sync::CancellationToken, JoinSet<Result<T>>);

impl<T: Send + std::iter::Sum + 'static> Running<T> {
    async fn end(mut self) -> Result<T> {
        self.0.cancel();
        let mut all = Vec::new();
        while let Some(done) = self.1.join_next().await {
            all.push(done??);
        }
        Ok(all.into_iter().sum())
    }
}

/// Evaluates a flag a hundred times a second; answers how often it was off.
fn watch(program: Reviewer) -> Running<usize> {
    let mut running = Running(Default::default(), JoinSet::new());
    let stop = running.0.clone();
    running.1.spawn(async move {
        let mut off = 0;
        let mut turn = tokio::time::interval(Duration::from_millis(10));
        while !stop.is_cancelled() {
            turn.tick().await;
            off += usize::from(!is_on(&program, WORKFLOW).await?);
        }
        Ok(off)
    });
    running
}

/// What goes on beside the drafts that come in.
#[derive(Clone)]
enum Beside {
    /// The source that many drafts cite changes, every three seconds.
    Source,
    /// Texts of 4 MB, and the longest that are taken, are compared with this draft's.
    Compare(String),
    /// A list or a search.
    Get(&'static str),
}

struct Load {
    running: Running<usize>,
    began: Instant,
}

impl Load {
    fn begin(admin: &Reviewer, beside: Vec<Beside>) -> Self {
        // Every load's tickets are its own.
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let load = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut running = Running(Default::default(), JoinSet::new());
        let row = Arc::new(hub::draft("EXTERNAL").to_string());
        for sender in 0..IMPORTS + CLIENTS {
            let rows = if sender < IMPORTS { ROWS } else { 1 };
            let (stop, row, mine) = (running.0.clone(), row.clone(), format!("load-{load}-{sender}"));
            let admin = Reviewer { client: reqwest::Client::new(), ..admin.clone() };
            running.1.spawn(async move {
                let mut sent = 0;
                while !stop.is_cancelled() {
                    let lines = (sent..sent + rows).map(|i| row.replace("EXTERNAL", &format!("{mine}-{i}")));
                    send(&admin, lines.collect()).await?;
                    sent += rows;
                }
                Ok(sent)
            });
        }
        for (n, beside) in beside.into_iter().enumerate() {
            let (stop, admin) = (running.0.clone(), Reviewer { client: reqwest::Client::new(), ..admin.clone() });
            running.1.spawn(async move {
                for round in 0.. {
                    if stop.is_cancelled() {
                        break;
                    }
                    beside.go_on(&admin, 1_000 * n + round).await?;
                }
                Ok(0)
            });
        }
        Self { running, began: Instant::now() }
    }

    /// Drafts a second.
    async fn end(self) -> Result<f64> {
        let began = self.began;
        let staged = self.running.end().await?;
        Ok(staged as f64 / began.elapsed().as_secs_f64())
    }
}

impl Beside {
    async fn go_on(&self, admin: &Reviewer, round: usize) -> Result<()> {
        let (status, answer): (u16, Value) = match self {
            Self::Source => {
                change_source(admin, round + 1).await?;
                tokio::time::sleep(Duration::from_secs(3)).await;
                return Ok(());
            }
            Self::Compare(id) => {
                let long =
                    "Seats are charged by the day. ".repeat(if round.is_multiple_of(2) { 140_000 } else { 6_600 });
                admin.post(&format!("/v1/drafts/{id}/diff"), &json!({ "final_text": long })).await?
            }
            Self::Get(path) => admin.get(path).await?,
        };
        // Lists that take too long are refused, and asked for again: they may wait, a kill may not.
        ensure!(status < 500 || status == 503, "{status} {answer}");
        REFUSED.fetch_add(usize::from(status == 503), Ordering::Relaxed);
        Ok(())
    }
}
