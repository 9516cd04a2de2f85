//! What the log holds of rows: a hash of each row that a promise rests on goes into the entry of the transaction that
//! wrote it, so that a row changed afterwards no longer fits its entry.
//!
//! A text that is deleted in time leaves its own hash in its row, and the row's seal covers that: a row without its
//! text fits its entry still.

use crate::{StoreError, Tx, cases, deliveries, drafts, drills, evals, settlements, tokens, verdicts, workflows};
use countersign_domain::access::is_shadow;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// A row's hash on its way into the log.
#[derive(Clone, Debug)]
pub(crate) struct Seal {
    pub(crate) workflow: Option<String>,
    pub(crate) kind: &'static str,
    pub(crate) key: String,
    pub(crate) hash: String,
    /// The row was sealed before, and has changed since.
    pub(crate) again: bool,
}

/// The kinds of rows that are sealed one by one.
pub const KINDS: [&str; 10] =
    ["case", "delivery", "drill", "eval", "revision", "settlement", "token", "transition", "verdict", "version"];

/// The kinds of which a transaction's rows get one seal together.
pub const SPANS: [&str; 2] = ["draft", "unread"];

/// SHA-256 of a text, hex.
pub fn text_hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// SHA-256 of facts as JSON, hex.
pub(crate) fn hash_of(facts: &impl Serialize) -> String {
    // Plain strings and numbers; writing them can't fail.
    hex::encode(Sha256::digest(serde_json::to_vec(facts).unwrap_or_default()))
}

impl Tx {
    /// Puts a row's hash into this transaction's last entry of the workflow.
    pub(crate) fn seal(&mut self, workflow: Option<&str>, kind: &'static str, key: &str, hash: String) {
        self.push_seal(workflow, kind, key, hash, false);
    }

    /// The same for a row that was sealed before.
    pub(crate) fn seal_again(&mut self, workflow: Option<&str>, kind: &'static str, key: &str, hash: String) {
        self.push_seal(workflow, kind, key, hash, true);
    }

    /// Puts a row's facts into the one hash of all rows of its kind that this transaction adds to its workflow.
    pub(crate) fn seal_row(&mut self, kind: &'static str, row: Row) {
        if !is_shadow(&row.workflow) {
            self.late.rows.entry((row.workflow.clone(), kind)).or_default().push(row);
        }
    }

    fn push_seal(&mut self, workflow: Option<&str>, kind: &'static str, key: &str, hash: String, again: bool) {
        // What a drill does is taken away again.
        if workflow.is_some_and(is_shadow) {
            return;
        }
        self.late.seals.push(Seal { workflow: workflow.map(str::to_owned), kind, key: key.to_owned(), hash, again });
    }
}

/// The seals of rows of one kind as they stand, by their keys. What isn't there any more is left out.
pub async fn now(tx: &mut Tx, kind: &str, keys: &[&str]) -> Result<HashMap<String, String>, StoreError> {
    let keys = serde_json::to_string(keys).unwrap_or_default();
    let seals = match kind {
        "case" => cases::seals(tx, &keys).await?,
        "delivery" => deliveries::seals(tx, &keys).await?,
        "drill" => drills::seals(tx, &keys).await?,
        "eval" => evals::seals(tx, &keys).await?,
        "revision" => workflows::revision_seals(tx, &keys).await?,
        "settlement" => settlements::seals(tx, &keys).await?,
        "token" => tokens::seals(tx, &keys).await?,
        "transition" => workflows::transition_seals(tx, &keys).await?,
        "verdict" => verdicts::seals(tx, &keys).await?,
        "version" => workflows::version_seals(tx, &keys).await?,
        _ => Vec::new(),
    };
    Ok(seals.into_iter().collect())
}

