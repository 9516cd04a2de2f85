//! A kill that can't be committed: the disk is full, or the database is away. This hub holds it in memory, so that here
//! flags are off and no lease, verdict or delivery begins, and tries to commit it until it can.

use crate::kill::only_there;
use crate::{Desk, DeskError};
use countersign_domain::access::{Act, Identity};
use countersign_store::StoreError;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// The kills that wait for the database: which, by whom and why.
#[derive(Default)]
pub(crate) struct Held {
    kills: Mutex<BTreeMap<String, (Identity, String)>>,
    /// Nothing here outlives the call: a command without a hub holds no kill.
    brief: AtomicBool,
}

impl Held {
    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (Identity, String)>> {
        self.kills.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    /// Kills a workflow, or `all`; where that can't be committed now, holds the kill in this hub's memory and says so.
    pub async fn kill_or_hold(&self, who: &Identity, id: &str, reason: &str) -> Result<Vec<crate::Killed>, DeskError> {
        self.require(who, Act::Kill, (id != "all" || only_there(who, Act::Kill)).then_some(id), "kill")?;
        let why = match self.kill(who, id, reason).await {
            Err(e) if can_wait(&e) && !self.inner.held.brief.load(Ordering::Relaxed) => e,
            // One that is refused takes nothing from a kill that is held already.
            Err(e) => return Err(e),
            Ok(killed) => {
                self.let_kill_go(id).await;
                return Ok(killed);
            }
        };
        tracing::error!(workflow = id, error = %why, "a kill can't be committed; it is held in memory and tried again");
        self.inner.held.lock().entry(id.to_owned()).or_insert_with(|| (who.clone(), reason.to_owned()));
        match id {
            "all" => self.inner.sending.break_off_all(),
            id => self.inner.sending.break_off(id),
        }
        self.held_kills_moved().await;
        Err(DeskError::KillHeld(id.to_owned()))
    }

    /// For a command that is soon done: a kill that can't be committed has failed, and says so.
    pub fn hold_no_kills(&self) {
        self.inner.held.brief.store(true, Ordering::Relaxed);
    }

    /// Whether a kill of this workflow is held here.
    pub(crate) fn is_held(&self, workflow: &str) -> bool {
        let held = self.inner.held.lock();
        held.contains_key(workflow) || held.contains_key("all")
    }

    pub(crate) fn holds_kills(&self) -> bool {
        !self.inner.held.lock().is_empty()
    }

    /// Tries to commit the kills that are held; answers how many still are.
    pub async fn commit_held_kills(&self) -> Result<usize, DeskError> {
        let waiting: Vec<(String, (Identity, String))> =
            self.inner.held.lock().iter().map(|(id, by)| (id.clone(), by.clone())).collect();
        for (id, (who, reason)) in waiting {
            match self.kill(&who, &id, &reason).await {
                Err(e) if can_wait(&e) => {}
                Ok(_) => {
                    tracing::warn!(workflow = id, "a kill that was held in memory is committed");
                    self.let_kill_go(&id).await;
                }
                Err(e) => {
                    tracing::warn!(workflow = id, error = %e, "a kill that was held in memory is void");
                    self.let_kill_go(&id).await;
                }
            }
        }
        Ok(self.inner.held.lock().len())
    }

    async fn let_kill_go(&self, id: &str) {
        if self.inner.held.lock().remove(id).is_some() {
            self.held_kills_moved().await;
        }
    }

    async fn held_kills_moved(&self) {
        if let Err(e) = self.refresh_flags().await {
            tracing::warn!(error = %e, "flags can't be read");
            self.distrust_flags();
        }
    }
}

/// Whether a kill that failed so may succeed later: the database was away or full, or the clocks were apart.
fn can_wait(e: &DeskError) -> bool {
    matches!(e, DeskError::Store(StoreError::Database(_)) | DeskError::Clock { .. })
}
