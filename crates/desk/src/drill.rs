//! Kill drills: the whole path of a kill on a shadow of the workflow, measured. Real work goes on meanwhile: a shadow
//! is in no list, count or queue, and in reach of no identity but the drill's own.

use crate::{ChangeKind, Code, Desk, DeskError, LeaseRequest, deliver, keys, new_id, record};
use countersign_domain::access::{Act, Grant, Identity, Role};
use countersign_domain::citation::{self, Shelf};
use countersign_domain::draft::{content_hash, parse};
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_domain::verdict::{Action, Verdict};
use countersign_store::drafts::{self, DraftRow};
use countersign_store::drills::{self, DrillRow};
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, deliveries};
use serde::Serialize;
use serde_json::json;
use std::time::{Duration, Instant};

/// A drill takes moments; a shadow that is older was left by a hub that ended.
const STALE_SECONDS: i64 = 600;
const KEPT: i64 = 50;

/// A kill drill.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct DrillView {
    /// Its id.
    pub id: String,
    /// The workflow.
    pub workflow: String,
    /// The workflow's version.
    pub version: i64,
    /// Who ran it.
    pub actor: String,
    /// When.
    pub at: Millis,
    /// Whether everything was refused.
    pub ok: bool,
    /// From the call of the kill to its commit, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_ms: Option<f64>,
    /// From the call of the kill to the last refusal, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect_ms: Option<f64>,
    /// In words: what was refused, or what was not.
    pub detail: String,
}

fn view(d: DrillRow) -> DrillView {
    DrillView {
        id: d.id,
        workflow: d.workflow_id,
        version: d.version,
        actor: d.actor,
        at: Millis(d.at),
        ok: d.ok == 1,
        commit_ms: d.commit_ms,
        effect_ms: d.effect_ms,
        detail: d.detail,
    }
}

/// What a rehearsal came to.
struct Rehearsed {
    commit: Duration,
    effect: Duration,
    /// What was not refused, or didn't come back.
    faults: Vec<String>,
}

/// When a kill of this workflow was drilled last without anything getting through.
pub(crate) async fn last_good_drill(tx: &mut Tx, workflow: &str) -> Result<Option<Millis>, DeskError> {
    Ok(drills::last_good(tx, workflow).await?)
}

impl Desk {
    /// Kills a shadow of a workflow by the same way as a real kill, tries a lease, a verdict and a delivery against
    /// it, resumes it, takes it away, and records what came of it.
    pub async fn drill(&self, who: &Identity, id: &str) -> Result<DrillView, DeskError> {
        self.require(who, Act::Drill, Some(id), "drill a kill")?;
        let now = self.now();
        self.sweep_shadows(now).await?;
        let row = workflows::get(&mut self.read().await?, id, Hold::Look).await?;
        let row = row.ok_or_else(|| DeskError::not_found("workflow", id))?;
        let drill_id = new_id();
        let shadow = format!("~drill:{drill_id}");
        let rehearsed = self.rehearse(&row, &shadow, now).await;
        let mut drill = DrillRow {
            id: drill_id,
            workflow_id: row.id.clone(),
            version: row.version,
            actor: who.subject.clone(),
            at: now.0,
            effect_ms: None,
            commit_ms: None,
            ok: 0,
            detail: String::new(),
        };
        match rehearsed {
            Ok(r) => {
                drill.effect_ms = Some(r.effect.as_secs_f64() * 1000.0);
                drill.commit_ms = Some(r.commit.as_secs_f64() * 1000.0);
                drill.ok = r.faults.is_empty().into();
                drill.detail = if r.faults.is_empty() {
                    "a lease, its renewal, a verdict and a delivery were refused".to_owned()
                } else {
                    r.faults.join("; ")
                };
            }
            Err(e) => drill.detail = format!("the drill broke off: {e}"),
        }
        let mut tx = self.write().await?;
        drills::remove_shadow(&mut tx, &shadow).await?;
        drills::insert(&mut tx, &drill).await?;
        let detail = json!({ "drill": drill.id, "ok": drill.ok == 1, "effect_ms": drill.effect_ms });
        record(&mut tx, now, who, "drill.ran", Some(id), Some(&drill.id), detail);
        tx.commit().await?;
        self.forget(&shadow);
        self.tell(ChangeKind::DrillRan, id, None).await;
        Ok(view(drill))
    }

    /// The latest drills of a workflow, newest first, and when the last good one was.
    pub async fn list_drills(&self, who: &Identity, id: &str) -> Result<(Vec<DrillView>, Option<Millis>), DeskError> {
        self.require(who, Act::ReadIncidents, Some(id), "read drills")?;
        let mut tx = self.read().await?;
        if workflows::get(&mut tx, id, Hold::Look).await?.is_none() {
            return Err(DeskError::not_found("workflow", id));
        }
        let latest = drills::list(&mut tx, id, KEPT).await?.into_iter().map(view).collect();
        Ok((latest, last_good_drill(&mut tx, id).await?))
    }

