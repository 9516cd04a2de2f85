//! Probes: drafts with a known fault, who was shown which, and who caught it.

use crate::{StoreError, Tx};
use countersign_domain::state::State;

/// What became of a probe.
#[derive(Clone, Debug)]
pub struct ResultRow<'a> {
    /// The verdict.
    pub verdict_id: &'a str,
    /// Whose.
    pub reviewer: &'a str,
    /// The workflow.
    pub workflow_id: &'a str,
    /// Its version.
    pub version: i64,
    /// The probe's draft.
    pub draft_seq: i64,
    /// 1 if the fault was caught.
    pub caught: i64,
    /// In milliseconds.
    pub at: i64,
}

/// Keeps a result.
pub async fn keep(tx: &mut Tx, r: &ResultRow<'_>) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO probe_result (verdict_id, reviewer, workflow_id, version, draft_seq, caught, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        r.verdict_id,
        r.reviewer,
        r.workflow_id,
        r.version,
        r.draft_seq,
        r.caught,
        r.at
    )?;
    Ok(())
}

/// Takes the result of a withdrawn verdict back.
pub async fn forget(tx: &mut Tx, verdict_id: &str) -> Result<(), StoreError> {
    run!(tx, "DELETE FROM probe_result WHERE verdict_id = $1", verdict_id)?;
    Ok(())
}

/// The last probes that a reviewer decided on in a workflow: how many, and how many of them were missed.
pub async fn recent(tx: &mut Tx, workflow: &str, reviewer: &str, limit: i64) -> Result<(i64, i64), StoreError> {
    let row: Option<(i64, i64)> = first!(
        tx,
        "SELECT COUNT(*), CAST(COALESCE(SUM(1 - caught), 0) AS BIGINT) FROM
         (SELECT caught FROM probe_result WHERE workflow_id = $1 AND reviewer = $2 ORDER BY at DESC LIMIT $3) AS last",
        workflow,
        reviewer,
        limit
    )?;
    Ok(row.unwrap_or_default())
}

/// The same of everybody.
pub async fn of_workflow(tx: &mut Tx, workflow: &str) -> Result<(i64, i64), StoreError> {
    let row: Option<(i64, i64)> = first!(
        tx,
        "SELECT COUNT(*), CAST(COALESCE(SUM(1 - caught), 0) AS BIGINT) FROM probe_result WHERE workflow_id = $1",
        workflow
    )?;
    Ok(row.unwrap_or_default())
}

/// The probes that a reviewer was given on a version, as `draft.probe` holds them.
pub async fn given(tx: &mut Tx, workflow: &str, version: i64, reviewer: &str) -> Result<Vec<String>, StoreError> {
    let rows: Vec<(String,)> = all!(
        tx,
        "SELECT probe FROM draft WHERE probe_for = $1 AND workflow_id = $2 AND version = $3 AND probe IS NOT NULL",
        reviewer,
        workflow,
        version
    )?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// How many probes of a reviewer stand in each stored state.
pub async fn counts(tx: &mut Tx, workflow: &str, reviewer: &str) -> Result<Vec<(State, i64)>, StoreError> {
    let rows: Vec<(String, i64)> = all!(
        tx,
        "SELECT state, COUNT(*) FROM draft WHERE probe_for = $1 AND workflow_id = $2 AND probe IS NOT NULL GROUP BY state",
        reviewer,
        workflow
    )?;
    rows.into_iter().map(|(state, n)| Ok((crate::drafts::parse_state(&state)?, n))).collect()
}

/// One more lease of a reviewer in a workflow; answers how many that makes.
pub async fn count_lease(tx: &mut Tx, workflow: &str, reviewer: &str) -> Result<i64, StoreError> {
    let row: Option<(i64,)> = first!(
        tx,
        "INSERT INTO lease_count (reviewer, workflow_id, n) VALUES ($1, $2, 1)
         ON CONFLICT (reviewer, workflow_id) DO UPDATE SET n = lease_count.n + 1 RETURNING n",
        reviewer,
        workflow
    )?;
    Ok(row.map_or(0, |r| r.0))
}

/// A ticket of this name came in for real: the probe that took the name makes way.
pub async fn rename(tx: &mut Tx, draft_seq: i64) -> Result<(), StoreError> {
    run!(
        tx,
        "UPDATE draft SET external_id = external_id || '-' || CAST(seq AS TEXT) WHERE seq = $1 AND probe IS NOT NULL",
        draft_seq
    )?;
    Ok(())
}

/// Decided probes whose reply would have arrived by now are shown as delivered.
pub async fn arrive(tx: &mut Tx, workflow: &str, now: countersign_domain::time::Millis) -> Result<u64, StoreError> {
    run!(
        tx,
        "UPDATE draft SET state = 'delivered' WHERE probe IS NOT NULL AND workflow_id = $1 AND state IN ('approved', 'edited')
         AND EXISTS (SELECT 1 FROM verdict v WHERE v.draft_seq = draft.seq AND v.withdrawn = 0 AND v.undo_until < $2)",
        workflow,
        now.0
    )
}
