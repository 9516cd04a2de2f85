//! Cases: every outcome as a label.

use crate::page::Page;
use crate::seals::{hash_of, text_hash};
use crate::{StoreError, Tx};
use sqlx::QueryBuilder;

/// A case with the draft's body.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct CaseRow {
    /// Order of arrival.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// The draft's id.
    pub draft_id: String,
    /// The workflow.
    pub workflow_id: String,
    /// What was decided.
    pub action: String,
    /// An edit's grade.
    pub grade: Option<String>,
    /// Codes as a JSON array.
    pub reasons: String,
    /// In milliseconds.
    pub at: i64,
    /// The ticket.
    pub external_id: String,
    /// A line on what the customer wants.
    pub subject: String,
    /// When it was erased with its draft, in milliseconds.
    pub erased_at: Option<i64>,
    /// The label and its provenance as JSON.
    pub record: String,
}

/// What is new about a case.
pub struct NewCase<'a> {
    /// Its id.
    pub id: &'a str,
    /// The verdict behind it.
    pub verdict_id: &'a str,
    /// The draft.
    pub draft_seq: i64,
    /// The workflow.
    pub workflow_id: &'a str,
    /// What was decided.
    pub action: &'a str,
    /// An edit's grade.
    pub grade: Option<&'a str>,
    /// Codes as a JSON array.
    pub reasons: &'a str,
    /// In milliseconds.
    pub at: i64,
    /// The label and its provenance as JSON.
    pub record: &'a str,
}

/// Adds a case.
pub async fn insert(tx: &mut Tx, c: &NewCase<'_>) -> Result<(), StoreError> {
    change!(
        tx,
        "case_record",
        "INSERT INTO case_record (id, verdict_id, draft_seq, workflow_id, action, grade, reasons, at, record, record_hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        c.id,
        c.verdict_id,
        c.draft_seq,
        c.workflow_id,
        c.action,
        c.grade,
        c.reasons,
        c.at,
        c.record,
        &text_hash(c.record)
    );
    let hash = seal(&SealedCase {
        id: c.id.to_owned(),
        verdict_id: c.verdict_id.to_owned(),
        draft_seq: c.draft_seq,
        workflow_id: c.workflow_id.to_owned(),
        action: c.action.to_owned(),
        grade: c.grade.map(str::to_owned),
        reasons: c.reasons.to_owned(),
        at: c.at,
        record_hash: Some(text_hash(c.record)),
    });
    tx.seal(Some(c.workflow_id), "case", c.id, hash);
    Ok(())
}

#[derive(sqlx::FromRow)]
struct SealedCase {
    id: String,
    verdict_id: String,
    draft_seq: i64,
    workflow_id: String,
    action: String,
    grade: Option<String>,
    reasons: String,
    at: i64,
    record_hash: Option<String>,
}

const SEALED: &str =
    "SELECT id, verdict_id, draft_seq, workflow_id, action, grade, reasons, at, record_hash FROM case_record";

fn seal(c: &SealedCase) -> String {
    hash_of(&(&c.id, &c.verdict_id, c.draft_seq, &c.workflow_id, &c.action, &c.grade, &c.reasons, c.at, &c.record_hash))
}

/// The seals of cases as they stand, by id.
pub(crate) async fn seals(tx: &mut Tx, ids: &str) -> Result<Vec<(String, String)>, StoreError> {
    let sql = format!("{SEALED} WHERE id {}", tx.among());
    let rows: Vec<SealedCase> = all!(tx, sqlx::AssertSqlSafe(sql), ids)?;
    Ok(rows.into_iter().map(|c| (c.id.clone(), seal(&c))).collect())
}

/// The id of a verdict's case.
pub async fn id_of_verdict(tx: &mut Tx, verdict_id: &str) -> Result<Option<String>, StoreError> {
    let row: Option<(String,)> = first!(tx, "SELECT id FROM case_record WHERE verdict_id = $1", verdict_id)?;
    Ok(row.map(|r| r.0))
}

/// The id and the record of a verdict's case.
pub async fn of_verdict(tx: &mut Tx, verdict_id: &str) -> Result<Option<(String, String)>, StoreError> {
    first!(tx, "SELECT id, record FROM case_record WHERE verdict_id = $1", verdict_id)
}

