//! Disagreements between two verdicts on the same draft, and what a curator made of them.

use crate::page::Page;
use crate::seals::{hash_of, text_hash};
use crate::{StoreError, Tx};
use countersign_domain::time::Millis;

/// A disagreement.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SettlementRow {
    /// Order of arrival.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// The draft.
    pub draft_seq: i64,
    /// Its workflow.
    pub workflow_id: String,
    /// The first verdict.
    pub first_verdict: String,
    /// The second one.
    pub second_verdict: String,
    /// `open`, `settled`, or `void` once one of the verdicts was withdrawn.
    pub state: String,
    /// In milliseconds.
    pub opened_at: i64,
    /// In milliseconds.
    pub settled_at: Option<i64>,
    /// The curator.
    pub settled_by: Option<String>,
    /// The outcome key that was settled on.
    pub outcome: Option<String>,
    /// The settled label as JSON.
    pub label: Option<String>,
}

const COLUMNS: &str = "seq, id, draft_seq, workflow_id, first_verdict, second_verdict, state, opened_at, settled_at, settled_by, \
     outcome, label";

/// Opens a disagreement.
pub async fn open(tx: &mut Tx, s: &SettlementRow) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO settlement (id, draft_seq, workflow_id, first_verdict, second_verdict, state, opened_at)
         VALUES ($1, $2, $3, $4, $5, 'open', $6)",
        &s.id,
        s.draft_seq,
        &s.workflow_id,
        &s.first_verdict,
        &s.second_verdict,
        s.opened_at
    )?;
    Ok(())
}

/// One disagreement.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<SettlementRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM settlement WHERE id = $1 AND state <> 'void'");
    first!(tx, sqlx::AssertSqlSafe(sql), id)
}

/// The standing disagreement about a draft.
pub async fn of_draft(tx: &mut Tx, draft_seq: i64) -> Result<Option<SettlementRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM settlement WHERE draft_seq = $1 AND state <> 'void'");
    first!(tx, sqlx::AssertSqlSafe(sql), draft_seq)
}

/// Settles it.
pub async fn settle(tx: &mut Tx, id: &str, at: Millis, by: &str, outcome: &str, label: &str) -> Result<(), StoreError> {
    run!(
        tx,
        "UPDATE settlement SET state = 'settled', settled_at = $2, settled_by = $3, outcome = $4, label = $5,
         label_hash = $6 WHERE id = $1",
        id,
        at.0,
        by,
        outcome,
        label,
        text_hash(label)
    )?;
    if let Some(row) = get(tx, id).await? {
        tx.seal(Some(&row.workflow_id), "settlement", id, seal(&row, &text_hash(label)));
    }
    Ok(())
}

fn seal(s: &SettlementRow, label: &str) -> String {
    let verdicts = (&s.first_verdict, &s.second_verdict);
    let label = (s.settled_at, &s.settled_by, &s.outcome, label);
    hash_of(&(&s.id, s.draft_seq, &s.workflow_id, verdicts, s.opened_at, label))
}

/// The seals of settled disagreements as they stand, by id.
pub(crate) async fn seals(tx: &mut Tx, ids: &str) -> Result<Vec<(String, String)>, StoreError> {
    #[derive(sqlx::FromRow)]
    struct Sealed {
        #[sqlx(flatten)]
        row: SettlementRow,
        label_hash: Option<String>,
    }
    let sql = format!("SELECT {COLUMNS}, label_hash FROM settlement WHERE id {}", tx.among());
    let rows: Vec<Sealed> = all!(tx, sqlx::AssertSqlSafe(sql), ids)?;
    Ok(rows
        .into_iter()
        .map(|s| (s.row.id.clone(), seal(&s.row, s.label_hash.as_deref().unwrap_or_default())))
        .collect())
}

/// One of the two verdicts doesn't stand any more.
pub async fn void(tx: &mut Tx, id: &str) -> Result<(), StoreError> {
    run!(tx, "UPDATE settlement SET state = 'void' WHERE id = $1", id)?;
    Ok(())
}

/// A page of a workflow's disagreements in a state, the newest first.
pub async fn list(tx: &mut Tx, workflow: &str, state: &str, page: &Page) -> Result<Vec<SettlementRow>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM settlement WHERE workflow_id = $1 AND state = $2 AND seq < $3 ORDER BY seq DESC LIMIT $4"
    );
    all!(tx, sqlx::AssertSqlSafe(sql), workflow, state, page.key(0).unwrap_or(i64::MAX), page.limit)
}
