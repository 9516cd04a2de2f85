//! A changed source: its open drafts are checked again, in stretches of which each is a transaction of its own, and
//! one that somebody wants sooner on the spot.

use crate::{Desk, DeskError};
use countersign_domain::citation::{self, Checked, Checks, Shelf};
use countersign_domain::draft::{DraftBody, content_hash};
use countersign_store::drafts::{self, DraftRow};
use countersign_store::sources::{self, Recheck};
use countersign_store::{StoreError, Tx, meta};
use serde_json::json;

/// How many drafts one transaction checks again.
const STRETCH: i64 = 100;

impl Desk {
    /// Checks a stretch of the drafts again that cite a changed source; answers whether there was any left to check.
    pub async fn recheck_sources(&self) -> Result<bool, DeskError> {
        let mut tx = self.read().await?;
        let Some(due) = sources::next_recheck(&mut tx).await? else { return Ok(false) };
        let seqs = sources::open_drafts_citing(&mut tx, &due.source_id, due.after_seq, STRETCH).await?;
        let changed = self.changed_among(&mut tx, &seqs).await?;
        drop(tx);
        let Recheck { source_id, round, after_seq } = &due;
        let mut tx = self.write().await?;
        let moved = match seqs.last() {
            Some(last) => sources::advance_recheck(&mut tx, source_id, *round, *after_seq, *last).await?,
            None => sources::end_recheck(&mut tx, source_id, *round, *after_seq).await?,
        };
        // Otherwise the source has changed again since it was read here, or another hub was quicker.
        if moved {
            for (old, draft) in &changed {
                drafts::recheck(&mut tx, draft, old).await?;
            }
            tx.commit().await?;
        }
        Ok(true)
    }

    /// Checks a stretch of the open drafts again that an earlier program checked by other rules; answers whether there may
    /// be more. How far it has come is kept, so that a hub goes on where another stopped.
    pub async fn recheck_by_new_rules(&self) -> Result<bool, DeskError> {
        /// Another name whenever the rules change so that the drafts that wait ought to be checked again.
        const REACHED: &str = "claims_checked";
        const ALL: &str = "all";
        let mut tx = self.read().await?;
        let reached = meta::get(&mut tx, REACHED).await?;
        if reached.as_deref() == Some(ALL) {
            return Ok(false);
        }
        let after = reached.and_then(|seq| seq.parse().ok()).unwrap_or(0);
        let seqs = drafts::open_after(&mut tx, after, STRETCH).await?;
        let changed = self.changed_among(&mut tx, &seqs).await?;
        drop(tx);
        let mut tx = self.write().await?;
        for (old, draft) in &changed {
            drafts::recheck(&mut tx, draft, old).await?;
        }
        let reached = seqs.last().map_or_else(|| ALL.to_owned(), i64::to_string);
        meta::set(&mut tx, REACHED, &reached).await?;
        tx.commit().await?;
        Ok(!seqs.is_empty())
    }

    /// Those of these drafts that are found otherwise now, each with the hash that it had.
    async fn changed_among(&self, tx: &mut Tx, seqs: &[i64]) -> Result<Vec<(String, DraftRow)>, DeskError> {
        let mut changed = Vec::new();
        for seq in seqs {
            let Some(draft) = drafts::look(tx, *seq).await? else { continue };
            let old = draft.content_hash.clone();
            let draft = self.checked_again(tx, draft).await?;
            if draft.content_hash != old {
                changed.push((old, draft));
            }
        }
        Ok(changed)
    }

    /// Checks this one draft again if a source that it cites is not what it was checked against. The transaction
    /// writes, and holds the draft.
    pub(crate) async fn check_on_the_spot(&self, tx: &mut Tx, draft: &mut DraftRow) -> Result<(), DeskError> {
        let checks: Checks = serde_json::from_str(&draft.checks)
            .map_err(|_| StoreError::Unreadable { what: "a draft's checks", value: draft.id.clone() })?;
        if (checks.citations.is_empty() && checks.rests_on.is_empty()) || !draft.state()?.is_open() {
            return Ok(());
        }
        let cited = checks.citations.iter().map(|c| c.source.as_str());
        let named: Vec<&str> = cited.chain(checks.rests_on.iter().map(|r| r.source.as_str())).collect();
        let now = sources::stamps(tx, &draft.workflow_id, &named).await?;
        let version = self.version(tx, &draft.workflow_id, draft.version).await?;
        if !citation::is_stale(&checks, &version.pack, &now) {
            return Ok(());
        }
        let old = draft.content_hash.clone();
        *draft = self.checked_again(tx, draft.clone()).await?;
        if draft.content_hash != old {
            drafts::recheck(tx, draft, &old).await?;
        }
        Ok(())
    }

    async fn checked_again(&self, tx: &mut Tx, mut draft: DraftRow) -> Result<DraftRow, DeskError> {
        let body: DraftBody = serde_json::from_str(&draft.body)
            .map_err(|_| StoreError::Unreadable { what: "a draft's body", value: draft.id.clone() })?;
        let version = self.version(tx, &draft.workflow_id, draft.version).await?;
        let stored = sources::named(tx, &draft.workflow_id, &body.named_sources()).await?;
        // Off the threads that answer everybody: a long draft takes a while.
        let check = move || citation::check(&body, &version.pack, &Shelf::from(stored));
        let done = tokio::task::spawn_blocking(check).await;
        let Checked { checks, marks, high_risk } =
            done.map_err(|e| DeskError::Setup(format!("the draft can't be checked: {e}")))?;
        draft.content_hash = content_hash(&draft.body, &checks);
        draft.checks = json!(checks).to_string();
        (draft.marks, draft.risk) = (marks.0, high_risk.into());
        Ok(draft)
    }
}
