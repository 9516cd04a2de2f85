//! Verdicts that wait for a second person: somebody is called where their confirmation would change what the gate says,
//! and a second review that ran out while a first verdict waits for it is asked for again.

use crate::alert::Raised;
use crate::{ChangeKind, Desk, DeskError, record};
use countersign_domain::access::Identity;
use countersign_domain::time::Millis;
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, alerts, second_reviews};
use serde_json::{Value, json};

const KIND: &str = "confirmation";
const STRETCH: i64 = 200;

impl Desk {
    /// Opens an alert for every workflow whose gate would stand otherwise if all verdicts were confirmed, and resolves
    /// those that are over; answers how many alerts changed.
    pub async fn watch_confirmations(&self) -> Result<usize, DeskError> {
        let now = self.now();
        let mut changed = 0;
        for id in self.workflow_ids().await? {
            let mut tx = self.snapshot().await?;
            let Some(w) = workflows::get(&mut tx, &id, Hold::Look).await? else { continue };
            let awaited = self.awaited(&mut tx, &w, now).await?.is_some();
            let firing = !alerts::firing_of(&mut tx, &id, KIND).await?.is_empty();
            drop(tx);
            // What was seen without a lock is looked at again under it.
            if awaited != firing && self.follow_confirmations(&id, now).await? {
                self.tell(ChangeKind::BudgetAlert, &id, None).await;
                changed += 1;
            }
        }
        Ok(changed)
    }

    async fn follow_confirmations(&self, id: &str, now: Millis) -> Result<bool, DeskError> {
        let mut tx = self.write().await?;
        let Some(w) = workflows::get(&mut tx, id, Hold::Change).await? else { return Ok(false) };
        let firing = alerts::firing_of(&mut tx, id, KIND).await?;
        let act = match (self.awaited(&mut tx, &w, now).await?, firing.first()) {
            (Some((why, mut detail)), None) => {
                let version = self.version(&mut tx, id, w.version).await?;
                let summary = format!("{id}: {why}");
                (detail["version"], detail["stage"]) = (json!(w.version), json!(w.stage));
                let raised = Raised { kind: KIND, action: "page", rule: "", incident: None, summary, detail };
                self.raise(&mut tx, id, &version.pack, raised, now).await?;
                self.tell_incident(&mut tx, id, "alert", &why, "hub", now).await?;
                "confirmation.alert"
            }
            (None, Some(alert)) => {
                self.resolve_alert(&mut tx, alert, now).await?;
                "confirmation.resolved"
            }
            _ => return Ok(false),
        };
        record(&mut tx, now, &Identity::hub(), act, Some(id), None, json!({ "version": w.version, "stage": w.stage }));
        tx.commit().await?;
        Ok(true)
    }

    /// What confirmation would change, in words and as facts.
    async fn awaited(&self, tx: &mut Tx, w: &WorkflowRow, now: Millis) -> Result<Option<(String, Value)>, DeskError> {
        if w.killed_at.is_some() {
            return Ok(None);
        }
        let report = self.report(tx, w, now).await?;
        let n = report.summary.unconfirmed;
        let wait =
            format!("{n} verdict{} for a second person's confirmation", if n == 1 { " waits" } else { "s wait" });
        let rate = report.rates.iter().find_map(|r| Some((r.name.as_str(), r.if_confirmed?)));
        let changed = report.if_confirmed.map(|status| ("the gate", status)).or(rate);
        Ok(changed.map(|(what, status)| {
            let detail = json!({ "unconfirmed": n, "status": status, "rate": rate.map(|(name, _)| name) });
            (format!("{wait}; with it {what} would be {}", status.as_word()), detail)
        }))
    }

    /// Closes second reviews whose time ran out. One without which a first verdict doesn't count is opened again.
    pub(crate) async fn expire_second_reviews(&self, now: Millis) -> Result<(), DeskError> {
        loop {
            let mut tx = self.write().await?;
            let over = second_reviews::ran_out(&mut tx, now, STRETCH).await?;
            for review in &over {
                if review.awaited == 0 {
                    second_reviews::set_state(&mut tx, review.draft_seq, "done").await?;
                    continue;
                }
                let Some(w) = workflows::get(&mut tx, &review.workflow_id, Hold::Look).await? else { continue };
                let hours = self.version(&mut tx, &w.id, w.version).await?.pack.review.expires_hours;
                let until = now.plus_seconds(i64::from(hours) * 3600).hour_ceil();
                second_reviews::reopen(&mut tx, review.draft_seq, until).await?;
            }
            if over.is_empty() {
                return Ok(());
            }
            tx.commit().await?;
            if (over.len() as i64) < STRETCH {
                return Ok(());
            }
        }
    }
}
