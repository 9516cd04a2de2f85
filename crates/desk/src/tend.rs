//! What the hub does by itself: drafts expire, the log is signed, words are indexed.

use crate::{ChangeKind, Desk, DeskError, record};
use countersign_domain::access::Identity;
use countersign_domain::time::Millis;
use countersign_store::evidence::{self, Record};
use countersign_store::workflows::{self, Hold};
use countersign_store::{drafts, probes};
use serde_json::json;

const STRETCH: i64 = 200;
/// Counts older than this are one.
const KEPT_DAYS: i64 = 90;

impl Desk {
    /// Takes drafts out of the queue whose time ran out undecided; answers how many. A killed workflow's drafts
    /// expire like any other's.
    pub async fn expire_drafts(&self) -> Result<usize, DeskError> {
        let now = self.now();
        let mut expired = 0;
        for workflow in self.workflow_ids().await? {
            loop {
                let mut tx = self.write().await?;
                workflows::get(&mut tx, &workflow, Hold::Share).await?;
                let overdue = drafts::overdue(&mut tx, &workflow, now, STRETCH).await?;
                if overdue.is_empty() {
                    break;
                }
                for draft in &overdue {
                    drafts::expire(&mut tx, &workflow, draft).await?;
                    if draft.probe == 1 {
                        continue;
                    }
                    let of = Record {
                        workflow: &workflow,
                        version: draft.version,
                        stage: &draft.stage,
                        probability: draft.probability,
                        floor: draft.floor,
                        staged_at: Millis(draft.staged_at),
                        rescued: draft.rescued == 1,
                    };
                    // At its deadline, and not when this was noticed.
                    evidence::add(&mut tx, of, "expired", Millis(draft.expires_at), 1);
                }
                record(
                    &mut tx,
                    now,
                    &Identity::hub(),
                    "drafts.expired",
                    Some(&workflow),
                    None,
                    json!({ "drafts": overdue.iter().filter(|d| d.probe == 0).count() }),
                );
                tx.commit().await?;
                expired += overdue.len();
                self.tell(ChangeKind::DraftReleased, &workflow, None).await;
            }
        }
        self.expire_second_reviews(now).await?;
        let mut tx = self.write().await?;
        let mut moved = 0;
        for workflow in workflows::list(&mut tx, Hold::Look).await?.into_iter().filter(|w| w.killed_at.is_none()) {
            let version = self.version(&mut tx, &workflow.id, workflow.version).await?;
            if version.pack.delivery.is_some() && !version.pack.probes.is_empty() {
                moved += probes::arrive(&mut tx, &workflow.id, now).await?;
            }
        }
        if moved > 0 {
            tx.commit().await?;
        }
        Ok(expired)
    }

    /// Adds up old counts, one day of one workflow at a time: those older than anything that looks at hours into their
    /// day, those older than ninety days into one. Answers whether there may be more.
    pub async fn add_up_evidence(&self) -> Result<bool, DeskError> {
        let now = self.now();
        for id in self.workflow_ids().await? {
            let mut tx = self.read().await?;
            let mut found = None;
            for (version, hour) in evidence::loose(&mut tx, &id).await? {
                let pack = &self.version(&mut tx, &id, version).await?.pack;
                let hours = i64::from(pack.review.expires_hours) + 24;
                let whole = evidence::day(now.plus_seconds(-pack.entry_lag_seconds() - hours * 3600));
                let day = hour.div_euclid(24);
                if day < whole {
                    found = Some((Some(version), day, day * 24));
                }
            }
            let oldest = evidence::first_day(&mut tx, &id).await?.filter(|day| *day < evidence::day(now) - KEPT_DAYS);
            let Some((version, day, to)) = found.or(oldest.map(|day| (None, day, 0))) else { continue };
            drop(tx);
            let mut tx = self.write().await?;
            // Held, so that nobody adds to what is being moved.
            workflows::get(&mut tx, &id, Hold::Change).await?;
            evidence::add_up(&mut tx, &id, version, day, to).await?;
            tx.commit().await?;
            return Ok(true);
        }
        Ok(false)
    }

    /// Signs the log's head, if it has moved since the last checkpoint.
    pub async fn sign_if_moved(&self) -> Result<bool, DeskError> {
        let mut tx = self.read().await?;
        let (seq, _) = countersign_store::audit::head(&mut tx).await?;
        let last = countersign_store::audit::last_checkpoint(&mut tx).await?;
        drop(tx);
        if seq == 0 || last.is_some_and(|last| last.seq == seq) {
            return Ok(false);
        }
        self.sign_head().await?;
        Ok(true)
    }

    /// Indexes some more drafts for search; answers how many.
    pub async fn index_words(&self) -> Result<usize, DeskError> {
        Ok(self.inner.store.index_words(50).await?)
    }

    /// Folds SQLite's log into its file.
    pub async fn fold_log(&self) -> Result<(), DeskError> {
        Ok(self.inner.store.fold_log().await?)
    }

    pub(crate) async fn workflow_ids(&self) -> Result<Vec<String>, DeskError> {
        let rows = workflows::list(&mut self.read().await?, Hold::Look).await?;
        Ok(rows.into_iter().map(|w| w.id).collect())
    }
}
