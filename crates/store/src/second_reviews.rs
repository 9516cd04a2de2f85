//! Drafts that wait for a blind second review; it is about the label alone.

use crate::{StoreError, Tx};
use countersign_domain::time::Millis;

/// One such draft.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SecondRow {
    /// The draft.
    pub draft_seq: i64,
    /// Its workflow.
    pub workflow_id: String,
    /// Who must not get it.
    pub first_reviewer: String,
    /// In milliseconds.
    pub expires_at: i64,
    /// 1 for high risk.
    pub risk: i64,
    /// `open`, `held` or `done`.
    pub state: String,
}

/// Opens a second review.
pub async fn open(tx: &mut Tx, s: &SecondRow) -> Result<(), StoreError> {
    change!(
        tx,
        "second_review",
        "INSERT INTO second_review (draft_seq, workflow_id, first_reviewer, expires_at, risk, state)
         VALUES ($1, $2, $3, $4, $5, 'open') ON CONFLICT (draft_seq) DO UPDATE SET
         first_reviewer = excluded.first_reviewer, expires_at = excluded.expires_at, state = 'open'",
        s.draft_seq,
        &s.workflow_id,
        &s.first_reviewer,
        s.expires_at,
        s.risk
    );
    Ok(())
}

/// The second review of a draft.
pub async fn get(tx: &mut Tx, draft_seq: i64) -> Result<Option<SecondRow>, StoreError> {
    first!(tx, "SELECT * FROM second_review WHERE draft_seq = $1", draft_seq)
}

/// Sets its state.
pub async fn set_state(tx: &mut Tx, draft_seq: i64, state: &str) -> Result<(), StoreError> {
    run!(tx, "UPDATE second_review SET state = $2 WHERE draft_seq = $1", draft_seq, state)?;
    Ok(())
}

/// Takes it away, when the first verdict was withdrawn.
pub async fn remove(tx: &mut Tx, draft_seq: i64) -> Result<(), StoreError> {
    run!(tx, "DELETE FROM second_review WHERE draft_seq = $1", draft_seq)?;
    Ok(())
}

/// A second review whose time ran out.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RanOut {
    /// The draft.
    pub draft_seq: i64,
    /// Its workflow.
    pub workflow_id: String,
    /// 1 if the first verdict doesn't count without it.
    pub awaited: i64,
}

/// Some of those whose time ran out.
pub async fn ran_out(tx: &mut Tx, now: Millis, limit: i64) -> Result<Vec<RanOut>, StoreError> {
    let lock = tx.lock(" FOR UPDATE SKIP LOCKED");
    let sql = format!(
        "SELECT draft_seq, workflow_id, CAST(CASE WHEN EXISTS (SELECT 1 FROM verdict v WHERE v.draft_seq = second_review.draft_seq
             AND v.round = 1 AND v.withdrawn = 0 AND v.counted LIKE 'unconfirmed.%') THEN 1 ELSE 0 END AS BIGINT) AS awaited
         FROM second_review WHERE state = 'open' AND expires_at <= $1 ORDER BY draft_seq LIMIT $2{lock}"
    );
    all!(tx, sqlx::AssertSqlSafe(sql), now.0, limit)
}

/// Gives one more time.
pub async fn reopen(tx: &mut Tx, draft_seq: i64, until: Millis) -> Result<(), StoreError> {
    run!(tx, "UPDATE second_review SET expires_at = $2 WHERE draft_seq = $1", draft_seq, until.0)?;
    Ok(())
}

/// How many drafts wait for a second review that somebody may be asked for, by the state that the first verdict gave
/// them; that state is not for their eyes.
pub async fn hidden(tx: &mut Tx, workflow: &str, viewer: &str) -> Result<Vec<(String, i64)>, StoreError> {
    all!(
        tx,
        "SELECT d.state, COUNT(*) FROM second_review s JOIN draft d ON d.seq = s.draft_seq
         WHERE s.workflow_id = $1 AND s.state <> 'done' AND s.first_reviewer <> $2 GROUP BY d.state",
        workflow,
        viewer
    )
}

/// Of those, how many have a delivery in this state.
pub async fn hidden_deliveries(tx: &mut Tx, workflow: &str, viewer: &str, state: &str) -> Result<i64, StoreError> {
    let row: Option<(i64,)> = first!(
        tx,
        "SELECT COUNT(*) FROM second_review s JOIN delivery x ON x.draft_seq = s.draft_seq
         WHERE s.workflow_id = $1 AND s.state <> 'done' AND s.first_reviewer <> $2 AND x.state = $3",
        workflow,
        viewer,
        state
    )?;
    Ok(row.map_or(0, |r| r.0))
}

/// Of those, how many have an open escalation, by the route that it went to.
pub async fn hidden_escalations(tx: &mut Tx, workflow: &str, viewer: &str) -> Result<Vec<(String, i64)>, StoreError> {
    all!(
        tx,
        "SELECT e.route, COUNT(*) FROM second_review s JOIN escalation e ON e.draft_seq = s.draft_seq
         WHERE s.workflow_id = $1 AND s.state <> 'done' AND s.first_reviewer <> $2 AND e.state = 'open'
         GROUP BY e.route",
        workflow,
        viewer
    )
}