/// The keys of all rows of a kind of which there are few.
pub async fn keys(tx: &mut Tx, kind: &str) -> Result<Vec<String>, StoreError> {
    let sql = match kind {
        "drill" => "SELECT id FROM drill",
        "eval" => "SELECT id FROM eval_result",
        "revision" => {
            "SELECT workflow_id || '/' || CAST(version AS TEXT) || '/' || CAST(revision AS TEXT) FROM workflow_revision
             WHERE workflow_id NOT LIKE '~%'"
        }
        "token" => "SELECT id FROM token",
        "transition" => "SELECT id FROM transition WHERE workflow_id NOT LIKE '~%'",
        _ => "SELECT workflow_id || '/' || CAST(version AS TEXT) FROM workflow_version WHERE workflow_id NOT LIKE '~%'",
    };
    let rows: Vec<(String,)> = all!(tx, sql)?;
    Ok(rows.into_iter().map(|r| r.0).collect())
}

/// How many rows of a kind there are that an entry should name.
pub async fn count(tx: &mut Tx, kind: &str) -> Result<i64, StoreError> {
    let sql = match kind {
        "case" => "SELECT COUNT(*) FROM case_record WHERE workflow_id NOT LIKE '~%'",
        "delivery" => {
            "SELECT COUNT(*) FROM delivery WHERE workflow_id NOT LIKE '~%' AND (draft_seq IS NULL OR verdict_id IS NOT NULL)"
        }
        "draft" => "SELECT COUNT(*) FROM draft WHERE workflow_id NOT LIKE '~%' AND probe IS NULL",
        "unread" => {
            "SELECT COUNT(*) FROM delivery WHERE workflow_id NOT LIKE '~%' AND draft_seq IS NOT NULL AND verdict_id IS NULL"
        }
        "drill" => "SELECT COUNT(*) FROM drill",
        "eval" => "SELECT COUNT(*) FROM eval_result",
        "revision" => "SELECT COUNT(*) FROM workflow_revision WHERE workflow_id NOT LIKE '~%'",
        "settlement" => "SELECT COUNT(*) FROM settlement WHERE settled_at IS NOT NULL",
        "token" => "SELECT COUNT(*) FROM token",
        "transition" => "SELECT COUNT(*) FROM transition WHERE workflow_id NOT LIKE '~%'",
        "verdict" => "SELECT COUNT(*) FROM verdict WHERE workflow_id NOT LIKE '~%'",
        "version" => "SELECT COUNT(*) FROM workflow_version WHERE workflow_id NOT LIKE '~%'",
        _ => return Ok(0),
    };
    let row: Option<(i64,)> = first!(tx, sql)?;
    Ok(row.map_or(0, |r| r.0))
}

/// A stretch of rows that one seal covers: those of a workflow from one draft's number to another's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The workflow.
    pub workflow: String,
    /// The first draft's number.
    pub first: i64,
    /// The last one's.
    pub last: i64,
}

impl Span {
    /// As the log writes it: `first-last`, in an entry of the workflow.
    pub fn parse(workflow: &str, key: &str) -> Option<Self> {
        let (first, last) = key.split_once('-')?;
        Some(Self { workflow: workflow.to_owned(), first: first.parse().ok()?, last: last.parse().ok()? })
    }
}

/// A row that a span covers: its workflow, the draft's number, and what its seal is made of.
pub struct Row {
    /// The workflow.
    pub workflow: String,
    /// The draft's number.
    pub seq: i64,
    facts: Vec<u8>,
}

impl Row {
    pub(crate) fn of(workflow: &str, seq: i64, facts: &impl Serialize) -> Self {
        // Plain strings and numbers; writing them can't fail.
        Self { workflow: workflow.to_owned(), seq, facts: serde_json::to_vec(facts).unwrap_or_default() }
    }
}

/// The seal of rows in the order of their numbers.
pub fn span_hash<'a>(rows: impl IntoIterator<Item = &'a Row>) -> String {
    let mut hash = Sha256::new();
    rows.into_iter().for_each(|row| hash.update(&row.facts));
    hex::encode(hash.finalize())
}

/// Seals rows of one workflow, given in the order of their numbers.
pub(crate) fn seal_span(tx: &mut Tx, workflow: &str, kind: &'static str, rows: &[Row]) {
    if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
        tx.seal(Some(workflow), kind, &format!("{}-{}", first.seq, last.seq), span_hash(rows));
    }
}

