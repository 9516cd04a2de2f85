//! What a new version has still to earn. It keeps the workflow's stage for sending alone: above internal all of its
//! drafts are reviewed until the gate into that stage is green on them. Then the pack's own rates apply.

use crate::gate::{freeze, to_the_minute};
use crate::promote::stage_of;
use crate::{ChangeKind, Desk, DeskError, record};
use countersign_domain::access::Identity;
use countersign_domain::pack::Stage;
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, gates};
use serde_json::json;

impl Desk {
    /// Whether a version has passed the gate into a stage; nothing leads into the first.
    pub(crate) async fn has_earned(
        &self,
        tx: &mut Tx,
        id: &str,
        version: i64,
        stage: Stage,
    ) -> Result<bool, DeskError> {
        Ok(stage == Stage::Internal || workflows::has_earned(tx, id, version, stage.as_str()).await?)
    }

    /// Looks whether the gate into its stage is green for each version that hasn't earned it yet. Answers the workflows
    /// where one has.
    pub async fn watch_earned(&self) -> Result<Vec<String>, DeskError> {
        let mut earned = Vec::new();
        for id in self.workflow_ids().await? {
            let mut tx = self.read().await?;
            let Some(w) = workflows::get(&mut tx, &id, Hold::Look).await? else { continue };
            let green = self.earns_now(&mut tx, &w).await?;
            drop(tx);
            // What was seen without a lock is looked at again under it.
            if green && self.earn(&id).await? {
                earned.push(id);
            }
        }
        Ok(earned)
    }

    async fn earns_now(&self, tx: &mut Tx, w: &WorkflowRow) -> Result<bool, DeskError> {
        if w.killed_at.is_some() || self.has_earned(tx, &w.id, w.version, stage_of(w)).await? {
            return Ok(false);
        }
        Ok(self.report(tx, w, to_the_minute(self.now())).await?.earns_its_stage())
    }

    async fn earn(&self, id: &str) -> Result<bool, DeskError> {
        let mut tx = self.write().await?;
        let Some(w) = workflows::get(&mut tx, id, Hold::Change).await? else { return Ok(false) };
        if !self.earns_now(&mut tx, &w).await? {
            return Ok(false);
        }
        let now = self.now();
        let report = freeze(&self.report(&mut tx, &w, to_the_minute(now)).await?)?;
        gates::keep(&mut tx, &report).await?;
        workflows::earn(&mut tx, id, w.version, &w.stage, now, Some(&report.hash)).await?;
        let detail = json!({ "version": w.version, "stage": w.stage, "report": report.hash });
        record(&mut tx, now, &Identity::hub(), "version.earned", Some(id), None, detail);
        tx.commit().await?;
        self.tell(ChangeKind::VersionEarned, id, None).await;
        Ok(true)
    }
}
