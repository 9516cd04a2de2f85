//! What every change of a workflow's stage or life writes: the transition, and the help desk's notice.

use crate::promote::stage_of;
use crate::{Desk, DeskError, deliver, new_id};
use countersign_domain::access::Identity;
use countersign_domain::pack::Stage;
use countersign_domain::time::Millis;
use countersign_store::workflows::{self, TransitionRow, WorkflowRow};
use countersign_store::{Tx, evidence};
use serde_json::json;
use std::collections::BTreeMap;

/// A change of a workflow's stage or life, before it is written.
pub(crate) struct Turn<'a> {
    /// `kill`, `resume`, `promote` or `demote`.
    pub(crate) kind: &'static str,
    pub(crate) to_stage: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) frozen: Option<i64>,
    pub(crate) report_hash: Option<String>,
    pub(crate) second_signer: Option<String>,
}

impl<'a> Turn<'a> {
    pub(crate) fn of(kind: &'static str, to_stage: &'a str, reason: &'a str) -> Self {
        Self { kind, to_stage, reason, frozen: None, report_hash: None, second_signer: None }
    }
}

/// A reason that can be kept.
pub(crate) fn reason_of(reason: &str) -> Result<&str, DeskError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 2_000 || reason.contains('\0') {
        return Err(DeskError::invalid("reason", "expected 1 to 2000 characters on why"));
    }
    Ok(reason)
}

impl Desk {
    /// The moment of a workflow's next transition, whose row is held to change it: not before the last one, whatever
    /// the clock of the hub that made that, and however long this one waited for the row.
    pub(crate) async fn next_turn(&self, tx: &mut Tx, id: &str) -> Result<Millis, DeskError> {
        let (now, last) = (self.now(), workflows::last_turn(tx, id).await?);
        // In the same millisecond they are told apart by their ids.
        Ok(last.filter(|last| *last > now.0).map_or(now, |last| Millis(last + 1)))
    }

    /// Writes a transition and tells the help desk, even of a killed workflow. Answers the transition's id.
    pub(crate) async fn turn(
        &self,
        tx: &mut Tx,
        who: &Identity,
        w: &WorkflowRow,
        turn: Turn<'_>,
        at: Millis,
    ) -> Result<String, DeskError> {
        let (notice, stage) = match turn.kind {
            "kill" => ("workflow.killed", w.stage.as_str()),
            "resume" => ("workflow.resumed", turn.to_stage),
            "promote" => ("workflow.promoted", turn.to_stage),
            _ => ("workflow.demoted", turn.to_stage),
        };
        if self.version(tx, &w.id, w.version).await?.pack.delivery.is_some() {
            let data = json!({ "workflow": w.id, "reason": turn.reason, "stage": stage });
            deliver::enqueue(tx, &w.id, None, "", deliver::Behind::Notice, notice, at, at, data).await?;
        }
        let row = TransitionRow {
            id: new_id(),
            workflow_id: w.id.clone(),
            kind: turn.kind.to_owned(),
            from_stage: w.stage.clone(),
            to_stage: turn.to_stage.to_owned(),
            version: w.version,
            actor: who.subject.clone(),
            reason: turn.reason.to_owned(),
            at: at.0,
            effect_ms: None,
            commit_ms: None,
            hubs: None,
            frozen: turn.frozen,
            report_hash: turn.report_hash,
            second_signer: turn.second_signer,
        };
        workflows::add_transition(tx, &row).await?;
        if matches!(turn.kind, "kill" | "demote") {
            workflows::recall(tx, &w.id, &row.id).await?;
        }
        Ok(row.id)
    }

    /// Puts a workflow at a stage. What its version's evidence there is now is kept: red lines look at what comes
    /// after it, or a workflow that was resumed would be killed again for what it was killed for.
    pub(crate) async fn come_to(
        &self,
        tx: &mut Tx,
        w: &WorkflowRow,
        stage: Stage,
        now: Millis,
    ) -> Result<(), DeskError> {
        let from = stage_of(w);
        if stage < from {
            // What it has earned below stays.
            workflows::lose(tx, &w.id, w.version, from.as_str()).await?;
        }
        let counts = evidence::at_stage(tx, &w.id, w.version, stage.as_str(), 0, 0).await?;
        // A lower bound hangs on no floor, so none is kept.
        let mut sums: BTreeMap<(u64, &str), i64> = BTreeMap::new();
        for count in &counts {
            *sums.entry((count.probability.to_bits(), &count.outcome)).or_default() += count.n;
        }
        // What is still to be decided comes after it, with all that it takes: its arrival, too.
        let mut pending: BTreeMap<u64, i64> = BTreeMap::new();
        for ((bits, outcome), n) in &sums {
            match *outcome {
                "staged" => *pending.entry(*bits).or_default() += n,
                "costed" | "cost_micro_usd" => {}
                _ => *pending.entry(*bits).or_default() -= n,
            }
        }
        let counts: Vec<(f64, &str, i64)> = sums
            .into_iter()
            .map(|((bits, outcome), n)| {
                let left = if outcome == "staged" { pending.get(&bits).map_or(0, |n| (*n).max(0)) } else { 0 };
                (f64::from_bits(bits), outcome, n - left)
            })
            .collect();
        let baseline = json!({ "version": w.version, "counts": counts }).to_string();
        Ok(workflows::set_stage(tx, &w.id, stage.as_str(), now, &baseline).await?)
    }
}
