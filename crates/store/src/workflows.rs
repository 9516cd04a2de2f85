//! Workflows, their immutable versions, and their transitions.

use crate::page::Page;
use crate::seals::{hash_of, text_hash};
use crate::{StoreError, Tx};
use countersign_domain::time::Millis;

/// A workflow as it stands.
#[derive(Clone, Debug, serde::Deserialize, sqlx::FromRow)]
pub struct WorkflowRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The current version.
    pub version: i64,
    /// The current stage.
    pub stage: String,
    /// Killed since, in milliseconds.
    pub killed_at: Option<i64>,
    /// Killed by.
    pub killed_by: Option<String>,
    /// Killed because.
    pub killed_reason: Option<String>,
    /// How often it has been killed.
    pub kills: i64,
    /// Since when it is at its stage, in milliseconds.
    pub stage_since: i64,
    /// The evidence counts of its version there when it came, as JSON.
    pub baseline: String,
    /// The last kill or demotion, empty if there was none: no reply that was drawn before it goes out unseen.
    pub recalled_by: String,
}

/// A version: what decides drafts, review and counts.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct VersionRow {
    /// The workflow.
    pub workflow_id: String,
    /// 1, 2, 3 …
    pub version: i64,
    /// Hash of what decides.
    pub hash: String,
    /// Hash of the guidelines.
    pub guideline_hash: String,
    /// The secret seed of the review draws, hex.
    pub seed: String,
    /// When it was first applied, in milliseconds.
    pub applied_at: i64,
    /// By whom.
    pub applied_by: String,
    /// Its revision in force, or that was when the version last was.
    pub revision: i64,
}

/// A revision of a version, with the pack's files.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct RevisionRow {
    /// The workflow.
    pub workflow_id: String,
    /// Its version.
    pub version: i64,
    /// 1, 2, 3 … within the version.
    pub revision: i64,
    /// The files as a JSON object, name to text.
    pub files: String,
    /// The keys that it changed, as a JSON list; empty for a version's first.
    pub changed: String,
    /// When it was first applied, in milliseconds.
    pub applied_at: i64,
    /// By whom.
    pub applied_by: String,
}

/// A version and revision as it came into force.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct InForceRow {
    /// The version.
    pub version: i64,
    /// Its revision.
    pub revision: i64,
    /// Since when, in milliseconds.
    pub at: i64,
    /// Who put it in force.
    pub actor: String,
    /// Why, where it is a return that somebody asked for.
    pub reason: Option<String>,
}

/// How a transaction holds a workflow. Whoever holds one holds it until the end, and takes it before anything else of
/// that workflow; several are taken in the order of their ids.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Only looks.
    Look,
    /// Acts under it: a kill waits for this transaction, and this one for a kill that came before.
    Share,
    /// The same, and adds drafts to it: one such transaction at a time, so that of two that bring the same drafts the
    /// second sees them.
    Add,
    /// Changes it.
    Change,
}

/// One workflow.
pub async fn get(tx: &mut Tx, id: &str, hold: Hold) -> Result<Option<WorkflowRow>, StoreError> {
    let how = match hold {
        Hold::Share => "share",
        Hold::Add => "add",
        Hold::Change => "change",
        Hold::Look => "",
    };
    if tx.is_postgres() && hold != Hold::Look {
        // What was read before it was held may have changed.
        tx.revisions.clear();
        return first!(tx, "SELECT * FROM hold_workflow($1, $2)", id, how);
    }
    first!(tx, "SELECT * FROM workflow WHERE id = $1", id)
}

/// All workflows, by id; the shadows of kill drills are none.
pub async fn list(tx: &mut Tx, hold: Hold) -> Result<Vec<WorkflowRow>, StoreError> {
    let mut rows: Vec<WorkflowRow> = all!(tx, "SELECT * FROM workflow WHERE substr(id, 1, 1) <> '~' ORDER BY id")?;
    if tx.is_postgres() && hold != Hold::Look {
        for row in &mut rows {
            if let Some(held) = get(tx, &row.id, hold).await? {
                *row = held;
            }
        }
    }
    Ok(rows)
}

/// A workflow's version.
pub async fn version(tx: &mut Tx, id: &str, version: i64) -> Result<Option<VersionRow>, StoreError> {
    first!(tx, "SELECT * FROM workflow_version WHERE workflow_id = $1 AND version = $2", id, version)
}

/// A version's revision.
pub async fn revision(tx: &mut Tx, id: &str, version: i64, revision: i64) -> Result<Option<RevisionRow>, StoreError> {
    first!(
        tx,
        "SELECT * FROM workflow_revision WHERE workflow_id = $1 AND version = $2 AND revision = $3",
        id,
        version,
        revision
    )
}

