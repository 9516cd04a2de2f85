//! Leases: who holds which draft, until when. A unique index lets no draft be held twice in one round.

use crate::drafts::{self, DraftRow};
use crate::tx::Inner;
use crate::workflows::{self, Hold, WorkflowRow};
use crate::{StoreError, Tx, verdicts};
use countersign_domain::time::Millis;
use serde::de::DeserializeOwned;
use sqlx::{FromRow as _, Row as _};

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

/// A draft under its workflow, both held, and what a verdict on it needs to know.
pub struct Held {
    /// The workflow.
    pub workflow: WorkflowRow,
    /// The draft.
    pub draft: DraftRow,
    /// The lease that the verdict names, if it is on this draft.
    pub lease: Option<LeaseRow>,
    /// Whether there is a verdict of this id.
    pub again: bool,
}

/// Holds a draft under its workflow for a verdict.
pub async fn take_for_verdict(
    tx: &mut Tx,
    draft: &str,
    verdict: &str,
    lease: &str,
) -> Result<Option<Held>, StoreError> {
    if let Inner::Postgres(c) = tx.connection().await? {
        let sql = format!(
            "SELECT workflow, revision AS in_force, lease, again, {} FROM take_draft($1, $2, $3)",
            drafts::columns_of("d")
        );
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(draft).bind(verdict).bind(lease);
        let Some(row) = row.fetch_optional(&mut **c).await? else { return Ok(None) };
        let draft = DraftRow::from_row(&row)?;
        let lease: Option<&str> = row.try_get("lease")?;
        let held = Held {
            workflow: parsed("a workflow", row.try_get("workflow")?)?,
            lease: lease.map(|text| parsed("a lease", text)).transpose()?,
            again: row.try_get("again")?,
            draft,
        };
        let revision: Option<i64> = row.try_get("in_force")?;
        tx.revisions = revision.map(|r| (held.draft.workflow_id.clone(), held.draft.version, r)).into_iter().collect();
        return Ok(Some(held));
    }
    let Some(draft) = drafts::get(tx, draft, true).await? else { return Ok(None) };
    let Some(workflow) = workflows::get(tx, &draft.workflow_id, Hold::Share).await? else { return Ok(None) };
    let lease = get(tx, lease).await?.filter(|l| l.draft_seq == draft.seq);
    let again = verdicts::get(tx, verdict).await?.is_some();
    Ok(Some(Held { workflow, draft, lease, again }))
}

/// A row that Postgres gave as JSON.
pub(crate) fn parsed<T: DeserializeOwned>(what: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable { what, value: text.to_owned() })
}
