//! The counts that gates are computed from: they cost the same at a hundred drafts and at ten million.
//!
//! Drafts are counted by the hour in which they were staged, whenever they were decided: what enters a gate's record
//! must not hang on how long a decision took.

use crate::late::Delta;
use crate::{StoreError, Tx, slots};
use countersign_domain::time::Millis;
use std::collections::BTreeMap;

/// Which record a draft belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The workflow.
    pub workflow: &'a str,
    /// The version that the draft was staged under.
    pub version: i64,
    /// The stage that it was staged at.
    pub stage: &'a str,
    /// The probability with which it was selected for review.
    pub probability: f64,
    /// The lowest rate in force for this version and stage until it was staged.
    pub floor: f64,
    /// When it was staged.
    pub staged_at: Millis,
    /// It was to go out unseen, and came back for a person. It is counted as unreviewed, and whatever becomes of it later
    /// is counted nowhere.
    pub rescued: bool,
}

/// Days since 1970-01-01, UTC.
pub fn day(at: Millis) -> i64 {
    at.0.div_euclid(86_400_000)
}

/// Hours since 1970-01-01, UTC.
pub fn hour(at: Millis) -> i64 {
    at.0.div_euclid(3_600_000)
}

/// Whether an outcome is there from the staging on, and nothing that somebody or time decided.
fn from_the_start(outcome: &str) -> bool {
    ["staged", "unreviewed", "costed", "cost_micro_usd"].contains(&outcome)
}

/// Adds drafts to the counts; written at the commit. `outcome` is `staged`, `unreviewed`, `costed`, `cost_micro_usd`,
/// `expired`, `superseded`, or a verdict's outcome key. What was decided also counts by when it was, `decided_at`.
pub fn add(tx: &mut Tx, record: Record<'_>, outcome: &str, decided_at: Millis, by: i64) {
    if record.rescued {
        return;
    }
    let delta = Delta {
        workflow: record.workflow.to_owned(),
        version: record.version,
        stage: record.stage.to_owned(),
        probability: record.probability.to_bits(),
        floor: record.floor.to_bits(),
        hour: hour(record.staged_at),
        outcome: outcome.to_owned(),
        slot: (!from_the_start(outcome)).then(|| slots::slot(decided_at)),
    };
    *tx.late.evidence.entry(delta).or_default() += by;
}

/// Workflow, version, stage, probability, floor, outcome, hour of staging, how many.
pub(crate) type HourRow<'a> = (&'a str, i64, &'a str, f64, f64, &'a str, i64, i64);
/// Workflow, day of the decision, version, stage, probability, outcome, how many.
pub(crate) type DayRow<'a> = (&'a str, i64, i64, &'a str, f64, &'a str, i64);

/// What was added, by hour of staging.
pub(crate) fn hours(deltas: &BTreeMap<Delta, i64>) -> Vec<HourRow<'_>> {
    type Key<'a> = (&'a str, i64, &'a str, u64, u64, &'a str, i64);
    let mut hours: BTreeMap<Key<'_>, i64> = BTreeMap::new();
    for (d, by) in deltas {
        let key =
            (d.workflow.as_str(), d.version, d.stage.as_str(), d.probability, d.floor, d.outcome.as_str(), d.hour);
        *hours.entry(key).or_default() += by;
    }
    let hours = hours.into_iter().filter(|(_, by)| *by != 0);
    hours.map(|((w, v, s, p, f, o, h), by)| (w, v, s, f64::from_bits(p), f64::from_bits(f), o, h, by)).collect()
}

/// What was decided of it, by day.
pub(crate) fn days(deltas: &BTreeMap<Delta, i64>) -> Vec<DayRow<'_>> {
    let mut days: BTreeMap<(&str, i64, i64, &str, u64, &str), i64> = BTreeMap::new();
    for (d, by) in deltas {
        let Some(slot) = d.slot else { continue };
        let key =
            (d.workflow.as_str(), slots::day(slot), d.version, d.stage.as_str(), d.probability, d.outcome.as_str());
        *days.entry(key).or_default() += by;
    }
    let days = days.into_iter().filter(|(_, by)| *by != 0);
    days.map(|((w, day, v, s, p, o), by)| (w, day, v, s, f64::from_bits(p), o, by)).collect()
}

