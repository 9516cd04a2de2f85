//! Leases: who holds which draft, until when. A unique index lets no draft be held twice in one round.

use crate::{StoreError, Tx};
use countersign_domain::time::Millis;

/// A lease.
#[derive(Clone, Debug, serde::Deserialize, sqlx::FromRow)]
pub struct LeaseRow {
    /// Its id.
    pub id: String,
    /// The draft held.
    pub draft_seq: i64,
    /// The draft's workflow.
    pub workflow_id: String,
    /// 1, or 2 for the blind second review.
    pub round: i64,
    /// Who holds it.
    pub reviewer: String,
    /// Its number among the leases of that draft.
    pub fence: i64,
    /// In milliseconds.
    pub leased_at: i64,
    /// In milliseconds.
    pub expires_at: i64,
    /// In milliseconds, once it is over.
    pub ended_at: Option<i64>,
    /// `released`, `skipped`, `lapsed`, `decided` or `voided`.
    pub end_reason: Option<String>,
}

/// Adds a lease.
pub async fn insert(tx: &mut Tx, l: &LeaseRow) -> Result<(), StoreError> {
    change!(
        tx,
        "lease",
        "INSERT INTO lease (id, draft_seq, workflow_id, round, reviewer, fence, leased_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &l.id,
        l.draft_seq,
        &l.workflow_id,
        l.round,
        &l.reviewer,
        l.fence,
        l.leased_at,
        l.expires_at
    );
    Ok(())
}

/// A lease by its id, only looked at.
pub async fn look(tx: &mut Tx, id: &str) -> Result<Option<LeaseRow>, StoreError> {
    first!(tx, "SELECT * FROM lease WHERE id = $1", id)
}

/// A lease by its id, held for a change. Whoever holds a lease holds its workflow and its draft already.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<LeaseRow>, StoreError> {
    let lock = tx.lock(" FOR UPDATE");
    first!(tx, sqlx::AssertSqlSafe(format!("SELECT * FROM lease WHERE id = $1{lock}")), id)
}

/// The living leases of a draft, at most one a round.
pub async fn of_draft(tx: &mut Tx, draft_seq: i64) -> Result<Vec<LeaseRow>, StoreError> {
    all!(tx, "SELECT * FROM lease WHERE draft_seq = $1 AND ended_at IS NULL ORDER BY round", draft_seq)
}

/// The living leases of a reviewer, oldest first.
pub async fn of_reviewer(tx: &mut Tx, reviewer: &str) -> Result<Vec<LeaseRow>, StoreError> {
    all!(tx, "SELECT * FROM lease WHERE reviewer = $1 AND ended_at IS NULL ORDER BY leased_at, id", reviewer)
}

/// The living leases of a workflow.
pub async fn of_workflow(tx: &mut Tx, workflow: &str) -> Result<Vec<LeaseRow>, StoreError> {
    let lock = tx.lock(" FOR UPDATE");
    all!(
        tx,
        sqlx::AssertSqlSafe(format!(
            "SELECT * FROM lease WHERE workflow_id = $1 AND ended_at IS NULL ORDER BY draft_seq{lock}"
        )),
        workflow
    )
}

/// Leases whose time ran out, only looked at.
pub async fn lapsed(tx: &mut Tx, now: Millis) -> Result<Vec<LeaseRow>, StoreError> {
    all!(tx, "SELECT * FROM lease WHERE ended_at IS NULL AND expires_at <= $1 ORDER BY expires_at LIMIT 200", now.0)
}

/// Ends a lease.
pub async fn end(tx: &mut Tx, id: &str, at: Millis, reason: &str) -> Result<(), StoreError> {
    let sql = "UPDATE lease SET ended_at = $2, end_reason = $3 WHERE id = $1 AND ended_at IS NULL";
    change!(tx, "lease", sql, id, at.0, reason);
    Ok(())
}

/// Moves a lease's end.
pub async fn renew(tx: &mut Tx, id: &str, until: Millis) -> Result<(), StoreError> {
    run!(tx, "UPDATE lease SET expires_at = $2 WHERE id = $1 AND ended_at IS NULL", id, until.0)?;
    Ok(())
}
