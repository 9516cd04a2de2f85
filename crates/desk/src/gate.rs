//! The gate: what the evidence says now, frozen reports, what is still missing, and how it came about day by day.

use crate::promote::stage_of;
use crate::{Desk, DeskError, drill};
use countersign_domain::access::{Act, Identity};
use countersign_domain::evidence::{self, Bound, Counts};
use countersign_domain::gate::{self, EvalFact, Input, Loosened, Report, Status};
use countersign_domain::pack::{FailureRate, Stage};
use countersign_domain::time::Millis;
use countersign_store::gates::{self, ReportRow};
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, evals, evidence as stored};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many versions back a loosened limit is looked for.
const VERSIONS: i64 = 20;
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

/// What it still takes, if things go on as they are.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Plan {
    /// The workflow.
    pub workflow: String,
    /// Whether the gate is green now.
    pub green: bool,
    /// Drafts that are reviewed a day, over the last seven.
    pub reviews_per_day: f64,
    /// More reviews until every rate is green and enough are reviewed; none if it never will be at these rates.
    pub more_reviews: Option<u64>,
    /// Days until then, `min_days` among them; none if it can't be said.
    pub days: Option<f64>,
    /// The rates.
    pub rates: Vec<RatePlan>,
    /// What else holds the gate, in words.
    pub also: Vec<String>,
}

/// What one rate still takes.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RatePlan {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub status: Status,
    /// More reviews until it is green; none if it never will be at this rate.
    pub more_reviews: Option<u64>,
}

/// A rate's interval, day by day.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its limit.
    pub limit: f64,
    /// What was known at the end of each day, oldest first.
    pub points: Vec<Point>,
}

/// What was known of a rate at the end of a day.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Point {
    /// The day, UTC: `2026-11-22`.
    pub day: String,
    /// Reviewed by then.
    pub reviewed: u64,
    /// The interval.
    #[serde(flatten)]
    pub bound: Bound,
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
        let at = Millis(self.now().0.div_euclid(60_000) * 60_000);
        let report = self.report(&mut tx, &w, at).await?;
        let signed_by = gates::signature(&mut tx, id).await?.filter(|s| s.version == w.version).map(|s| s.signer);
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
        let counts = counts_of(tx, w, stage).await?;
        let ahead = match Stage::ALL.into_iter().find(|s| *s > stage) {
            Some(next) => counts_of(tx, w, next).await?,
            None => Vec::new(),
        };
        let eval = match &version.pack.gate.eval_suite {
            Some(suite) => evals::latest(tx, &w.id, w.version, suite).await?,
            None => None,
        };
        let applied = workflows::version(tx, &w.id, w.version).await?.map_or(0, |v| v.applied_at);
        let loosened = self.loosened(tx, w).await?;
        let report = gate::report(Input {
            pack: &version.pack,
            version: w.version,
            stage,
            now: at,
            stage_since: Millis(w.stage_since.max(applied)),
            counts: &counts,
            ahead: &ahead,
            eval: eval.map(|e| EvalFact { suite: e.suite, green: e.green == 1, at: Millis(e.at) }),
            last_drill: drill::last_good_drill(tx, &w.id).await?,
            freeze: self.freeze_reason(tx, &w.id, &version.pack, at).await?,
            loosened,
        });
        report.map_err(|e| DeskError::Setup(e.to_string()))
    }

    /// Limits that versions since the last promotion have loosened.
    async fn loosened(&self, tx: &mut Tx, w: &WorkflowRow) -> Result<Vec<Loosened>, DeskError> {
        let promoted = workflows::transitions(tx, &w.id, 200).await?.into_iter().find(|t| t.kind == "promote");
        let first = promoted.map_or(1, |t| t.version).max(w.version - VERSIONS);
        let mut out = Vec::new();
        for version in first + 1..=w.version {
            let Some(row) = workflows::version(tx, &w.id, version).await? else { continue };
            let (before, after) =
                (self.version(tx, &w.id, version - 1).await?, self.version(tx, &w.id, version).await?);
            let loosened = gate::loosened(&before.pack, &after.pack).into_iter();
            out.extend(loosened.map(|what| Loosened { what, version, by: row.applied_by.clone() }));
        }
        Ok(out)
    }

    /// What it still takes until the gate is green, if things go on as they are.
    pub async fn gate_plan(&self, who: &Identity, id: &str) -> Result<Plan, DeskError> {
        self.require(who, Act::ReadGate, Some(id), "read this gate")?;
        let now = self.now();
        let mut tx = self.snapshot().await?;
        let w = workflows::get(&mut tx, id, Hold::Look).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        let report = self.report(&mut tx, &w, now).await?;
        let gate = self.version(&mut tx, id, w.version).await?.pack.gate.clone();
        let week = stored::decided_since(&mut tx, id, stored::day(now) - 6).await?;
        let reviewed: i64 =
            week.iter().filter(|(_, outcome, _)| evidence::is_verdict(outcome)).map(|(_, _, n)| n).sum();
        let known_days = ((now.0 - report.stage_since.0) as f64 / DAY as f64).clamp(1.0, 7.0);
        let reviews_per_day = reviewed as f64 / known_days;
        let rates: Vec<RatePlan> = report
            .rates
            .iter()
            .map(|r| RatePlan { name: r.name.clone(), status: r.status, more_reviews: r.more_reviews })
            .collect();
        let enough = u64::from(gate.min_reviewed).saturating_sub(report.summary.reviewed);
        let more_reviews = rates
            .iter()
            .map(|r| if r.status == Status::Pass { Some(0) } else { r.more_reviews })
            .try_fold(enough, |most, more| more.map(|m| m.max(most)));
        let left =
            (report.stage_since.plus_seconds(i64::from(gate.min_days) * 86_400).0 - now.0).max(0) as f64 / DAY as f64;
        let days = match more_reviews {
            Some(0) => Some(left),
            Some(more) if reviews_per_day > 0.0 => Some((more as f64 / reviews_per_day).max(left)),
            _ => None,
        };
        let counted = ["rate", "reviewed", "days"];
        let also = report.conditions.iter().filter(|c| c.status != Status::Pass && !counted.contains(&c.name));
        Ok(Plan {
            workflow: id.to_owned(),
            green: report.status == Status::Pass,
            reviews_per_day,
            more_reviews,
            days,
            also: also.map(|c| format!("{}: {}", c.label, c.reason)).collect(),
            rates,
        })
    }

    /// How each rate's interval came about, day by day, for the version and stage of now.
    pub async fn gate_series(&self, who: &Identity, id: &str) -> Result<Vec<Series>, DeskError> {
        self.require(who, Act::ReadGate, Some(id), "read this gate")?;
        let mut tx = self.snapshot().await?;
        let w = workflows::get(&mut tx, id, Hold::Look).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        let version = self.version(&mut tx, id, w.version).await?;
        let rows = stored::by_hour(&mut tx, id, w.version, &w.stage).await?;
        drop(tx);
        let pack = &version.pack;
        let alpha = pack.gate.alpha / pack.gate.rates.len().max(1) as f64;
        let last = rows.last().map_or(0, |row| row.hour.div_euclid(24));
        let mut so_far: ByRates = BTreeMap::new();
        let mut series: Vec<Series> =
            pack.gate.rates.iter().map(|r| Series { name: r.name.clone(), limit: r.max, points: Vec::new() }).collect();
        let mut rows = rows.into_iter().peekable();
        while let Some(row) = rows.next() {
            let day = row.hour.div_euclid(24);
            let of = so_far.entry((row.probability.to_bits(), row.floor.to_bits())).or_default();
            *of.entry(row.outcome).or_default() += row.n;
            // Ninety days are as many as a chart shows.
            if rows.peek().is_some_and(|next| next.hour.div_euclid(24) == day) || day <= last - 90 {
                continue;
            }
            let counts = counts_from(&so_far);
            for (rate, line) in pack.gate.rates.iter().zip(&mut series) {
                line.points.push(point(day, &counts, rate, pack, alpha)?);
            }
        }
        Ok(series)
    }
}

