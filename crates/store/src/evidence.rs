//! The counts that gates are computed from: they cost the same at a hundred drafts and at ten million.

use crate::late::EvidenceKey;
use crate::{StoreError, Tx, slots};
use countersign_domain::time::Millis;
use std::collections::BTreeMap;

/// Which record an outcome belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// The workflow.
    pub workflow: &'a str,
    /// Its version.
    pub version: i64,
    /// The stage.
    pub stage: &'a str,
    /// The probability with which the drafts of this record were selected for review.
    pub probability: f64,
    /// They were to go out unseen, and came back for a person. They are counted as unreviewed, and whatever becomes of
    /// them later is counted nowhere.
    pub rescued: bool,
}

/// Days since 1970-01-01, UTC.
pub fn day(at: Millis) -> i64 {
    at.0.div_euclid(86_400_000)
}

/// Adds to a day's count, and a verdict's to the count of its five minutes. `outcome` is `staged`, `unreviewed`, `unresolved`, or a verdict's outcome key.
pub fn add(tx: &mut Tx, record: Record<'_>, outcome: &str, at: Millis, by: i64) {
    let Record { workflow, version, stage, probability, rescued } = record;
    if rescued {
        return;
    }
    if slots::is_verdict(outcome) {
        let key = (workflow.to_owned(), slots::slot(at), probability.to_bits(), outcome.to_owned());
        *tx.late.slots.entry(key).or_default() += by;
    }
    let key = (workflow.to_owned(), version, stage.to_owned(), probability.to_bits(), outcome.to_owned(), day(at));
    *tx.late.evidence.entry(key).or_default() += by;
}

pub(crate) async fn add_counts(tx: &mut Tx, counts: BTreeMap<EvidenceKey, i64>) -> Result<(), StoreError> {
    for ((workflow, version, stage, probability, outcome, day), by) in counts {
        run!(
            tx,
            "INSERT INTO evidence (workflow_id, version, stage, probability, outcome, day, n) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (workflow_id, version, stage, probability, outcome, day) DO UPDATE SET n = evidence.n + excluded.n",
            workflow,
            version,
            stage,
            f64::from_bits(probability),
            outcome,
            day,
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

/// The counts of one version at one stage, by probability and outcome.
pub async fn at_stage(
    tx: &mut Tx,
    workflow: &str,
    version: i64,
    stage: &str,
) -> Result<Vec<(f64, String, i64)>, StoreError> {
    all!(
        tx,
        "SELECT probability, outcome, CAST(SUM(n) AS BIGINT) AS n FROM evidence
         WHERE workflow_id = $1 AND version = $2 AND stage = $3
         GROUP BY probability, outcome HAVING SUM(n) <> 0 ORDER BY probability, outcome",
        workflow,
        version,
        stage
    )
}

/// The same, day by day: day, probability, outcome, count.
pub async fn at_stage_by_day(
    tx: &mut Tx,
    workflow: &str,
    version: i64,
    stage: &str,
) -> Result<Vec<(i64, f64, String, i64)>, StoreError> {
    all!(
        tx,
        "SELECT day, probability, outcome, n FROM evidence
         WHERE workflow_id = $1 AND version = $2 AND stage = $3 AND n <> 0 ORDER BY day, probability, outcome",
        workflow,
        version,
        stage
    )
}

/// The outcomes of a workflow's days since one: day, outcome, count.
pub async fn since(tx: &mut Tx, workflow: &str, first: i64) -> Result<Vec<(i64, String, i64)>, StoreError> {
    all!(
        tx,
        "SELECT day, outcome, CAST(SUM(n) AS BIGINT) AS n FROM evidence
         WHERE workflow_id = $1 AND day >= $2 AND outcome NOT IN ('staged', 'unreviewed', 'costed', 'cost_micro_usd')
         GROUP BY day, outcome HAVING SUM(n) <> 0 ORDER BY day, outcome",
        workflow,
        first
    )
}