    async fn sweep_shadows(&self, now: Millis) -> Result<(), DeskError> {
        let before = now.plus_seconds(-STALE_SECONDS);
        let stale = drills::stale_shadows(&mut self.read().await?, before).await?;
        for shadow in stale {
            let mut tx = self.write().await?;
            drills::remove_shadow(&mut tx, &shadow).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    async fn rehearse(&self, of: &WorkflowRow, shadow: &str, now: Millis) -> Result<Rehearsed, DeskError> {
        // Acts by the hub, and with these grants nowhere but in the shadow.
        let grant = |role| Grant { role, workflow: Some(shadow.to_owned()) };
        let grants = vec![grant(Role::Reviewer), grant(Role::Dri)];
        let hub = Identity { grants, owner: false, ..Identity::hub() };
        let mut tx = self.write().await?;
        drills::make_shadow(&mut tx, shadow, of, now).await?;
        let [held, free] = self.stage_shadow(&mut tx, shadow, of, now).await?;
        let data = json!({ "workflow": shadow, "draft_id": free.id });
        let (seq, ticket) = (Some(free.seq), free.external_id.as_str());
        // As if a person had decided it: then the kill alone holds it.
        let decided = deliver::Behind::Verdict(&free.id);
        deliver::enqueue(&mut tx, shadow, seq, ticket, decided, "reply.ready", now, now, data).await?;
        record(&mut tx, now, &hub, "drill.began", Some(shadow), None, json!({ "of": of.id }));
        tx.commit().await?;

        let ask = |id: &str| LeaseRequest { draft_id: Some(id.to_owned()), ..LeaseRequest::default() };
        let leased = self.lease(&hub, &ask(&held.id)).await?;
        let leased = leased.ok_or_else(|| DeskError::not_found("draft", &held.id))?;
        let verdict = Verdict {
            verdict_id: new_id(),
            lease_id: leased.lease.id.clone(),
            fence: leased.lease.fence,
            content_hash: leased.draft.content_hash.clone(),
            action: Action::Approve,
            final_text: None,
            grade: None,
            reasons: Vec::new(),
            comment: None,
            seconds: 1.0,
        };
        let mut faults = Vec::new();
        // What wouldn't go out before the kill would say nothing after it.
        if self.would_send(shadow, now).await? != 1 {
            faults.push("the delivery was not due before the kill".to_owned());
        }

        let started = Instant::now();
        let (_, commit) = self.kill_measured(&hub, shadow, "a drill").await?;
        let lease = self.lease(&hub, &ask(&free.id)).await.map(drop);
        let renewal = self.renew_lease(&hub, &leased.lease.id).await.map(drop);
        let decided = self.decide(&hub, &held.id, verdict).await.map(drop);
        let sent = self.would_send(shadow, now).await?;
        let effect = started.elapsed();
        for (what, came) in [("the lease", lease), ("the renewal of a lease", renewal), ("the verdict", decided)] {
            match came {
                Ok(()) => faults.push(format!("{what} was not refused")),
                Err(e) if e.code() == Code::WorkflowKilled => {}
                Err(e) => faults.push(format!("{what} was refused for another reason: {e}")),
            }
        }
        if sent > 0 {
            faults.push("the delivery was not refused".to_owned());
        }

        if let Err(e) = self.resume(&hub, shadow, "a drill").await {
            faults.push(format!("the resume failed: {e}"));
        } else if let Err(e) = self.lease(&hub, &ask(&free.id)).await {
            faults.push(format!("no lease after the resume: {e}"));
        }
        Ok(Rehearsed { commit, effect, faults })
    }

    /// Two drafts of the shadow: one to be held, one free.
    async fn stage_shadow(
        &self,
        tx: &mut Tx,
        shadow: &str,
        of: &WorkflowRow,
        now: Millis,
    ) -> Result<[DraftRow; 2], DeskError> {
        let version = self.version(tx, shadow, of.version).await?;
        let row = json!({
            "external_id": "drill", "revision": "1", "thread": [{ "role": "customer", "text": "This is a drill." }],
            "draft": { "text": "This is a drill." },
        });
        let body = parse(row.to_string().as_bytes())?.body;
        let citation::Checked { checks, marks, high_risk } = citation::check(&body, &version.pack, &Shelf::default());
        let text = serde_json::to_string(&body).unwrap_or_default();
        let draft = |ticket: &str, seq: i64| DraftRow {
            seq,
            id: new_id(),
            workflow_id: shadow.to_owned(),
            version: of.version,
            stage: of.stage.clone(),
            external_id: ticket.to_owned(),
            revision: "1".to_owned(),
            state: State::Staged.as_str().to_owned(),
            subject: body.subject(),
            customer: None,
            marks: marks.0,
            risk: high_risk.into(),
            probability: 1.0,
            floor: 1.0,
            selected: 1,
            double_read: 0,
            staged_at: now.0,
            expires_at: now.plus_seconds(3600).0,
            fence: 0,
            content_hash: content_hash(&text, &checks),
            checks: serde_json::to_string(&checks).unwrap_or_default(),
            body: text.clone(),
            probe: None,
            probe_for: None,
            probe_place: None,
            rescued: 0,
            may_have_reached: 0,
            erased_at: None,
        };
        // Below zero, so that no number of a real draft is ever used twice and the words of none are indexed.
        let number = -(i64::from_le_bytes(keys::random::<8>()?) & (i64::MAX >> 1)) - 2;
        let both = [draft("drill-1", number), draft("drill-2", number + 1)];
        drafts::insert(tx, &both).await?;
        drafts::count(tx, shadow, State::Staged, 2);
        Ok(both)
    }

    /// How many of a shadow's deliveries the sender would take up now; it takes up none.
    async fn would_send(&self, shadow: &str, now: Millis) -> Result<usize, DeskError> {
        let mut tx = self.write().await?;
        let Some(w) = workflows::get(&mut tx, shadow, Hold::Share).await? else { return Ok(0) };
        let seqs = deliveries::next_replies(&mut tx, shadow, now, 16).await?;
        Ok(deliveries::claim(&mut tx, &w, &seqs, now, now.plus_seconds(1), self.inner.changes.origin()).await?.len())
    }
}
