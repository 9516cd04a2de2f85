//! Sources that drafts may cite, and which draft cites which.

use crate::{StoreError, Tx};
use countersign_domain::citation::{Source, Stamp};
use std::collections::HashMap;

/// A stored source.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SourceRow {
    /// Its id.
    pub id: String,
    /// The workflow it was brought in for, if only for one.
    pub workflow_id: Option<String>,
    /// Its title.
    pub title: String,
    /// Its text.
    pub text: String,
    /// Access labels as a JSON array.
    pub access: String,
    /// Over title, text and labels, hex.
    pub hash: String,
    /// In milliseconds.
    pub updated_at: i64,
}

const COLUMNS: &str = "id, NULLIF(workflow_id, '') AS workflow_id, title, text, access, hash, updated_at";

impl SourceRow {
    /// Its labels.
    pub fn labels(&self) -> Vec<String> {
        serde_json::from_str(&self.access).unwrap_or_default()
    }
}

/// A workflow's own source, or everybody's.
pub async fn get(tx: &mut Tx, workflow: Option<&str>, id: &str) -> Result<Option<SourceRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM source WHERE id = $1 AND workflow_id = $2");
    first!(tx, sqlx::AssertSqlSafe(sql), id, workflow.unwrap_or_default())
}

/// The workflows that have a source of this id, with its labels; everybody's is the first.
pub async fn owners(tx: &mut Tx, id: &str) -> Result<Vec<(Option<String>, String)>, StoreError> {
    let sql = "SELECT NULLIF(workflow_id, ''), access FROM source WHERE id = $1 ORDER BY source.workflow_id";
    all!(tx, sql, id)
}

/// Adds a source or replaces it.
pub async fn put(tx: &mut Tx, s: &SourceRow) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO source (id, workflow_id, title, text, access, hash, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7)
         ON CONFLICT (id, workflow_id) DO UPDATE SET title = excluded.title, text = excluded.text,
         access = excluded.access, hash = excluded.hash, updated_at = excluded.updated_at",
        &s.id,
        s.workflow_id.as_deref().unwrap_or_default(),
        &s.title,
        &s.text,
        &s.access,
        &s.hash,
        s.updated_at
    )?;
    Ok(())
}

/// Those of the named sources that a workflow has, by id: its own before everybody's.
pub async fn named(tx: &mut Tx, workflow: &str, ids: &[&str]) -> Result<HashMap<String, Source>, StoreError> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let among = if tx.is_postgres() {
        "SELECT jsonb_array_elements_text(CAST($1 AS jsonb))"
    } else {
        "SELECT value FROM json_each($1)"
    };
    let sql = format!(
        "SELECT {COLUMNS} FROM source s WHERE s.id IN ({among}) AND s.workflow_id IN ('', $2) ORDER BY s.workflow_id"
    );
    let list = serde_json::to_string(ids).unwrap_or_default();
    let rows: Vec<SourceRow> = all!(tx, sqlx::AssertSqlSafe(sql), list, workflow)?;
    let source = |r: SourceRow| {
        let access = r.labels();
        (r.id.clone(), Source { id: r.id, title: r.title, text: r.text, access, hash: r.hash })
    };
    // Of two with the same id the last one stays.
    Ok(rows.into_iter().map(source).collect())
}

/// A page of sources without their text, by id, after one of an id and a workflow; with `workflow` its own and everybody's.
pub async fn list(
    tx: &mut Tx,
    workflow: Option<&str>,
    after: (&str, &str),
    limit: i64,
) -> Result<Vec<(String, Option<String>, String, String, i64)>, StoreError> {
    all!(
        tx,
        "SELECT id, NULLIF(workflow_id, ''), title, access, updated_at FROM source
         WHERE (id, workflow_id) > ($1, $2) AND ($3 = '' OR workflow_id IN ('', $3)) ORDER BY source.id, source.workflow_id LIMIT $4",
        after.0,
        after.1,
        workflow.unwrap_or_default(),
        limit
    )
}

/// Notes which sources a draft cites.
pub async fn note_citations(tx: &mut Tx, pairs: &[(String, i64)]) -> Result<(), StoreError> {
    if pairs.is_empty() {
        return Ok(());
    }
    // One argument however many there are.
    let list = serde_json::to_string(pairs).unwrap_or_default();
    let sql = if tx.is_postgres() {
        "INSERT INTO citation (source_id, draft_seq) SELECT pair ->> 0, CAST(pair ->> 1 AS BIGINT)
         FROM jsonb_array_elements(CAST($1 AS jsonb)) AS pair"
    } else {
        "INSERT INTO citation (source_id, draft_seq) SELECT value ->> 0, value ->> 1 FROM json_each($1)"
    };
    run!(tx, sql, list)?;
    Ok(())
}

