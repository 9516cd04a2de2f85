//! The database itself, past the hub: what would take days to come about is written into it.

use anyhow::Result;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use std::time::Duration;

/// How many replies wait.
pub(crate) const WAITING: i64 = 100_000;

pub(crate) enum Database {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Database {
    pub(crate) async fn open(address: &str) -> Result<Self> {
        Ok(match address.strip_prefix("sqlite://") {
            Some(path) => {
                let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(10));
                Self::Sqlite(SqlitePool::connect_with(options).await?)
            }
            None => Self::Postgres(PgPool::connect(address).await?),
        })
    }

    /// Runs these statements as one transaction.
    pub(crate) async fn run(&self, sql: &str) -> Result<()> {
        let sql = AssertSqlSafe(format!("BEGIN; {sql}; COMMIT"));
        match self {
            Self::Sqlite(pool) => sqlx::raw_sql(sql).execute(pool).await.map(drop)?,
            Self::Postgres(pool) => sqlx::raw_sql(sql).execute(pool).await.map(drop)?,
        }
        Ok(())
    }

    /// Replies of 2 KB that a person decided and that wait for their next try.
    pub(crate) async fn wait(&self, workflow: &str) -> Result<()> {
        let later = (std::time::UNIX_EPOCH.elapsed()?.as_millis() as i64) + 3_600_000;
        let body = "Thank you. ".repeat(190);
        self.run(&format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {WAITING})
             INSERT INTO delivery (id, workflow_id, draft_seq, ticket, verdict_id, kind, body, state, attempts, due_at, created_at)
             SELECT 'bench-' || i, '{workflow}', (SELECT MAX(seq) FROM draft WHERE workflow_id = '{workflow}'),
             'waiting-' || i, 'bench-' || i, 'reply.ready', '{body}', 'pending', 1, {later}, 0 FROM n;
             INSERT INTO draft_count (workflow_id, state, n) VALUES ('{workflow}', 'reply', {WAITING})
             ON CONFLICT (workflow_id, state) DO UPDATE SET n = draft_count.n + excluded.n"
        ))
        .await
    }
}
