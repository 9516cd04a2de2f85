//! Verdicts by five minutes: what the burn of a failure budget is computed from. Written beside the evidence, and kept
//! for as long as a budget's window reaches back.

use crate::late::Delta;
use crate::{StoreError, Tx};
use countersign_domain::evidence::is_verdict;
use countersign_domain::time::Millis;
use std::collections::BTreeMap;

/// How long a slot is.
pub const SLOT_MS: i64 = 300_000;
/// How many there are in a day.
pub(crate) const A_DAY: i64 = 86_400_000 / SLOT_MS;

/// The slot that an instant is in, counted from 1970-01-01.
pub fn slot(at: Millis) -> i64 {
    at.0.div_euclid(SLOT_MS)
}

/// The day that a slot is in.
pub(crate) fn day(slot: i64) -> i64 {
    slot.div_euclid(A_DAY)
}

/// Workflow, slot, version, stage, probability, outcome, how many.
pub(crate) type SlotRow<'a> = (&'a str, i64, i64, &'a str, f64, &'a str, i64);

/// The verdicts that count among what was added to the evidence.
pub(crate) fn slots(deltas: &BTreeMap<Delta, i64>) -> Vec<SlotRow<'_>> {
    let mut counts: BTreeMap<(&str, i64, i64, &str, u64, &str), i64> = BTreeMap::new();
    for (d, by) in deltas.iter().filter(|(d, _)| is_verdict(&d.outcome)) {
        let Some(slot) = d.slot else { continue };
        *counts.entry((&d.workflow, slot, d.version, &d.stage, d.probability, &d.outcome)).or_default() += by;
    }
    let counts = counts.into_iter().filter(|(_, by)| *by != 0);
    counts.map(|((w, slot, v, s, p, o), by)| (w, slot, v, s, f64::from_bits(p), o, by)).collect()
}

/// Adds to the counts.
pub(crate) async fn add_counts(tx: &mut Tx, slots: &[SlotRow<'_>]) -> Result<(), StoreError> {
    for (workflow, slot, version, stage, probability, outcome, by) in slots {
        run!(
            tx,
            "INSERT INTO slot (workflow_id, slot, version, stage, probability, outcome, n) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (workflow_id, slot, version, stage, probability, outcome) DO UPDATE SET n = slot.n + excluded.n",
            workflow,
            slot,
            version,
            stage,
            probability,
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

/// As many spans as can be told apart at once.
pub const SPANS: usize = 8;

/// The verdicts of a workflow since the first of these slots, which rise, each counted at the last of them that it is
/// not before: a look at a few windows doesn't read a row for every five minutes.
pub async fn spans(tx: &mut Tx, workflow: &str, firsts: &[i64]) -> Result<Vec<SlotCount>, StoreError> {
    let mut f = [i64::MAX; SPANS];
    f.iter_mut().zip(firsts).for_each(|(place, first)| *place = *first);
    all!(
        tx,
        "SELECT CASE WHEN slot >= $9 THEN $9 WHEN slot >= $8 THEN $8 WHEN slot >= $7 THEN $7 WHEN slot >= $6 THEN $6
                     WHEN slot >= $5 THEN $5 WHEN slot >= $4 THEN $4 WHEN slot >= $3 THEN $3 ELSE $2 END AS slot,
                probability, outcome, CAST(SUM(n) AS BIGINT) AS n
         FROM slot WHERE workflow_id = $1 AND slot >= $2 GROUP BY 1, 2, 3 HAVING SUM(n) <> 0 ORDER BY 1, 2, 3",
        workflow,
        f[0],
        f[1],
        f[2],
        f[3],
        f[4],
        f[5],
        f[6],
        f[7]
    )
}

/// The verdicts of a workflow since a slot, each counted at the first slot of its day, UTC.
pub async fn days(tx: &mut Tx, workflow: &str, first: i64) -> Result<Vec<SlotCount>, StoreError> {
    all!(
        tx,
        "SELECT slot - slot % $3 AS slot, probability, outcome, CAST(SUM(n) AS BIGINT) AS n
         FROM slot WHERE workflow_id = $1 AND slot >= $2 GROUP BY 1, 2, 3 HAVING SUM(n) <> 0 ORDER BY 1, 2, 3",
        workflow,
        first,
        A_DAY
    )
}

/// The verdicts on one version's drafts at one stage, from a slot up to another.
pub async fn of_stage(
    tx: &mut Tx,
    workflow: &str,
    version: i64,
    stage: &str,
    from: i64,
    until: i64,
) -> Result<Vec<(f64, String, i64)>, StoreError> {
    all!(
        tx,
        "SELECT probability, outcome, CAST(SUM(n) AS BIGINT) FROM slot
         WHERE workflow_id = $1 AND slot >= $4 AND slot < $5 AND version = $2 AND stage = $3
         GROUP BY probability, outcome HAVING SUM(n) <> 0 ORDER BY probability, outcome",
        workflow,
        version,
        stage,
        from,
        until
    )
}

/// How many verdicts there were on other drafts than one version's at one stage, from a slot up to another: version,
/// stage, count.
pub async fn elsewhere(
    tx: &mut Tx,
    workflow: &str,
    version: i64,
    stage: &str,
    from: i64,
    until: i64,
) -> Result<Vec<(i64, String, i64)>, StoreError> {
    all!(
        tx,
        "SELECT version, stage, CAST(SUM(n) AS BIGINT) FROM slot
         WHERE workflow_id = $1 AND slot >= $4 AND slot < $5 AND NOT (version = $2 AND stage = $3)
         GROUP BY version, stage HAVING SUM(n) <> 0 ORDER BY version, stage",
        workflow,
        version,
        stage,
        from,
        until
    )
}

/// The first slot of a day.
pub fn first_of(day: i64) -> i64 {
    day * A_DAY
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