/// Adds to the counts.
pub(crate) async fn add_counts(tx: &mut Tx, hours: &[HourRow<'_>], days: &[DayRow<'_>]) -> Result<(), StoreError> {
    for (workflow, version, stage, probability, floor, outcome, hour, by) in hours {
        run!(
            tx,
            "INSERT INTO evidence (workflow_id, version, stage, probability, floor, outcome, hour, n)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (workflow_id, version, stage, probability, floor, outcome, hour) DO UPDATE SET n = evidence.n + excluded.n",
            workflow,
            version,
            stage,
            probability,
            floor,
            outcome,
            hour,
            by
        )?;
    }
    for (workflow, day, version, stage, probability, outcome, by) in days {
        run!(
            tx,
            "INSERT INTO decided_by_day (workflow_id, day, version, stage, probability, outcome, n)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (workflow_id, day, version, stage, probability, outcome) DO UPDATE SET n = decided_by_day.n + excluded.n",
            workflow,
            day,
            version,
            stage,
            probability,
            outcome,
            by
        )?;
    }
    Ok(())
}

/// One count.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct Count {
    /// The workflow's version.
    pub version: i64,
    /// The stage.
    pub stage: String,
    /// The probability.
    pub probability: f64,
    /// The outcome's key.
    pub outcome: String,
    /// How many.
    pub n: i64,
}

/// All counts of a workflow.
pub async fn of(tx: &mut Tx, workflow: &str) -> Result<Vec<Count>, StoreError> {
    all!(
        tx,
        "SELECT version, stage, probability, outcome, CAST(SUM(n) AS BIGINT) AS n FROM evidence WHERE workflow_id = $1
         GROUP BY version, stage, probability, outcome HAVING SUM(n) <> 0 ORDER BY version, stage, probability, outcome",
        workflow
    )
}

/// The counts of one version at one stage.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct StageCount {
    /// The probability.
    pub probability: f64,
    /// The floor.
    pub floor: f64,
    /// The outcome's key.
    pub outcome: String,
    /// How many.
    pub n: i64,
    /// Those of them that were staged up to and in the hour asked for.
    pub entered: i64,
    /// Those of them that were staged up to and in the earlier of the two hours asked for.
    pub overdue: i64,
}

/// The counts of one version at one stage, and how many of them were staged up to each of two hours.
pub async fn at_stage(
    tx: &mut Tx,
    workflow: &str,
    version: i64,
    stage: &str,
    entered: i64,
    overdue: i64,
) -> Result<Vec<StageCount>, StoreError> {
    all!(
        tx,
        "SELECT probability, floor, outcome, CAST(SUM(n) AS BIGINT) AS n,
                CAST(SUM(CASE WHEN hour <= $4 THEN n ELSE 0 END) AS BIGINT) AS entered,
                CAST(SUM(CASE WHEN hour <= $5 THEN n ELSE 0 END) AS BIGINT) AS overdue
         FROM evidence WHERE workflow_id = $1 AND version = $2 AND stage = $3
         GROUP BY probability, floor, outcome ORDER BY probability, floor, outcome",
        workflow,
        version,
        stage,
        entered,
        overdue
    )
}

/// One hour's counts of one version at one stage.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct HourCount {
    /// The hour in which the drafts were staged.
    pub hour: i64,
    /// The probability.
    pub probability: f64,
    /// The floor.
    pub floor: f64,
    /// The outcome's key.
    pub outcome: String,
    /// How many.
    pub n: i64,
}

/// The counts of one version at one stage, hour by hour.
pub async fn by_hour(tx: &mut Tx, workflow: &str, version: i64, stage: &str) -> Result<Vec<HourCount>, StoreError> {
    all!(
        tx,
        "SELECT hour, probability, floor, outcome, n FROM evidence
         WHERE workflow_id = $1 AND version = $2 AND stage = $3 AND n <> 0 ORDER BY hour, probability, floor, outcome",
        workflow,
        version,
        stage
    )
}

/// What was decided on a workflow's days since one, and what ran out: day, outcome, count.
pub async fn decided_since(tx: &mut Tx, workflow: &str, first: i64) -> Result<Vec<(i64, String, i64)>, StoreError> {
    all!(
        tx,
        "SELECT day, outcome, CAST(SUM(n) AS BIGINT) AS n FROM decided_by_day
         WHERE workflow_id = $1 AND day >= $2 GROUP BY day, outcome HAVING SUM(n) <> 0 ORDER BY day, outcome",
        workflow,
        first
    )
}

