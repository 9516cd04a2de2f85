//! The sender: what is due is claimed, tried and recorded. Each reply that is being sent takes a slot of its workflow
//! and of its receiver, and gives it back as soon as it ends: one receiver's trouble is its own.

use crate::{ChangeKind, Desk, DeskError, Version, record};
use countersign_domain::access::Identity;
use countersign_domain::pack::Pack;
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_providers::{Target, retry_delay};
use countersign_store::deliveries::{self, DeliveryRow};
use countersign_store::workflows::{self, Hold};
use countersign_store::{Tx, drafts};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// A try is over after this long, whatever became of the hub that made it.
pub(crate) const CLAIM_SECONDS: i64 = 30;
const MAX_RETRY_AFTER_SECONDS: u64 = 24 * 3600;
/// So many replies are sent at once at the most: of one workflow, or to one receiver; and in all.
const EACH: usize = 16;
const IN_ALL: usize = 128;
/// After so many timeouts on end a receiver is left alone for a while, and then tried with one reply.
const TIMEOUTS: u32 = 3;
const LEFT_ALONE: Duration = Duration::from_secs(30);
/// Between two looks at what is due; and how long ended sends are gathered, so that their slots are filled in one go.
const LOOK: Duration = Duration::from_millis(200);
const GATHER: Duration = Duration::from_millis(20);

/// What is being sent in this hub, and which receivers let it wait.
#[derive(Default)]
pub(crate) struct Sending {
    inner: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    /// By workflow, so that a kill can break its replies off.
    tokens: HashMap<String, CancellationToken>,
    workflows: HashMap<String, usize>,
    receivers: HashMap<String, usize>,
    breakers: HashMap<String, Breaker>,
}

#[derive(Default)]
struct Breaker {
    timeouts: u32,
    until: Option<Instant>,
}

impl Running {
    fn free(&self, workflow: &str, receiver: &str, now: Instant) -> usize {
        let taken = |by: &HashMap<String, usize>, name: &str| by.get(name).copied().unwrap_or(0);
        let all: usize = self.workflows.values().sum();
        // When many are slow at once, there is still a slot for each of the others.
        let each = if all < IN_ALL / 2 { EACH } else { 1 };
        let each = match self.breakers.get(receiver) {
            Some(b) if b.until.is_some_and(|until| until > now) => 0,
            Some(b) if b.timeouts >= TIMEOUTS => 1,
            _ => each,
        };
        let most = taken(&self.workflows, workflow).max(taken(&self.receivers, receiver));
        each.saturating_sub(most).min(IN_ALL.saturating_sub(all))
    }
}

impl Sending {
    fn lock(&self) -> MutexGuard<'_, Running> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn token(&self, workflow: &str) -> CancellationToken {
        self.lock().tokens.entry(workflow.to_owned()).or_default().clone()
    }

    pub(crate) fn break_off(&self, workflow: &str) {
        if let Some(token) = self.lock().tokens.remove(workflow) {
            token.cancel();
        }
    }

    pub(crate) fn break_off_all(&self) {
        self.lock().tokens.drain().for_each(|(_, token)| token.cancel());
    }

    fn running(&self, workflow: &str) -> usize {
        self.lock().workflows.get(workflow).copied().unwrap_or(0)
    }

    fn take(&self, workflow: &str, receiver: &str, now: Instant) -> usize {
        let mut running = self.lock();
        let free = running.free(workflow, receiver, now);
        *running.workflows.entry(workflow.to_owned()).or_default() += free;
        *running.receivers.entry(receiver.to_owned()).or_default() += free;
        free
    }

    fn give_back(&self, workflow: &str, receiver: &str) {
        let running = &mut *self.lock();
        for (by, name) in [(&mut running.workflows, workflow), (&mut running.receivers, receiver)] {
            if let Some(n) = by.get_mut(name) {
                *n -= 1;
                if *n == 0 {
                    by.remove(name);
                }
            }
        }
    }

    fn heard(&self, receiver: &str, timed_out: bool, now: Instant) {
        let mut running = self.lock();
        if !timed_out {
            running.breakers.remove(receiver);
            return;
        }
        let breaker = running.breakers.entry(receiver.to_owned()).or_default();
        breaker.timeouts = breaker.timeouts.saturating_add(1);
        if breaker.timeouts >= TIMEOUTS {
            breaker.until = Some(now + LEFT_ALONE);
        }
    }

    /// For how long a receiver is left alone because it didn't answer in time.
    pub(crate) fn left_alone(&self, receiver: &str) -> Option<Duration> {
        let until = self.lock().breakers.get(receiver)?.until?;
        until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }
}