fn point(
    day: i64,
    counts: &[Counts],
    rate: &FailureRate,
    pack: &countersign_domain::pack::Pack,
    alpha: f64,
) -> Result<Point, DeskError> {
    let groups = evidence::groups(counts, rate, pack);
    let bound = evidence::bound(&groups, alpha).map_err(|e| DeskError::Setup(e.to_string()))?;
    Ok(Point {
        day: Millis(day * DAY).to_string().chars().take(10).collect(),
        reviewed: evidence::Summary::of(counts).reviewed,
        bound,
    })
}

/// The counts of the workflow's version at a stage.
pub(crate) async fn counts_of(tx: &mut Tx, w: &WorkflowRow, stage: Stage) -> Result<Vec<Counts>, DeskError> {
    Ok(gather(stored::at_stage(tx, &w.id, w.version, stage.as_str(), 0, 0).await?))
}

/// Outcomes by the bits of the probability and the floor.
type ByRates = BTreeMap<(u64, u64), BTreeMap<String, i64>>;

/// Stored rows as counts by probability and floor.
pub(crate) fn gather(rows: Vec<stored::StageCount>) -> Vec<Counts> {
    let mut by = ByRates::new();
    for row in rows.into_iter().filter(|row| row.n != 0) {
        let of = by.entry((row.probability.to_bits(), row.floor.to_bits())).or_default();
        *of.entry(row.outcome).or_default() += row.n;
    }
    counts_from(&by)
}

fn counts_from(by: &ByRates) -> Vec<Counts> {
    let counts = |((probability, floor), outcomes): (&(u64, u64), &BTreeMap<String, i64>)| Counts {
        probability: f64::from_bits(*probability),
        floor: f64::from_bits(*floor),
        outcomes: outcomes.clone(),
    };
    by.iter().map(counts).collect()
}
