//! Whether this hub may act: its clock agrees with the database's, and the database takes what it writes.

use crate::{Desk, DeskError};
use countersign_store::meta;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How far a hub's clock may be off the database's. Leases, deadlines and expiry are judged by it.
const MOST_OFF_MS: i64 = 2_000;
/// A write that succeeded so lately says enough.
const FRESH: Duration = Duration::from_secs(2);

/// What was found last.
#[derive(Default)]
pub(crate) struct Health {
    /// How far the clock is ahead of the database's, in milliseconds; 0 while that is little enough.
    off_ms: AtomicI64,
    wrote: Mutex<Option<Instant>>,
}

impl Desk {
    /// Refuses to act while the clock is off.
    pub(crate) fn clock_agrees(&self) -> Result<(), DeskError> {
        match self.inner.health.off_ms.load(Ordering::Relaxed) {
            0 => Ok(()),
            ms => Err(DeskError::Clock { ms }),
        }
    }

    /// Compares the clock with the database's, where that is another machine's.
    pub async fn compare_clocks(&self) -> Result<(), DeskError> {
        if self.inner.store.postgres().is_none() || !self.inner.clock.is_the_machines() {
            return Ok(());
        }
        let mut off = self.off_ms().await?;
        if off.abs() > MOST_OFF_MS {
            // The machine's clock may have been put right since: time goes on from the last instant until told otherwise.
            self.inner.clock.take_the_machines();
            off = self.off_ms().await?;
        }
        let off = if off.abs() > MOST_OFF_MS { off } else { 0 };
        let before = self.inner.health.off_ms.swap(off, Ordering::Relaxed);
        if off != 0 && before == 0 {
            tracing::error!(ms = off, "this hub's clock is not the database's; it acts on nothing until they agree");
        } else if off == 0 && before != 0 {
            tracing::warn!("this hub's clock and the database's agree again");
        }
        Ok(())
    }

    /// How far ahead of the database's the clock is for sure, whatever the way there took.
    async fn off_ms(&self) -> Result<i64, DeskError> {
        let mut tx = self.read_first().await?;
        let before = self.now().0;
        let theirs = meta::clock(&mut tx).await?;
        let after = self.now().0;
        Ok((before - theirs).max(0) + (after - theirs).min(0))
    }

    /// Whether the hub can act: the database takes a write, the clocks agree, and no kill waits to be committed.
    pub async fn ready(&self) -> Result<(), DeskError> {
        self.clock_agrees()?;
        let wrote = || self.inner.health.wrote.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = wrote().is_some_and(|at| at.elapsed() < FRESH);
        if fresh {
            countersign_store::audit::head(&mut self.read().await?).await?;
        } else {
            let mut tx = self.write().await?;
            meta::set(&mut tx, "ready_at", &self.now().0.to_string()).await?;
            tx.commit().await?;
            *wrote() = Some(Instant::now());
        }
        if self.holds_kills() { Err(DeskError::KillHeld("a workflow".to_owned())) } else { Ok(()) }
    }
}
