//! Kill and resume. A kill is in force before its call returns: the workflow's row is what every lease, verdict
//! and claim of a delivery holds while it acts, so none of them can come after it.

use crate::transition::{Turn, reason_of};
use crate::{Change, ChangeKind, Desk, DeskError, record};
use countersign_domain::access::{Act, Identity, is_shadow};
use countersign_domain::pack::Stage;
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, deliveries, drafts, gates, leases};
use serde::Serialize;
use serde_json::json;
use std::time::{Duration, Instant};

/// What a kill came to.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Killed {
    /// The workflow.
    pub workflow: String,
    /// Always true.
    pub killed: bool,
    /// When it was committed.
    pub at: Millis,
    /// From the call to the moment after which nothing of this workflow acts, in milliseconds.
    pub effect_ms: f64,
    /// Drafts frozen.
    pub frozen: i64,
    /// Leases void.
    pub leases_voided: i64,
    /// Deliveries held back.
    pub deliveries_held: i64,
}

/// What a resume came to.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Resumed {
    /// The workflow.
    pub workflow: String,
    /// Always false.
    pub killed: bool,
    /// When.
    pub at: Millis,
    /// Always `internal`.
    pub stage: String,
    /// Drafts staged again.
    pub returned: i64,
    /// Replies that stay out because their ticket has moved on.
    pub stayed_out: i64,
}

impl Desk {
    /// Kills a workflow, or with `all` every one in one transaction. Killing a killed one changes nothing.
    pub async fn kill(&self, who: &Identity, id: &str, reason: &str) -> Result<Vec<Killed>, DeskError> {
        Ok(self.kill_measured(who, id, reason).await?.0)
    }

    /// The same, with the time from the call to the commit.
    pub(crate) async fn kill_measured(
        &self,
        who: &Identity,
        id: &str,
        reason: &str,
    ) -> Result<(Vec<Killed>, Duration), DeskError> {
        let started = Instant::now();
        let reason = reason_of(reason)?;
        let mut tx = self.write().await?;
        let targets = self.targets(&mut tx, who, id, Act::Kill, "kill").await?;
        let mut done = Vec::new();
        for workflow in &targets {
            let now = self.next_turn(&mut tx, &workflow.id).await?;
            done.push(self.kill_one(&mut tx, who, workflow, reason, now).await?);
        }
        tx.commit().await?;
        let committed = started.elapsed();
        // Nobody but its drill hangs on a shadow.
        for (_, transition) in done.iter().filter(|(killed, _)| !is_shadow(&killed.workflow)) {
            if let Some(transition) = transition {
                self.watch_kill(transition, started);
            }
        }
        for (killed, transition) in &done {
            self.inner.sending.break_off(&killed.workflow);
            let (workflow, transition_id) = (killed.workflow.clone(), transition.clone());
            let kind = ChangeKind::WorkflowKilled;
            self.pass_on(Change { kind, workflow, draft_id: None, transition_id }).await;
            self.tell(ChangeKind::IncidentUpdated, &killed.workflow, None).await;
        }
        let mut out = Vec::with_capacity(done.len());
        for (mut killed, transition) in done {
            self.wait_for_sends(&killed.workflow).await?;
            killed.effect_ms = started.elapsed().as_secs_f64() * 1000.0;
            if let Some(id) = transition {
                self.keep_effect(&id, committed.as_secs_f64() * 1000.0, killed.effect_ms).await;
            }
            out.push(killed);
        }
        Ok((out, committed))
    }

    /// The kill stands, whether or not its time can be written down.
    async fn keep_effect(&self, transition: &str, commit_ms: f64, effect_ms: f64) {
        let kept = async {
            let mut tx = self.write().await?;
            workflows::set_effect(&mut tx, transition, commit_ms, effect_ms).await?;
            Ok::<_, DeskError>(tx.commit().await?)
        };
        if let Err(e) = kept.await {
            tracing::warn!(error = %e, "a kill's time to effect was not kept");
        }
    }

    async fn targets(
        &self,
        tx: &mut Tx,
        who: &Identity,
        id: &str,
        act: Act,
        what: &str,
    ) -> Result<Vec<WorkflowRow>, DeskError> {
        if id == "all" {
            self.require(who, act, None, what)?;
            return Ok(workflows::list(tx, Hold::Change).await?);
        }
        self.require(who, act, Some(id), what)?;
        let row = workflows::get(tx, id, Hold::Change).await?;
        Ok(vec![row.ok_or_else(|| DeskError::not_found("workflow", id))?])
    }