/// The number of the revision of a version that is in force, or was when the version last was.
pub async fn revision_of(tx: &mut Tx, id: &str, version: i64) -> Result<Option<i64>, StoreError> {
    if let Some((.., revision)) = tx.revisions.iter().find(|(of, v, _)| of == id && *v == version) {
        return Ok(Some(*revision));
    }
    let row: Option<(i64,)> =
        first!(tx, "SELECT revision FROM workflow_version WHERE workflow_id = $1 AND version = $2", id, version)?;
    tx.revisions.extend(row.map(|(revision,)| (id.to_owned(), version, revision)));
    Ok(row.map(|(revision,)| revision))
}

/// Every revision of a workflow, the newest version's newest first. Without the files.
pub async fn revisions(tx: &mut Tx, id: &str) -> Result<Vec<RevisionRow>, StoreError> {
    all!(
        tx,
        "SELECT workflow_id, version, revision, '' AS files, changed, applied_at, applied_by FROM workflow_revision
         WHERE workflow_id = $1 ORDER BY version DESC, revision DESC",
        id
    )
}

/// Adds a version; the first one makes the workflow, at `internal`.
pub async fn add_version(tx: &mut Tx, name: &str, v: &VersionRow) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO workflow (id, name, version, stage, stage_since) VALUES ($1, $2, $3, 'internal', $4)
         ON CONFLICT (id) DO NOTHING",
        &v.workflow_id,
        name,
        v.version,
        v.applied_at
    )?;
    run!(
        tx,
        "INSERT INTO workflow_version (workflow_id, version, hash, guideline_hash, seed, applied_at, applied_by, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &v.workflow_id,
        v.version,
        &v.hash,
        &v.guideline_hash,
        &v.seed,
        v.applied_at,
        &v.applied_by,
        v.revision
    )?;
    tx.seal(Some(&v.workflow_id), "version", &version_key(v), version_seal(v));
    Ok(())
}

/// Adds a revision of a version that is there.
pub async fn add_revision(tx: &mut Tx, r: &RevisionRow) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO workflow_revision (workflow_id, version, revision, files, changed, applied_at, applied_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &r.workflow_id,
        r.version,
        r.revision,
        &r.files,
        &r.changed,
        r.applied_at,
        &r.applied_by
    )?;
    tx.seal(Some(&r.workflow_id), "revision", &revision_key(r), revision_seal(r));
    Ok(())
}

/// Puts a version and its revision in force.
pub async fn put_in_force(tx: &mut Tx, id: &str, name: &str, row: &InForceRow) -> Result<(), StoreError> {
    tx.revisions.clear();
    run!(tx, "UPDATE workflow SET name = $2, version = $3 WHERE id = $1", id, name, row.version)?;
    run!(
        tx,
        "UPDATE workflow_version SET revision = $3 WHERE workflow_id = $1 AND version = $2",
        id,
        row.version,
        row.revision
    )?;
    run!(
        tx,
        "INSERT INTO in_force (workflow_id, version, revision, at, actor, reason) VALUES ($1, $2, $3, $4, $5, $6)",
        id,
        row.version,
        row.revision,
        row.at,
        &row.actor,
        &row.reason
    )?;
    Ok(())
}

/// What was in force from an instant on, the oldest first, with what was in force at that instant; at most `limit`, the
/// latest.
pub async fn in_force_since(tx: &mut Tx, id: &str, since: Millis, limit: i64) -> Result<Vec<InForceRow>, StoreError> {
    let mut rows: Vec<InForceRow> = all!(
        tx,
        "SELECT version, revision, at, actor, reason FROM in_force WHERE workflow_id = $1 AND seq >= COALESCE(
            (SELECT MAX(seq) FROM in_force WHERE workflow_id = $1 AND at <= $2), 0) ORDER BY seq DESC LIMIT $3",
        id,
        since.0,
        limit
    )?;
    rows.reverse();
    Ok(rows)
}

/// What was in force at an instant; before there was anything, what was first.
pub async fn in_force_at(tx: &mut Tx, id: &str, at: Millis) -> Result<Option<InForceRow>, StoreError> {
    first!(
        tx,
        "SELECT version, revision, at, actor, reason FROM in_force WHERE workflow_id = $1 AND seq = COALESCE(
            (SELECT MAX(seq) FROM in_force WHERE workflow_id = $1 AND at <= $2),
            (SELECT MIN(seq) FROM in_force WHERE workflow_id = $1))",
        id,
        at.0
    )
}

