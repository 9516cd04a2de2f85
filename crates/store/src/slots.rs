//! Verdicts by five minutes: what the burn of a failure budget is computed from. Written beside the evidence, and kept
//! for as long as a budget's window reaches back.

use crate::late::SlotKey;
use crate::{StoreError, Tx};
use countersign_domain::time::Millis;
use std::collections::BTreeMap;

/// How long a slot is.
pub const SLOT_MS: i64 = 300_000;

/// The slot that an instant is in, counted from 1970-01-01.
pub fn slot(at: Millis) -> i64 {
    at.0.div_euclid(SLOT_MS)
}

/// Whether an evidence outcome is a verdict's.
pub(crate) fn is_verdict(outcome: &str) -> bool {
    outcome == "approve" || outcome.starts_with("edit.") || outcome.starts_with("escalate:")
}

pub(crate) async fn add_counts(tx: &mut Tx, counts: BTreeMap<SlotKey, i64>) -> Result<(), StoreError> {
    for ((workflow, slot, probability, outcome), by) in counts.into_iter().filter(|(_, by)| *by != 0) {
        run!(
            tx,
            "INSERT INTO slot (workflow_id, slot, probability, outcome, n) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (workflow_id, slot, probability, outcome) DO UPDATE SET n = slot.n + excluded.n",
            workflow,
            slot,
            f64::from_bits(probability),
            outcome,
            by
        )?;
    }
    Ok(())
}

/// Verdicts of one slot.
#[derive(Clone, Debug, PartialEq, sqlx::FromRow)]
pub struct SlotCount {
    /// The slot.
    pub slot: i64,
    /// The probability with which those drafts were selected for review.
    pub probability: f64,
    /// The outcome's key.
    pub outcome: String,
    /// How many.
    pub n: i64,
}

/// The verdicts of a workflow since a slot, oldest first.
pub async fn since(tx: &mut Tx, workflow: &str, first: i64) -> Result<Vec<SlotCount>, StoreError> {
    all!(
        tx,
        "SELECT slot, probability, outcome, n FROM slot WHERE workflow_id = $1 AND slot >= $2 AND n <> 0
         ORDER BY slot, probability, outcome",
        workflow,
        first
    )
}

/// Whether a workflow has slots before this one.
pub async fn any_before(tx: &mut Tx, workflow: &str, first: i64) -> Result<bool, StoreError> {
    let row: Option<(i64,)> =
        first!(tx, "SELECT slot FROM slot WHERE workflow_id = $1 AND slot < $2 LIMIT 1", workflow, first)?;
    Ok(row.is_some())
}

/// Takes away the slots of a workflow before this one.
pub async fn prune(tx: &mut Tx, workflow: &str, first: i64) -> Result<(), StoreError> {
    run!(tx, "DELETE FROM slot WHERE workflow_id = $1 AND slot < $2", workflow, first)?;
    Ok(())
}
