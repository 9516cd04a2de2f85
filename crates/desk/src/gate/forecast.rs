//! What a gate still takes, and how its intervals came about day by day.

use super::{ByRates, DAY, counts_from};
use crate::budget::base_rates;
use crate::{Desk, DeskError, Version};
use countersign_domain::access::{Act, Identity};
use countersign_domain::evidence::{self, Bound, Counts, Flow, is_verdict};
use countersign_domain::gate::{Report, Status};
use countersign_domain::pack::{FailureRate, Pack, Stage};
use countersign_domain::time::Millis;
use countersign_store::Tx;
use countersign_store::evidence as stored;
use countersign_store::workflows::{self, Hold, WorkflowRow};
use serde::Serialize;
use std::collections::BTreeMap;

/// Days that a chart shows.
const SHOWN: i64 = 90;

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
    /// Days until then, `min_days` and the entry lag among them; none if it can't be said.
    pub days: Option<f64>,
    /// The day, UTC: `2026-11-22`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
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
    /// Days until then, the entry lag among them.
    pub days: Option<f64>,
}

/// A rate's interval, day by day.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// Its limit.
    pub limit: f64,
    /// Each day's drafts up to its end, oldest first, and what is known of them now.
    pub points: Vec<Point>,
}

/// What is known now of the drafts that a gate had at the end of a day.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Point {
    /// The day, UTC: `2026-11-22`.
    pub day: String,
    /// Of the drafts that were staged by then, reviewed.
    pub reviewed: u64,
    /// The interval.
    #[serde(flatten)]
    pub bound: Bound,
}

fn day_of(at: Millis) -> String {
    at.to_string().chars().take(10).collect()
}

impl Desk {
    /// What it still takes until the gate is green, if things go on as they are.
    pub async fn gate_plan(&self, who: &Identity, id: &str) -> Result<Plan, DeskError> {
        self.require(who, Act::ReadGate, Some(id), "read this gate")?;
        let now = self.now();
        let mut tx = self.snapshot().await?;
        let w = workflows::get(&mut tx, id, Hold::Look).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        let report = self.report(&mut tx, &w, now).await?;
        let version = self.version(&mut tx, id, w.version).await?;
        let week = stored::decided_since(&mut tx, id, stored::day(now) - 6).await?;
        let reviewed: i64 = week.iter().filter(|(_, outcome, _)| is_verdict(outcome)).map(|(_, _, n)| n).sum();
        let known_days = ((now.0 - report.stage_since.0) as f64 / DAY as f64).clamp(1.0, 7.0);
        Ok(plan(&report, &version.pack, reviewed as f64 / known_days, now))
    }

    /// The drafts that come in a day at a stage, by the last week's volume and the rates in force.
    pub(crate) async fn flow(
        &self,
        tx: &mut Tx,
        w: &WorkflowRow,
        version: &Version,
        stage: Stage,
        now: Millis,
    ) -> Result<Vec<Flow>, DeskError> {
        let expected = crate::budget::expected(tx, &w.id, now).await?;
        let rates = self.rates_now(tx, w, version, stage, now).await?;
        Ok(flow(expected.low, expected.high, rates.low, rates.high, rates.floor))
    }

    /// How long until every rate is green with the pack's own rates, as if there were no review budget.
    pub(crate) async fn days_without_budget(
        &self,
        tx: &mut Tx,
        w: &WorkflowRow,
        stage: Stage,
        now: Millis,
    ) -> Result<Option<f64>, DeskError> {
        let version = self.version(tx, &w.id, w.version).await?;
        let pack = &version.pack;
        let (expected, base) = (crate::budget::expected(tx, &w.id, now).await?, base_rates(pack, stage));
        let floor = stored::floor(tx, &w.id, w.version, stage.as_str()).await?.unwrap_or(1.0).min(base.low);
        let flow = flow(expected.low, expected.high, base.low, base.high, floor);
        let counts = super::counts_of(tx, w, stage, pack, now).await?;
        let alpha = pack.gate.alpha / pack.gate.rates.len().max(1) as f64;
        let mut most = Some(0.0_f64);
        for rate in &pack.gate.rates {
            let forecast = evidence::until_green(&counts, rate, pack, alpha, &flow);
            let forecast = forecast.map_err(|e| DeskError::Setup(e.to_string()))?;
            most = most.zip(forecast).map(|(most, f)| most.max(f.days));
        }
        Ok(most)
    }

