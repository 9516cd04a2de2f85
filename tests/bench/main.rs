//! The hub's figures: the release build of `countersign`, used from outside over its command line and HTTP, on SQLite
//! with `synchronous=FULL` and on a Postgres that syncs. Prints a table for each; exits 1 when a figure falls short of
//! what is promised. `--quick` takes less of everything, a word such as `postgres` only the tables of that name.
#![expect(clippy::print_stdout, reason = "the table is what this program is for")]

mod database;
mod delivery;
mod hub;
mod intake;
mod load;
mod postgres;
mod rollout;
mod sqlite;

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::time::Duration;

const WORKFLOW: &str = "support-first-reply";

struct Sizes {
    small: usize,
    import: usize,
    large: usize,
    cases: usize,
    calls: usize,
    /// Drafts that cite the source that changes under load.
    citing: usize,
}

/// Where things are, and how much of everything.
struct Bench {
    root: PathBuf,
    dir: PathBuf,
    sizes: Sizes,
}

struct Row {
    figure: String,
    measured: String,
    promised: String,
    met: bool,
}

/// The rows of a table.
#[derive(Default)]
struct Table(Vec<Row>);

impl Table {
    fn at_most(&mut self, figure: &str, measured: f64, limit: f64, unit: &str) {
        self.add(figure, format!("{measured:.2} {unit}"), format!("≤ {limit} {unit}"), measured <= limit);
    }

    fn at_least(&mut self, figure: &str, measured: f64, limit: f64, unit: &str) {
        self.add(figure, format!("{measured:.0} {unit}"), format!("≥ {limit} {unit}"), measured >= limit);
    }

    fn add(&mut self, figure: &str, measured: String, promised: String, met: bool) {
        self.0.push(Row { figure: figure.to_owned(), measured, promised, met });
    }

    /// Prints it under a heading; says whether everything promised was met.
    fn print(&self, heading: &str) -> bool {
        println!("\n{heading}\n\n| figure | measured | promised | |\n|---|---|---|---|");
        for row in &self.0 {
            let word = if row.met { "met" } else { "MISSED" };
            println!("| {} | {} | {} | {word} |", row.figure, row.measured, row.promised);
        }
        self.0.iter().all(|r| r.met)
    }
}

/// p50 and p99 in milliseconds.
fn percentiles(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort();
    (at(&times, 0.5), at(&times, 0.99))
}

/// A quantile of sorted times by nearest rank, in milliseconds.
fn at(sorted: &[Duration], quantile: f64) -> f64 {
    let rank = (sorted.len() as f64 * quantile).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).map_or(0.0, |t| t.as_secs_f64() * 1000.0)
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
    let words: Vec<String> = std::env::args().skip(1).collect();
    let sizes = if words.iter().any(|w| w == "--quick") {
        Sizes { small: 2_000, import: 10_000, large: 20_000, cases: 2_000, calls: 200, citing: 5_000 }
    } else {
        Sizes { small: 10_000, import: 100_000, large: 1_000_000, cases: 100_000, calls: 1_000, citing: 150_000 }
    };
    let wanted = |name: &str| {
        let mut names = words.iter().filter(|w| !w.starts_with("--")).peekable();
        names.peek().is_none() || names.any(|w| w == name)
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the workspace")?.to_owned();
    let built = std::env::current_exe()?.parent().context("this program's folder")?.to_owned();
    let dir = tempfile::Builder::new().prefix("bench-").tempdir_in(built)?;
    let bench = Bench { root, dir: dir.path().to_owned(), sizes };
    let build = if cfg!(debug_assertions) { "debug build: its figures promise nothing" } else { "release build" };
    println!("{}; {build}", machine());
    let mut met = true;
    if wanted("sqlite") {
        met &= sqlite::table(&bench).await?;
    }
    if wanted("postgres") {
        met &= postgres::table(&bench).await?;
    }
    if wanted("load") {
        met &= load::tables(&bench).await?;
    }
    if met { Ok(()) } else { bail!("a figure falls short") }
}
