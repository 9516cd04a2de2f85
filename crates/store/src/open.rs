//! Opening a database of either kind, with the settings that the desk's promises rest on, and transactions on it.

use crate::StoreError;
use crate::flush::Flush;
use crate::line::Line;
use crate::tx::{Handle, Inner, Log, Tx};
use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, Connection as _};
use sqlx::{PgPool, Sqlite, SqlitePool};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long a request waits for a connection. Two seconds after the database has gone, everything is refused.
const PATIENCE: Duration = Duration::from_millis(1_500);
const BUSY: Duration = Duration::from_secs(5);
const QUIET: Duration = Duration::from_millis(250);
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// A database of either kind. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    kind: Kind,
}

/// Connections by what they are for: whoever reads much, or adds much, takes none from a kill or a sign-in.
#[derive(Clone)]
enum Kind {
    Sqlite {
        write: SqlitePool,
        /// In front of the one writer.
        line: Line,
        /// For reads that cost next to nothing.
        read: SqlitePool,
        /// For lists and searches.
        browse: SqlitePool,
        /// The writer of the words.
        search: SqlitePool,
        path: PathBuf,
        written: Arc<Mutex<Instant>>,
    },
    Postgres {
        pool: PgPool,
        /// For kills and other changes that go first.
        first: PgPool,
        /// For signing in, and for the flags.
        sign_in: PgPool,
        /// For lists and searches.
        browse: PgPool,
        log: Log,
        flush: Flush,
        /// Whoever indexes words waits here, without a connection.
        indexing: Arc<tokio::sync::Mutex<()>>,
    },
}

fn is_postgres(address: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| address.starts_with(scheme))
}

/// Whether there is a database of ours at this address. None is made.
pub async fn is_there(address: &str) -> Result<bool, StoreError> {
    if let Some(path) = sqlite_path(address) {
        if !path.is_file() {
            return Ok(false);
        }
        let mut connection = SqliteConnectOptions::new().filename(&path).connect().await?;
        let sql = "SELECT COUNT(*) > 0 FROM sqlite_master WHERE name = 'workflow_version'";
        let ours: bool = sqlx::query_scalar(sql).fetch_one(&mut connection).await?;
        connection.close().await?;
        return Ok(ours);
    }
    if !is_postgres(address) {
        return Err(StoreError::Address(redacted(address)));
    }
    let mut connection = sqlx::PgConnection::connect(address).await?;
    let ours: bool =
        sqlx::query_scalar("SELECT to_regclass('workflow_version') IS NOT NULL").fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(ours)
}

impl Store {
    /// Opens the database at `sqlite://PATH` or `postgres://…`, bringing its schema up to date.
    pub async fn open(address: &str) -> Result<Self, StoreError> {
        let kind = if let Some(path) = sqlite_path(address) {
            open_sqlite(&path).await?
        } else if is_postgres(address) {
            open_postgres(address).await?
        } else {
            return Err(StoreError::Address(redacted(address)));
        };
        Ok(Self { kind })
    }

    /// Begins a transaction that may write. On SQLite it holds the one writer's lock from its first moment, so
    /// that nothing it has read can be stale when it writes.
    pub async fn write(&self) -> Result<Tx, StoreError> {
        self.begin(false).await
    }

    /// The same ahead of everybody who waits to write: for kills, and what else changes where a workflow stands.
    pub async fn write_first(&self) -> Result<Tx, StoreError> {
        self.begin(true).await
    }

    async fn begin(&self, ahead: bool) -> Result<Tx, StoreError> {
        match &self.kind {
            Kind::Sqlite { write, line, written, .. } => {
                let turn = line.wait(ahead, PATIENCE + BUSY).await.ok_or(sqlx::Error::PoolTimedOut)?;
                let inner = Inner::Sqlite(Handle::Transaction(write.begin_with("BEGIN IMMEDIATE").await?));
                Ok(Tx::in_turn(inner, turn, written.clone()))
            }
            Kind::Postgres { pool, first, log, flush, .. } => {
                let (pool, flush) = if ahead { (first, None) } else { (pool, Some(flush.clone())) };
                Ok(Tx::with_log(Inner::Postgres(Handle::Transaction(pool.begin().await?)), log.clone(), flush))
            }
        }
    }