/// Whether a version has passed the gate into a stage.
pub async fn has_earned(tx: &mut Tx, id: &str, version: i64, stage: &str) -> Result<bool, StoreError> {
    let row: Option<(i64,)> =
        first!(tx, "SELECT at FROM earned WHERE workflow_id = $1 AND version = $2 AND stage = $3", id, version, stage)?;
    Ok(row.is_some())
}

/// Keeps that a version has passed the gate into a stage.
pub async fn earn(
    tx: &mut Tx,
    id: &str,
    version: i64,
    stage: &str,
    at: Millis,
    report: Option<&str>,
) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO earned (workflow_id, version, stage, at, report_hash) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (workflow_id, version, stage) DO NOTHING",
        id,
        version,
        stage,
        at.0,
        report
    )?;
    Ok(())
}

/// A version that was sent back from a stage has to earn it anew.
pub async fn lose(tx: &mut Tx, id: &str, version: i64, stage: &str) -> Result<(), StoreError> {
    run!(tx, "DELETE FROM earned WHERE workflow_id = $1 AND version = $2 AND stage = $3", id, version, stage)?;
    Ok(())
}

fn version_key(v: &VersionRow) -> String {
    format!("{}/{}", v.workflow_id, v.version)
}

fn version_seal(v: &VersionRow) -> String {
    let hashes = (&v.hash, &v.guideline_hash, text_hash(&v.seed));
    hash_of(&(&v.workflow_id, v.version, hashes, v.applied_at, &v.applied_by))
}

fn revision_key(r: &RevisionRow) -> String {
    format!("{}/{}/{}", r.workflow_id, r.version, r.revision)
}

fn revision_seal(r: &RevisionRow) -> String {
    let texts = (text_hash(&r.files), text_hash(&r.changed));
    hash_of(&(&r.workflow_id, r.version, r.revision, texts, r.applied_at, &r.applied_by))
}

/// The seals of revisions as they stand, by workflow, version and number.
pub(crate) async fn revision_seals(tx: &mut Tx, keys: &str) -> Result<Vec<(String, String)>, StoreError> {
    let key = "workflow_id || '/' || CAST(version AS TEXT) || '/' || CAST(revision AS TEXT)";
    let sql = format!("SELECT * FROM workflow_revision WHERE {key} {}", tx.among());
    let rows: Vec<RevisionRow> = all!(tx, sqlx::AssertSqlSafe(sql), keys)?;
    Ok(rows.iter().map(|r| (revision_key(r), revision_seal(r))).collect())
}

/// The seals of versions as they stand, by workflow and number.
pub(crate) async fn version_seals(tx: &mut Tx, keys: &str) -> Result<Vec<(String, String)>, StoreError> {
    let key = "workflow_id || '/' || CAST(version AS TEXT)";
    let sql = format!("SELECT * FROM workflow_version WHERE {key} {}", tx.among());
    let rows: Vec<VersionRow> = all!(tx, sqlx::AssertSqlSafe(sql), keys)?;
    Ok(rows.iter().map(|v| (version_key(v), version_seal(v))).collect())
}

/// Marks a workflow killed.
pub async fn set_killed(tx: &mut Tx, id: &str, at: Millis, by: &str, reason: &str) -> Result<(), StoreError> {
    run!(
        tx,
        "UPDATE workflow SET killed_at = $2, killed_by = $3, killed_reason = $4, kills = kills + 1 WHERE id = $1",
        id,
        at.0,
        by,
        reason
    )?;
    Ok(())
}

/// Recalls every reply that was drawn before this kill or demotion, and that nobody has seen.
pub async fn recall(tx: &mut Tx, id: &str, transition: &str) -> Result<(), StoreError> {
    run!(tx, "UPDATE workflow SET recalled_by = $2 WHERE id = $1", id, transition)?;
    Ok(())
}

/// Puts a living workflow at a stage, from when on, and with which evidence it comes there.
pub async fn set_stage(tx: &mut Tx, id: &str, stage: &str, since: Millis, baseline: &str) -> Result<(), StoreError> {
    run!(
        tx,
        "UPDATE workflow SET killed_at = NULL, killed_by = NULL, killed_reason = NULL,
         stage = $2, stage_since = $3, baseline = $4 WHERE id = $1",
        id,
        stage,
        since.0,
        baseline
    )?;
    Ok(())
}

