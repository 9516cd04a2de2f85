//! Commits on Postgres, made lasting many at once.
//!
//! Every transaction ends under the lock of the log's head. If each held it until its own sync to disk was over, they
//! would wait for as many syncs as there are of them. So they commit without one, the next goes on, and nobody is
//! answered before a sync that began afterwards: one does for all who wait.

use crate::StoreError;
use sqlx::PgPool;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;

/// Syncs for all who have committed.
#[derive(Clone)]
pub(crate) struct Flush {
    /// One connection, whose commits sync.
    pub(crate) pool: PgPool,
    committed: Arc<AtomicU64>,
    reached: Arc<Mutex<Reached>>,
}

/// How many of those that committed are on disk, and for how many that was tried.
#[derive(Default)]
struct Reached {
    synced: u64,
    tried: u64,
}

impl Flush {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool, committed: Arc::default(), reached: Arc::default() }
    }

    /// Waits until what was committed before this call is on disk.
    pub(crate) async fn wait(&self) -> Result<(), StoreError> {
        let mine = self.committed.fetch_add(1, Ordering::SeqCst) + 1;
        let mut reached = self.reached.lock().await;
        if reached.synced >= mine {
            return Ok(());
        }
        // It failed for all who waited then: they don't wait for a database that has gone one after the other.
        if reached.tried >= mine {
            return Err(sqlx::Error::PoolTimedOut.into());
        }
        reached.tried = self.committed.load(Ordering::SeqCst);
        // Anything that is written, as commits sync the log of writes up to their own place.
        sqlx::query("SELECT pg_logical_emit_message(true, 'countersign', '')").execute(&self.pool).await?;
        reached.synced = reached.tried;
        Ok(())
    }
}
