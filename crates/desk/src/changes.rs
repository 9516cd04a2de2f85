//! What happened, for consoles that watch: told after the commit, never before.

use crate::Desk;
use serde::{Deserialize, Serialize};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
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
    /// A pack was applied.
    #[serde(rename = "pack.applied")]
    PackApplied,
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

pub(crate) struct Changes {
    sender: broadcast::Sender<Change>,
    /// Tells this hub's own notifications apart when Postgres hands them back.
    origin: String,
    /// Whether something may have been missed of what other hubs told.
    missed: AtomicBool,
}

impl Default for Changes {
    fn default() -> Self {
        Self { sender: broadcast::channel(1024).0, origin: crate::new_id(), missed: AtomicBool::new(false) }
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
    async fn move_flags(&self, kind: ChangeKind) {
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
        if let Some(pool) = self.inner.store.postgres() {
            let told = serde_json::json!({ "origin": self.inner.changes.origin, "change": change }).to_string();
            if let Err(e) = countersign_store::notify(pool, CHANNEL, &told).await {
                // Other hubs read the database for whatever they act on; only their consoles learn of it later.
                tracing::warn!(error = %e, "other hubs were not notified");
            }
        }
        // Nobody listening is no fault.
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
            #[derive(Deserialize)]
            struct Told {
                origin: String,
                change: Change,
            }
            match serde_json::from_str::<Told>(&payload) {
                Ok(told) if told.origin != self.inner.changes.origin => {
                    if told.change.kind == ChangeKind::WorkflowKilled {
                        self.inner.sending.break_off(&told.change.workflow);
                    }
                    self.move_flags(told.change.kind).await;
                    let _ = self.inner.changes.sender.send(told.change);
                }
                Ok(_) => {}
                Err(e) => tracing::warn!(error = %e, "a notification that can't be read"),
            }
        }
    }
}
