//! Results of offline evals, as they were posted.

use crate::page::Page;
use crate::seals::hash_of;
use crate::{StoreError, Tx};

/// One run of a suite on a workflow version.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct EvalRow {
    /// Its place, for pages.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// The workflow.
    pub workflow_id: String,
    /// The version it ran on.
    pub version: i64,
    /// The suite.
    pub suite: String,
    /// Hash of the dataset.
    pub dataset_hash: String,
    /// 1 where the suite's verdict was green.
    pub green: i64,
    /// Scores by name, JSON.
    pub scores: String,
    /// Where its report is.
    pub report_url: Option<String>,
    /// By whom.
    pub posted_by: String,
    /// In milliseconds.
    pub at: i64,
}

/// Keeps a result.
pub async fn insert(tx: &mut Tx, e: &EvalRow) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO eval_result (id, workflow_id, version, suite, dataset_hash, green, scores, report_url, posted_by, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        &e.id,
        &e.workflow_id,
        e.version,
        &e.suite,
        &e.dataset_hash,
        e.green,
        &e.scores,
        &e.report_url,
        &e.posted_by,
        e.at
    )?;
    tx.seal(Some(&e.workflow_id), "eval", &e.id, seal(e));
    Ok(())
}

fn seal(e: &EvalRow) -> String {
    let result = (&e.suite, &e.dataset_hash, e.green, &e.scores, &e.report_url);
    hash_of(&(&e.id, &e.workflow_id, e.version, result, &e.posted_by, e.at))
}

/// The seals of results as they stand, by id.
pub(crate) async fn seals(tx: &mut Tx, ids: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql = format!("SELECT * FROM eval_result WHERE id {}", tx.among());
    let rows: Vec<EvalRow> = all!(tx, sqlx::AssertSqlSafe(sql), ids)?;
    Ok(rows.into_iter().map(|e| (e.id.clone(), seal(&e))).collect())
}

/// The latest result of a suite on a version.
pub async fn latest(tx: &mut Tx, workflow: &str, version: i64, suite: &str) -> Result<Option<EvalRow>, StoreError> {
    first!(
        tx,
        "SELECT * FROM eval_result WHERE workflow_id = $1 AND version = $2 AND suite = $3 ORDER BY seq DESC LIMIT 1",
        workflow,
        version,
        suite
    )
}

/// A page of a workflow's results, the newest first.
pub async fn list(tx: &mut Tx, workflow: &str, page: &Page) -> Result<Vec<EvalRow>, StoreError> {
    all!(
        tx,
        "SELECT * FROM eval_result WHERE workflow_id = $1 AND seq < $2 ORDER BY seq DESC LIMIT $3",
        workflow,
        page.key(0).unwrap_or(i64::MAX),
        page.limit
    )
}
