//! Promotion and demotion. A promotion goes one stage at a time, on a green gate, and there is no override.

use crate::transition::{Turn, reason_of};
use crate::{ChangeKind, Desk, DeskError, gate, record};
use countersign_domain::access::{Act, HUB, Identity};
use countersign_domain::gate::Status;
use countersign_domain::pack::{Pack, Stage};
use countersign_domain::time::Millis;
use countersign_domain::verdict::Conflict;
use countersign_store::Tx;
use countersign_store::gates::{self, SignatureRow};
use countersign_store::workflows::{self, Hold, WorkflowRow};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// For how long a first signature waits for the second, in milliseconds.
const SIGNED_FOR: i64 = 86_400_000;

/// What a promotion or a demotion asks for.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// 1 to 2000 characters.
    pub reason: String,
    /// The stage to go to: the next one of a promotion, any earlier one of a demotion (the one before, if it is left
    /// out).
    #[serde(default)]
    pub to: Option<Stage>,
    /// The hash of the green gate report that was shown, as `GET …/gate` answered it; a promotion needs it. One that has
    /// changed since is not signed.
    #[serde(default)]
    pub report: Option<String>,
}

/// What a promotion or a demotion came to.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Moved {
    /// The workflow.
    pub workflow: String,
    /// The stage before.
    pub from: String,
    /// The stage now. Where a promotion still waits for its second signature, this is the stage before.
    pub stage: String,
    /// When.
    pub at: Millis,
    /// The frozen report that a promotion rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
    /// Who signed first, where a second signature is still missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for_second_signature: Option<String>,
}

impl Desk {
    /// Promotes a workflow by one stage, if every condition of its gate is green now and the report is the one that was
    /// shown. Where the pack asks for two signatures the first call signs, and the second, by somebody else, promotes.
    pub async fn promote(&self, who: &Identity, id: &str, asked: &Move) -> Result<Moved, DeskError> {
        let reason = reason_of(&asked.reason)?;
        self.require(who, Act::Promote, Some(id), "sign a promotion")?;
        let mut tx = self.write_first().await?;
        let w = workflows::get(&mut tx, id, Hold::Change).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        let now = self.next_turn(&mut tx, id).await?;
        if w.killed_at.is_some() {
            return Err(DeskError::Conflict { conflict: Conflict::WorkflowKilled, kept: None });
        }
        let (from, to) = way(&w, asked.to)?;
        let first = self.first_signature(&mut tx, &w, now).await?;
        let pack = &self.version(&mut tx, id, w.version).await?.pack;
        let signs_first = signs_first(who, pack, first.as_ref())?;
        let report = self.shown_report(&mut tx, &w, asked.report.as_deref(), now).await?;
        let report = match report {
            Shown::Same(hash) => hash,
            Shown::Changed(report) => {
                tx.commit().await?;
                return Err(DeskError::ReportChanged { report });
            }
        };
        let mut moved = Moved {
            workflow: id.to_owned(),
            from: from.to_string(),
            stage: to.to_string(),
            at: now,
            report: Some(report.clone()),
            waits_for_second_signature: None,
        };
        if pack.gate.second_signature && signs_first {
            self.sign(&mut tx, who, &w, to, &report, reason, now).await?;
            tx.commit().await?;
            self.tell(ChangeKind::PromotionSigned, id, None).await;
            moved.stage = from.to_string();
            moved.waits_for_second_signature = Some(who.subject.clone());
            return Ok(moved);
        }
        let first = first.filter(|_| pack.gate.second_signature);
        self.move_on(&mut tx, who, &w, to, first, &report, reason, now).await?;
        tx.commit().await?;
        self.tell(ChangeKind::WorkflowPromoted, id, None).await;
        Ok(moved)
    }

    /// The signature that waits for a second one: by the DRI whom the pack names now, on this version and stage, and no
    /// older than a day.
    pub(crate) async fn first_signature(
        &self,
        tx: &mut Tx,
        w: &WorkflowRow,
        now: Millis,
    ) -> Result<Option<SignatureRow>, DeskError> {
        let Some(first) = gates::signature(tx, &w.id).await? else { return Ok(None) };
        let dri = self.version(tx, &w.id, w.version).await?.pack.workflow.dri.clone();
        let stands = first.version == w.version && first.from_stage == w.stage && first.signer == dri;
        Ok(Some(first).filter(|first| stands && now.0 - first.at < SIGNED_FOR))
    }

