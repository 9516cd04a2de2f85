//! The gate: what the evidence says now, frozen reports, what is still missing, and how it came about day by day.

use crate::promote::stage_of;
use crate::{Desk, DeskError, burn, drill};
use countersign_domain::access::{Act, Identity};
use countersign_domain::evidence::{Count, Counts, is_verdict};
use countersign_domain::gate::{self, Elsewhere, EvalFact, Input, Loosened, Report, Status};
use countersign_domain::pack::{Pack, Stage};
use countersign_domain::time::Millis;
use countersign_store::gates::{self, ReportRow};
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, evals, evidence as stored, slots};
use serde::Serialize;
use std::collections::BTreeMap;

mod forecast;

pub use forecast::{Plan, Point, RatePlan, Series};

/// How many packs back a loosened limit is looked for, and the time at a stage is counted.
const STEPS: i64 = 50;
/// A day, in milliseconds.
const DAY: i64 = 86_400_000;

/// A gate as it stands, and the hash under which it is kept while it is green.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct GateView {
    /// The report.
    #[serde(flatten)]
    pub report: Report,
    /// SHA-256 of the report's JSON: what a promotion names.
    pub hash: String,
    /// Who signed a promotion first, where it waits for a second signature.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
}

/// The minute of an instant.
pub(crate) fn to_the_minute(at: Millis) -> Millis {
    Millis(at.0.div_euclid(60_000) * 60_000)
}

/// A report as it is kept.
pub(crate) fn freeze(report: &Report) -> Result<ReportRow, DeskError> {
    let json = serde_json::to_string(report).map_err(|e| DeskError::Setup(format!("a gate report: {e}")))?;
    Ok(ReportRow {
        hash: report.hash(),
        workflow_id: report.workflow.clone(),
        version: report.version,
        stage: report.stage.to_string(),
        status: report.status.as_str().to_owned(),
        at: report.at.0,
        report: json,
    })
}

/// What isn't green, in words.
pub(crate) fn what_is_missing(report: &Report) -> String {
    let missing = report.conditions.iter().filter(|c| c.status != Status::Pass);
    let words: Vec<String> = missing.map(|c| format!("{}: {}", c.label, c.reason)).collect();
    format!("the gate is {}: {}", report.status.as_word(), words.join("; "))
}

impl Desk {
    /// A workflow's gate as it stands. A green report is kept, so that a promotion can name it.
    pub async fn gate(&self, who: &Identity, id: &str) -> Result<GateView, DeskError> {
        self.require(who, Act::ReadGate, Some(id), "read this gate")?;
        let mut tx = self.snapshot().await?;
        let w = workflows::get(&mut tx, id, Hold::Look).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        // To the minute: the same evidence looked at twice makes one report.
        let report = self.report(&mut tx, &w, to_the_minute(self.now())).await?;
        let signed_by = self.first_signature(&mut tx, &w, self.now()).await?.map(|s| s.signer);
        drop(tx);
        let frozen = freeze(&report)?;
        if report.status == Status::Pass {
            let mut tx = self.write().await?;
            gates::keep(&mut tx, &frozen).await?;
            tx.commit().await?;
        }
        Ok(GateView { report, hash: frozen.hash, signed_by })
    }

    /// A frozen report, as it was.
    pub async fn frozen_report(&self, who: &Identity, hash: &str) -> Result<serde_json::Value, DeskError> {
        let row = gates::report(&mut self.read().await?, hash).await?;
        let row = row.ok_or_else(|| DeskError::not_found("gate report", hash))?;
        self.require(who, Act::ReadGate, Some(&row.workflow_id), "read this report")?;
        Ok(serde_json::from_str(&row.report)
            .map_err(|_| countersign_store::StoreError::Unreadable { what: "a gate report", value: row.hash })?)
    }

    /// Drops green reports that were looked at and not used; answers how many.
    pub async fn prune_reports(&self) -> Result<u64, DeskError> {
        let mut tx = self.write().await?;
        let dropped = gates::prune(&mut tx, Millis(self.now().0 - DAY)).await?;
        if dropped > 0 {
            tx.commit().await?;
        }
        Ok(dropped)
    }

    /// The report on the evidence that this transaction sees.
    pub(crate) async fn report(&self, tx: &mut Tx, w: &WorkflowRow, at: Millis) -> Result<Report, DeskError> {
        let version = self.version(tx, &w.id, w.version).await?;
        let stage = stage_of(w);
        let pack = &version.pack;
        let counts = counts_of(tx, w, stage, pack, at).await?;
        let ahead = match Stage::ALL.into_iter().find(|s| *s > stage) {
            Some(next) => counts_of(tx, w, next, pack, at).await?,
            None => Vec::new(),
        };
        let flow = self.flow(tx, w, &version, stage, at).await?;
        let eval = match &version.pack.gate.eval_suite {
            Some(suite) => evals::latest(tx, &w.id, w.version, suite).await?,
            None => None,
        };
        let since = at_stage_since(tx, w, at).await?;
        let loosened = self.loosened(tx, w).await?;
        let report = gate::report(Input {
            pack,
            version: w.version,
            stage,
            now: at,
            stage_since: since,
            counts: &counts,
            flow: &flow,
            elsewhere: elsewhere(tx, w, since, at).await?,
            ahead: &ahead,
            eval: eval.map(|e| EvalFact { suite: e.suite, green: e.green == 1, at: Millis(e.at) }),
            last_drill: drill::last_good_drill(tx, &w.id).await?,
            firing: self.firing(tx, &w.id, pack, at).await?,
            spent: burn::spent_at_stage(tx, w, pack, at).await?,
            loosened,
        });
        report.map_err(|e| DeskError::Setup(e.to_string()))
    }