    /// A connection to read with. Each statement sees what is committed then.
    pub async fn read(&self) -> Result<Tx, StoreError> {
        Ok(Tx::of(match &self.kind {
            Kind::Sqlite { read, .. } => Inner::Sqlite(Handle::Bare(read.acquire().await?)),
            Kind::Postgres { pool, .. } => Inner::Postgres(Handle::Bare(pool.acquire().await?)),
        }))
    }

    /// The same for signing in and for what a kill reads, which wait for nobody's work.
    pub async fn read_first(&self) -> Result<Tx, StoreError> {
        Ok(Tx::of(match &self.kind {
            Kind::Sqlite { read, .. } => Inner::Sqlite(Handle::Bare(read.acquire().await?)),
            Kind::Postgres { sign_in, .. } => Inner::Postgres(Handle::Bare(sign_in.acquire().await?)),
        }))
    }

    /// Begins a transaction that only reads, on one snapshot: for what has to add up.
    pub async fn snapshot(&self) -> Result<Tx, StoreError> {
        Ok(Tx::of(match &self.kind {
            Kind::Sqlite { read, .. } => Inner::Sqlite(Handle::Transaction(read.begin().await?)),
            Kind::Postgres { pool, .. } => Inner::Postgres(Handle::Transaction(pool.begin_with(SNAPSHOT).await?)),
        }))
    }

    /// The same for the flags.
    pub async fn snapshot_first(&self) -> Result<Tx, StoreError> {
        Ok(Tx::of(match &self.kind {
            Kind::Sqlite { read, .. } => Inner::Sqlite(Handle::Transaction(read.begin().await?)),
            Kind::Postgres { sign_in, .. } => Inner::Postgres(Handle::Transaction(sign_in.begin_with(SNAPSHOT).await?)),
        }))
    }

    /// The same for lists and searches, which may take their time: on a few connections of their own.
    pub async fn browse(&self) -> Result<Tx, StoreError> {
        Ok(Tx::of(match &self.kind {
            Kind::Sqlite { browse, .. } => Inner::Sqlite(Handle::Transaction(browse.begin().await?)),
            Kind::Postgres { browse, .. } => Inner::Postgres(Handle::Transaction(browse.begin_with(SNAPSHOT).await?)),
        }))
    }

    pub(crate) fn search_pool(&self) -> Option<&SqlitePool> {
        match &self.kind {
            Kind::Sqlite { search, .. } => Some(search),
            Kind::Postgres { .. } => None,
        }
    }

    /// On Postgres: where those of this hub who index words wait for each other.
    pub(crate) fn indexing(&self) -> Arc<tokio::sync::Mutex<()>> {
        match &self.kind {
            Kind::Sqlite { .. } => Arc::default(),
            Kind::Postgres { indexing, .. } => indexing.clone(),
        }
    }

    /// A connection to read with, if it is SQLite.
    pub(crate) async fn reader(&self) -> Result<Option<PoolConnection<Sqlite>>, StoreError> {
        match &self.kind {
            Kind::Sqlite { read, .. } => Ok(Some(read.acquire().await?)),
            Kind::Postgres { .. } => Ok(None),
        }
    }

    /// The pool, for what only Postgres has: LISTEN.
    pub fn postgres(&self) -> Option<&PgPool> {
        match &self.kind {
            Kind::Sqlite { .. } => None,
            Kind::Postgres { pool, .. } => Some(pool),
        }
    }

    /// Tells every listener of this Postgres.
    pub async fn notify(&self, channel: &str, payload: &str) -> Result<(), StoreError> {
        if let Kind::Postgres { first, .. } = &self.kind {
            sqlx::query("SELECT pg_notify($1, $2)").bind(channel).bind(payload).execute(first).await?;
        }
        Ok(())
    }

    /// The file, if it is SQLite.
    pub fn path(&self) -> Option<&Path> {
        match &self.kind {
            Kind::Sqlite { path, .. } => Some(path),
            Kind::Postgres { .. } => None,
        }
    }