/// A change of a workflow's stage or life.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct TransitionRow {
    /// Its id.
    pub id: String,
    /// The workflow.
    pub workflow_id: String,
    /// `kill`, `resume`, `promote` or `demote`.
    pub kind: String,
    /// The stage before.
    pub from_stage: String,
    /// The stage after.
    pub to_stage: String,
    /// The version it happened to.
    pub version: i64,
    /// Who.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When, in milliseconds.
    pub at: i64,
    /// From the call of a kill until nothing acted any more, in milliseconds.
    pub effect_ms: Option<f64>,
    /// Drafts that a kill froze.
    pub frozen: Option<i64>,
    /// The frozen gate report that a promotion rested on.
    pub report_hash: Option<String>,
    /// Who signed a promotion second, where the pack asks for it.
    pub second_signer: Option<String>,
    /// From the call of a kill until it was committed, in milliseconds.
    pub commit_ms: Option<f64>,
    /// Of a kill: which hubs had stopped sending, as JSON.
    pub hubs: Option<String>,
}

/// A page of a workflow's versions, the newest first.
pub async fn versions(tx: &mut Tx, id: &str, page: &Page) -> Result<Vec<VersionRow>, StoreError> {
    all!(
        tx,
        "SELECT * FROM workflow_version WHERE workflow_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3",
        id,
        page.key(0).unwrap_or(i64::MAX),
        page.limit
    )
}

/// The latest transitions of a workflow, the newest first.
pub async fn transitions(tx: &mut Tx, id: &str, limit: i64) -> Result<Vec<TransitionRow>, StoreError> {
    all!(tx, "SELECT * FROM transition WHERE workflow_id = $1 ORDER BY at DESC, id DESC LIMIT $2", id, limit)
}

/// When a workflow last changed its stage or life, in milliseconds.
pub async fn last_turn(tx: &mut Tx, id: &str) -> Result<Option<i64>, StoreError> {
    let last: Option<(i64,)> =
        first!(tx, "SELECT at FROM transition WHERE workflow_id = $1 ORDER BY at DESC LIMIT 1", id)?;
    Ok(last.map(|(at,)| at))
}

/// Keeps how long a kill took to be committed and, once it is, to be in force, and what is known of each hub.
pub async fn set_effect(
    tx: &mut Tx,
    transition: &str,
    commit_ms: Option<f64>,
    effect_ms: Option<f64>,
    hubs: &str,
) -> Result<(), StoreError> {
    let sql = "UPDATE transition SET commit_ms = $2, effect_ms = $3, hubs = $4 WHERE id = $1";
    run!(tx, sql, transition, commit_ms, effect_ms, hubs)?;
    Ok(())
}

/// One transition.
pub async fn transition(tx: &mut Tx, id: &str) -> Result<Option<TransitionRow>, StoreError> {
    first!(tx, "SELECT * FROM transition WHERE id = $1", id)
}

/// Each killed workflow's kill in force: workflow, transition.
pub async fn kills_in_force(tx: &mut Tx) -> Result<Vec<(String, String)>, StoreError> {
    all!(
        tx,
        "SELECT w.id, t.id FROM workflow w JOIN transition t ON t.workflow_id = w.id AND t.at = w.killed_at
         WHERE w.killed_at IS NOT NULL AND t.kind = 'kill' AND w.id NOT LIKE '~%' ORDER BY w.id"
    )
}

/// Records a transition.
pub async fn add_transition(tx: &mut Tx, t: &TransitionRow) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO transition (id, workflow_id, kind, from_stage, to_stage, version, actor, reason, at, frozen, report_hash,
         second_signer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &t.id,
        &t.workflow_id,
        &t.kind,
        &t.from_stage,
        &t.to_stage,
        t.version,
        &t.actor,
        &t.reason,
        t.at,
        t.frozen,
        &t.report_hash,
        &t.second_signer
    )?;
    tx.seal(Some(&t.workflow_id), "transition", &t.id, transition_seal(t));
    Ok(())
}

fn transition_seal(t: &TransitionRow) -> String {
    let moved = (&t.kind, &t.from_stage, &t.to_stage, t.version);
    hash_of(&(&t.id, &t.workflow_id, moved, &t.actor, &t.reason, t.at, &t.report_hash, &t.second_signer))
}

/// The seals of transitions as they stand, by id.
pub(crate) async fn transition_seals(tx: &mut Tx, ids: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql = format!("SELECT * FROM transition WHERE id {}", tx.among());
    let rows: Vec<TransitionRow> = all!(tx, sqlx::AssertSqlSafe(sql), ids)?;
    Ok(rows.into_iter().map(|t| (t.id.clone(), transition_seal(&t))).collect())
}