/// A slot that is taken; given back when it is dropped.
struct Slot {
    desk: Desk,
    workflow: String,
    receiver: String,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.desk.inner.sending.give_back(&self.workflow, &self.receiver);
    }
}

/// A delivery that is claimed.
struct Work {
    delivery: DeliveryRow,
    version: Arc<Version>,
    /// Cancelled by a kill, if it is a reply.
    token: CancellationToken,
    slot: Option<Slot>,
}

/// What may be claimed of a workflow, with the slots for its replies.
struct Chosen {
    workflow: String,
    seqs: Vec<i64>,
    slots: Vec<Slot>,
}

/// Why a try failed.
struct Failed {
    is_final: bool,
    why: String,
    retry_after_seconds: Option<u64>,
}

impl Desk {
    /// Sends what is due until nothing is; answers how many tries were made.
    pub async fn deliver_due(&self) -> Result<usize, DeskError> {
        let (mut sends, mut tries) = (JoinSet::new(), 0);
        loop {
            let begun = self.begin_sends(&mut sends).await;
            let Some(ended) = sends.join_next().await else { return begun.map(|n| tries + n) };
            tries += begun?;
            ended.unwrap_or(Ok(()))?;
        }
    }

    /// Sends what is due, until it is told to stop. Then nothing more is claimed, and what is being sent is finished,
    /// within its time, and recorded.
    pub async fn keep_delivering(&self, stop: CancellationToken) {
        const MAX_PAUSE: Duration = Duration::from_secs(5);
        let (mut sends, mut failed_pause) = (JoinSet::new(), LOOK);
        while !stop.is_cancelled() {
            let pause = match self.begin_sends(&mut sends).await {
                Ok(_) => {
                    failed_pause = LOOK;
                    LOOK
                }
                Err(e) => {
                    tracing::warn!(error = %e, "can't deliver now");
                    failed_pause = (failed_pause * 2).min(MAX_PAUSE);
                    failed_pause
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
                Some(ended) = sends.join_next() => {
                    warn_of(ended);
                    tokio::time::sleep(GATHER).await;
                    while let Some(ended) = sends.try_join_next() {
                        warn_of(ended);
                    }
                }
            }
        }
        while let Some(ended) = sends.join_next().await {
            warn_of(ended);
        }
    }

    /// Claims what is due as far as there are slots, and begins to send it. Answers how many.
    async fn begin_sends(&self, sends: &mut JoinSet<Result<(), DeskError>>) -> Result<usize, DeskError> {
        let mut begun = 0;
        for chosen in self.choose().await? {
            for work in self.claim(chosen).await? {
                let desk = self.clone();
                sends.spawn(async move { desk.send(work).await });
                begun += 1;
            }
        }
        Ok(begun)
    }

    /// What may be claimed now: of every workflow its first notice, and as many replies as it has slots, those with the
    /// fewest replies under way first. Nothing is held for that.
    async fn choose(&self) -> Result<Vec<Chosen>, DeskError> {
        let now = self.now();
        let mut tx = self.read().await?;
        let mut due = deliveries::due(&mut tx, now).await?;
        due.sort_by_key(|d| self.inner.sending.running(&d.workflow_id));
        let mut chosen = Vec::new();
        for d in due {
            let Some(version) = self.version_if_readable(&mut tx, &d.workflow_id, d.version).await? else { continue };
            let url = version.pack.delivery.as_ref().map_or("", |to| to.url.as_str());
            let replies = d.replies == 1 && !self.is_held(&d.workflow_id);
            let slots = if replies { self.slots(&d.workflow_id, &Target::receiver(url)) } else { Vec::new() };
            let mut seqs = Vec::new();
            if d.notices == 1 {
                seqs.extend(deliveries::next_notice(&mut tx, &d.workflow_id, now).await?);
            }
            if !slots.is_empty() {
                seqs.extend(deliveries::next_replies(&mut tx, &d.workflow_id, now, slots.len() as i64).await?);
            }
            if !seqs.is_empty() {
                chosen.push(Chosen { workflow: d.workflow_id, seqs, slots });
            }
        }
        Ok(chosen)
    }

    fn slots(&self, workflow: &str, receiver: &str) -> Vec<Slot> {
        let free = self.inner.sending.take(workflow, receiver, Instant::now());
        let slot = || Slot { desk: self.clone(), workflow: workflow.to_owned(), receiver: receiver.to_owned() };
        std::iter::repeat_with(slot).take(free).collect()
    }

    async fn claim(&self, chosen: Chosen) -> Result<Vec<Work>, DeskError> {
        let Chosen { workflow, seqs, mut slots } = chosen;
        // Taken before the claim is on record: whoever kills after it will find it.
        let token = self.inner.sending.token(&workflow);
        let mut tx = self.write().await?;
        let Some(w) = workflows::get(&mut tx, &workflow, Hold::Share).await? else { return Ok(Vec::new()) };
        let (now, hub) = (self.now(), self.inner.changes.origin());
        let claimed = deliveries::claim(&mut tx, &w, &seqs, now, now.plus_seconds(CLAIM_SECONDS), hub).await?;
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        for seq in claimed.iter().filter_map(|d| d.draft_seq) {
            self.under_way(&mut tx, seq).await?;
        }
        let version = self.version(&mut tx, &w.id, w.version).await?;
        tx.commit().await?;
        let work = claimed.into_iter().map(|delivery| Work {
            slot: delivery.draft_seq.and_then(|_| slots.pop()),
            version: version.clone(),
            token: token.clone(),
            delivery,
        });
        Ok(work.collect())
    }

    async fn under_way(&self, tx: &mut Tx, seq: i64) -> Result<(), DeskError> {
        if let Some(mut draft) = drafts::by_seq(tx, seq).await?
            && matches!(draft.state()?, State::Approved | State::Edited | State::Unreviewed)
        {
            drafts::shift(tx, &mut draft, State::Delivering).await?;
        }
        Ok(())
    }

    async fn send(&self, work: Work) -> Result<(), DeskError> {
        let Work { delivery, version, token, slot } = work;
        let target = match self.target(&delivery.workflow_id, &version.pack).await {
            Ok(target) => target,
            Err(why) => {
                return self.tried(&delivery, Err(Failed { is_final: false, why, retry_after_seconds: None })).await;
            }
        };
        let is_reply = delivery.draft_seq.is_some();
        if is_reply && self.is_held(&delivery.workflow_id) {
            self.inner.sending.break_off(&delivery.workflow_id);
            token.cancel();
        }
        if is_reply && token.is_cancelled() {
            let mut tx = self.write().await?;
            deliveries::unclaim(&mut tx, &delivery.id, false).await?;
            return Ok(tx.commit().await?);
        }
        // Receivers refuse what is off by their clock, however this hub counts its own time.
        let at = self.inner.clock.wall().0.div_euclid(1000);
        let sent = tokio::select! {
            biased;
            () = token.cancelled(), if is_reply => {
                let mut tx = self.write().await?;
                deliveries::unclaim(&mut tx, &delivery.id, true).await?;
                return Ok(tx.commit().await?);
            }
            sent = self.inner.webhooks.send(&target, &delivery.id, at, &delivery.body) => sent,
        };
        let timed_out = sent.as_ref().is_err_and(|e| e.is_timeout());
        self.inner.sending.heard(&Target::receiver(&target.url), timed_out, Instant::now());
        // The receiver is free again, however long the record takes.
        drop(slot);
        let result = sent.map(drop).map_err(|e| Failed {
            is_final: e.is_final(),
            why: e.to_string(),
            retry_after_seconds: e.retry_after_seconds(),
        });
        self.tried(&delivery, result).await
    }

    async fn target(&self, workflow: &str, pack: &Pack) -> Result<Target, String> {
        let delivery = pack.delivery.as_ref().ok_or("the pack has no [delivery] any more")?;
        let mut secrets = Vec::from_iter(self.secret_at(workflow, pack, "delivery.secret_env").await?);
        // The one before it may be gone already.
        secrets.extend(self.secret_at(workflow, pack, "delivery.previous_secret_env").await.ok().flatten());
        Ok(Target { url: delivery.url.clone(), secrets, allow_private: delivery.allow_private })
    }

    async fn tried(&self, delivery: &DeliveryRow, result: Result<(), Failed>) -> Result<(), DeskError> {
        let now = self.now();
        // The row was read before this try was counted.
        let attempt = u32::try_from(delivery.attempts + 1).unwrap_or(u32::MAX);
        let (state, due, error) = match result {
            Ok(()) => ("delivered", now, None),
            Err(Failed { is_final: true, why, .. }) => ("undeliverable", now, Some(why)),
            Err(Failed { why, retry_after_seconds, .. }) => match retry_delay(attempt, crate::deliver::jitter()) {
                Some(delay) => {
                    // A receiver may ask for patience, but not for ever.
                    let asked = retry_after_seconds.unwrap_or(0).min(MAX_RETRY_AFTER_SECONDS);
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
        if !deliveries::set_state(&mut tx, delivery, state, due, error.as_deref(), delivered).await? {
            // Recalled meanwhile, by whoever found this hub's claim run out.
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
}

fn warn_of(ended: Result<Result<(), DeskError>, tokio::task::JoinError>) {
    match ended {
        Ok(Ok(())) => {}
        // It is tried again once its claim has run out.
        Ok(Err(e)) => tracing::warn!(error = %e, "a try of a delivery was not recorded"),
        Err(e) => tracing::error!(error = %e, "a try of a delivery broke down"),
    }
}

#[cfg(test)]
mod tests {
    use super::{EACH, IN_ALL, LEFT_ALONE, Sending, TIMEOUTS};
    use std::time::Instant;

    #[test]
    fn a_workflow_and_a_receiver_have_only_so_many_slots_and_the_others_keep_theirs() {
        let (sending, now) = (Sending::default(), Instant::now());
        assert_eq!(sending.take("a", "r", now), EACH);
        assert_eq!((sending.take("a", "r", now), sending.take("b", "r", now)), (0, 0), "the receiver has enough");
        assert_eq!(sending.take("b", "s", now), EACH);
        sending.give_back("a", "r");
        assert_eq!(sending.take("b", "r", now), 0, "the workflow has enough");
        assert_eq!(sending.take("c", "r", now), 1);
        let mut others = 0;
        while sending.take(&format!("w{others}"), &format!("r{others}"), now) > 0 {
            others += 1;
        }
        assert!(others > IN_ALL / EACH * 4, "only {others} others had a slot");
    }

    #[test]
    fn a_receiver_that_lets_the_time_run_out_is_left_alone_and_then_tried_with_one() {
        let (sending, now) = (Sending::default(), Instant::now());
        for _ in 0..TIMEOUTS {
            assert!(sending.left_alone("r").is_none());
            sending.heard("r", true, now);
        }
        assert!(sending.left_alone("r").is_some());
        assert_eq!((sending.take("a", "r", now), sending.take("a", "s", now)), (0, EACH));
        let later = now + LEFT_ALONE;
        assert_eq!((sending.take("b", "r", later), sending.take("b", "r", later)), (1, 0));
        sending.heard("r", false, later);
        assert_eq!(sending.take("b", "r", later), EACH - 1);
    }
}
