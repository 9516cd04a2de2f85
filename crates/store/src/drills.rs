//! Kill drills, and the shadow of a workflow that each works on.

use crate::seals::hash_of;
use crate::workflows::WorkflowRow;
use crate::{StoreError, Tx};
use countersign_domain::access::is_shadow;
use countersign_domain::time::Millis;

/// A drill.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DrillRow {
    /// Its id.
    pub id: String,
    /// The workflow.
    pub workflow_id: String,
    /// The workflow's version.
    pub version: i64,
    /// Who ran it.
    pub actor: String,
    /// In milliseconds.
    pub at: i64,
    /// From the call of the kill to the last refusal, in milliseconds.
    pub effect_ms: Option<f64>,
    /// From the call of the kill to its commit, in milliseconds.
    pub commit_ms: Option<f64>,
    /// 1 if nothing got through.
    pub ok: i64,
    /// In words.
    pub detail: String,
}

/// Records a drill.
pub async fn insert(tx: &mut Tx, d: &DrillRow) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO drill (id, workflow_id, version, actor, at, effect_ms, commit_ms, ok, detail)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        &d.id,
        &d.workflow_id,
        d.version,
        &d.actor,
        d.at,
        d.effect_ms,
        d.commit_ms,
        d.ok,
        &d.detail
    )?;
    tx.seal(Some(&d.workflow_id), "drill", &d.id, seal(d));
    Ok(())
}

fn seal(d: &DrillRow) -> String {
    hash_of(&(&d.id, &d.workflow_id, d.version, &d.actor, d.at, d.effect_ms, d.commit_ms, d.ok, &d.detail))
}

/// The seals of drills as they stand, by id.
pub(crate) async fn seals(tx: &mut Tx, ids: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql = format!("SELECT * FROM drill WHERE id {}", tx.among());
    let rows: Vec<DrillRow> = all!(tx, sqlx::AssertSqlSafe(sql), ids)?;
    Ok(rows.into_iter().map(|d| (d.id.clone(), seal(&d))).collect())
}

/// The latest drills of a workflow, newest first.
pub async fn list(tx: &mut Tx, workflow: &str, limit: i64) -> Result<Vec<DrillRow>, StoreError> {
    all!(
        tx,
        "SELECT id, workflow_id, version, actor, at, effect_ms, commit_ms, ok, detail FROM drill
         WHERE workflow_id = $1 ORDER BY seq DESC LIMIT $2",
        workflow,
        limit
    )
}

/// When nothing got through for the last time.
pub async fn last_good(tx: &mut Tx, workflow: &str) -> Result<Option<Millis>, StoreError> {
    let row: Option<(i64,)> =
        first!(tx, "SELECT at FROM drill WHERE workflow_id = $1 AND ok = 1 ORDER BY seq DESC LIMIT 1", workflow)?;
    Ok(row.map(|r| Millis(r.0)))
}

/// Makes the shadow of a workflow: alive, with its version, stage and pack, and nothing in it.
pub async fn make_shadow(tx: &mut Tx, shadow: &str, of: &WorkflowRow, at: Millis) -> Result<(), StoreError> {
    let sql = "INSERT INTO workflow (id, name, version, stage) VALUES ($1, $2, $3, $4)";
    run!(tx, sql, shadow, &of.name, of.version, &of.stage)?;
    run!(
        tx,
        "INSERT INTO workflow_version (workflow_id, version, hash, guideline_hash, seed, applied_at, applied_by, revision)
         SELECT $1, version, hash, guideline_hash, seed, $2, applied_by, revision FROM workflow_version
         WHERE workflow_id = $3 AND version = $4",
        shadow,
        at.0,
        &of.id,
        of.version
    )?;
    run!(
        tx,
        "INSERT INTO workflow_revision (workflow_id, version, revision, files, changed, applied_at, applied_by)
         SELECT $1, version, revision, files, changed, $2, applied_by FROM workflow_revision
         WHERE workflow_id = $3 AND version = $4",
        shadow,
        at.0,
        &of.id,
        of.version
    )?;
    Ok(())
}

/// The shadows that were left by drills which began before: their hub ended in the middle.
pub async fn stale_shadows(tx: &mut Tx, before: Millis) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT workflow_id FROM workflow_version WHERE substr(workflow_id, 1, 1) = '~' AND applied_at < $1";
    let rows: Vec<(String,)> = all!(tx, sql, before.0)?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// Takes a shadow away with everything in it; the audit log keeps what was done to it.
pub async fn remove_shadow(tx: &mut Tx, shadow: &str) -> Result<(), StoreError> {
    if !is_shadow(shadow) {
        return Ok(());
    }
    // Whoever acts on it is done first.
    crate::workflows::get(tx, shadow, crate::workflows::Hold::Change).await?;
    const DRAFTS: &str = "draft_seq IN (SELECT seq FROM draft WHERE workflow_id = $1)";
    for table in ["lease", "skip", "second_review", "kept", "case_record", "escalation", "citation", "verdict"] {
        run!(tx, sqlx::AssertSqlSafe(format!("DELETE FROM {table} WHERE {DRAFTS}")), shadow)?;
    }
    if tx.is_postgres() {
        for table in ["words_due", "draft_words"] {
            run!(tx, sqlx::AssertSqlSafe(format!("DELETE FROM {table} WHERE {DRAFTS}")), shadow)?;
        }
    }
    let of = [
        "delivery",
        "evidence",
        "decided_by_day",
        "rate_floor",
        "slot",
        "draft",
        "draft_count",
        "transition",
        "pull",
        "sweep",
        "workflow_revision",
        "workflow_version",
    ];
    for table in of {
        run!(tx, sqlx::AssertSqlSafe(format!("DELETE FROM {table} WHERE workflow_id = $1")), shadow)?;
    }
    run!(tx, "DELETE FROM workflow WHERE id = $1", shadow)?;
    Ok(())
}
