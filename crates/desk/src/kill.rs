//! Kill and resume. A kill is in force before its call returns: the workflow's row is what every lease, verdict
//! and claim of a delivery holds while it acts, so none of them can come after it.

use crate::transition::{Turn, reason_of};
use crate::{Change, ChangeKind, Desk, DeskError, record};
use countersign_domain::access::{Act, Identity, Scope, is_shadow};
use countersign_domain::pack::Stage;
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, deliveries, drafts, gates, leases, sweeps};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
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
    /// From the call to the moment after which nothing of this workflow acted, in milliseconds. None while a reply may
    /// still be going out; what is known of it then is in `hubs`.
    pub effect_ms: Option<f64>,
    /// Replies of which it isn't known that they were broken off.
    pub sends_running: i64,
    /// Each hub, and whether it has stopped sending.
    pub hubs: Vec<HubStopped>,
    /// Drafts frozen.
    pub frozen: i64,
    /// Leases void.
    pub leases_voided: i64,
    /// Deliveries held back.
    pub deliveries_held: i64,
}

/// Whether a hub has stopped sending a killed workflow's replies. It begins no more from the kill's commit on; what it
/// was sending by then it breaks off, and takes off the record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HubStopped {
    /// The hub: this run of it.
    pub id: String,
    /// Nothing of the workflow is being sent there.
    pub stopped: bool,
    /// Replies that it has not said to have broken off.
    pub sends_running: i64,
    /// From the call until that was seen, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<f64>,
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
    /// All replies have been looked at for that. The rest is looked at in the background, and not sent before.
    pub stayed_out_is_final: bool,
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
        let mut tx = self.write_first().await?;
        let targets = self.targets(&mut tx, who, id, Act::Kill, "kill").await?;
        let mut done = Vec::new();
        for workflow in &targets {
            let now = self.next_turn(&mut tx, &workflow.id).await?;
            done.push(self.kill_one(&mut tx, who, workflow, reason, now).await?);
        }
        tx.commit().await?;
        let committed = started.elapsed();
        // Nobody but its drill hangs on a shadow.
        for (killed, transition) in done.iter().filter(|(killed, _)| !is_shadow(&killed.workflow)) {
            if let Some(transition) = transition {
                self.watch_kill(&killed.workflow, transition, started);
            }
        }
        for (killed, _) in &done {
            self.inner.sending.break_off(&killed.workflow);
        }
        self.move_flags(ChangeKind::WorkflowKilled).await;
        for (killed, transition) in &done {
            let (workflow, transition_id) = (killed.workflow.clone(), transition.clone());
            let kind = ChangeKind::WorkflowKilled;
            self.publish(Change { kind, workflow, draft_id: None, transition_id }).await;
            self.tell(ChangeKind::IncidentUpdated, &killed.workflow, None).await;
        }
        let mut out = Vec::with_capacity(done.len());
        let workflows = done.iter().map(|(killed, _)| killed.workflow.clone()).collect();
        // The kill stands, whatever can be said of it.
        let mut stopped = self.wait_for_sends(workflows, started).await.unwrap_or_else(|e| {
            tracing::warn!(error = %e, "it can't be read which hubs have stopped sending");
            BTreeMap::new()
        });
        for (mut killed, transition) in done {
            killed.hubs = stopped.remove(&killed.workflow).unwrap_or_default();
            killed.sends_running = killed.hubs.iter().map(|h| h.sends_running).sum();
            killed.effect_ms = (killed.sends_running == 0).then(|| slowest(&killed.hubs)).flatten();
            if let Some(id) = transition {
                self.keep_effect(&id, ms(committed), killed.effect_ms, &killed.hubs).await;
            }
            out.push(killed);
        }
        Ok((out, committed))
    }

    /// The kill stands, whether or not its time can be written down.
    async fn keep_effect(&self, transition: &str, commit_ms: f64, effect_ms: Option<f64>, hubs: &[HubStopped]) {
        let kept = async {
            // Plain structs; serialising them can't fail.
            let hubs = serde_json::to_string(hubs).unwrap_or_default();
            let mut tx = self.write_first().await?;
            workflows::set_effect(&mut tx, transition, Some(commit_ms), effect_ms, &hubs).await?;
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
        if id == "all" && !only_there(who, act) {
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
            effect_ms: None,
            sends_running: 0,
            hubs: Vec::new(),
            frozen: 0,
            leases_voided: 0,
            deliveries_held: deliveries::replies_waiting(tx, &w.id).await?,
        };
        let is_new = w.killed_at.is_none();
        if is_new {
            workflows::set_killed(tx, &w.id, now, &who.subject, reason).await?;
            for lease in leases::of_workflow(tx, &w.id).await? {
                self.let_go(tx, &lease, now, "voided").await?;
                killed.leases_voided += 1;
            }
        }
        killed.frozen = count(&drafts::counts(tx, &w.id).await?, State::Staged);
        let mut made = None;
        if is_new {
            gates::unsign(tx, &w.id).await?;
            let turn = Turn { frozen: Some(killed.frozen), ..Turn::of("kill", &w.stage, reason) };
            let id = self.turn(tx, who, w, turn, now).await?;
            self.open_incident(tx, "kill", w, Some(&id), reason, who, now).await?;
            let detail = json!({ "transition": id, "leases_voided": killed.leases_voided, "deliveries_held": killed.deliveries_held });
            record(tx, now, who, "workflow.killed", Some(&w.id), None, detail);
            made = Some(id);
        }
        Ok((killed, made))
    }

    /// Waits until no hub is in the middle of sending a reply of these workflows, and says of each hub what is known.
    /// Every hub breaks off when it learns of the kill; a hub that can't be reached is waited for no longer than a second.
    async fn wait_for_sends(
        &self,
        workflows: Vec<String>,
        started: Instant,
    ) -> Result<BTreeMap<String, Vec<HubStopped>>, DeskError> {
        let limit = Instant::now() + Duration::from_secs(1);
        let mut alive: BTreeSet<String> = self.hubs_alive().await?.into_iter().collect();
        alive.insert(self.inner.changes.origin().to_owned());
        let of_all = || alive.iter().map(|id| HubStopped::of(id)).collect();
        let mut hubs: BTreeMap<String, Vec<HubStopped>> = workflows.into_iter().map(|w| (w, of_all())).collect();
        loop {
            let running = deliveries::running(&mut self.read_first().await?, self.now()).await?;
            for (workflow, hubs) in &mut hubs {
                see(hubs, running.iter().filter(|r| r.workflow_id == *workflow), ms(started.elapsed()));
            }
            if hubs.values().flatten().all(|h| h.stopped) || Instant::now() >= limit {
                return Ok(hubs);
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Looks again at a kill after which something was still being sent; answers whether it is over.
    pub(crate) async fn sends_stopped(
        &self,
        workflow: &str,
        transition: &str,
        started: Instant,
    ) -> Result<bool, DeskError> {
        let mut tx = self.read().await?;
        let running = deliveries::running(&mut tx, self.now()).await?;
        if running.iter().any(|r| r.workflow_id == workflow) {
            return Ok(false);
        }
        let Some(kept) = workflows::transition(&mut tx, transition).await? else { return Ok(true) };
        drop(tx);
        if kept.commit_ms.is_none() {
            // Its call is still looking itself.
            return Ok(false);
        }
        if kept.effect_ms.is_none() {
            let mut hubs = hubs_of(&kept);
            see(&mut hubs, std::iter::empty(), ms(started.elapsed()));
            let text = serde_json::to_string(&hubs).unwrap_or_default();
            let mut tx = self.write().await?;
            workflows::set_effect(&mut tx, transition, kept.commit_ms, slowest(&hubs), &text).await?;
            tx.commit().await?;
        }
        Ok(true)
    }

    /// Most resumes have little to look at, and can say what stays out.
    async fn sweep_for_a_moment(&self, done: &mut [Resumed]) {
        let limit = Instant::now() + Duration::from_secs(1);
        for resumed in done {
            while !resumed.stayed_out_is_final && Instant::now() < limit {
                match self.sweep(&resumed.workflow).await {
                    Ok(look) => {
                        resumed.stayed_out += look.stayed_out;
                        resumed.stayed_out_is_final = look.done;
                    }
                    Err(e) => {
                        // The resume stands; it is gone on with in the background.
                        tracing::warn!(error = %e, "can't look for replies whose ticket moved on now");
                        break;
                    }
                }
            }
        }
    }

    /// Resumes a killed workflow at `internal`. Replies whose ticket has moved on since stay out.
    pub async fn resume(&self, who: &Identity, id: &str, reason: &str) -> Result<Vec<Resumed>, DeskError> {
        let reason = reason_of(reason)?;
        let mut tx = self.write_first().await?;
        let targets = self.targets(&mut tx, who, id, Act::Resume, "resume").await?;
        // It is killed, though the database doesn't know it yet.
        if let Some(held) = targets.iter().find(|w| self.is_held(&w.id)) {
            return Err(DeskError::KillHeld(held.id.clone()));
        }
        let mut done = Vec::new();
        for w in targets.iter().filter(|w| w.killed_at.is_some() || id != "all") {
            if w.killed_at.is_none() {
                return Err(DeskError::invalid("workflow", format!("{} isn't killed", w.id)));
            }
            let now = self.next_turn(&mut tx, &w.id).await?;
            self.come_to(&mut tx, w, Stage::Internal, now).await?;
            sweeps::begin(&mut tx, &w.id).await?;
            let transition_id = self.turn(&mut tx, who, w, Turn::of("resume", "internal", reason), now).await?;
            self.tell_incident(&mut tx, &w.id, "resumed", reason, &who.subject, now).await?;
            let detail = json!({ "transition": transition_id });
            record(&mut tx, now, who, "workflow.resumed", Some(&w.id), None, detail);
            let counts = drafts::counts(&mut tx, &w.id).await?;
            let returned = counts.iter().find(|(s, _)| *s == State::Staged).map_or(0, |(_, n)| *n);
            done.push(Resumed {
                workflow: w.id.clone(),
                killed: false,
                at: now,
                stage: "internal".to_owned(),
                returned,
                stayed_out: 0,
                stayed_out_is_final: false,
            });
        }
        tx.commit().await?;
        self.sweep_for_a_moment(&mut done).await;
        for resumed in &done {
            self.tell(ChangeKind::WorkflowResumed, &resumed.workflow, None).await;
            self.tell(ChangeKind::IncidentUpdated, &resumed.workflow, None).await;
        }
        Ok(done)
    }
}

impl HubStopped {
    fn of(id: &str) -> Self {
        Self { id: id.to_owned(), stopped: false, sends_running: 0, ms: None }
    }
}

/// What is known of each hub once these are running.
fn see<'a>(hubs: &mut Vec<HubStopped>, running: impl Iterator<Item = &'a deliveries::Running>, ms: f64) {
    hubs.iter_mut().for_each(|h| h.sends_running = 0);
    for r in running {
        match hubs.iter_mut().find(|h| h.id == r.claimed_by) {
            Some(hub) => hub.sends_running = r.n,
            // One that gave no sign of life lately may be sending all the same.
            None => hubs.push(HubStopped { sends_running: r.n, ..HubStopped::of(&r.claimed_by) }),
        }
    }
    for hub in hubs {
        hub.stopped = hub.sends_running == 0;
        hub.ms = if hub.stopped { hub.ms.or(Some(ms)) } else { None };
    }
}

/// What was known of each hub when a kill answered, or since.
pub(crate) fn hubs_of(kill: &workflows::TransitionRow) -> Vec<HubStopped> {
    kill.hubs.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn slowest(hubs: &[HubStopped]) -> Option<f64> {
    hubs.iter().filter_map(|h| h.ms).reduce(f64::max)
}

fn ms(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}

/// Whether somebody may act in a workflow that is called `all`, and not in every one. No pack can take that name any more,
/// and one from before has to be within reach of its own people.
pub(crate) fn only_there(who: &Identity, act: Act) -> bool {
    matches!(who.scope(act), Scope::Only(list) if list.iter().any(|w| w == "all"))
}
