//! The audit chain's entries, its head, and the signed checkpoints.

use crate::late::Head;
use crate::page::Page;
use crate::tx::Inner;
use crate::{StoreError, Tx};
use countersign_domain::audit::{Checkpoint, Entry};
use countersign_domain::time::Millis;
use sqlx::QueryBuilder;

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    at: i64,
    actor: String,
    act: String,
    workflow_id: Option<String>,
    object: Option<String>,
    detail: String,
    prev_hash: String,
    hash: String,
}

impl From<Row> for Entry {
    fn from(r: Row) -> Self {
        Self {
            seq: r.seq,
            at: Millis(r.at),
            actor: r.actor,
            act: r.act,
            workflow: r.workflow_id,
            object: r.object,
            detail: r.detail,
            prev_hash: r.prev_hash,
            hash: r.hash,
        }
    }
}

/// What happened, before it has its place in the chain.
#[derive(Clone, Copy, Debug)]
pub struct Fact<'a> {
    /// When.
    pub at: Millis,
    /// Who.
    pub actor: &'a str,
    /// What, in the past tense.
    pub act: &'a str,
    /// Where.
    pub workflow: Option<&'a str>,
    /// On what.
    pub object: Option<&'a str>,
    /// JSON text; no secrets, bodies or personal data.
    pub detail: &'a str,
}

/// Adds an entry; it gets its place in the chain when the transaction is committed.
pub fn append(tx: &mut Tx, fact: Fact<'_>) {
    tx.late.entries.push(Entry {
        seq: 0,
        at: fact.at,
        actor: fact.actor.to_owned(),
        act: fact.act.to_owned(),
        workflow: fact.workflow.map(str::to_owned),
        object: fact.object.map(str::to_owned),
        detail: fact.detail.to_owned(),
        prev_hash: String::new(),
        hash: String::new(),
    });
}

/// Chains entries to the one before them; answers the head that they leave.
pub(crate) fn chain(head: &Head, entries: &mut [Entry]) -> Head {
    let mut head = head.clone();
    for entry in entries {
        entry.seq = head.0 + 1;
        entry.prev_hash = head.1;
        entry.hash = entry.expected_hash();
        head = (entry.seq, entry.hash.clone());
    }
    head
}

/// An entry as Postgres takes it: number, time, actor, act, workflow, object, detail, and the two hashes.
pub(crate) type EntryRow<'a> =
    (i64, i64, &'a str, &'a str, Option<&'a str>, Option<&'a str>, &'a str, &'a str, &'a str);

/// Chained entries as Postgres takes them.
pub(crate) fn rows(entries: &[Entry]) -> Vec<EntryRow<'_>> {
    entries.iter().map(row).collect()
}

fn row(e: &Entry) -> EntryRow<'_> {
    let (workflow, object) = (e.workflow.as_deref(), e.object.as_deref());
    (e.seq, e.at.0, &e.actor, &e.act, workflow, object, &e.detail, &e.prev_hash, &e.hash)
}

/// Adds entries to the log's end on SQLite, whose one writer sees it as it is.
pub(crate) async fn add(tx: &mut Tx, mut entries: Vec<Entry>) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    let head = look_at_head(tx).await?;
    chain(&head, &mut entries);
    for entry in entries {
        // A trigger moves the head along with its entry.
        run!(
            tx,
            "INSERT INTO audit (seq, at, actor, act, workflow_id, object, detail, prev_hash, hash)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            entry.seq,
            entry.at.0,
            &entry.actor,
            &entry.act,
            &entry.workflow,
            &entry.object,
            &entry.detail,
            &entry.prev_hash,
            &entry.hash
        )?;
    }
    Ok(())
}

async fn look_at_head(tx: &mut Tx) -> Result<Head, StoreError> {
    let head = first!(tx, "SELECT seq, hash FROM audit_head WHERE one = 1")?;
    head.ok_or(StoreError::Unreadable { what: "an audit log without its head", value: String::new() })
}

/// The length of the chain and the hash of its last entry, with what this transaction has added.
pub async fn head(tx: &mut Tx) -> Result<(i64, String), StoreError> {
    tx.settle(None).await?;
    look_at_head(tx).await
}

/// Entries from a number on, in order.
pub async fn from(tx: &mut Tx, seq: i64, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<Row> = all!(tx, "SELECT * FROM audit WHERE seq >= $1 ORDER BY seq LIMIT $2", seq, limit)?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Every entry of an act, in order.
pub async fn of_act(tx: &mut Tx, act: &str) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<Row> = all!(tx, "SELECT * FROM audit WHERE act = $1 ORDER BY seq", act)?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Which entries are asked for.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// These acts; one that ends in a dot stands for all that begin with it. None for every act.
    pub acts: Vec<String>,
    /// Of this workflow.
    pub workflow: Option<String>,
    /// By this person.
    pub actor: Option<String>,
    /// About this.
    pub object: Option<String>,
}