/// What was decided about one version's drafts at one stage on the days since one: probability, outcome, count.
pub async fn decided_at_stage(
    tx: &mut Tx,
    workflow: &str,
    version: i64,
    stage: &str,
    first: i64,
) -> Result<Vec<(f64, String, i64)>, StoreError> {
    all!(
        tx,
        "SELECT probability, outcome, CAST(SUM(n) AS BIGINT) FROM decided_by_day
         WHERE workflow_id = $1 AND day >= $4 AND version = $2 AND stage = $3
         GROUP BY probability, outcome HAVING SUM(n) <> 0 ORDER BY probability, outcome",
        workflow,
        version,
        stage,
        first
    )
}

/// What was decided about other drafts on the days since one: version, stage, outcome, count.
pub async fn decided_elsewhere(
    tx: &mut Tx,
    workflow: &str,
    version: i64,
    stage: &str,
    first: i64,
) -> Result<Vec<(i64, String, String, i64)>, StoreError> {
    all!(
        tx,
        "SELECT version, stage, outcome, CAST(SUM(n) AS BIGINT) FROM decided_by_day
         WHERE workflow_id = $1 AND day >= $4 AND NOT (version = $2 AND stage = $3)
         GROUP BY version, stage, outcome HAVING SUM(n) <> 0 ORDER BY version, stage, outcome",
        workflow,
        version,
        stage,
        first
    )
}

/// The versions of a workflow that have counts, each with the first hour that isn't added up into its day.
pub async fn loose(tx: &mut Tx, workflow: &str) -> Result<Vec<(i64, i64)>, StoreError> {
    all!(
        tx,
        "SELECT version, MIN(hour) FROM evidence WHERE workflow_id = $1 AND hour % 24 <> 0 GROUP BY version ORDER BY version",
        workflow
    )
}

/// The first day that a workflow has counts of, 1970-01-01 aside.
pub async fn first_day(tx: &mut Tx, workflow: &str) -> Result<Option<i64>, StoreError> {
    let row: Option<(Option<i64>,)> =
        first!(tx, "SELECT MIN(hour) FROM evidence WHERE workflow_id = $1 AND hour > 23", workflow)?;
    Ok(row.and_then(|r| r.0).map(|hour| hour.div_euclid(24)))
}

/// Adds up the counts of one day into one hour of it, or of another day: `to`. No count changes by it but its hour.
/// Only where nobody adds to the workflow's counts meanwhile.
pub async fn add_up(tx: &mut Tx, workflow: &str, version: Option<i64>, day: i64, to: i64) -> Result<(), StoreError> {
    const OF_DAY: &str = "workflow_id = $1 AND hour >= $2 AND hour < $3 AND hour <> $4 AND ($5 < 0 OR version = $5)";
    let (first, last, version) = (day * 24, day * 24 + 24, version.unwrap_or(-1));
    let sum = format!(
        "INSERT INTO evidence (workflow_id, version, stage, probability, floor, outcome, hour, n)
         SELECT workflow_id, version, stage, probability, floor, outcome, $4, CAST(SUM(n) AS BIGINT) FROM evidence WHERE {OF_DAY}
         GROUP BY workflow_id, version, stage, probability, floor, outcome
         ON CONFLICT (workflow_id, version, stage, probability, floor, outcome, hour) DO UPDATE SET n = evidence.n + excluded.n"
    );
    run!(tx, sqlx::AssertSqlSafe(sum), workflow, first, last, to, version)?;
    let gone = format!("DELETE FROM evidence WHERE {OF_DAY}");
    run!(tx, sqlx::AssertSqlSafe(gone), workflow, first, last, to, version)?;
    Ok(())
}

/// The lowest rate in force for a version and stage so far; none before its first draft.
pub async fn floor(tx: &mut Tx, workflow: &str, version: i64, stage: &str) -> Result<Option<f64>, StoreError> {
    let sql = "SELECT floor FROM rate_floor WHERE workflow_id = $1 AND version = $2 AND stage = $3";
    let row: Option<(f64,)> = first!(tx, sql, workflow, version, stage)?;
    Ok(row.map(|(floor,)| floor))
}

/// Keeps a floor; it never rises again. To be called by one transaction at a time for each workflow.
pub async fn keep_floor(tx: &mut Tx, workflow: &str, version: i64, stage: &str, floor: f64) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO rate_floor (workflow_id, version, stage, floor) VALUES ($1, $2, $3, $4)
         ON CONFLICT (workflow_id, version, stage) DO UPDATE SET floor = excluded.floor WHERE excluded.floor < rate_floor.floor",
        workflow,
        version,
        stage,
        floor
    )?;
    Ok(())
}