    /// Whether the report that was shown is what would be signed. Nothing can be decided while the workflow is held, so
    /// the evidence is what the promotion rests on.
    ///
    /// It is judged again for the moment at which it was shown: the clock alone changes nothing. That it is green is
    /// judged for now.
    async fn shown_report(
        &self,
        tx: &mut Tx,
        w: &WorkflowRow,
        named: Option<&str>,
        now: Millis,
    ) -> Result<Shown, DeskError> {
        let green = self.report(tx, w, now).await?;
        if green.status != Status::Pass {
            return Err(DeskError::GateNotGreen(gate::what_is_missing(&green)));
        }
        let named = named.ok_or_else(|| {
            DeskError::invalid("report", "missing; a promotion names the hash of the gate report that was shown")
        })?;
        let kept = gates::report(tx, named).await?;
        if let Some(kept) = kept.filter(|r| r.workflow_id == w.id && r.version == w.version && r.stage == w.stage)
            && self.report(tx, w, Millis(kept.at)).await?.hash() == named
        {
            return Ok(Shown::Same(kept.hash));
        }
        let fresh = gate::freeze(&self.report(tx, w, gate::to_the_minute(now)).await?)?;
        gates::keep(tx, &fresh).await?;
        Ok(Shown::Changed(fresh.hash))
    }

    #[expect(clippy::too_many_arguments, reason = "a promotion is exactly this")]
    async fn move_on(
        &self,
        tx: &mut Tx,
        who: &Identity,
        w: &WorkflowRow,
        to: Stage,
        first: Option<SignatureRow>,
        report: &str,
        reason: &str,
        now: Millis,
    ) -> Result<(), DeskError> {
        gates::unsign(tx, &w.id).await?;
        let actor =
            first.as_ref().map_or_else(|| who.clone(), |s| Identity { subject: s.signer.clone(), ..who.clone() });
        let turn = Turn {
            report_hash: Some(report.to_owned()),
            second_signer: first.as_ref().map(|_| who.subject.clone()),
            ..Turn::of("promote", to.as_str(), first.as_ref().map_or(reason, |s| s.reason.as_str()))
        };
        let transition = self.turn(tx, &actor, w, turn, now).await?;
        self.come_to(tx, w, to, now).await?;
        workflows::earn(tx, &w.id, w.version, to.as_str(), now, Some(report)).await?;
        let dri = self.version(tx, &w.id, w.version).await?.pack.workflow.dri.clone();
        let detail = json!({ "transition": transition, "from": stage_of(w), "to": to, "report": report, "version": w.version,
                             "first_signer": first.map(|s| s.signer), "dri": dri });
        record(tx, now, who, "workflow.promoted", Some(&w.id), None, detail);
        self.tell_incident(tx, &w.id, "promoted", reason, &who.subject, now).await
    }

    #[expect(clippy::too_many_arguments, reason = "a signature is exactly this")]
    async fn sign(
        &self,
        tx: &mut Tx,
        who: &Identity,
        w: &WorkflowRow,
        to: Stage,
        report_hash: &str,
        reason: &str,
        now: Millis,
    ) -> Result<(), DeskError> {
        let signature = SignatureRow {
            workflow_id: w.id.clone(),
            version: w.version,
            from_stage: w.stage.clone(),
            to_stage: to.to_string(),
            report_hash: report_hash.to_owned(),
            signer: who.subject.clone(),
            reason: reason.to_owned(),
            at: now.0,
        };
        gates::sign(tx, &signature).await?;
        let detail = json!({ "to": to, "report": report_hash, "version": w.version });
        record(tx, now, who, "promotion.signed", Some(&w.id), None, detail);
        Ok(())
    }