/// Entries, the newest first.
pub async fn newest(tx: &mut Tx, f: &Filter, page: &Page) -> Result<Vec<Entry>, StoreError> {
    macro_rules! build {
        ($db:ty) => {{
            let mut q = QueryBuilder::<$db>::new("SELECT * FROM audit WHERE seq < ");
            q.push_bind(page.key(0).unwrap_or(i64::MAX));
            for (column, value) in
                [(" AND workflow_id = ", &f.workflow), (" AND actor = ", &f.actor), (" AND object = ", &f.object)]
            {
                if let Some(value) = value {
                    q.push(column).push_bind(value);
                }
            }
            for (i, act) in f.acts.iter().enumerate() {
                q.push(if i == 0 { " AND (" } else { " OR " });
                if act.ends_with('.') {
                    q.push("substr(act, 1, ").push(act.chars().count()).push(") = ").push_bind(act);
                } else {
                    q.push("act = ").push_bind(act);
                }
            }
            q.push(if f.acts.is_empty() { "" } else { ")" }).push(" ORDER BY seq DESC LIMIT ").push_bind(page.limit);
            q
        }};
    }
    let rows: Vec<Row> = match tx.connection().await? {
        Inner::Sqlite(c) => build!(sqlx::Sqlite).build_query_as().fetch_all(&mut **c).await?,
        Inner::Postgres(c) => build!(sqlx::Postgres).build_query_as().fetch_all(&mut **c).await?,
    };
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Keeps a signed checkpoint.
pub async fn keep_checkpoint(tx: &mut Tx, c: &Checkpoint) -> Result<(), StoreError> {
    run!(
        tx,
        "INSERT INTO checkpoint (seq, hash, at, public_key, signature) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (seq) DO NOTHING",
        c.seq,
        &c.hash,
        c.at.0,
        &c.public_key,
        &c.signature
    )?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct CheckpointRow {
    seq: i64,
    hash: String,
    at: i64,
    public_key: String,
    signature: String,
}

impl From<CheckpointRow> for Checkpoint {
    fn from(r: CheckpointRow) -> Self {
        Self { seq: r.seq, hash: r.hash, at: Millis(r.at), public_key: r.public_key, signature: r.signature }
    }
}

/// Kept checkpoints over more than `after` entries and no more than `until`, in order.
pub async fn checkpoints(tx: &mut Tx, after: i64, until: i64) -> Result<Vec<Checkpoint>, StoreError> {
    let sql = "SELECT * FROM checkpoint WHERE seq > $1 AND seq <= $2 ORDER BY seq";
    let rows: Vec<CheckpointRow> = all!(tx, sql, after, until)?;
    Ok(rows.into_iter().map(Checkpoint::from).collect())
}

/// The checkpoint over so many entries.
pub async fn checkpoint(tx: &mut Tx, seq: i64) -> Result<Option<Checkpoint>, StoreError> {
    let row: Option<CheckpointRow> = first!(tx, "SELECT * FROM checkpoint WHERE seq = $1", seq)?;
    Ok(row.map(Checkpoint::from))
}

/// The last checkpoint.
pub async fn last_checkpoint(tx: &mut Tx) -> Result<Option<Checkpoint>, StoreError> {
    let row: Option<CheckpointRow> = first!(tx, "SELECT * FROM checkpoint ORDER BY seq DESC LIMIT 1")?;
    Ok(row.map(Checkpoint::from))
}

/// The last checkpoint that a key signed.
pub async fn last_signed_by(tx: &mut Tx, key: &str) -> Result<Option<Checkpoint>, StoreError> {
    let sql = "SELECT * FROM checkpoint WHERE public_key = $1 ORDER BY seq DESC LIMIT 1";
    let row: Option<CheckpointRow> = first!(tx, sql, key)?;
    Ok(row.map(Checkpoint::from))
}

/// One entry.
pub async fn entry(tx: &mut Tx, seq: i64) -> Result<Option<Entry>, StoreError> {
    let row: Option<Row> = first!(tx, "SELECT * FROM audit WHERE seq = $1", seq)?;
    Ok(row.map(Entry::from))
}

/// Entries after a number that seal rows again which were sealed before, in order.
pub async fn resealing(tx: &mut Tx, after: i64, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let sql = r#"SELECT * FROM audit WHERE seq > $1 AND detail LIKE '%"resealed":[%' ORDER BY seq LIMIT $2"#;
    let rows: Vec<Row> = all!(tx, sql, after, limit)?;
    Ok(rows.into_iter().map(Entry::from).collect())
}