    /// Limits that are looser now than they were at the last promotion, each with the version that loosened it last.
    async fn loosened(&self, tx: &mut Tx, w: &WorkflowRow) -> Result<Vec<Loosened>, DeskError> {
        let promoted = workflows::transitions(tx, &w.id, 200).await?.into_iter().find(|t| t.kind == "promote");
        let since = Millis(promoted.map_or(0, |t| t.at));
        let steps = workflows::in_force_since(tx, &w.id, since, STEPS).await?;
        let Some(first) = workflows::in_force_at(tx, &w.id, since).await?.filter(|first| first.version != w.version)
        else {
            return Ok(Vec::new());
        };
        let (before, after) =
            (self.version(tx, &w.id, first.version).await?, self.version(tx, &w.id, w.version).await?);
        let mut out: Vec<Loosened> = gate::loosened(&before.pack, &after.pack)
            .into_iter()
            .map(|what| Loosened { what, version: w.version, by: String::new() })
            .collect();
        if out.is_empty() {
            return Ok(out);
        }
        // Who loosened it: of many packs since, among the latest.
        let mut last = before;
        for step in steps.iter().filter(|step| step.version != first.version) {
            let next = self.version(tx, &w.id, step.version).await?;
            for done in gate::loosened(&last.pack, &next.pack) {
                for told in out.iter_mut().filter(|told| told.what.limit == done.limit) {
                    (told.version, told.by) = (step.version, step.actor.clone());
                }
            }
            last = next;
        }
        Ok(out)
    }
}

/// The counts of the workflow's version at a stage, and how many of them are in the record by now.
pub(crate) async fn counts_of(
    tx: &mut Tx,
    w: &WorkflowRow,
    stage: Stage,
    pack: &Pack,
    at: Millis,
) -> Result<Vec<Counts>, DeskError> {
    let (entered, overdue) = hours(pack, at);
    Ok(gather(stored::at_stage(tx, &w.id, w.version, stage.as_str(), entered, overdue).await?))
}

/// Since when the version in force is at its stage. Times when another version was in force there are left out, so a
/// version that comes back goes on where it left off.
async fn at_stage_since(tx: &mut Tx, w: &WorkflowRow, at: Millis) -> Result<Millis, DeskError> {
    let rows = workflows::in_force_since(tx, &w.id, Millis(w.stage_since), STEPS).await?;
    let ends = rows.iter().skip(1).map(|next| next.at).chain([at.0]);
    let spent = rows.iter().zip(ends).filter(|(row, _)| row.version == w.version);
    let spent: i64 = spent.map(|(row, end)| (end - row.at.max(w.stage_since)).max(0)).sum();
    Ok(Millis(at.0 - spent))
}

/// The last hour whose drafts are in the record of the upper bounds, and the last one whose drafts wait for too long.
fn hours(pack: &Pack, at: Millis) -> (i64, i64) {
    let entered = stored::hour(at.plus_seconds(-pack.entry_lag_seconds()));
    // Of an hour that is just reached some drafts are younger.
    (entered, stored::hour(at.plus_seconds(-pack.overdue_seconds())) - 1)
}

/// Counts by the bits of the probability and the floor.
type ByRates = BTreeMap<(u64, u64), BTreeMap<String, Count>>;

/// Stored rows as counts by probability and floor.
pub(crate) fn gather(rows: Vec<stored::StageCount>) -> Vec<Counts> {
    let mut by = ByRates::new();
    for row in rows {
        let of = by.entry((row.probability.to_bits(), row.floor.to_bits())).or_default();
        of.insert(row.outcome, Count { n: row.n, entered: row.entered, overdue: row.overdue });
    }
    counts_from(&by)
}

fn counts_from(by: &ByRates) -> Vec<Counts> {
    let counts = |((probability, floor), outcomes): (&(u64, u64), &BTreeMap<String, Count>)| Counts {
        probability: f64::from_bits(*probability),
        floor: f64::from_bits(*floor),
        outcomes: outcomes.clone(),
    };
    by.iter().map(counts).collect()
}

/// What was reviewed since the workflow came to its stage and version, and was staged before.
async fn elsewhere(tx: &mut Tx, w: &WorkflowRow, since: Millis, at: Millis) -> Result<Vec<Elsewhere>, DeskError> {
    let mut sums: BTreeMap<(i64, String), i64> = BTreeMap::new();
    // The first day from when it came, the others whole.
    let next = stored::day(since) + 1;
    let until = slots::first_of(next).min(slots::slot(at) + 1);
    // Five minutes that had begun before are left out.
    let from = slots::slot(Millis(since.0 - 1)) + 1;
    for (version, stage, n) in slots::elsewhere(tx, &w.id, w.version, &w.stage, from, until).await? {
        *sums.entry((version, stage)).or_default() += n;
    }
    for (version, stage, outcome, n) in stored::decided_elsewhere(tx, &w.id, w.version, &w.stage, next).await? {
        if is_verdict(&outcome) {
            *sums.entry((version, stage)).or_default() += n;
        }
    }
    let facts = sums.into_iter().filter(|(_, n)| *n > 0);
    Ok(facts.map(|((version, stage), reviewed)| Elsewhere { version, stage, reviewed }).collect())
}
