//! What happened, for consoles that watch: told after the commit, never before.

use crate::Desk;
use serde::{Deserialize, Serialize};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::broadcast;

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum ChangeKind {
    /// Drafts came in.
    #[serde(rename = "drafts.staged")]
    DraftsStaged,
    /// A draft is held.
    #[serde(rename = "draft.leased")]
    DraftLeased,
    /// A draft is free again, or has left the queue undecided.
    #[serde(rename = "draft.released")]
    DraftReleased,
    /// A verdict was taken.
    #[serde(rename = "verdict.recorded")]
    VerdictRecorded,
    /// A verdict was withdrawn.
    #[serde(rename = "verdict.withdrawn")]
    VerdictWithdrawn,
    /// A workflow was killed.
    #[serde(rename = "workflow.killed")]
    WorkflowKilled,
    /// A workflow was resumed.
    #[serde(rename = "workflow.resumed")]
    WorkflowResumed,
    /// A workflow moved a stage on.
    #[serde(rename = "workflow.promoted")]
    WorkflowPromoted,
    /// A workflow went back to an earlier stage.
    #[serde(rename = "workflow.demoted")]
    WorkflowDemoted,
    /// The first of two people signed a promotion.
    #[serde(rename = "promotion.signed")]
    PromotionSigned,
    /// The result of an eval was posted.
    #[serde(rename = "eval.posted")]
    EvalPosted,
    /// A delivery moved on.
    #[serde(rename = "delivery.updated")]
    DeliveryUpdated,
    /// An escalation was opened, taken or settled.
    #[serde(rename = "escalation.updated")]
    EscalationUpdated,
    /// An incident was opened, worked on or closed.
    #[serde(rename = "incident.updated")]
    IncidentUpdated,
    /// A kill was drilled.
    #[serde(rename = "drill.ran")]
    DrillRan,
    /// A budget began to burn too fast, or stopped.
    #[serde(rename = "budget.alert")]
    BudgetAlert,
    /// This hub didn't hear the others for a while: whatever is shown is read again. It is of no workflow.
    #[serde(rename = "reconnected")]
    Reconnected,
    /// A pack came into force: a new one, a revision, or an earlier one again.
    #[serde(rename = "pack.applied")]
    PackApplied,
    /// A version has earned the stage where the workflow is.
    #[serde(rename = "version.earned")]
    VersionEarned,
    /// A token was revoked. For the hubs alone, which end what it has open.
    #[serde(rename = "token.revoked")]
    TokenRevoked,
}

/// One thing that happened; an event of `GET /v1/events`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Change {
    /// What.
    #[serde(rename = "type")]
    pub kind: ChangeKind,
    /// Where.
    pub workflow: String,
    /// To which draft, if to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub draft_id: Option<String>,
    /// By which transition, if it is a kill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transition_id: Option<String>,
}

const CHANNEL: &str = "countersign_change";

/// How long what happens is collected before other hubs are told of it: every notice is a commit of its own there.
const COLLECTED: Duration = Duration::from_millis(20);
/// Postgres takes notices of less than 8,000 bytes.
const MAX_NOTICE: usize = 7_500;

/// What hubs tell each other: one thing at once, or what happened within a moment.
#[derive(Serialize, Deserialize)]
struct Told {
    origin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    change: Option<Change>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changes: Vec<Change>,
}

pub(crate) struct Changes {
    sender: broadcast::Sender<Change>,
    /// What other hubs are still to be told, on Postgres.
    waiting: Mutex<Vec<Change>>,
    /// Tells this hub's own notifications apart when Postgres hands them back.
    origin: String,
    /// Whether something may have been missed of what other hubs told.
    missed: AtomicBool,
}

impl Default for Changes {
    fn default() -> Self {
        Self {
            sender: broadcast::channel(1024).0,
            waiting: Mutex::default(),
            origin: crate::new_id(),
            missed: AtomicBool::new(false),
        }
    }
}

impl Changes {
    /// This run of this hub.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }
}

impl ChangeKind {
    /// Whether flags come to something else after it.
    fn moves_flags(self) -> bool {
        use ChangeKind::{PackApplied, WorkflowDemoted, WorkflowKilled, WorkflowPromoted, WorkflowResumed};
        matches!(self, PackApplied | WorkflowDemoted | WorkflowKilled | WorkflowPromoted | WorkflowResumed)
    }
}

impl Desk {
    /// Flags follow before anybody is told; if they can't be read they count as off.
    pub(crate) async fn move_flags(&self, kind: ChangeKind) {
        if kind.moves_flags()
            && let Err(e) = self.refresh_flags().await
        {
            tracing::warn!(error = %e, "flags can't be read");
            self.distrust_flags();
        }
    }

    /// Everything that happens from now on, on this hub and on every other one of the same Postgres.
    pub fn changes(&self) -> broadcast::Receiver<Change> {
        self.inner.changes.sender.subscribe()
    }