/// What spans cover: drafts (`draft`), or replies that went straight on (`unread`).
pub async fn rows_between(tx: &mut Tx, kind: &str, first: i64, last: i64) -> Result<Vec<Row>, StoreError> {
    if kind == "draft" { drafts::sealed(tx, first, last).await } else { deliveries::unread(tx, first, last).await }
}

/// A stored text and the hash it left at its writing.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Text {
    /// The row's number.
    pub seq: i64,
    /// Its id.
    pub id: String,
    /// The workflow.
    pub workflow_id: String,
    /// The text; none once it was deleted.
    pub text: Option<String>,
    /// Its hash.
    pub hash: String,
}

/// Where texts are kept.
pub const TEXTS: [&str; 5] = ["draft", "verdict", "case", "delivery", "settlement"];

/// Texts of a kind after a number, in order: up to `limit` of them, and no more than a few megabytes.
pub async fn texts(tx: &mut Tx, kind: &str, after: i64, limit: i64) -> Result<Vec<Text>, StoreError> {
    let sql = match kind {
        "draft" => {
            "SELECT seq, id, workflow_id, CASE WHEN erased_at IS NULL THEN body END AS text, body_hash AS hash FROM draft
             WHERE seq > $1 AND body_hash IS NOT NULL ORDER BY seq LIMIT $2"
        }
        "verdict" => {
            "SELECT v.seq, v.id, v.workflow_id, CASE WHEN d.erased_at IS NOT NULL THEN NULL
                WHEN v.final_text IS NULL AND v.comment IS NULL THEN ''
                ELSE CAST(length(COALESCE(v.final_text, '')) AS TEXT) || ':' || COALESCE(v.final_text, '') || COALESCE(v.comment, '') END AS text,
                v.text_hash AS hash
             FROM verdict v JOIN draft d ON d.seq = v.draft_seq WHERE v.seq > $1 AND v.text_hash IS NOT NULL ORDER BY v.seq LIMIT $2"
        }
        "case" => {
            "SELECT c.seq, c.id, c.workflow_id, CASE WHEN d.erased_at IS NULL THEN c.record END AS text, c.record_hash AS hash
             FROM case_record c JOIN draft d ON d.seq = c.draft_seq WHERE c.seq > $1 AND c.record_hash IS NOT NULL ORDER BY c.seq LIMIT $2"
        }
        "settlement" => {
            "SELECT seq, id, workflow_id, label AS text, label_hash AS hash FROM settlement
             WHERE seq > $1 AND label_hash IS NOT NULL ORDER BY seq LIMIT $2"
        }
        _ => {
            "SELECT e.seq, e.id, e.workflow_id, CASE WHEN d.erased_at IS NULL THEN e.body END AS text, e.body_hash AS hash
             FROM delivery e LEFT JOIN draft d ON d.seq = e.draft_seq WHERE e.seq > $1 AND e.body_hash IS NOT NULL ORDER BY e.seq LIMIT $2"
        }
    };
    macro_rules! read {
        ($c:ident) => {{
            use futures::TryStreamExt as _;
            let mut rows = sqlx::query_as::<_, Text>(sql).bind(after).bind(limit).fetch(&mut **$c);
            let (mut out, mut bytes) = (Vec::new(), 0);
            while let Some(row) = rows.try_next().await? {
                bytes += row.text.as_ref().map_or(0, String::len);
                out.push(row);
                if bytes > MOST_BYTES {
                    break;
                }
            }
            out
        }};
    }
    Ok(match tx.connection().await? {
        crate::tx::Inner::Sqlite(c) => read!(c),
        crate::tx::Inner::Postgres(c) => read!(c),
    })
}

/// How many drafts are without their text.
pub async fn erased(tx: &mut Tx) -> Result<i64, StoreError> {
    let row: Option<(i64,)> = first!(tx, "SELECT COUNT(*) FROM draft WHERE erased_at IS NOT NULL")?;
    Ok(row.map_or(0, |r| r.0))
}

/// How much text is looked at in one go.
const MOST_BYTES: usize = 4 << 20;