    /// Folds SQLite's log into its file, once nobody has written for a moment: the syncs of both would meet.
    pub async fn fold_log(&self) -> Result<(), StoreError> {
        if let Kind::Sqlite { read, written, .. } = &self.kind {
            let quiet = written.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
            if quiet > QUIET {
                sqlx::query("PRAGMA main.wal_checkpoint(PASSIVE)").execute(read).await?;
            }
        }
        Ok(())
    }

    /// Closes every connection; SQLite folds its log into the file.
    pub async fn close(&self) {
        match &self.kind {
            Kind::Sqlite { write, read, browse, search, .. } => {
                for pool in [browse, read, search, write] {
                    pool.close().await;
                }
            }
            Kind::Postgres { pool, first, sign_in, browse, flush, .. } => {
                for pool in [browse, pool, sign_in, first, &flush.pool] {
                    pool.close().await;
                }
            }
        }
    }
}

/// The file of a SQLite address: `sqlite://PATH`, `sqlite:PATH`, or a plain path.
pub fn sqlite_path(address: &str) -> Option<PathBuf> {
    let path = match address.strip_prefix("sqlite://").or_else(|| address.strip_prefix("sqlite:")) {
        Some(path) => path.split('?').next().unwrap_or(path),
        // A mistyped server's address is no file; a file of such a name can be told by `sqlite://`.
        None if address.contains("://") || address.contains('@') || address.starts_with("postgres") => return None,
        None if address.is_empty() => return None,
        None => address,
    };
    Some(PathBuf::from(path))
}

/// A database's address without what may be a password in it, for people to read.
pub fn redacted(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").map_or(("", address), |(scheme, rest)| (scheme, rest));
    let kind = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
    // A query may hold a password, and so may the keyword form, `host=… password=…`.
    let place = rest.split('?').next().unwrap_or_default();
    let place = if place.to_lowercase().contains("password") { "…" } else { place };
    match place.rsplit_once('@') {
        Some((_, host)) => format!("{kind}…@{host}"),
        None => format!("{kind}{place}"),
    }
}

/// Makes a folder, and those above it, that only their owner may enter. One that is there is left as it is.
pub fn private_dir(path: &Path) -> std::io::Result<()> {
    let mut dir = std::fs::DirBuilder::new();
    dir.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut dir, 0o700);
    dir.create(path)
}

/// Sees to it that only its owner reads a database: its file is made before SQLite would, which gives its log and
/// index the file's own mode.
fn keep_private(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
        let open = std::fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
        open.map_err(sqlx::Error::Io)?;
        for suffix in ["", "-wal", "-shm"] {
            let mut file = path.as_os_str().to_owned();
            file.push(suffix);
            // Another owner's file, or one that isn't there: whether it can be used shows when it is.
            let _ = std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600));
        }
    }
    Ok(())
}

async fn open_sqlite(path: &Path) -> Result<Kind, StoreError> {
    let options = |file: &Path| {
        SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .foreign_keys(true)
            .busy_timeout(BUSY)
            .journal_mode(SqliteJournalMode::Wal)
            .pragma("temp_store", "memory")
            // What is deleted is overwritten.
            .pragma("secure_delete", "on")
            .pragma("journal_size_limit", "67108864")
    };
    keep_private(path)?;
    let main = options(path).synchronous(SqliteSynchronous::Full).statement_cache_capacity(200);
    let pool = || {
        SqlitePoolOptions::new()
            .acquire_timeout(PATIENCE + BUSY)
            .idle_timeout(None)
            .max_lifetime(None)
            .test_before_acquire(false)
            // A full disk makes SQLite end a transaction by itself; sqlx goes on counting it, and would begin no
            // other on this connection.
            .before_acquire(|conn, _| Box::pin(async move { Ok(!conn.is_in_transaction()) }))
    };

    // Folding the log into the file takes several syncs, for which nobody's verdict should wait: [`Store::fold_log`]
    // does it when nobody writes. The writer itself steps in at 64 MB, so that the log stays bounded under load.
    let writer = main.clone().pragma("cache_size", "-8000").pragma("wal_autocheckpoint", "16384");
    let write = pool().max_connections(1).connect_with(writer).await?;
    sqlx::migrate!("migrations/sqlite").run(&write).await?;
    assert_setting(&write, "journal_mode", "wal").await?;
    assert_setting(&write, "synchronous", "2").await?;
    assert_setting(&write, "foreign_keys", "1").await?;

    // The words are derived data: a damaged or foreign file is thrown away and built anew.
    let words = search_path(path);
    keep_private(&words)?;
    let derived = || options(&words).synchronous(SqliteSynchronous::Normal).pragma("cache_size", "-2000");
    let search = match open_search(derived(), pool()).await {
        Ok(search) => search,
        Err(e) => {
            tracing::warn!(error = %e, "the search index is built anew");
            for suffix in ["", "-wal", "-shm"] {
                let _ = std::fs::remove_file(format!("{}{suffix}", words.display()));
            }
            keep_private(&words)?;
            open_search(derived(), pool()).await?
        }
    };

    let attach = words.display().to_string();
    let reader = || {
        let attach = attach.clone();
        pool().after_connect(move |conn, _| {
            let attach = attach.clone();
            Box::pin(async move {
                sqlx::query("ATTACH DATABASE $1 AS words").bind(attach).execute(&mut *conn).await?;
                sqlx::query("PRAGMA query_only = 1").execute(&mut *conn).await?;
                Ok(())
            })
        })
    };
    let options = main.pragma("cache_size", "-2000");
    let read = reader().max_connections(4).connect_with(options.clone()).await?;
    let browse = reader().max_connections(2).connect_with(options).await?;
    let written = Arc::new(Mutex::new(Instant::now()));
    Ok(Kind::Sqlite { write, line: Line::default(), read, browse, search, path: path.to_owned(), written })
}

