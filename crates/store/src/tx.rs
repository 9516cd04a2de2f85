//! Transactions. On Postgres a round trip costs about as much as what a small statement does there: so writes go
//! together where nobody looks between them, and what all transactions share goes last, at the commit.

use crate::StoreError;
use crate::flush::Flush;
use crate::late::{Head, Late};
use crate::line::{Line, Turn};
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments as _, AssertSqlSafe, Encode, Postgres, Sqlite, Transaction, Type};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a commit waits for this hub's turn at the log's head before it does without.
const PATIENCE: Duration = Duration::from_secs(1);

/// A connection, mostly with a transaction on it, which rolls back when it is dropped without [`Tx::commit`].
pub struct Tx {
    inner: Inner,
    pub(crate) late: Late,
    /// Revisions in force that were read under what is held now: workflow, version, revision.
    pub(crate) revisions: Vec<(String, i64, i64)>,
    writes: Writes,
    /// Postgres: where this hub's transactions queue for the log's head.
    log: Option<Log>,
    /// Postgres: commits don't sync, this does.
    flush: Option<Flush>,
    /// Whether it goes ahead of the others there.
    ahead: bool,
    /// When SQLite was last written to.
    written: Option<Arc<Mutex<Instant>>>,
    /// SQLite's writer is this transaction's until it is dropped, after the connection.
    _turn: Option<Turn>,
}

pub(crate) enum Inner {
    Sqlite(Handle<Sqlite>),
    Postgres(Handle<Postgres>),
}

/// A connection with a transaction on it, or a bare one: every statement of a read is a round trip to the
/// connection's thread, and beginning and ending a transaction would make three of one.
pub(crate) enum Handle<DB: sqlx::Database> {
    Transaction(Transaction<'static, DB>),
    Bare(PoolConnection<DB>),
}

impl<DB: sqlx::Database> std::ops::Deref for Handle<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Transaction(tx) => tx,
            Self::Bare(connection) => connection,
        }
    }
}

impl<DB: sqlx::Database> std::ops::DerefMut for Handle<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        match self {
            Self::Transaction(tx) => tx,
            Self::Bare(connection) => connection,
        }
    }
}

/// The log's head as this hub last left it, and the line of those who add to the log. With both, an entry is chained
/// before its transaction holds the head; where another hub was quicker, it is chained again.
#[derive(Clone, Default)]
pub(crate) struct Log {
    line: Line,
    head: Arc<Mutex<Option<Head>>>,
}

/// A turn at the log's head, until the transaction is over.
pub(crate) struct AtHead {
    log: Log,
    pub(crate) head: Option<Head>,
    turn: Turn,
}

/// Writes of different tables that wait to go together.
#[derive(Default)]
pub(crate) struct Writes {
    tables: Vec<&'static str>,
    statements: Vec<String>,
    arguments: PgArguments,
    bound: usize,
}

impl Writes {
    /// Adds a statement; what is bound next are its arguments.
    pub(crate) fn add(&mut self, table: &'static str, sql: &str) {
        self.tables.push(table);
        self.statements.push(renumbered(sql, self.bound));
    }

    pub(crate) fn bind<'q, T: Encode<'q, Postgres> + Type<Postgres>>(&mut self, value: T) -> Result<(), StoreError> {
        self.arguments.add(value).map_err(sqlx::Error::Encode)?;
        self.bound += 1;
        Ok(())
    }

    /// All of them as one statement.
    fn statement(&self) -> String {
        if let [only] = self.statements.as_slice() {
            return only.clone();
        }
        let parts = self.statements.iter().enumerate().map(|(i, sql)| format!("w{i} AS ({sql} RETURNING 1)"));
        format!("WITH {} SELECT 1", parts.collect::<Vec<_>>().join(", "))
    }
}

/// A statement's `$1` as `$(1 + by)`, and so on. None has a `$` in a text.
fn renumbered(sql: &str, by: usize) -> String {
    let mut parts = sql.split('$');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let number = number.parse::<usize>().unwrap_or_default() + by;
        out.push_str(&format!("${number}{rest}"));
    }
    out
}

impl Tx {
    pub(crate) fn of(inner: Inner) -> Self {
        let (writes, late) = (Writes::default(), Late::default());
        Self {
            inner,
            late,
            revisions: Vec::new(),
            writes,
            log: None,
            flush: None,
            ahead: false,
            written: None,
            _turn: None,
        }
    }

    /// One that writes to SQLite, in its turn.
    pub(crate) fn in_turn(inner: Inner, turn: Turn, written: Arc<Mutex<Instant>>) -> Self {
        Self { written: Some(written), _turn: Some(turn), ..Self::of(inner) }
    }

    /// One that writes to Postgres; without a `flush` its own commit syncs, and it goes ahead of others to the log.
    pub(crate) fn with_log(inner: Inner, log: Log, flush: Option<Flush>) -> Self {
        Self { log: Some(log), ahead: flush.is_none(), flush, ..Self::of(inner) }
    }

