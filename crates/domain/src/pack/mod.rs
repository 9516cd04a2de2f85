//! The workflow pack: a folder in a team's git that defines one workflow.
//!
//! `workflow.toml` holds every setting, and names the file of guidelines that reviewers see and
//! the runbook for incidents. [`Pack::parse`] either gives a pack in which everything holds
//! together, or says all that is wrong with it, by file, line and key.

mod alerts;
mod error;
mod hash;
mod keys;
mod names;
mod policy;
mod probe;
mod read;
mod rule;
mod section;
mod stage;
mod template;
#[cfg(test)]
mod tests;
mod txt;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::draft::Audience;

pub use alerts::{Alerts, Incident, Message, PAGERDUTY_URL};
pub use error::PackError;
pub use hash::same_text;
pub use names::{BadName, MicroUsd, ModelName, SourcePattern};
pub use policy::{
    AudienceRule, Cost, Delivery, FailureBudget, FailureRate, Gate, GateCount, PerStage, Pii, Policy, Preference, Pull,
    Reason, Review, RiskRate, Routing, Sources, Workflow,
};
pub use probe::Probe;
pub use stage::{Stage, UnknownStage};
pub use template::template;
pub use txt::render_txt;

/// File name → text.
pub type PackFiles = BTreeMap<String, String>;

/// A whole workflow, checked. Its JSON is the settings; the texts are served on their own.
#[derive(Debug, Clone, Serialize)]
pub struct Pack {
    /// Who answers for what.
    pub workflow: Workflow,
    /// Who gets AI drafts at each stage.
    pub audience: PerStage<AudienceRule>,
    /// What a draft may cite, and who reads it.
    pub sources: Sources,
    /// What may leave for a model provider, and for how long it is kept.
    pub policy: Policy,
    /// How a model is picked.
    pub routing: Routing,
    /// How drafts are reviewed.
    pub review: Review,
    /// Where decided replies go, if anywhere.
    pub delivery: Option<Delivery>,
    /// Where drafts are fetched from.
    pub pull: Vec<Pull>,
    /// What has to be shown before the next stage.
    pub gate: Gate,
    /// The failure rate that pages and demotes.
    pub failure_budget: Option<FailureBudget>,
    /// Whom it alerts.
    pub alerts: Option<Alerts>,
    /// What is said in an incident.
    pub incident: Incident,
    /// What the workflow may spend.
    pub cost: Option<Cost>,
    /// The reviewers' guidelines, in Markdown.
    #[serde(skip)]
    pub guidelines: String,
    /// What to do in an incident, in Markdown.
    #[serde(skip)]
    pub runbook: String,
    /// Drafts with a known fault; none where the pack has none.
    #[serde(skip)]
    pub probes: Vec<Probe>,
    /// Keys that are set and that nothing acts on yet.
    #[serde(skip)]
    pub not_enforced: Vec<&'static str>,
    #[serde(skip)]
    hash: String,
    #[serde(skip)]
    revision_hash: String,
    #[serde(skip)]
    guideline_hash: String,
}

impl Pack {
    /// The files of this pack: the settings, and what they name.
    #[must_use]
    pub fn named_files(&self) -> Vec<&str> {
        let named = [Self::WORKFLOW_FILE, &self.workflow.guidelines, &self.workflow.runbook];
        named.into_iter().chain(self.review.probes.as_deref()).collect()
    }

    /// The file that names the others.
    pub const WORKFLOW_FILE: &str = "workflow.toml";

    /// Reads and checks a pack.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, in the order of the lines.
    pub fn parse(files: &PackFiles) -> Result<Self, Vec<PackError>> {
        read::pack(files, read::Taken::Now)
    }

    /// Reads a pack that was applied before: a name that a new workflow may not take any more doesn't keep an old one
    /// from being read, and killed.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it.
    pub fn stored(files: &PackFiles) -> Result<Self, Vec<PackError>> {
        read::pack(files, read::Taken::Before)
    }

    /// Hex SHA-256 of what decides drafts, review or counts: the identity of a workflow version. Comments, the order of
    /// keys, line endings and whatever else lies in the folder have no part in it.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Hex SHA-256 of everything that the pack says: the identity of a version's revision.
    #[must_use]
    pub fn revision_hash(&self) -> &str {
        &self.revision_hash
    }

    /// Hex SHA-256 of the guidelines, which a label is read together with.
    #[must_use]
    pub fn guideline_hash(&self) -> &str {
        &self.guideline_hash
    }

    /// The escalation reason with this code.
    #[must_use]
    pub fn reason(&self, code: &str) -> Option<&Reason> {
        self.review.reasons.iter().find(|reason| reason.code == code)
    }

    /// Reason code → the letter that picks it after the escalate key; no letter twice.
    #[must_use]
    pub fn reason_keys(&self) -> BTreeMap<&str, char> {
        keys::of(&self.review.reasons)
    }

    /// Whether a draft for this audience may exist at this stage.
    #[must_use]
    pub fn admits(&self, stage: Stage, audience: &Audience) -> bool {
        self.audience.at(stage).admits(audience)
    }

    /// Whether a draft may cite this source.
    #[must_use]
    pub fn may_cite(&self, source_id: &str) -> bool {
        self.sources.allow.iter().any(|pattern| pattern.matches(source_id))
    }

    /// How long after its staging a draft enters the record of an upper bound.
    #[must_use]
    pub fn entry_lag_seconds(&self) -> i64 {
        match self.gate.entry_lag_hours {
            Some(hours) => i64::from(hours) * 3_600,
            None => self.overdue_seconds(),
        }
    }

    /// How long a draft may wait before it counts as left undecided: a quarter of the time there is.
    #[must_use]
    pub fn overdue_seconds(&self) -> i64 {
        i64::from(self.review.expires_hours) * 900
    }

    /// The probability with which a draft is selected for review, above 0 and at most 1.
    /// High risk only ever raises it.
    #[must_use]
    pub fn review_rate(&self, stage: Stage, high_risk: bool) -> f64 {
        let rate = *self.review.rate.at(stage);
        if high_risk { rate.max(self.review.risk_rate.high) } else { rate }
    }
}
