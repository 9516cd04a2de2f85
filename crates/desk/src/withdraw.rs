//! Undo: a verdict is withdrawn while its reply is undelivered, and its draft comes back to the reviewer.

use crate::lease::LeaseView;
use crate::view::DraftView;
use crate::{ChangeKind, Desk, DeskError, decide, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_store::{deliveries, drafts, escalations, evidence, leases, second_reviews, verdicts};
use serde::Serialize;
use serde_json::json;

/// What a withdrawal came to.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Withdrawn {
    /// The verdict.
    pub verdict_id: String,
    /// Its draft.
    pub draft_id: String,
    /// The draft's state now.
    pub state: State,
    /// A fresh lease on it, unless its ticket has moved on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease: Option<LeaseView>,
    /// The draft.
    pub draft: DraftView,
}

impl Desk {
    /// Withdraws a verdict. The withdrawal is a row of its own; the verdict is never deleted.
    pub async fn withdraw(&self, who: &Identity, verdict_id: &str) -> Result<Withdrawn, DeskError> {
        let now = self.now();
        let mut tx = self.write().await?;
        let seen =
            verdicts::get(&mut tx, verdict_id).await?.ok_or_else(|| DeskError::not_found("verdict", verdict_id))?;
        self.require(who, Act::Review, Some(&seen.workflow_id), "review")?;
        if seen.reviewer != who.subject {
            return Err(DeskError::forbidden(&who.subject, "withdraw a verdict of somebody else"));
        }
        let workflow = self.living(&mut tx, &seen.workflow_id).await?;
        let Some(mut draft) = drafts::by_seq(&mut tx, seen.draft_seq).await? else {
            return Err(DeskError::not_found("verdict", verdict_id));
        };
        // Again under the draft's lock: two presses at once are one withdrawal.
        let verdict = verdicts::get(&mut tx, verdict_id).await?.unwrap_or(seen);
        let mine = leases::of_draft(&mut tx, draft.seq).await?.into_iter().find(|l| l.reviewer == who.subject);
        if verdict.withdrawn == 1 {
            let view = self.view(&mut tx, who, &draft).await?;
            let (lease, state) = (mine.as_ref().map(LeaseView::of), draft.state()?);
            return Ok(Withdrawn { verdict_id: verdict.id, draft_id: draft.id, state, lease, draft: view });
        }
        if draft.probe.is_some() {
            return self.withdraw_probe(tx, who, &workflow, draft, verdict).await;
        }
        let delivery = deliveries::of_verdict(&mut tx, draft.seq, verdict_id).await?;
        match &delivery {
            // A try has begun: the receiver may have it.
            Some(d) if d.state != "pending" || d.claimed_until > now.0 || d.tried() => {
                return Err(DeskError::AlreadyDelivered);
            }
            None if now.0 > verdict.undo_until => return Err(DeskError::AlreadyDelivered),
            _ => {}
        }
        verdicts::withdraw(&mut tx, verdict_id, &who.subject, now).await?;
        let verdict = self.part(&mut tx, &draft, verdict, now).await?;
        // Without a first verdict there is nothing to review a second time; the next first one asks anew.
        let void = verdict.round == 2 && verdicts::standing(&mut tx, draft.seq, 1).await?.is_none();
        let superseded = if verdict.round == 1 {
            if let Some(d) = &delivery {
                deliveries::set_state(&mut tx, d, "withdrawn", now, None, None).await?;
            }
            escalations::withdraw(&mut tx, verdict_id).await?;
            let counted = verdict.counted.clone().unwrap_or_else(|| verdict.key());
            evidence::add(&mut tx, decide::record_of(&draft), &counted, Millis(verdict.at), -1);
            for lease in leases::of_draft(&mut tx, draft.seq).await? {
                leases::end(&mut tx, &lease.id, now, "voided").await?;
            }
            if verdicts::standing(&mut tx, draft.seq, 2).await?.is_none() {
                second_reviews::remove(&mut tx, draft.seq).await?;
            }
            if draft.state()? == State::Expired {
                evidence::add(&mut tx, decide::record_of(&draft), "expired", Millis(draft.expires_at), 1);
                false
            } else {
                drafts::has_moved(&mut tx, &draft).await?
            }
        } else {
            if void {
                second_reviews::remove(&mut tx, draft.seq).await?;
            } else {
                second_reviews::set_state(&mut tx, draft.seq, "open").await?;
            }
            false
        };
        let lease = if superseded {
            drafts::shift(&mut tx, &mut draft, State::Superseded).await?;
            evidence::add(&mut tx, decide::record_of(&draft), "superseded", now, 1);
            None
        } else if void {
            None
        } else {
            let (lease, held) = self.hold_again(&mut tx, who, &workflow, draft, verdict.round, now).await?;
            draft = held;
            Some(LeaseView::of(&lease))
        };
        let detail = json!({ "verdict": verdict_id, "round": verdict.round });
        record(&mut tx, now, who, "verdict.withdrawn", Some(&draft.workflow_id), Some(&draft.id), detail);
        let view = self.view(&mut tx, who, &draft).await?;
        let state = draft.state()?;
        tx.commit().await?;
        self.tell(ChangeKind::VerdictWithdrawn, &draft.workflow_id, Some(&draft.id)).await;
        Ok(Withdrawn { verdict_id: verdict.id, draft_id: draft.id, state, lease, draft: view })
    }
}
