//! Where each pull stands.

use crate::{StoreError, Tx};
use countersign_domain::time::Millis;

/// One pull of one workflow.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct PullRow {
    /// The workflow.
    pub workflow_id: String,
    /// The endpoint.
    pub url: String,
    /// Where to go on.
    pub cursor: Option<String>,
    /// The next poll, in milliseconds.
    pub next_at: i64,
    /// Why the last poll failed.
    pub last_error: Option<String>,
}

/// The pulls of a workflow that have run before.
pub async fn of(tx: &mut Tx, workflow: &str) -> Result<Vec<PullRow>, StoreError> {
    all!(tx, "SELECT * FROM pull WHERE workflow_id = $1", workflow)
}

/// A pull to be moved on, if it has run before.
pub async fn get(tx: &mut Tx, workflow: &str, url: &str) -> Result<Option<PullRow>, StoreError> {
    let lock = tx.lock(" FOR UPDATE");
    let sql = format!("SELECT * FROM pull WHERE workflow_id = $1 AND url = $2{lock}");
    first!(tx, sqlx::AssertSqlSafe(sql), workflow, url)
}

/// Moves a pull's next time, and nothing else of it.
pub async fn claim(tx: &mut Tx, workflow: &str, url: &str, next_at: Millis) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO pull (workflow_id, url, next_at) VALUES ($1, $2, $3)
         ON CONFLICT (workflow_id, url) DO UPDATE SET next_at = excluded.next_at",
        workflow,
        url,
        next_at.0
    )?;
    Ok(())
}

/// Sets what was wrong with a pull's last answer.
pub async fn fail(tx: &mut Tx, workflow: &str, url: &str, next_at: Millis, error: &str) -> Result<(), StoreError> {
    run!(
        tx,
        "UPDATE pull SET next_at = $3, last_error = $4 WHERE workflow_id = $1 AND url = $2",
        workflow,
        url,
        next_at.0,
        error
    )?;
    Ok(())
}

/// Sets where a pull stands after an answer.
pub async fn put(
    tx: &mut Tx,
    workflow: &str,
    url: &str,
    cursor: Option<&str>,
    next_at: Millis,
    error: Option<&str>,
) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO pull (workflow_id, url, cursor, next_at, last_error) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (workflow_id, url) DO UPDATE SET cursor = excluded.cursor, next_at = excluded.next_at,
         last_error = excluded.last_error",
        workflow,
        url,
        cursor,
        next_at.0,
        error
    )?;
    Ok(())
}
