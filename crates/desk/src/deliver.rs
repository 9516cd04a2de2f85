//! Going out: the outbox. What is in it is sent (by `send.rs`) at least once, one `webhook-id` an outcome, in order for each ticket,
//! nothing of a killed workflow.

use crate::{ChangeKind, Desk, DeskError, new_id, record};
use countersign_domain::access::{Act, Identity};
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_providers::Target;
use countersign_store::deliveries::{self, DeliveryRow, Of};
use countersign_store::page::{Page, cursor};
use countersign_store::workflows::{self, Hold};
use countersign_store::{Tx, drafts};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;

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
        claimed_by: String::new(),
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
    /// What holds the next try up: `earlier`, a delivery of the same ticket that goes first, or `receiver`, which let
    /// the time run out several times and is left alone until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<&'static str>,
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
        waits_for: None,
        state: if held { "held".to_owned() } else { d.state },
        attempts: d.attempts,
        last_error: d.last_error,
        created_at: Millis(d.created_at),
        delivered_at: d.delivered_at.map(Millis),
    }
}

impl Desk {
    /// A page of deliveries, newest first.
    pub async fn list_deliveries(
        &self,
        who: &Identity,
        workflow: Option<&str>,
        state: Option<&str>,
        page: &Page,
    ) -> Result<(Vec<DeliveryView>, Option<String>), DeskError> {
        let mut tx = self.browse().await?;
        let chosen = self.chosen(&mut tx, who, Act::ReadDeliveries, workflow).await?;
        let killed: HashMap<String, bool> = chosen.into_iter().map(|w| (w.id, w.killed_at.is_some())).collect();
        let ids: Vec<String> = killed.keys().cloned().collect();
        let stored = if state == Some("held") { Some("pending") } else { state };
        let rows = deliveries::list(&mut tx, &ids, stored, page).await?;
        let next = (rows.len() as i64 == page.limit).then(|| rows.last().map(|(r, _)| cursor(&[r.seq]))).flatten();
        let mut views = Vec::with_capacity(rows.len());
        for (row, draft) in rows {
            let killed = killed.get(&row.workflow_id).copied().unwrap_or_default();
            let held_up = if row.state == "pending" { self.held_up(&mut tx, &row).await? } else { None };
            let mut view = view(row, draft, killed);
            if view.state == "pending"
                && let Some((what, until)) = held_up
            {
                view.waits_for = Some(what);
                view.next_attempt_at = until.or(view.next_attempt_at);
            }
            views.push(view);
        }
        views.retain(|v| state.is_none_or(|s| v.state == s));
        Ok((views, next))
    }

    /// What holds a waiting delivery up, and until when, where that is known.
    async fn held_up(
        &self,
        tx: &mut Tx,
        row: &DeliveryRow,
    ) -> Result<Option<(&'static str, Option<Millis>)>, DeskError> {
        if deliveries::waits_for_earlier(tx, row).await? {
            return Ok(Some(("earlier", None)));
        }
        let Some(w) = workflows::get(tx, &row.workflow_id, Hold::Look).await? else { return Ok(None) };
        let version = self.version(tx, &w.id, w.version).await?;
        let receiver = version.pack.delivery.as_ref().map(|to| Target::receiver(&to.url)).unwrap_or_default();
        let left = self.inner.sending.left_alone(&receiver).filter(|_| row.draft_seq.is_some());
        Ok(left.map(|left| {
            let until = self.now().0 + i64::try_from(left.as_millis()).unwrap_or(0);
            ("receiver", Some(Millis(until.max(row.due_at))))
        }))
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
        if draft.as_ref().is_some_and(|d| d.erased_at.is_some()) {
            return Err(DeskError::Erased("reply"));
        }
        let delivery = deliveries::get(&mut tx, id).await?.unwrap_or(seen);
        if delivery.state == "pending" && delivery.claimed_until > now.0 {
            return Err(DeskError::invalid("state", "a try of this delivery is under way"));
        }
        if !["undeliverable", "pending"].contains(&delivery.state.as_str()) {
            return Err(DeskError::invalid("state", format!("this delivery is {}", delivery.state)));
        }
        deliveries::retry(&mut tx, &delivery, now).await?;
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