    /// Makes all of it lasting.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        // Before the turn, for which others wait.
        self.write().await?;
        let mut at_head = self.turn_at_head().await;
        self.settle(at_head.as_mut()).await?;
        if let Some(written) = &self.written {
            *written.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
        match self.inner {
            Inner::Sqlite(Handle::Transaction(tx)) => tx.commit().await?,
            Inner::Postgres(Handle::Transaction(tx)) => tx.commit().await?,
            Inner::Sqlite(Handle::Bare(_)) | Inner::Postgres(Handle::Bare(_)) => {}
        }
        if let Some(AtHead { log, head, turn }) = at_head {
            *log.head.lock().unwrap_or_else(PoisonError::into_inner) = head;
            // Not held while the disk syncs.
            drop(turn);
        }
        match self.flush {
            Some(flush) => flush.wait().await,
            None => Ok(()),
        }
    }

    /// Waits for this hub's turn at the log's head, if there is anything for the log.
    async fn turn_at_head(&self) -> Option<AtHead> {
        let log = self.log.clone().filter(|_| !self.late.entries.is_empty())?;
        let turn = log.line.wait(self.ahead, PATIENCE).await?;
        let head = log.head.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some(AtHead { log, head, turn })
    }

    /// The connection, once it has been told of every write: what is asked there sees them.
    pub(crate) async fn connection(&mut self) -> Result<&mut Inner, StoreError> {
        self.write().await?;
        Ok(&mut self.inner)
    }

    /// The same for a look at one table, which writes of others don't touch.
    pub(crate) async fn beside(&mut self, table: &'static str) -> Result<&mut Inner, StoreError> {
        if self.writes.tables.contains(&table) {
            self.write().await?;
        }
        Ok(&mut self.inner)
    }

    /// Where a write of a table waits for others to go with. Two of one table never go together: of two changes of
    /// one row Postgres would make one.
    pub(crate) async fn writes(&mut self, table: &'static str) -> Result<&mut Writes, StoreError> {
        self.beside(table).await?;
        Ok(&mut self.writes)
    }

    async fn write(&mut self) -> Result<(), StoreError> {
        if self.writes.statements.is_empty() {
            return Ok(());
        }
        let writes = std::mem::take(&mut self.writes);
        let sql = AssertSqlSafe(writes.statement());
        if let Inner::Postgres(c) = &mut self.inner {
            sqlx::query_with(sql, writes.arguments).execute(&mut **c).await?;
        }
        Ok(())
    }

    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self.inner, Inner::Postgres(_))
    }

    /// Whether a column is among the texts of a JSON array, the statement's first argument.
    pub(crate) fn among(&self) -> &'static str {
        if self.is_postgres() {
            "IN (SELECT jsonb_array_elements_text(CAST($1 AS jsonb)))"
        } else {
            "IN (SELECT value FROM json_each($1))"
        }
    }

    /// A row lock where the engine has them; SQLite's one writer needs none.
    pub(crate) fn lock(&self, clause: &'static str) -> &'static str {
        if self.is_postgres() { clause } else { "" }
    }

    /// The index that a query of SQLite has to be answered from, after the table's name: without statistics SQLite may
    /// take another one that looks as good and walks all of a workflow's drafts. Where the index doesn't serve the
    /// query, SQLite refuses it.
    pub(crate) fn by(&self, index: &'static str) -> String {
        if self.is_postgres() { String::new() } else { format!(" INDEXED BY {index}") }
    }
}

#[cfg(test)]
mod tests {
    use super::{Writes, renumbered};

    fn bind_both(writes: &mut Writes, text: &str, number: i64) {
        assert!(writes.bind(text).is_ok() && writes.bind(number).is_ok());
    }

    #[test]
    fn arguments_are_numbered_on() {
        assert_eq!(renumbered("SELECT $1, $12 WHERE a = $2", 3), "SELECT $4, $15 WHERE a = $5");
        assert_eq!(renumbered("DELETE FROM draft", 3), "DELETE FROM draft");
    }

    #[test]
    fn writes_of_several_tables_are_one_statement() {
        let mut writes = Writes::default();
        writes.add("lease", "UPDATE lease SET ended_at = $2 WHERE id = $1");
        bind_both(&mut writes, "a", 1);
        assert_eq!(writes.statement(), "UPDATE lease SET ended_at = $2 WHERE id = $1");
        writes.add("draft", "UPDATE draft SET fence = $2 WHERE id = $1");
        bind_both(&mut writes, "b", 2);
        let both = "WITH w0 AS (UPDATE lease SET ended_at = $2 WHERE id = $1 RETURNING 1), \
                    w1 AS (UPDATE draft SET fence = $4 WHERE id = $3 RETURNING 1) SELECT 1";
        assert_eq!(writes.statement(), both);
    }
}
