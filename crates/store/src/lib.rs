//! All the SQL there is, one file a table, over SQLite and Postgres.
//!
//! Every function takes a [`Tx`]; the use-cases of `desk` begin and commit it.

#[macro_use]
mod run;
pub mod agreement;
pub mod alerts;
pub mod audit;
pub mod cases;
pub mod deliveries;
pub mod drafts;
pub mod draws;
pub mod drills;
pub mod effects;
pub mod erasure;
pub mod escalations;
pub mod evals;
pub mod evidence;
mod flush;
pub mod gates;
pub mod incidents;
mod late;
pub mod leases;
mod line;
pub mod meta;
mod open;
pub mod page;
pub mod probes;
pub mod pulls;
pub mod queue;
pub mod recount;
pub mod seals;
pub mod search;
pub mod second_reviews;
pub mod secrets;
pub mod settlements;
pub mod slots;
pub mod sources;
pub mod steps;
pub mod sweeps;
pub mod tokens;
mod tx;
pub mod verdicts;
pub mod volumes;
mod words;
pub mod workflows;

pub use open::{Store, is_there, private_dir, redacted, sqlite_path};
pub use tx::Tx;

/// What can go wrong below the rules.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database didn't do what was asked: unreachable, full, read-only, locked for too long.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The schema is newer than this program, or a migration failed.
    #[error("the database's schema can't be used: {0}")]
    Schema(#[from] sqlx::migrate::MigrateError),
    /// The address isn't one of a database; told without its password.
    #[error("the database address {0:?} is not understood; expected sqlite://PATH or postgres://…")]
    Address(String),
    /// SQLite took a setting otherwise than it was asked to.
    #[error("SQLite answers {found:?} for {setting}, and the desk needs {wanted:?}")]
    Setting {
        /// The pragma.
        setting: &'static str,
        /// What it answers.
        found: String,
        /// What it must.
        wanted: &'static str,
    },
    /// A transaction changed what the log has to hold, and added no entry to hold it.
    #[error("a change in {0:?} that no entry of the log would name")]
    Unrecorded(String),
    /// A stored value that no version of this program wrote.
    #[error("the database holds {what} that can't be read: {value:?}")]
    Unreadable {
        /// Which value.
        what: &'static str,
        /// As it stands.
        value: String,
    },
}

impl StoreError {
    /// Whether a unique index refused the row: somebody else was first.
    pub fn is_unique_violation(&self) -> bool {
        matches!(self, Self::Database(sqlx::Error::Database(e)) if e.is_unique_violation())
    }
}

/// Listens for notices.
pub async fn listen(pool: &sqlx::PgPool, channel: &str) -> Result<sqlx::postgres::PgListener, StoreError> {
    let mut listener = sqlx::postgres::PgListener::connect_with(pool).await?;
    listener.listen(channel).await?;
    Ok(listener)
}

/// The next notice's payload; nothing where the connection was lost meanwhile, and with it what was told until it was
/// there again.
pub async fn next_notice(listener: &mut sqlx::postgres::PgListener) -> Result<Option<String>, StoreError> {
    Ok(listener.try_recv().await?.map(|notice| notice.payload().to_owned()))
}