/// Undecided drafts that cite a source, after a number.
pub async fn open_drafts_citing(tx: &mut Tx, source: &str, after: i64, limit: i64) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<(i64,)> = all!(
        tx,
        "SELECT d.seq FROM citation c JOIN draft d ON d.seq = c.draft_seq
         WHERE c.source_id = $1 AND d.state IN ('staged', 'in_review') AND c.draft_seq > $2 ORDER BY c.draft_seq LIMIT $3",
        source,
        after,
        limit
    )?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// The hashes and labels of those of the named sources that a workflow has, by id.
pub async fn stamps(tx: &mut Tx, workflow: &str, ids: &[&str]) -> Result<HashMap<String, Stamp>, StoreError> {
    let list = serde_json::to_string(ids).unwrap_or_default();
    let of = if tx.is_postgres() { "jsonb_array_elements_text(CAST($1 AS jsonb))" } else { "value FROM json_each($1)" };
    let sql = format!(
        "SELECT id, hash, access FROM source WHERE id IN (SELECT {of}) AND source.workflow_id IN ('', $2)
         ORDER BY source.workflow_id"
    );
    let rows: Vec<(String, String, String)> = all!(tx, sqlx::AssertSqlSafe(sql), list, workflow)?;
    let stamp = |(id, hash, access): (String, String, String)| {
        (id, Stamp { hash, access: serde_json::from_str(&access).unwrap_or_default() })
    };
    // Of two with the same id the last one stays: the workflow's own.
    Ok(rows.into_iter().map(stamp).collect())
}

/// Holds sources until the end, in share for whoever checks drafts against them, alone for whoever changes them: no
/// draft comes in that was checked against a text which is gone. Taken before any row, after the workflow.
pub async fn hold(tx: &mut Tx, ids: &[&str], alone: bool) -> Result<(), StoreError> {
    if !tx.is_postgres() || ids.is_empty() {
        return Ok(());
    }
    // A few locks for however many sources, taken in one order by everybody.
    let lock = if alone { "pg_advisory_xact_lock" } else { "pg_advisory_xact_lock_shared" };
    let sql = format!(
        "SELECT CAST({lock}(3, bucket) AS TEXT) FROM (SELECT DISTINCT hashtext(id) & 63 AS bucket
         FROM jsonb_array_elements_text(CAST($1 AS jsonb)) AS id ORDER BY 1) AS buckets"
    );
    let _: Vec<(String,)> = all!(tx, sqlx::AssertSqlSafe(sql), serde_json::to_string(ids).unwrap_or_default())?;
    Ok(())
}

/// A changed source, and up to which draft those that cite it have been checked again.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Recheck {
    /// The source.
    pub source_id: String,
    /// The how-manieth change of it this is.
    pub round: i64,
    /// The last draft that was checked again.
    pub after_seq: i64,
}

/// Notes that the drafts which cite a source are to be checked again, from the first one on.
pub async fn ask_recheck(tx: &mut Tx, source: &str) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO source_recheck (source_id, round, after_seq) VALUES ($1, 1, 0)
         ON CONFLICT (source_id) DO UPDATE SET round = source_recheck.round + 1, after_seq = 0",
        source
    )?;
    Ok(())
}

/// A source whose drafts are to be checked again.
pub async fn next_recheck(tx: &mut Tx) -> Result<Option<Recheck>, StoreError> {
    first!(tx, "SELECT source_id, round, after_seq FROM source_recheck WHERE after_seq >= 0 ORDER BY source_id LIMIT 1")
}

/// Notes up to which draft that is done; `false` if the source has changed since, or somebody else noted it.
pub async fn advance_recheck(tx: &mut Tx, source: &str, round: i64, from: i64, to: i64) -> Result<bool, StoreError> {
    let sql = "UPDATE source_recheck SET after_seq = $4 WHERE source_id = $1 AND round = $2 AND after_seq = $3";
    Ok(run!(tx, sql, source, round, from, to)? == 1)
}

/// Notes that all of them are done. The row stays, so that the next change has a round of its own.
pub async fn end_recheck(tx: &mut Tx, source: &str, round: i64, from: i64) -> Result<bool, StoreError> {
    advance_recheck(tx, source, round, from, -1).await
}
