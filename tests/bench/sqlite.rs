//! One hub on SQLite: what a reviewer, a program and an operator wait for.

use crate::hub::{self, Hub, Reviewer};
use crate::{Bench, Table, WORKFLOW, delivery, intake, percentiles, rollout};
use anyhow::{Context, Result};
use serde_json::json;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::Duration;

/// How long leases and verdicts took, p50 and p99 in milliseconds.
struct Pace {
    lease: (f64, f64),
    verdict: (f64, f64),
}

async fn pace(reviewer: &Reviewer, calls: usize) -> Result<Pace> {
    let (mut leases, mut verdicts): (Vec<Duration>, Vec<Duration>) = (Vec::new(), Vec::new());
    for i in 0..calls + 20 {
        let (lease, verdict) = reviewer.one().await?.context("the queue ran dry")?;
        // The first calls open connections and fill caches.
        if i >= 20 {
            leases.push(lease);
            verdicts.push(verdict);
        }
    }
    Ok(Pace { lease: percentiles(leases), verdict: percentiles(verdicts) })
}

pub(crate) async fn table(bench: &Bench) -> Result<bool> {
    let file = bench.dir.join("hub.db");
    let hub = Hub::start(bench, &format!("sqlite://{}", file.display()))?;
    let crew = hub.reviewers().await?;
    let mut table = Table::default();
    let (few, many) = import(bench, &hub, &crew, &mut table).await?;
    let pairs = cases(bench, &hub, &crew, &mut table).await?;
    let more = rollout(bench, &hub, &crew, &file, &mut table).await?;
    table.at_most("memory through an import of 300 rows of 2 MB", intake::memory(bench)?, 150.0, "MB");
    let sent = delivery::times(&hub.admin(), &file).await?;
    table.at_most("another workflow's reply, 1,000 due at a receiver that hangs", sent.other, 1_000.0, "ms");
    table.at_most(&format!("kill with {} replies waiting", delivery::WAITING), sent.kill, 50.0, "ms");
    table.at_most("the same once it is killed", sent.again, 50.0, "ms");
    table.at_most("the resume after it", sent.resume, 1_500.0, "ms");
    table.at_most("the hub's memory through all of it, resident at most", hub.resident_mb()?, 100.0, "MB");
    let met = table.print("SQLite, synchronous=FULL");
    println!(
        "\nlease p50 {:.2} and {:.2} ms, verdict p50 {:.2} and {:.2} ms; 8 reviewers at once: {pairs:.0} leases with \
         verdict a second; {more}",
        few.lease.0, many.lease.0, few.verdict.0, many.verdict.0
    );
    Ok(met)
}

/// Imports, and reviews with few and with many drafts staged.
async fn import(bench: &Bench, hub: &Hub, crew: &[Reviewer], table: &mut Table) -> Result<(Pace, Pace)> {
    let sizes = &bench.sizes;
    hub.import(bench, 0, sizes.small)?;
    let few = pace(&crew[0], sizes.calls).await?;
    let rate = hub.import(bench, sizes.small, sizes.import)?;
    table.at_least(&format!("import of {} drafts of 2 KB", sizes.import), rate, 20_000.0, "drafts/s");
    let rest = sizes.large - sizes.import - sizes.small + sizes.calls + 20;
    for part in 0..rest.div_ceil(100_000) {
        let from = sizes.small + sizes.import + part * 100_000;
        hub.import(bench, from, (rest - part * 100_000).min(100_000))?;
    }
    let many = pace(&crew[0], sizes.calls).await?;
    table.at_most(&format!("lease over HTTP, {} staged, p99", sizes.small), few.lease.1, 5.0, "ms");
    table.at_most(&format!("lease over HTTP, {} staged, p99", sizes.large), many.lease.1, 5.0, "ms");
    table.at_most("lease, many staged against few, p99", many.lease.1 / few.lease.1, 1.5, "times");
    table.at_most("lease, many staged against few, p50", many.lease.0 / few.lease.0, 1.5, "times");
    table.at_most(&format!("verdict over HTTP, {} staged, p99", sizes.small), few.verdict.1, 5.0, "ms");
    table.at_most(&format!("verdict over HTTP, {} staged, p99", sizes.large), many.verdict.1, 5.0, "ms");
    Ok((few, many))
}

/// Decided drafts on their way out, and what is signed for them; answers the pace of eight reviewers.
async fn cases(bench: &Bench, hub: &Hub, crew: &[Reviewer], table: &mut Table) -> Result<f64> {
    let sizes = &bench.sizes;
    let pairs = hub::review(crew, (sizes.cases - 2 * (sizes.calls + 20)) as u64).await?;
    let out = bench.dir.join("cases.jsonl");
    let took = hub.command(&["cases", "export", "--workflow", WORKFLOW, "--out", &out.display().to_string()])?;
    let cases = BufReader::new(std::fs::File::open(&out)?).lines().count();
    table.at_most(&format!("export of {cases} cases"), took.as_secs_f64(), 2.0 * sizes.cases as f64 / 100_000.0, "s");
    let took = hub.command(&["audit", "verify"])?;
    table.at_most(
        &format!("audit verify, {} drafts staged and {cases} decided", sizes.large),
        took.as_secs_f64(),
        30.0,
        "s",
    );
    Ok(pairs)
}

/// Gates, flags and kills.
async fn rollout(bench: &Bench, hub: &Hub, crew: &[Reviewer], file: &Path, table: &mut Table) -> Result<String> {
    let (admin, why) = (hub.admin(), json!({ "reason": "bench" }));
    let (_, killed) = admin.post(&format!("/v1/workflows/{WORKFLOW}/kill"), &why).await?;
    let took = killed["effect_ms"].as_f64().unwrap_or(f64::MAX);
    table.at_most(&format!("kill with {} drafts frozen", killed["frozen"]), took, 50.0, "ms");
    admin.post(&format!("/v1/workflows/{WORKFLOW}/resume"), &why).await?;
    let gate = rollout::gate(&admin, file).await?;
    table.at_most("gate report, 10 million drafts behind it, p99", gate.1, 5.0, "ms");
    let program = hub.person("program", json!([{ "role": "service" }])).await?;
    let flags = rollout::evaluations(&program, bench.sizes.calls * 10).await?;
    table.at_most("flag evaluation at 2000 requests/s, p99", flags.1, 2.0, "ms");
    let kills = rollout::kills(&admin, &program, crew).await?;
    table.at_most("kill to last acceptance at 500 requests/s, p99", kills.1, 10.0, "ms");
    Ok(format!("gate p50 {:.2} ms, flag p50 {:.2} ms, kill to last acceptance p50 {:.2} ms", gate.0, flags.0, kills.0))
}