/// Puts another label on a verdict's case.
pub async fn relabel(
    tx: &mut Tx,
    verdict_id: &str,
    action: &str,
    grade: Option<&str>,
    reasons: &str,
    record: &str,
) -> Result<(), StoreError> {
    run!(
        tx,
        "UPDATE case_record SET action = $2, grade = $3, reasons = $4, record = $5, record_hash = $6 WHERE verdict_id = $1",
        verdict_id,
        action,
        grade,
        reasons,
        record,
        &text_hash(record)
    )?;
    let now: Option<SealedCase> =
        first!(tx, sqlx::AssertSqlSafe(format!("{SEALED} WHERE verdict_id = $1")), verdict_id)?;
    if let Some(c) = now {
        tx.seal_again(Some(&c.workflow_id), "case", &c.id, seal(&c));
    }
    Ok(())
}

const SELECT: &str = "SELECT c.seq, c.id, d.id AS draft_id, c.workflow_id, c.action, c.grade, c.reasons, c.at, d.external_id, \
     d.subject, c.erased_at, c.record FROM case_record c JOIN draft d ON d.seq = c.draft_seq ";

/// One case, and its draft's body.
pub async fn get(tx: &mut Tx, id: &str) -> Result<Option<(CaseRow, String)>, StoreError> {
    let row: Option<CaseRow> =
        first!(tx, sqlx::AssertSqlSafe(format!("{SELECT} WHERE c.id = $1 AND c.withdrawn = 0")), id)?;
    let Some(row) = row else { return Ok(None) };
    let body: Option<(String,)> = first!(tx, "SELECT body FROM draft WHERE id = $1", &row.draft_id)?;
    Ok(body.map(|b| (row, b.0)))
}

/// Which cases are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of these workflows.
    pub workflows: Vec<String>,
    /// With this action.
    pub action: Option<String>,
    /// With this grade.
    pub grade: Option<String>,
    /// With this reason code.
    pub reason: Option<String>,
    /// Holding these words.
    pub words: Vec<String>,
}

/// A page of cases, newest first.
pub async fn list(tx: &mut Tx, f: &Filter, page: &Page) -> Result<Vec<CaseRow>, StoreError> {
    macro_rules! build {
        ($db:ty, $postgres:literal) => {{
            let mut q = QueryBuilder::<$db>::new(SELECT);
            q.push("WHERE c.withdrawn = 0 AND c.erased_at IS NULL AND c.workflow_id IN (");
            let mut list = q.separated(", ");
            for w in &f.workflows {
                list.push_bind(w);
            }
            q.push(")");
            for (column, wanted) in [("action", &f.action), ("grade", &f.grade)] {
                if let Some(wanted) = wanted {
                    q.push(format!(" AND c.{column} = ")).push_bind(wanted);
                }
            }
            if let Some(reason) = &f.reason {
                let quoted = serde_json::to_string(reason).unwrap_or_default();
                q.push(" AND c.reasons LIKE ").push_bind(format!("%{}%", quoted.replace(['%', '_', '\\'], "_")));
            }
            if !f.words.is_empty() {
                crate::search::push_match!(q, "d", &f.words, $postgres);
            }
            q.push(" AND c.seq < ").push_bind(page.key(0).unwrap_or(i64::MAX));
            q.push(" ORDER BY c.seq DESC LIMIT ").push_bind(page.limit);
            q
        }};
    }
    if f.workflows.is_empty() {
        return Ok(Vec::new());
    }
    Ok(match tx.connection().await? {
        crate::tx::Inner::Sqlite(c) => build!(sqlx::Sqlite, false).build_query_as().fetch_all(&mut **c).await?,
        crate::tx::Inner::Postgres(c) => build!(sqlx::Postgres, true).build_query_as().fetch_all(&mut **c).await?,
    })
}

/// A stretch of cases for an export: number, record and draft body, oldest first.
pub async fn export(
    tx: &mut Tx,
    workflow: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<(i64, String, String)>, StoreError> {
    all!(
        tx,
        "SELECT c.seq, c.record, d.body FROM case_record c JOIN draft d ON d.seq = c.draft_seq
         WHERE c.workflow_id = $1 AND c.withdrawn = 0 AND c.erased_at IS NULL AND c.seq > $2 ORDER BY c.seq LIMIT $3",
        workflow,
        after,
        limit
    )
}
