//! What a kill or a demotion recalls: replies that were drawn before it, and that nobody has seen. From its commit on
//! the sender's claim refuses each of them; here they go to a person instead, a stretch at a time.

use crate::stage::deadline;
use crate::{ChangeKind, Desk, DeskError, record};
use countersign_domain::access::Identity;
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, deliveries, drafts};
use serde_json::json;
use std::collections::BTreeMap;

const STRETCH: i64 = 100;

/// How many drafts came back, and how many of them the customer may have all the same.
#[derive(Default)]
struct Rescued {
    drafts: usize,
    may_have_reached: usize,
}

impl Desk {
    /// Brings a stretch of recalled replies back for a person; answers how many.
    pub async fn rescue_unseen(&self) -> Result<usize, DeskError> {
        let now = self.now();
        let mut recalled: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for (workflow, seq) in deliveries::recalled(&mut self.read().await?, now, STRETCH).await? {
            recalled.entry(workflow).or_default().push(seq);
        }
        let mut rescued = 0;
        for (workflow, seqs) in recalled {
            rescued += self.rescue_in(&workflow, &seqs, now).await?;
        }
        Ok(rescued)
    }

    async fn rescue_in(&self, workflow: &str, seqs: &[i64], now: Millis) -> Result<usize, DeskError> {
        let mut tx = self.write().await?;
        let Some(w) = workflows::get(&mut tx, workflow, Hold::Share).await? else { return Ok(0) };
        let mut rescued = Rescued::default();
        for seq in seqs {
            self.rescue_one(&mut tx, &w, *seq, now, &mut rescued).await?;
        }
        if rescued.drafts == 0 {
            return Ok(0);
        }
        let detail = json!({
            "drafts": rescued.drafts, "may_have_reached_customer": rescued.may_have_reached, "transition": w.recalled_by,
        });
        record(&mut tx, now, &Identity::hub(), "drafts.rescued", Some(workflow), None, detail);
        tx.commit().await?;
        self.tell(ChangeKind::DraftsStaged, workflow, None).await;
        self.tell(ChangeKind::DeliveryUpdated, workflow, None).await;
        Ok(rescued.drafts)
    }

    async fn rescue_one(
        &self,
        tx: &mut Tx,
        w: &WorkflowRow,
        seq: i64,
        now: Millis,
        rescued: &mut Rescued,
    ) -> Result<(), DeskError> {
        let Some(seen) = deliveries::numbered(tx, seq).await? else { return Ok(()) };
        let Some(draft_seq) = seen.draft_seq else { return Ok(()) };
        // One that somebody holds is left for the next time.
        let Some(mut draft) = drafts::free(tx, draft_seq).await? else { return Ok(()) };
        let Some(delivery) = deliveries::get(tx, &seen.id).await? else { return Ok(()) };
        let waits = delivery.state == "pending" && delivery.claimed_until <= now.0;
        if !waits || delivery.transition_id == w.recalled_by {
            return Ok(());
        }
        let tried = delivery.tried();
        deliveries::set_state(tx, &delivery, "recalled", now, delivery.last_error.as_deref(), None).await?;
        if !matches!(draft.state()?, State::Unreviewed | State::Delivering) {
            return Ok(());
        }
        let version = self.version(tx, &w.id, draft.version).await?;
        // Its sender's deadline stays; the pack's begins again, as its reviewer sees it only now.
        let packs = deadline(None, Millis(draft.staged_at), &version);
        let own = (draft.expires_at != packs.0).then_some(Millis(draft.expires_at));
        let until = deadline(own, now, &version);
        let to = if drafts::has_moved(tx, &draft).await? { State::Superseded } else { State::Staged };
        drafts::rescue(tx, &mut draft, to, until, tried).await?;
        rescued.drafts += 1;
        rescued.may_have_reached += usize::from(tried);
        Ok(())
    }
}
