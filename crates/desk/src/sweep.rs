//! After a resume: replies whose ticket moved on while their workflow was killed stay out. They are looked for a stretch
//! at a time, however many wait; until its turn comes the sender's claim passes each of them by.

use crate::{ChangeKind, Desk, DeskError, record};
use countersign_domain::access::Identity;
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_store::sweeps::{self, Swept};
use countersign_store::workflows::{self, Hold};
use countersign_store::{Tx, deliveries, drafts};
use serde_json::json;

const STRETCH: i64 = 200;

/// What a look through some replies came to.
#[derive(Default)]
pub(crate) struct Look {
    /// Replies that stay out.
    pub(crate) stayed_out: i64,
    /// All have been looked at.
    pub(crate) done: bool,
}

impl Desk {
    /// Goes on looking wherever a resume left something to look at, a stretch for each workflow; answers for how many
    /// it isn't done.
    pub async fn sweep_moved(&self) -> Result<usize, DeskError> {
        let mut left = 0;
        for workflow in sweeps::open(&mut self.read().await?).await? {
            if !self.sweep(&workflow).await?.done {
                left += 1;
            }
        }
        Ok(left)
    }

    /// The next stretch of a workflow.
    pub(crate) async fn sweep(&self, workflow: &str) -> Result<Look, DeskError> {
        let now = self.now();
        let mut tx = self.write().await?;
        if workflows::get(&mut tx, workflow, Hold::Share).await?.is_none() {
            return Ok(Look { done: true, ..Look::default() });
        }
        let Some(sweep) = sweeps::get(&mut tx, workflow).await? else {
            return Ok(Look { done: true, ..Look::default() });
        };
        let rows = sweeps::stretch(&mut tx, &sweep, STRETCH).await?;
        let mut look = Look { stayed_out: 0, done: (rows.len() as i64) < STRETCH };
        let mut seen = sweep.after_seq;
        for row in &rows {
            if row.moved == 1 {
                match self.stay_out(&mut tx, row, now).await? {
                    Some(stayed) => look.stayed_out += i64::from(stayed),
                    None => {
                        // Somebody holds its draft: from here on the next time.
                        look.done = false;
                        break;
                    }
                }
            }
            seen = row.seq;
        }
        if look.done {
            sweeps::end(&mut tx, workflow).await?;
        } else {
            sweeps::go_on(&mut tx, workflow, seen).await?;
        }
        if look.stayed_out > 0 {
            let detail = json!({ "replies": look.stayed_out });
            record(&mut tx, now, &Identity::hub(), "replies.stayed_out", Some(workflow), None, detail);
        }
        tx.commit().await?;
        if look.stayed_out > 0 {
            self.tell(ChangeKind::DeliveryUpdated, workflow, None).await;
        }
        Ok(look)
    }

    /// Takes a reply out. `None` where somebody holds its draft.
    async fn stay_out(&self, tx: &mut Tx, row: &Swept, now: Millis) -> Result<Option<bool>, DeskError> {
        let Some(mut draft) = drafts::free(tx, row.draft_seq).await? else { return Ok(None) };
        let Some(delivery) = deliveries::numbered(tx, row.seq).await? else { return Ok(Some(false)) };
        let why = "the ticket moved on while the workflow was killed";
        if !deliveries::set_state(tx, &delivery, "undeliverable", now, Some(why), None).await? {
            return Ok(Some(false));
        }
        if draft.state()? != State::Escalated {
            drafts::shift(tx, &mut draft, State::Undeliverable).await?;
        }
        Ok(Some(true))
    }
}
