//! Workflows as they stand.

use crate::promote::stage_of;
use crate::view::sees_verdicts;
use crate::{Desk, DeskError};
use countersign_domain::access::{Act, Identity};
use countersign_domain::pack::Pack;
use countersign_domain::state::State;
use countersign_domain::time::Millis;
use countersign_store::workflows::{self, Hold, WorkflowRow};
use countersign_store::{Tx, deliveries, escalations, probes, pulls, second_reviews};
use serde::Serialize;
use std::collections::BTreeMap;

/// A reason to escalate.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct ReasonView {
    /// Its code.
    pub code: String,
    /// In words.
    pub label: String,
    /// Whether it counts as harm.
    pub harm: bool,
    /// To whom it goes.
    pub to: String,
    /// The letter that picks it.
    pub key: String,
}

/// A workflow as it stands.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WorkflowView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: i64,
    /// Its version's revision.
    pub revision: i64,
    /// `internal`, `opt_in` or `default`.
    pub stage: String,
    /// Whether the version has passed the gate into this stage; until then every draft is reviewed.
    pub earned: bool,
    /// Whether it is killed.
    pub killed: bool,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub killed_at: Option<Millis>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub killed_by: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub killed_reason: Option<String>,
    /// Who answers for it.
    pub dri: String,
    /// How many drafts in each state; states without any are left out.
    pub drafts: BTreeMap<&'static str, i64>,
    /// Open escalations.
    pub escalations_open: i64,
    /// Deliveries on their way.
    pub deliveries_waiting: i64,
    /// Deliveries that gave up.
    pub deliveries_undeliverable: i64,
    /// Reasons to escalate.
    pub reasons: Vec<ReasonView>,
    /// How long a verdict can be withdrawn, in seconds.
    pub undo_seconds: u32,
    /// How long a lease lasts, in seconds.
    pub lease_seconds: u32,
    /// Whether decided replies are sent anywhere.
    pub delivers: bool,
    /// Where drafts are pulled from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pulls: Vec<PullView>,
}

/// An endpoint that is asked for drafts.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PullView {
    /// The endpoint.
    pub url: String,
    /// When it is asked next; left out before it is asked for the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Millis>,
    /// What was wrong with its last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

/// A workflow with its texts.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct WorkflowDetail {
    /// The workflow.
    #[serde(flatten)]
    pub workflow: WorkflowView,
    /// The reviewers' guidelines, Markdown; empty for those who don't review.
    pub guidelines: String,
    /// The runbook, Markdown.
    pub runbook: String,
    /// Every setting of the pack.
    #[schema(value_type = Object)]
    pub pack: serde_json::Value,
}

impl Desk {
    /// A page of the workflows that this identity has to do with, by id, and after which to go on.
    pub async fn list_workflows(
        &self,
        who: &Identity,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<WorkflowView>, Option<String>), DeskError> {
        let mut tx = self.snapshot().await?;
        let mut out = Vec::new();
        let rows = self.chosen(&mut tx, who, Act::Enter, None).await?;
        for row in rows.iter().filter(|w| w.id.as_str() > after).take(limit) {
            out.push(self.workflow_view(&mut tx, who, row).await?.0);
        }
        let last = out.last().map(|w| w.id.clone());
        let more = last.as_ref().is_some_and(|last| rows.iter().any(|w| w.id > *last));
        Ok((out, last.filter(|_| more)))
    }

    /// One workflow with its texts.
    pub async fn show_workflow(&self, who: &Identity, id: &str) -> Result<WorkflowDetail, DeskError> {
        self.require(who, Act::Enter, Some(id), "read this workflow")?;
        let mut tx = self.read().await?;
        let row = workflows::get(&mut tx, id, Hold::Look).await?.ok_or_else(|| DeskError::not_found("workflow", id))?;
        let (workflow, version) = self.workflow_view(&mut tx, who, &row).await?;
        let pack: &Pack = &version.pack;
        let reads = |act| who.scope(act).includes(id);
        Ok(WorkflowDetail {
            workflow,
            guidelines: if reads(Act::ReadPacks) { pack.guidelines.clone() } else { String::new() },
            runbook: if reads(Act::ReadRunbook) { pack.runbook.clone() } else { String::new() },
            pack: match reads(Act::ReadPacks) {
                true => serde_json::to_value(pack).unwrap_or_default(),
                false => serde_json::json!({}),
            },
        })
    }

    async fn workflow_view(
        &self,
        tx: &mut Tx,
        who: &Identity,
        row: &WorkflowRow,
    ) -> Result<(WorkflowView, std::sync::Arc<crate::Version>), DeskError> {
        let version = self.version(tx, &row.id, row.version).await?;
        let pack = &version.pack;
        let keys = pack.reason_keys();
        let killed = row.killed_at.is_some() || self.is_held(&row.id);
        let mut counts = BTreeMap::new();
        let mut stored = self.counts_for(tx, who, &row.id).await?;
        if !pack.probes.is_empty() {
            stored.extend(probes::counts(tx, &row.id, &who.subject).await?);
        }
        for (state, n) in stored {
            let shown = if state == State::Staged && killed { State::Frozen } else { state };
            *counts.entry(shown.as_str()).or_insert(0) += n;
        }
        counts.retain(|_, n| *n != 0);
        let (mut open, mut waiting, mut gone) = (
            escalations::open_count(tx, &row.id).await?,
            deliveries::waiting(tx, &row.id).await?,
            deliveries::undeliverable(tx, &row.id).await?,
        );
        if !sees_verdicts(who, &row.id) {
            let hidden = second_reviews::hidden_escalations(tx, &row.id, &who.subject).await?;
            open -= hidden.iter().filter(|(route, _)| !who.answers(route)).map(|(_, n)| n).sum::<i64>();
            waiting -= second_reviews::hidden_deliveries(tx, &row.id, &who.subject, "pending").await?;
            gone -= second_reviews::hidden_deliveries(tx, &row.id, &who.subject, "undeliverable").await?;
        }
        let stands = if pack.pull.is_empty() { Vec::new() } else { pulls::of(tx, &row.id).await? };
        let pulls = pack.pull.iter().map(|pull| {
            let at = stands.iter().find(|s| s.url == pull.url);
            PullView {
                url: pull.url.clone(),
                next_at: at.map(|s| Millis(s.next_at)),
                last_error: at.and_then(|s| s.last_error.clone()),
            }
        });
        let view = WorkflowView {
            id: row.id.clone(),
            name: row.name.clone(),
            version: row.version,
            revision: version.revision,
            earned: self.has_earned(tx, &row.id, row.version, stage_of(row)).await?,
            stage: row.stage.clone(),
            killed,
            killed_at: row.killed_at.map(Millis),
            killed_by: row.killed_by.clone(),
            killed_reason: row.killed_reason.clone(),
            dri: pack.workflow.dri.clone(),
            drafts: counts,
            escalations_open: open,
            deliveries_waiting: waiting,
            deliveries_undeliverable: gone,
            reasons: pack
                .review
                .reasons
                .iter()
                .map(|r| ReasonView {
                    code: r.code.clone(),
                    label: r.label.clone(),
                    harm: r.harm,
                    to: r.to.clone(),
                    key: keys.get(r.code.as_str()).map(char::to_string).unwrap_or_default(),
                })
                .collect(),
            undo_seconds: pack.review.undo_seconds,
            lease_seconds: pack.review.lease_seconds,
            delivers: pack.delivery.is_some(),
            pulls: pulls.collect(),
        };
        Ok((view, version))
    }
}
