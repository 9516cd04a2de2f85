//! Verdicts, withdrawals, and the text of verdicts that came too late.

use crate::seals::{hash_of, text_hash};
use crate::{StoreError, Tx};
use countersign_domain::time::Millis;
use countersign_domain::verdict::{Action, Grade, outcome_key};

/// A verdict as it was taken.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct VerdictRow {
    /// The client's id.
    pub id: String,
    /// The draft.
    pub draft_seq: i64,
    /// Its workflow.
    pub workflow_id: String,
    /// The workflow's version at staging.
    pub version: i64,
    /// The stage at staging.
    pub stage: String,
    /// 1, or 2 for the blind second review.
    pub round: i64,
    /// Who.
    pub reviewer: String,
    /// Under which lease.
    pub lease_id: String,
    /// `approve`, `edit` or `escalate`.
    pub action: String,
    /// An edit's grade.
    pub grade: Option<String>,
    /// The grade that the diff suggested.
    pub suggested_grade: Option<String>,
    /// Share of the words changed.
    pub edit_ratio: Option<f64>,
    /// Codes as a JSON array.
    pub reasons: String,
    /// For whoever reads it next.
    pub comment: Option<String>,
    /// An edit's text.
    pub final_text: Option<String>,
    /// Time spent.
    pub seconds: f64,
    /// In milliseconds.
    pub at: i64,
    /// In milliseconds.
    pub undo_until: i64,
    /// To tell a retry from another verdict under the same id.
    pub digest: String,
    /// 1 once it was withdrawn.
    pub withdrawn: i64,
    /// The evidence key that a first verdict counts under; none for a second one.
    pub counted: Option<String>,
    /// 1 if it counts only once a second person has confirmed it.
    pub unconfirmed: i64,
    /// 1 if it came faster than the draft can be read.
    pub too_fast: i64,
}

impl VerdictRow {
    /// The key of its outcome.
    pub fn key(&self) -> String {
        // As they were written.
        let word = |text: &str| serde_json::Value::String(text.to_owned());
        let action: Option<Action> = serde_json::from_value(word(&self.action)).ok();
        let grade: Option<Grade> = self.grade.as_deref().and_then(|g| serde_json::from_value(word(g)).ok());
        let reasons: Vec<String> = serde_json::from_str(&self.reasons).unwrap_or_default();
        action.map(|action| outcome_key(action, grade, &reasons)).unwrap_or_default()
    }
}

const COLUMNS: &str = "id, draft_seq, workflow_id, version, stage, round, reviewer, lease_id, action, grade, suggested_grade, \
     edit_ratio, reasons, comment, final_text, seconds, at, undo_until, digest, withdrawn, counted, unconfirmed, too_fast";

/// Adds a verdict.
pub async fn insert(tx: &mut Tx, v: &VerdictRow) -> Result<(), StoreError> {
    let texts = texts_of(v);
    change!(
        tx,
        "verdict",
        "INSERT INTO verdict (id, draft_seq, workflow_id, version, stage, round, reviewer, lease_id, action, grade,
         suggested_grade, edit_ratio, reasons, comment, final_text, seconds, at, undo_until, digest, counted, unconfirmed, too_fast,
         text_hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)",
        &v.id,
        v.draft_seq,
        &v.workflow_id,
        v.version,
        &v.stage,
        v.round,
        &v.reviewer,
        &v.lease_id,
        &v.action,
        &v.grade,
        &v.suggested_grade,
        v.edit_ratio,
        &v.reasons,
        &v.comment,
        &v.final_text,
        v.seconds,
        v.at,
        v.undo_until,
        &v.digest,
        &v.counted,
        v.unconfirmed,
        v.too_fast,
        &texts
    );
    tx.seal(Some(&v.workflow_id), "verdict", &v.id, seal(v, &texts));
    Ok(())
}

/// The hash of what a verdict says in words; see [`crate::seals::texts`].
fn texts_of(v: &VerdictRow) -> String {
    let (text, comment) = (v.final_text.as_deref().unwrap_or_default(), v.comment.as_deref().unwrap_or_default());
    match (&v.final_text, &v.comment) {
        (None, None) => text_hash(""),
        _ => text_hash(&format!("{}:{text}{comment}", text.chars().count())),
    }
}

fn seal(v: &VerdictRow, texts: &str) -> String {
    let whose = (&v.id, v.draft_seq, &v.workflow_id, v.version, &v.stage, v.round, &v.reviewer, &v.lease_id, v.at);
    let what = (&v.action, &v.grade, &v.suggested_grade, v.edit_ratio, &v.reasons, v.seconds, v.undo_until, &v.digest);
    hash_of(&(whose, what, v.unconfirmed, v.too_fast, texts))
}

