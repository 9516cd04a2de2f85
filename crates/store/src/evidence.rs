//! The counts that gates are computed from: they cost the same at a hundred drafts and at ten million.

use crate::late::EvidenceKey;
use crate::{StoreError, Tx};
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
}

/// Adds to a count. `outcome` is `staged`, `unreviewed`, `unresolved`, or a verdict's outcome key.
pub fn add(tx: &mut Tx, record: Record<'_>, outcome: &str, by: i64) {
    let Record { workflow, version, stage, probability } = record;
    let key = (workflow.to_owned(), version, stage.to_owned(), probability.to_bits(), outcome.to_owned());
    *tx.late.evidence.entry(key).or_default() += by;
}

pub(crate) async fn add_counts(tx: &mut Tx, counts: BTreeMap<EvidenceKey, i64>) -> Result<(), StoreError> {
    for ((workflow, version, stage, probability, outcome), by) in counts {
        run!(
            tx,
            "INSERT INTO evidence (workflow_id, version, stage, probability, outcome, n) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (workflow_id, version, stage, probability, outcome) DO UPDATE SET n = evidence.n + excluded.n",
            workflow,
            version,
            stage,
            f64::from_bits(probability),
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
        "SELECT version, stage, probability, outcome, n FROM evidence WHERE workflow_id = $1 AND n <> 0
         ORDER BY version, stage, probability, outcome",
        workflow
    )
}
