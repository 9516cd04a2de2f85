//! Retention: what is older than a workflow's pack keeps is erased, a few drafts at a time. Texts go, and the cases with
//! them; counts, states, ids, hashes and the audit log stay.

use crate::{Desk, DeskError, record};
use countersign_domain::access::Identity;
use countersign_domain::time::Millis;
use countersign_store::erasure;
use countersign_store::workflows::{self, Hold};
use serde_json::json;
use std::sync::atomic::Ordering;

/// One transaction erases at most this many drafts, and about this many bytes of them.
const STRETCH: i64 = 50;
const STRETCH_BYTES: i64 = 256 << 10;
const DAY_SECONDS: i64 = 86_400;

impl Desk {
    /// Erases a few of every workflow's finished drafts that were staged longer ago than its current version keeps them;
    /// answers how many. Once there are none left, SQLite's files are rid of what they held.
    pub async fn erase_old(&self) -> Result<usize, DeskError> {
        let all = workflows::list(&mut self.read().await?, Hold::Look).await?;
        let mut erased = 0;
        for workflow in all {
            let read = self.version_if_readable(&mut self.read().await?, &workflow.id, workflow.version).await?;
            let Some(version) = read else { continue };
            let days = i64::from(version.pack.policy.retention_days);
            erased += self.erase_some(&workflow.id, self.now().plus_seconds(-days * DAY_SECONDS), days).await?;
        }
        if erased > 0 {
            self.inner.unscrubbed.store(true, Ordering::Relaxed);
        } else if self.inner.unscrubbed.load(Ordering::Relaxed) && self.inner.store.scrub().await? {
            self.inner.unscrubbed.store(false, Ordering::Relaxed);
        }
        Ok(erased)
    }

    async fn erase_some(&self, workflow: &str, before: Millis, days: i64) -> Result<usize, DeskError> {
        let due = erasure::due(&mut self.read().await?, workflow, before, STRETCH).await?;
        let (mut drafts, mut room) = (Vec::new(), STRETCH_BYTES);
        for (seq, bytes) in due {
            if room < bytes && !drafts.is_empty() {
                break;
            }
            room -= bytes;
            drafts.push(seq);
        }
        if drafts.is_empty() {
            return Ok(0);
        }
        let drafts = self.inner.store.forget_words(&drafts).await?;
        let now = self.now();
        let mut tx = self.write().await?;
        workflows::get(&mut tx, workflow, Hold::Share).await?;
        let erased = erasure::erase(&mut tx, &drafts, now).await?;
        if erased == 0 {
            return Ok(0);
        }
        let detail = json!({ "drafts": erased, "staged_before": before, "retention_days": days });
        record(&mut tx, now, &Identity::hub(), "drafts.erased", Some(workflow), None, detail);
        tx.commit().await?;
        Ok(erased)
    }
}