fn search_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".words");
    PathBuf::from(name)
}

async fn open_search(options: SqliteConnectOptions, pool: SqlitePoolOptions) -> Result<SqlitePool, StoreError> {
    let search = pool.max_connections(1).connect_with(options).await?;
    sqlx::migrate!("migrations/search").run(&search).await?;
    Ok(search)
}

async fn assert_setting(pool: &SqlitePool, setting: &'static str, wanted: &'static str) -> Result<(), StoreError> {
    let sql = match setting {
        "journal_mode" => "SELECT CAST(journal_mode AS TEXT) FROM pragma_journal_mode",
        "synchronous" => "SELECT CAST(synchronous AS TEXT) FROM pragma_synchronous",
        _ => "SELECT CAST(foreign_keys AS TEXT) FROM pragma_foreign_keys",
    };
    let found: String = sqlx::query_scalar(sql).fetch_one(pool).await?;
    if found == wanted { Ok(()) } else { Err(StoreError::Setting { setting, found, wanted }) }
}

async fn open_postgres(address: &str) -> Result<Kind, StoreError> {
    // A begin() that was dropped half-way must not hold its locks for ever.
    let options = PgConnectOptions::from_str(address)?.options([
        ("idle_in_transaction_session_timeout", "10000"),
        ("lock_timeout", "5000"),
        ("statement_timeout", "60000"),
    ]);
    // Sixteen in all.
    let pool = |n: u32| PgPoolOptions::new().max_connections(n).acquire_timeout(PATIENCE);
    let first = pool(2).min_connections(1).connect_with(options.clone()).await?;
    sqlx::migrate!("migrations/postgres").run(&first).await?;
    let work = pool(8).connect_with(options.clone().options([("synchronous_commit", "off")])).await?;
    let flush = Flush::new(pool(1).min_connections(1).connect_with(options.clone()).await?);
    let sign_in = pool(2).min_connections(1).connect_with(options.clone()).await?;
    let browse = pool(3).connect_lazy_with(options);
    Ok(Kind::Postgres { pool: work, first, sign_in, browse, log: Log::default(), flush, indexing: Arc::default() })
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn an_address_is_told_without_its_password() {
        for (address, told) in [
            ("postgress://hub:S3cret@db/prod", "postgress://…@db/prod"),
            ("mysql://hub:p@ss@db:3306/prod?sslpassword=x", "mysql://…@db:3306/prod"),
            ("postgres//hub:S3cret@db", "…@db"),
            ("host=db password=S3cret", "…"),
            ("sqlite:///var/lib/hub.db", "sqlite:///var/lib/hub.db"),
        ] {
            assert_eq!(redacted(address), told);
        }
    }
}