#[derive(sqlx::FromRow)]
struct Sealed {
    #[sqlx(flatten)]
    row: VerdictRow,
    text_hash: Option<String>,
}

/// The seals of verdicts as they stand, by id.
pub(crate) async fn seals(tx: &mut Tx, ids: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql = format!("SELECT {COLUMNS}, text_hash FROM verdict WHERE id {}", tx.among());
    let rows: Vec<Sealed> = all!(tx, sqlx::AssertSqlSafe(sql), ids)?;
    Ok(rows.into_iter().map(|s| (s.row.id.clone(), seal(&s.row, s.text_hash.as_deref().unwrap_or_default()))).collect())
}

/// Keeps under which key a first verdict counts now.
pub async fn set_counted(tx: &mut Tx, id: &str, key: &str) -> Result<(), StoreError> {
    run!(tx, "UPDATE verdict SET counted = $2 WHERE id = $1", id, key)?;
    Ok(())
}

/// How many standing verdicts of a workflow came faster than their draft can be read.
pub async fn too_fast(tx: &mut Tx, workflow: &str) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM verdict WHERE workflow_id = $1 AND too_fast = 1 AND withdrawn = 0";
    let row: Option<(i64,)> = first!(tx, sql, workflow)?;
    Ok(row.map_or(0, |r| r.0))
}

/// A verdict by its id.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<VerdictRow>, StoreError> {
    first!(tx, sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM verdict WHERE id = $1")), id)
}

/// The standing verdict of a draft in a round.
pub async fn standing(tx: &mut Tx, draft_seq: i64, round: i64) -> Result<Option<VerdictRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM verdict WHERE draft_seq = $1 AND round = $2 AND withdrawn = 0");
    first!(tx, sqlx::AssertSqlSafe(sql), draft_seq, round)
}

/// Withdraws a verdict: a row of its own, the verdict stays.
pub async fn withdraw(tx: &mut Tx, id: &str, reviewer: &str, at: Millis) -> Result<(), StoreError> {
    run!(tx, "INSERT INTO withdrawal (verdict_id, reviewer, at) VALUES ($1, $2, $3)", id, reviewer, at.0)?;
    run!(tx, "UPDATE verdict SET withdrawn = 1 WHERE id = $1", id)?;
    run!(tx, "UPDATE case_record SET withdrawn = 1 WHERE verdict_id = $1", id)?;
    Ok(())
}

/// A reviewer's verdicts since an instant: seconds spent, action, withdrawn.
pub async fn since(tx: &mut Tx, reviewer: &str, at: Millis) -> Result<Vec<(f64, String, i64)>, StoreError> {
    all!(
        tx,
        "SELECT seconds, action, withdrawn FROM verdict WHERE reviewer = $1 AND at >= $2 ORDER BY at LIMIT 5000",
        reviewer,
        at.0
    )
}

/// A verdict that came too late, with what was typed.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct KeptRow {
    /// Its id.
    pub verdict_id: String,
    /// The draft.
    pub draft_seq: i64,
    /// Who typed it.
    pub reviewer: String,
    /// Why it was refused.
    pub code: String,
    /// What it would have been.
    pub action: String,
    /// The text.
    pub final_text: Option<String>,
    /// The comment.
    pub comment: Option<String>,
    /// In milliseconds.
    pub at: i64,
}

/// Keeps what was typed; the newest of a retried verdict stands.
pub async fn keep(tx: &mut Tx, k: &KeptRow) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO kept (verdict_id, draft_seq, reviewer, code, action, final_text, comment, at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (draft_seq, reviewer, verdict_id) DO UPDATE SET
         code = excluded.code, action = excluded.action, final_text = excluded.final_text, comment = excluded.comment, at = excluded.at",
        &k.verdict_id,
        k.draft_seq,
        &k.reviewer,
        &k.code,
        &k.action,
        &k.final_text,
        &k.comment,
        k.at
    )?;
    Ok(())
}

/// What a reviewer typed in vain on a draft, newest first.
pub async fn kept(tx: &mut Tx, draft_seq: i64, reviewer: &str) -> Result<Vec<KeptRow>, StoreError> {
    let sql = "SELECT * FROM kept WHERE draft_seq = $1 AND reviewer = $2 ORDER BY at DESC LIMIT 20";
    all!(tx beside "kept", sql, draft_seq, reviewer)
}