    /// How each rate's interval came about, day by day, for the version and stage of now: a day's point counts what was
    /// staged up to its end, and in the upper bound up to the entry lag before that, as it is known now.
    pub async fn gate_series(&self, who: &Identity, id: &str) -> Result<Vec<Series>, DeskError> {
        self.require(who, Act::ReadGate, Some(id), "read this gate")?;
        let now = self.now();
        let mut tx = self.snapshot().await?;
        let w = workflows::get(&mut tx, id, Hold::Look).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        let version = self.version(&mut tx, id, w.version).await?;
        let rows = stored::by_hour(&mut tx, id, w.version, &w.stage).await?;
        drop(tx);
        let pack = &version.pack;
        let alpha = pack.gate.alpha / pack.gate.rates.len().max(1) as f64;
        let mut series: Vec<Series> =
            pack.gate.rates.iter().map(|r| Series { name: r.name.clone(), limit: r.max, points: Vec::new() }).collect();
        let Some(first) = rows.first().map(|row| row.hour.div_euclid(24)) else { return Ok(series) };
        let today = stored::day(now);
        let mut so_far = ByRates::new();
        let (mut staged, mut entered) = (rows.iter().peekable(), rows.iter().peekable());
        for day in first.max(today - SHOWN + 1)..=today {
            let end = Millis((day * DAY + DAY - 1).min(now.0));
            let (last, lagged) = (stored::hour(end), stored::hour(end.plus_seconds(-pack.entry_lag_seconds())));
            while let Some(row) = staged.next_if(|row| row.hour <= last) {
                count(&mut so_far, row).n += row.n;
            }
            while let Some(row) = entered.next_if(|row| row.hour <= lagged) {
                count(&mut so_far, row).entered += row.n;
            }
            let counts = counts_from(&so_far);
            for (rate, line) in pack.gate.rates.iter().zip(&mut series) {
                line.points.push(point(end, &counts, rate, pack, alpha)?);
            }
        }
        Ok(series)
    }
}

fn count<'a>(so_far: &'a mut ByRates, row: &stored::HourCount) -> &'a mut evidence::Count {
    let of: &mut BTreeMap<_, _> = so_far.entry((row.probability.to_bits(), row.floor.to_bits())).or_default();
    of.entry(row.outcome.clone()).or_default()
}

fn flow(low: f64, high: f64, low_rate: f64, high_rate: f64, floor: f64) -> Vec<Flow> {
    let of = |probability: f64, drafts: f64| Flow { probability, floor: floor.min(probability), drafts };
    [of(low_rate, low), of(high_rate, high)].into_iter().filter(|f| f.drafts > 0.0).collect()
}

fn plan(report: &Report, pack: &Pack, reviews_per_day: f64, now: Millis) -> Plan {
    let lag = pack.entry_lag_seconds() as f64 / 86_400.0;
    let rates: Vec<RatePlan> = report
        .rates
        .iter()
        .map(|r| RatePlan {
            name: r.name.clone(),
            status: r.status,
            more_reviews: r.more_reviews,
            days: r.days.map(|days| if r.status == Status::Pass { 0.0 } else { days + lag }),
        })
        .collect();
    let enough = u64::from(pack.gate.min_reviewed).saturating_sub(report.summary.reviewed);
    let of = |r: &RatePlan| if r.status == Status::Pass { Some(0) } else { r.more_reviews };
    let more_reviews = rates.iter().map(of).try_fold(enough, |most, more| more.map(|m| m.max(most)));
    let earliest = report.stage_since.plus_seconds(i64::from(pack.gate.min_days) * 86_400);
    let left = (earliest.0 - now.0).max(0) as f64 / DAY as f64;
    let reading =
        if enough == 0 { Some(0.0) } else { (reviews_per_day > 0.0).then(|| enough as f64 / reviews_per_day) };
    // Where nobody reads, nothing that waits is ever decided.
    let idle = more_reviews.is_some_and(|more| more > 0) && reviews_per_day <= 0.0;
    let days = rates.iter().map(|r| r.days).try_fold(left, |most, days| days.map(|d| d.max(most)));
    let days = days.zip(reading).map(|(days, reading)| days.max(reading)).filter(|_| !idle);
    let counted = ["rate", "reviewed", "days"];
    let also = report.conditions.iter().filter(|c| c.status != Status::Pass && !counted.contains(&c.name));
    Plan {
        workflow: report.workflow.clone(),
        green: report.status == Status::Pass,
        reviews_per_day,
        more_reviews,
        days,
        on: days.map(|days| day_of(Millis(now.0 + (days * DAY as f64) as i64))),
        also: also.map(|c| format!("{}: {}", c.label, c.reason)).collect(),
        rates,
    }
}

fn point(at: Millis, counts: &[Counts], rate: &FailureRate, pack: &Pack, alpha: f64) -> Result<Point, DeskError> {
    let bound = evidence::interval(counts, rate, pack, alpha).map_err(|e| DeskError::Setup(e.to_string()))?;
    Ok(Point { day: day_of(at), reviewed: evidence::Summary::of(counts).reviewed, bound })
}