    async fn kill_one(
        &self,
        tx: &mut Tx,
        who: &Identity,
        w: &WorkflowRow,
        reason: &str,
        now: Millis,
    ) -> Result<(Killed, Option<String>), DeskError> {
        let count = |counts: &[(State, i64)], state| counts.iter().find(|(s, _)| *s == state).map_or(0, |(_, n)| *n);
        let mut killed = Killed {
            workflow: w.id.clone(),
            killed: true,
            at: w.killed_at.map_or(now, Millis),
            effect_ms: 0.0,
            frozen: 0,
            leases_voided: 0,
            deliveries_held: deliveries::waiting_replies(tx, &w.id).await?.len() as i64,
        };
        let mut made = None;
        if w.killed_at.is_none() {
            workflows::set_killed(tx, &w.id, now, &who.subject, reason).await?;
            for lease in leases::of_workflow(tx, &w.id).await? {
                self.let_go(tx, &lease, now, "voided").await?;
                killed.leases_voided += 1;
            }
            killed.frozen = count(&drafts::counts(tx, &w.id).await?, State::Staged);
            gates::unsign(tx, &w.id).await?;
            let turn = Turn { frozen: Some(killed.frozen), ..Turn::of("kill", &w.stage, reason) };
            let id = self.turn(tx, who, w, turn, now).await?;
            self.open_incident(tx, "kill", w, Some(&id), reason, who, now).await?;
            let detail = json!({ "transition": id, "leases_voided": killed.leases_voided, "deliveries_held": killed.deliveries_held });
            record(tx, now, who, "workflow.killed", Some(&w.id), None, detail);
            made = Some(id);
        }
        killed.frozen = count(&drafts::counts(tx, &w.id).await?, State::Staged);
        Ok((killed, made))
    }

    /// Waits until no hub is in the middle of sending a reply of this workflow. Every hub breaks off when it
    /// learns of the kill; a hub that died in a send is waited for no longer than a second.
    async fn wait_for_sends(&self, workflow: &str) -> Result<(), DeskError> {
        let limit = Instant::now() + Duration::from_secs(1);
        loop {
            let running = deliveries::running(&mut self.read().await?, workflow, self.now()).await?;
            if running == 0 || Instant::now() >= limit {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Resumes a killed workflow at `internal`. Replies whose ticket has moved on since stay out.
    pub async fn resume(&self, who: &Identity, id: &str, reason: &str) -> Result<Vec<Resumed>, DeskError> {
        let reason = reason_of(reason)?;
        let mut tx = self.write().await?;
        let targets = self.targets(&mut tx, who, id, Act::Resume, "resume").await?;
        let mut done = Vec::new();
        for w in targets.iter().filter(|w| w.killed_at.is_some() || id != "all") {
            if w.killed_at.is_none() {
                return Err(DeskError::invalid("workflow", format!("{} isn't killed", w.id)));
            }
            let now = self.next_turn(&mut tx, &w.id).await?;
            self.come_to(&mut tx, w, Stage::Internal, now).await?;
            let mut stayed_out = 0;
            for delivery in deliveries::waiting_replies(&mut tx, &w.id).await? {
                let Some(seq) = delivery.draft_seq else { continue };
                if delivery.verdict_id.is_none() {
                    // Nobody saw it: it is recalled, and goes to a person.
                    continue;
                }
                let Some(mut draft) = drafts::by_seq(&mut tx, seq).await? else { continue };
                if drafts::has_moved(&mut tx, &draft).await? {
                    let why = "the ticket moved on while the workflow was killed";
                    deliveries::set_state(&mut tx, &delivery.id, "undeliverable", now, Some(why), None).await?;
                    if draft.state()? != State::Escalated {
                        drafts::shift(&mut tx, &mut draft, State::Undeliverable).await?;
                    }
                    stayed_out += 1;
                }
            }
            let transition_id = self.turn(&mut tx, who, w, Turn::of("resume", "internal", reason), now).await?;
            self.tell_incident(&mut tx, &w.id, "resumed", reason, &who.subject, now).await?;
            let detail = json!({ "transition": transition_id, "stayed_out": stayed_out });
            record(&mut tx, now, who, "workflow.resumed", Some(&w.id), None, detail);
            let counts = drafts::counts(&mut tx, &w.id).await?;
            let returned = counts.iter().find(|(s, _)| *s == State::Staged).map_or(0, |(_, n)| *n);
            done.push(Resumed {
                workflow: w.id.clone(),
                killed: false,
                at: now,
                stage: "internal".to_owned(),
                returned,
                stayed_out,
            });
        }
        tx.commit().await?;
        for resumed in &done {
            self.tell(ChangeKind::WorkflowResumed, &resumed.workflow, None).await;
            self.tell(ChangeKind::IncidentUpdated, &resumed.workflow, None).await;
        }
        Ok(done)
    }
}