    pub(crate) async fn tell(&self, kind: ChangeKind, workflow: &str, draft_id: Option<&str>) {
        let draft_id = draft_id.map(str::to_owned);
        self.pass_on(Change { kind, workflow: workflow.to_owned(), draft_id, transition_id: None }).await;
    }

    pub(crate) async fn pass_on(&self, change: Change) {
        self.move_flags(change.kind).await;
        self.publish(change).await;
    }

    /// Tells of something after which the flags have followed already.
    pub(crate) async fn publish(&self, change: Change) {
        if self.inner.store.postgres().is_some() {
            if change.kind.moves_flags() {
                self.notify(Some(change.clone()), Vec::new()).await;
            } else {
                self.notify_soon(change.clone());
            }
        }
        // Nobody listening is no fault.
        let _ = self.inner.changes.sender.send(change);
    }

    /// Tells other hubs in a moment, together with what else happens until then.
    fn notify_soon(&self, change: Change) {
        let mut waiting = self.inner.changes.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(change);
        if waiting.len() > 1 {
            return;
        }
        drop(waiting);
        let desk = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(COLLECTED).await;
            desk.notify_now().await;
        });
    }

    /// Tells other hubs what was collected for them.
    pub(crate) async fn notify_now(&self) {
        let waiting = std::mem::take(&mut *self.inner.changes.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        for part in notices(waiting) {
            self.notify(None, part).await;
        }
    }

    async fn notify(&self, change: Option<Change>, changes: Vec<Change>) {
        let told = Told { origin: self.inner.changes.origin.clone(), change, changes };
        // Plain structs; serialising them can't fail.
        let told = serde_json::to_string(&told).unwrap_or_default();
        if let Err(e) = self.inner.store.notify(CHANNEL, &told).await {
            // Other hubs read the database for whatever they act on; only their consoles learn of it later.
            tracing::warn!(error = %e, "other hubs were not notified");
        }
    }

    async fn heard(&self, change: Change) {
        if change.kind == ChangeKind::WorkflowKilled {
            self.inner.sending.break_off(&change.workflow);
        }
        self.move_flags(change.kind).await;
        let _ = self.inner.changes.sender.send(change);
    }

    /// Passes on what other hubs of the same Postgres tell; returns at once on SQLite. A kill that another hub
    /// tells of breaks off this hub's running sends.
    pub async fn listen_to_other_hubs(&self) -> Result<(), crate::DeskError> {
        let Some(pool) = self.inner.store.postgres() else { return Ok(()) };
        let missed = &self.inner.changes.missed;
        let mut listener =
            countersign_store::listen(pool, CHANNEL).await.inspect_err(|_| missed.store(true, Relaxed))?;
        loop {
            if missed.swap(false, Relaxed) {
                let nowhere = Change {
                    kind: ChangeKind::Reconnected,
                    workflow: String::new(),
                    draft_id: None,
                    transition_id: None,
                };
                let _ = self.inner.changes.sender.send(nowhere);
            }
            let heard = countersign_store::next_notice(&mut listener).await;
            let Some(payload) = heard.inspect_err(|_| missed.store(true, Relaxed))? else {
                // It listens again already.
                missed.store(true, Relaxed);
                continue;
            };
            match serde_json::from_str::<Told>(&payload) {
                Ok(told) if told.origin != self.inner.changes.origin => {
                    for change in told.change.into_iter().chain(told.changes) {
                        self.heard(change).await;
                    }
                }
                Ok(_) => {}
                Err(e) => tracing::warn!(error = %e, "a notification that can't be read"),
            }
        }
    }
}

/// Parts that each fit into a notice; what happened twice is told once.
fn notices(changes: Vec<Change>) -> Vec<Vec<Change>> {
    let (mut parts, mut bytes) = (Vec::<Vec<Change>>::new(), MAX_NOTICE);
    let mut told = Vec::new();
    for change in changes {
        if told.contains(&change) {
            continue;
        }
        told.push(change.clone());
        // Plain structs; serialising them can't fail.
        let size = serde_json::to_string(&change).map_or(0, |text| text.len() + 1);
        if bytes + size > MAX_NOTICE {
            parts.push(Vec::new());
            bytes = 100;
        }
        bytes += size;
        if let Some(part) = parts.last_mut() {
            part.push(change);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_within_a_moment_is_told_once_each_in_notices_that_postgres_takes() {
        let change = |n: usize| Change {
            kind: ChangeKind::VerdictRecorded,
            workflow: "support-first-reply".to_owned(),
            draft_id: Some(format!("0198c0de-0000-7000-8000-{n:012}")),
            transition_id: None,
        };
        let parts = notices((0..300).chain(0..300).map(change).collect());
        assert_eq!(parts.iter().map(Vec::len).sum::<usize>(), 300);
        for changes in parts {
            let told = Told { origin: crate::new_id(), change: None, changes };
            assert!(serde_json::to_string(&told).is_ok_and(|text| text.len() < 8_000));
        }
    }
}
