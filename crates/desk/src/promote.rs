//! Promotion and demotion. A promotion goes one stage at a time, on a green gate, and there is no override.

use crate::transition::{Turn, reason_of};
use crate::{ChangeKind, Desk, DeskError, gate, record};
use countersign_domain::access::{Act, HUB, Identity};
use countersign_domain::gate::Status;
use countersign_domain::pack::Stage;
use countersign_domain::time::Millis;
use countersign_domain::verdict::Conflict;
use countersign_store::Tx;
use countersign_store::gates::{self, SignatureRow};
use countersign_store::workflows::{self, Hold, WorkflowRow};
use serde::{Deserialize, Serialize};
use serde_json::json;

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
    /// The hash of the green gate report that a promotion rests on, as `GET …/gate` answered it. The evidence is
    /// read anew all the same, and must still be green.
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
    /// Promotes a workflow by one stage, if every condition of its gate is green now. Where the pack asks for two
    /// signatures the first call signs, and the second, by somebody else, promotes.
    pub async fn promote(&self, who: &Identity, id: &str, asked: &Move) -> Result<Moved, DeskError> {
        let reason = reason_of(&asked.reason)?;
        let mut tx = self.write_first().await?;
        self.require(who, Act::Countersign, Some(id), "sign a promotion")?;
        let w = workflows::get(&mut tx, id, Hold::Change).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        let now = self.next_turn(&mut tx, id).await?;
        let first = gates::signature(&mut tx, id).await?;
        if first.is_none() {
            self.require(who, Act::Promote, Some(id), "sign a promotion")?;
        }
        if w.killed_at.is_some() {
            return Err(DeskError::Conflict { conflict: Conflict::WorkflowKilled, kept: None });
        }
        let from = stage_of(&w);
        let Some(to) = next(from) else {
            return Err(DeskError::invalid("to", format!("{id} is at {from}, the last stage")));
        };
        if let Some(other) = asked.to.filter(|s| *s != to) {
            return Err(DeskError::invalid(
                "to",
                format!("{id} goes from {from} to {to}, one stage at a time; found {other}"),
            ));
        }
        if let Some(named) = &asked.report {
            let kept = gates::report(&mut tx, named).await?.filter(|r| r.workflow_id == id);
            let kept = kept.ok_or_else(|| DeskError::not_found("gate report", named))?;
            if kept.status != "pass" || kept.version != w.version || kept.stage != w.stage {
                let why = format!("report {named} is no green one of version {} at {from}", w.version);
                return Err(DeskError::GateNotGreen(why));
            }
        }
        // Nothing can be decided while the workflow's row is held, so this is the evidence that the promotion rests on.
        let report = self.report(&mut tx, &w, now).await?;
        if report.status != Status::Pass {
            return Err(DeskError::GateNotGreen(gate::what_is_missing(&report)));
        }
        let frozen = gate::freeze(&report)?;
        gates::keep(&mut tx, &frozen).await?;

        let pack_asks_two = self.version(&mut tx, id, w.version).await?.pack.gate.second_signature;
        let first = first.filter(|s| s.version == w.version && s.from_stage == w.stage);
        let mut moved = Moved {
            workflow: id.to_owned(),
            from: from.to_string(),
            stage: to.to_string(),
            at: now,
            report: Some(frozen.hash.clone()),
            waits_for_second_signature: None,
        };
        if pack_asks_two && first.as_ref().is_none_or(|s| s.signer == who.subject) {
            // A first signature is the DRI's; one that was left by another version doesn't count.
            self.require(who, Act::Promote, Some(id), "sign a promotion first")?;
            self.sign(&mut tx, who, &w, to, &frozen.hash, reason, now).await?;
            tx.commit().await?;
            self.tell(ChangeKind::PromotionSigned, id, None).await;
            moved.stage = from.to_string();
            moved.waits_for_second_signature = Some(who.subject.clone());
            return Ok(moved);
        }
        if !pack_asks_two {
            self.require(who, Act::Promote, Some(id), "promote")?;
        }
        gates::unsign(&mut tx, id).await?;
        let actor =
            first.as_ref().map_or_else(|| who.clone(), |s| Identity { subject: s.signer.clone(), ..who.clone() });
        let turn = Turn {
            report_hash: Some(frozen.hash.clone()),
            second_signer: first.as_ref().map(|_| who.subject.clone()),
            ..Turn::of("promote", to.as_str(), first.as_ref().map_or(reason, |s| s.reason.as_str()))
        };
        let transition = self.turn(&mut tx, &actor, &w, turn, now).await?;
        self.come_to(&mut tx, &w, to, now).await?;
        let detail = json!({ "transition": transition, "from": from, "to": to, "report": frozen.hash, "version": w.version,
                             "first_signer": first.map(|s| s.signer) });
        record(&mut tx, now, who, "workflow.promoted", Some(id), None, detail);
        self.tell_incident(&mut tx, id, "promoted", reason, &who.subject, now).await?;
        tx.commit().await?;
        self.tell(ChangeKind::WorkflowPromoted, id, None).await;
        Ok(moved)
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