    /// Sends a workflow back to an earlier stage.
    pub async fn demote(&self, who: &Identity, id: &str, asked: &Move) -> Result<Moved, DeskError> {
        self.require(who, Act::Demote, Some(id), "demote")?;
        let reason = reason_of(&asked.reason)?;
        let mut tx = self.write_first().await?;
        let w = workflows::get(&mut tx, id, Hold::Change).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        if w.killed_at.is_some() {
            return Err(DeskError::Conflict { conflict: Conflict::WorkflowKilled, kept: None });
        }
        let from = stage_of(&w);
        let Some(to) = asked.to.or_else(|| before(from)).filter(|to| *to < from) else {
            let found = asked.to.map_or_else(|| "no stage before it".to_owned(), |to| format!("found {to}"));
            return Err(DeskError::invalid("to", format!("{id} is at {from}; expected an earlier stage, {found}")));
        };
        let moved = self.demote_in(&mut tx, who, &w, to, reason).await?;
        tx.commit().await?;
        self.tell(ChangeKind::WorkflowDemoted, id, None).await;
        self.tell(ChangeKind::IncidentUpdated, id, None).await;
        Ok(moved)
    }

    /// Demotes within a transaction that holds the workflow's row to change it.
    pub(crate) async fn demote_in(
        &self,
        tx: &mut Tx,
        who: &Identity,
        w: &WorkflowRow,
        to: Stage,
        reason: &str,
    ) -> Result<Moved, DeskError> {
        let now = self.next_turn(tx, &w.id).await?;
        gates::unsign(tx, &w.id).await?;
        let transition = self.turn(tx, who, w, Turn::of("demote", to.as_str(), reason), now).await?;
        self.come_to(tx, w, to, now).await?;
        if who.subject == HUB {
            // What the hub did unasked is for people to look into.
            self.open_incident(tx, "demotion", w, Some(&transition), reason, who, now).await?;
        } else {
            self.tell_incident(tx, &w.id, "demoted", reason, &who.subject, now).await?;
        }
        let detail = json!({ "transition": transition, "from": w.stage, "to": to, "version": w.version });
        record(tx, now, who, "workflow.demoted", Some(&w.id), None, detail);
        Ok(Moved {
            workflow: w.id.clone(),
            from: w.stage.clone(),
            stage: to.to_string(),
            at: now,
            report: None,
            waits_for_second_signature: None,
        })
    }
}

/// What became of the report that was shown.
enum Shown {
    /// It is what would be signed; its hash.
    Same(String),
    /// It has changed; the hash of the one as it is now.
    Changed(String),
}

/// From where a promotion leads, and where to.
fn way(w: &WorkflowRow, asked: Option<Stage>) -> Result<(Stage, Stage), DeskError> {
    let (id, from) = (&w.id, stage_of(w));
    let to = next(from).ok_or_else(|| DeskError::invalid("to", format!("{id} is at {from}, the last stage")))?;
    match asked.filter(|s| *s != to) {
        None => Ok((from, to)),
        Some(other) => {
            let why = format!("{id} goes from {from} to {to}, one stage at a time; found {other}");
            Err(DeskError::invalid("to", why))
        }
    }
}

/// Whether this is the first of two signatures, or the only one; an error for those who can't sign now. All who come
/// here hold the role of a dri.
fn signs_first(who: &Identity, pack: &Pack, first: Option<&SignatureRow>) -> Result<bool, DeskError> {
    let dri = &pack.workflow.dri;
    if who.owner {
        // The owner of a hub for one person stands for the DRI, and can't be two people.
        return match pack.gate.second_signature {
            false => Ok(true),
            true => {
                let what = "sign: this pack asks for two people's signatures, which takes a team hub and a token each";
                Err(DeskError::forbidden(&who.subject, what))
            }
        };
    }
    match first {
        _ if who.subject == *dri => Ok(true),
        Some(_) if pack.gate.second_signature => Ok(false),
        _ => {
            let what = if pack.gate.second_signature { "sign first" } else { "sign a promotion" };
            Err(DeskError::forbidden(&who.subject, format!("{what}: the pack names {dri} as its DRI")))
        }
    }
}

/// The stage of a stored workflow. One that no version of this program wrote counts as the first.
pub(crate) fn stage_of(w: &WorkflowRow) -> Stage {
    w.stage.parse().unwrap_or(Stage::Internal)
}

fn next(stage: Stage) -> Option<Stage> {
    Stage::ALL.into_iter().find(|s| *s > stage)
}

pub(crate) fn before(stage: Stage) -> Option<Stage> {
    Stage::ALL.into_iter().rev().find(|s| *s < stage)
}
