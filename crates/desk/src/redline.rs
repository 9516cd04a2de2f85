//! Red lines: when the failure budget's rate is surely over its limit, the hub sends the workflow back a stage by
//! itself, and at `internal` it kills it.

use crate::promote::{before, stage_of};
use crate::{ChangeKind, Desk, DeskError, gate};
use countersign_domain::access::Identity;
use countersign_domain::evidence;
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, evidence as stored};
use serde::Deserialize;
use std::collections::HashMap;

#[derive(Deserialize)]
struct Baseline {
    version: i64,
    counts: Vec<(f64, String, i64)>,
}

/// A baseline from before overtaken drafts were told apart from expired ones: in a lower bound only these make a
/// difference.
fn now_called(outcome: String) -> String {
    if outcome == "unresolved" { "superseded".to_owned() } else { outcome }
}

impl Desk {
    /// Looks at every living workflow's red line, and acts on it. Answers the workflows that were sent back.
    pub async fn watch_red_lines(&self) -> Result<Vec<String>, DeskError> {
        let mut acted = Vec::new();
        for id in self.workflow_ids().await? {
            let mut tx = self.read().await?;
            let Some(w) = workflows::get(&mut tx, &id, Hold::Look).await? else { continue };
            let crossed = self.crossed(&mut tx, &w).await?.is_some();
            drop(tx);
            // What was seen without a lock is looked at again under it.
            if crossed && self.send_back(&id).await? {
                acted.push(id);
            }
        }
        Ok(acted)
    }

    async fn send_back(&self, id: &str) -> Result<bool, DeskError> {
        let hub = Identity::hub();
        let mut tx = self.write_first().await?;
        let Some(w) = workflows::get(&mut tx, id, Hold::Change).await? else { return Ok(false) };
        let Some(reason) = self.crossed(&mut tx, &w).await? else { return Ok(false) };
        match before(stage_of(&w)) {
            Some(to) => {
                self.demote_in(&mut tx, &hub, &w, to, &reason).await?;
                tx.commit().await?;
                self.tell(ChangeKind::WorkflowDemoted, id, None).await;
                self.tell(ChangeKind::IncidentUpdated, id, None).await;
            }
            None => {
                drop(tx);
                self.kill(&hub, id, &reason).await?;
            }
        }
        tracing::warn!(workflow = id, "sent back by its red line");
        Ok(true)
    }

    /// Why a living workflow is over its red line, in words.
    ///
    /// What counts is the evidence since it came to its stage: a workflow that was resumed isn't killed a second time
    /// for the same failures, although its gate stays red on them.
    async fn crossed(&self, tx: &mut Tx, w: &WorkflowRow) -> Result<Option<String>, DeskError> {
        if w.killed_at.is_some() {
            return Ok(None);
        }
        let version = self.version(tx, &w.id, w.version).await?;
        let pack = &version.pack;
        let budget = pack.failure_budget.as_ref();
        let Some(rate) = budget.and_then(|b| pack.gate.rates.iter().find(|r| r.name == b.rate)) else {
            return Ok(None);
        };
        let mut rows = stored::at_stage(tx, &w.id, w.version, &w.stage, 0, 0).await?;
        if let Ok(baseline) = serde_json::from_str::<Baseline>(&w.baseline)
            && baseline.version == w.version
        {
            let mut before: HashMap<(u64, String), i64> =
                baseline.counts.into_iter().map(|(p, outcome, n)| ((p.to_bits(), now_called(outcome)), n)).collect();
            for row in &mut rows {
                if let Some(n) = before.get_mut(&(row.probability.to_bits(), row.outcome.clone())) {
                    let gone = (*n).min(row.n);
                    row.n -= gone;
                    *n -= gone;
                }
            }
        }
        let groups = evidence::groups_below(&gate::gather(rows), rate, pack);
        let alpha = pack.gate.alpha / pack.gate.rates.len().max(1) as f64;
        let lower = evidence::lower_bound(&groups, alpha).map_err(|e| DeskError::Setup(e.to_string()))?;
        Ok((lower > rate.max).then(|| {
            format!("{} is surely above {:.1}%, over the limit of {:.1}%", rate.name, lower * 100.0, rate.max * 100.0)
        }))
    }
}
