//! Going out: the outbox and its sender. At least once, one `webhook-id` an outcome, in order for each ticket,
//! nothing of a killed workflow.

use crate::{ChangeKind, Desk, DeskError, new_id, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::pack::Delivery;
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_providers::{Target, retry_delay};
use countersign_store::deliveries::{self, DeliveryRow, Of};
use countersign_store::page::{Page, cursor};
use countersign_store::workflows::{self, Hold};
use countersign_store::{Tx, drafts};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

/// A try is over after this long, whatever became of the hub that made it.
const CLAIM_SECONDS: i64 = 30;
const AT_ONCE: i64 = 16;
const MAX_RETRY_AFTER_SECONDS: u64 = 24 * 3600;

/// The sends that are running in this hub, so that a kill can break them off.
#[derive(Default)]
pub(crate) struct Sending {
    tokens: Mutex<HashMap<String, CancellationToken>>,
}

impl Sending {
    fn token(&self, workflow: &str) -> CancellationToken {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.entry(workflow.to_owned()).or_default().clone()
    }

    pub(crate) fn break_off(&self, workflow: &str) {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = tokens.remove(workflow) {
            token.cancel();
        }
    }
}

/// What a delivery rests on.
#[derive(Clone, Copy)]
pub(crate) enum Behind<'a> {
    /// A person's verdict.
    Verdict(&'a str),
    /// The draw alone, under this kill or demotion of the workflow (its last one, or none): once there is another,
    /// nothing that was drawn before it goes out unseen.
    Draw { under: &'a str },
    /// Nothing: it tells what happened to the workflow.
    Notice,
}

/// Adds a delivery to the outbox, within the transaction of what it tells.
#[expect(clippy::too_many_arguments, reason = "each is a column of the outbox")]
pub(crate) async fn enqueue(
    tx: &mut Tx,
    workflow: &str,
    draft_seq: Option<i64>,
    ticket: &str,
    behind: Behind<'_>,
    kind: &str,
    now: Millis,
    due_at: Millis,
    data: Value,
) -> Result<(), DeskError> {
    let (verdict_id, under) = match behind {
        Behind::Verdict(id) => (Some(id.to_owned()), ""),
        Behind::Draw { under } => (None, under),
        Behind::Notice => (None, ""),
    };
    let row = DeliveryRow {
        seq: 0,
        id: format!("msg_{}", new_id()),
        workflow_id: workflow.to_owned(),
        draft_seq,
        ticket: ticket.to_owned(),
        verdict_id,
        transition_id: under.to_owned(),
        kind: kind.to_owned(),
        body: json!({ "type": kind, "timestamp": now, "data": data }).to_string(),
        state: "pending".to_owned(),
        attempts: 0,
        due_at: due_at.0,
        claimed_until: 0,
        last_error: None,
        created_at: now.0,
        delivered_at: None,
    };
    Ok(deliveries::insert(tx, &row).await?)
}

/// A delivery as a list shows it; never its body.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DeliveryView {
    /// Its id, the `webhook-id` of every try.
    pub id: String,
    /// The workflow.
    pub workflow: String,
    /// The draft, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft_id: Option<String>,
    /// The ticket.
    pub external_id: String,
    /// `reply.ready`, `draft.escalated`, `workflow.killed` …
    #[serde(rename = "type")]
    pub kind: String,
    /// `pending`, `held`, `delivered`, `undeliverable`, or `recalled`: nobody saw it, and a kill or a demotion sent it
    /// to a person instead.
    pub state: String,
    /// Tries so far.
    pub attempts: i64,
    /// The next try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Millis>,
    /// Why the last try failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// A try had begun when it was recalled, or before a person saw the reply: the customer may have it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_have_reached_customer: bool,
    /// When it was written.
    pub created_at: Millis,
    /// When it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Millis>,
}

fn view(d: DeliveryRow, draft: Option<Of>, killed: bool) -> DeliveryView {
    let held = killed && d.state == "pending" && d.draft_seq.is_some();
    DeliveryView {
        id: d.id,
        workflow: d.workflow_id,
        may_have_reached_customer: draft.as_ref().is_some_and(|d| d.may_have_reached == 1),
        draft_id: draft.map(|d| d.id),
        external_id: d.ticket,
        kind: d.kind,
        next_attempt_at: (d.state == "pending" && !held).then_some(Millis(d.due_at)),
        state: if held { "held".to_owned() } else { d.state },
        attempts: d.attempts,
        last_error: d.last_error,
        created_at: Millis(d.created_at),
        delivered_at: d.delivered_at.map(Millis),
    }
}

impl Desk {
    /// Sends what is due now, several at once; answers how many tries were made.
    pub async fn deliver_due(&self) -> Result<usize, DeskError> {
        let now = self.now();
        let mut tx = self.write().await?;
        // The kill token is taken before the claim is on record: whoever kills after it will find it.
        let tokens: HashMap<String, CancellationToken> = workflows::list(&mut tx, Hold::Share)
            .await?
            .into_iter()
            .map(|w| (w.id.clone(), self.inner.sending.token(&w.id)))
            .collect();
        let claimed = deliveries::claim(&mut tx, now, now.plus_seconds(CLAIM_SECONDS), AT_ONCE, None).await?;
        for delivery in &claimed {
            if let Some(seq) = delivery.draft_seq {
                self.under_way(&mut tx, seq).await?;
            }
        }
        let mut work = Vec::with_capacity(claimed.len());
        for delivery in claimed {
            let row = workflows::get(&mut tx, &delivery.workflow_id, Hold::Look).await?;
            let version = match row {
                Some(w) => Some(self.version(&mut tx, &w.id, w.version).await?),
                None => None,
            };
            let token = tokens.get(&delivery.workflow_id).cloned().unwrap_or_default();
            work.push((delivery, version.and_then(|v| v.pack.delivery.clone()), token));
        }
        if work.is_empty() {
            return Ok(0);
        }
        tx.commit().await?;
        let sends = work.into_iter().map(|(delivery, target, token)| {
            let desk = self.clone();
            async move { desk.send(delivery, target, token).await }
        });
        let results: Vec<Result<(), DeskError>> = futures::future::join_all(sends).await;
        let tries = results.len();
        results.into_iter().collect::<Result<Vec<()>, _>>()?;
        Ok(tries)
    }

    async fn under_way(&self, tx: &mut Tx, seq: i64) -> Result<(), DeskError> {
        if let Some(mut draft) = drafts::by_seq(tx, seq).await?
            && matches!(draft.state()?, State::Approved | State::Edited | State::Unreviewed)
        {
            drafts::shift(tx, &mut draft, State::Delivering).await?;
        }
        Ok(())
    }

    async fn send(
        &self,
        delivery: DeliveryRow,
        target: Option<Delivery>,
        token: CancellationToken,
    ) -> Result<(), DeskError> {
        let target =
            target.ok_or_else(|| "the pack has no [delivery] any more".to_owned()).and_then(|t| self.target(&t));
        let target = match target {
            Ok(target) => target,
            Err(why) => return self.tried(&delivery, Err((false, why, None))).await,
        };
        let is_reply = delivery.draft_seq.is_some();
        let at = self.now().0.div_euclid(1000);
        let sent = tokio::select! {
            biased;
            () = token.cancelled(), if is_reply => {
                let mut tx = self.write().await?;
                deliveries::unclaim(&mut tx, &delivery.id).await?;
                tx.commit().await?;
                return Ok(());
            }
            sent = self.inner.webhooks.send(&target, &delivery.id, at, &delivery.body) => sent,
        };
        match sent {
            Ok(_) => self.tried(&delivery, Ok(())).await,
            Err(e) => self.tried(&delivery, Err((e.is_final(), e.to_string(), e.retry_after_seconds()))).await,
        }
    }

    fn target(&self, delivery: &Delivery) -> Result<Target, String> {
        let secret = |name: &str| (self.inner.secrets)(name).ok_or_else(|| format!("the secret {name} isn't set"));
        let mut secrets = vec![secret(&delivery.secret_env)?];
        if let Some(previous) = &delivery.previous_secret_env {
            secrets.extend((self.inner.secrets)(previous));
        }
        Ok(Target { url: delivery.url.clone(), secrets, allow_private: delivery.allow_private })
    }

    async fn tried(
        &self,
        delivery: &DeliveryRow,
        result: Result<(), (bool, String, Option<u64>)>,
    ) -> Result<(), DeskError> {
        let now = self.now();
        // The row was read before this try was counted.
        let attempt = u32::try_from(delivery.attempts + 1).unwrap_or(u32::MAX);
        let (state, due, error) = match result {
            Ok(()) => ("delivered", now, None),
            Err((true, why, _)) => ("undeliverable", now, Some(why)),
            Err((false, why, after)) => match retry_delay(attempt, jitter()) {
                Some(delay) => {
                    // A receiver may ask for patience, but not for ever.
                    let asked = after.unwrap_or(0).min(MAX_RETRY_AFTER_SECONDS);
                    let ms = delay.as_millis().max(u128::from(asked) * 1000);
                    ("pending", Millis(now.0 + i64::try_from(ms).unwrap_or(i64::MAX / 2)), Some(why))
                }
                None => ("undeliverable", now, Some(format!("given up after {attempt} tries; the last: {why}"))),
            },
        };
        let mut tx = self.write().await?;
        // The draft before its delivery, as a withdrawal holds them.
        let draft = match delivery.draft_seq {
            Some(seq) => drafts::by_seq(&mut tx, seq).await?,
            None => None,
        };
        let delivered = (state == "delivered").then_some(now);
        if !deliveries::set_state(&mut tx, &delivery.id, state, due, error.as_deref(), delivered).await? {
            // Withdrawn or recalled meanwhile, by whoever found this hub's claim run out.
            return Ok(());
        }
        let end = match state {
            "delivered" => Some(State::Delivered),
            "undeliverable" => Some(State::Undeliverable),
            _ => None,
        };
        let mut draft_id = None;
        if let Some(mut draft) = draft {
            if let Some(end) = end
                && draft.state()? == State::Delivering
            {
                drafts::shift(&mut tx, &mut draft, end).await?;
            }
            draft_id = Some(draft.id);
        }
        if end.is_some() {
            let act = format!("delivery.{state}");
            let detail = json!({ "type": delivery.kind, "attempts": attempt });
            record(&mut tx, now, &Identity::hub(), &act, Some(&delivery.workflow_id), Some(&delivery.id), detail);
        }
        tx.commit().await?;
        self.tell(ChangeKind::DeliveryUpdated, &delivery.workflow_id, draft_id.as_deref()).await;
        Ok(())
    }

    /// A page of deliveries, newest first.
    pub async fn list_deliveries(
        &self,
        who: &Identity,
        workflow: Option<&str>,
        state: Option<&str>,
        page: &Page,
    ) -> Result<(Vec<DeliveryView>, Option<String>), DeskError> {
        let mut tx = self.read().await?;
        let chosen = self.chosen(&mut tx, who, Act::ReadDeliveries, workflow).await?;
        let killed: HashMap<String, bool> = chosen.into_iter().map(|w| (w.id, w.killed_at.is_some())).collect();
        let ids: Vec<String> = killed.keys().cloned().collect();
        let stored = if state == Some("held") { Some("pending") } else { state };
        let rows = deliveries::list(&mut tx, &ids, stored, page).await?;
        let next = (rows.len() as i64 == page.limit).then(|| rows.last().map(|(r, _)| cursor(&[r.seq]))).flatten();
        let views = rows.into_iter().map(|(row, draft)| {
            let killed = killed.get(&row.workflow_id).copied().unwrap_or_default();
            view(row, draft, killed)
        });
        Ok((views.filter(|v| state.is_none_or(|s| v.state == s)).collect(), next))
    }

    /// Tries a delivery again, now, with ten tries ahead of it.
    pub async fn retry_delivery(&self, who: &Identity, id: &str) -> Result<DeliveryView, DeskError> {
        let now = self.now();
        let mut tx = self.write().await?;
        let seen = deliveries::look(&mut tx, id).await?.ok_or_else(|| DeskError::not_found("delivery", id))?;
        self.require(who, Act::RetryDelivery, Some(&seen.workflow_id), "retry deliveries")?;
        let draft = match seen.draft_seq {
            Some(seq) => drafts::by_seq(&mut tx, seq).await?,
            None => None,
        };
        let delivery = deliveries::get(&mut tx, id).await?.unwrap_or(seen);
        if delivery.state == "pending" && delivery.claimed_until > now.0 {
            return Err(DeskError::invalid("state", "a try of this delivery is under way"));
        }
        if !["undeliverable", "pending"].contains(&delivery.state.as_str()) {
            return Err(DeskError::invalid("state", format!("this delivery is {}", delivery.state)));
        }
        deliveries::retry(&mut tx, id, now).await?;
        let mut of = None;
        if let Some(mut draft) = draft {
            if draft.state()? == State::Undeliverable {
                drafts::shift(&mut tx, &mut draft, State::Delivering).await?;
            }
            of = Some(Of { id: draft.id, may_have_reached: draft.may_have_reached });
        }
        record(&mut tx, now, who, "delivery.retried", Some(&delivery.workflow_id), Some(id), json!({}));
        let after = deliveries::get(&mut tx, id).await?.unwrap_or(delivery);
        let killed =
            workflows::get(&mut tx, &after.workflow_id, Hold::Look).await?.is_some_and(|w| w.killed_at.is_some());
        tx.commit().await?;
        self.tell(ChangeKind::DeliveryUpdated, &after.workflow_id, of.as_ref().map(|d| d.id.as_str())).await;
        Ok(view(after, of, killed))
    }
}

/// A number in [0, 1) that spreads retries; no secret hangs on it.
pub(crate) fn jitter() -> f64 {
    crate::keys::random::<1>().map_or(0.5, |b| f64::from(b[0]) / 256.0)
}
