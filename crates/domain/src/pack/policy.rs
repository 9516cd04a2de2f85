//! The sections of a pack, as they are used. Every value is within the range its comment gives.

use std::fmt;

use serde::{Serialize, Serializer};

use super::{MicroUsd, ModelName, SourcePattern, Stage};
use crate::draft::Audience;
use crate::ids::WorkflowId;
use crate::verdict::Grade;

/// One value for each stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PerStage<T> {
    /// At `internal`.
    pub internal: T,
    /// At `opt_in`.
    pub opt_in: T,
    /// At `default`.
    pub default: T,
}

impl<T> PerStage<T> {
    /// The value at a stage.
    pub const fn at(&self, stage: Stage) -> &T {
        match stage {
            Stage::Internal => &self.internal,
            Stage::OptIn => &self.opt_in,
            Stage::Default => &self.default,
        }
    }
}

/// `[workflow]`.
#[derive(Debug, Clone, Serialize)]
pub struct Workflow {
    /// The id, for good.
    pub id: WorkflowId,
    /// What the workflow does, in a line.
    pub name: String,
    /// The subject of the one person who promotes it.
    pub dri: String,
    /// The file of the reviewers' guidelines.
    pub guidelines: String,
    /// The file of the runbook.
    pub runbook: String,
}

/// `[audience]` at one stage. Any of the three admits; `except_groups` overrides them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AudienceRule {
    /// Admits anyone.
    pub everyone: bool,
    /// Admits who asked for it.
    pub opted_in: bool,
    /// Admits members of one of these.
    pub groups: Vec<String>,
    /// Keeps members of any of these out.
    pub except_groups: Vec<String>,
}

impl AudienceRule {
    pub(super) fn admits(&self, audience: &Audience) -> bool {
        let in_one_of = |groups: &[String]| audience.groups.iter().any(|group| groups.contains(group));
        let admitted = self.everyone || (self.opted_in && audience.opted_in) || in_one_of(&self.groups);
        admitted && !in_one_of(&self.except_groups)
    }
}

/// `[sources]`. Without it nothing may be cited.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Sources {
    /// What a draft may cite.
    pub allow: Vec<SourcePattern>,
    /// The access labels that the drafts' readers hold.
    pub access: Vec<String>,
}

/// What happens to personal data on its way to a third party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pii {
    /// It is replaced by placeholders.
    Redact,
    /// The call is refused.
    Block,
    /// It goes out.
    Allow,
}

/// `[policy]`.
#[derive(Debug, Clone, Serialize)]
pub struct Policy {
    /// The handling of personal data.
    pub pii: Pii,
    /// 1 to 3,650 days.
    pub retention_days: u32,
    /// The tools that a model may call.
    pub allowed_tools: Vec<String>,
    /// The models that may be used; the first is the one of a fixed route.
    pub models: Vec<ModelName>,
}

/// How a model is picked among the policy's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    /// The cheapest whose last eval run on this version is green.
    CheapestPassingEval,
    /// The one that answers fastest.
    Fastest,
    /// Always the first of the list.
    Fixed,
}

/// `[routing]`.
#[derive(Debug, Clone, Serialize)]
pub struct Routing {
    /// How a model is picked.
    pub preference: Preference,
}

/// `[review]`.
#[derive(Debug, Clone, Serialize)]
pub struct Review {
    /// The share of drafts that is reviewed, above 0 and at most 1: a draft that could never be
    /// picked would be missing from the evidence.
    pub rate: PerStage<f64>,
    /// The same for risky drafts.
    pub risk_rate: RiskRate,
    /// The share, 0 to 1, that a second person reviews blind.
    pub double_rate: f64,
    /// How many drafts people can read a day, 1 to 1,000,000. When more come in, the rates above are lowered.
    pub per_day: Option<u32>,
    /// The file of drafts with a known fault, mixed in to see whether people read.
    pub probes: Option<String>,
    /// How long a reviewer holds a draft without a sign of life: 30 to 3,600.
    pub lease_seconds: u32,
    /// How long a verdict can be withdrawn: 0 to 600.
    pub undo_seconds: u32,
    /// How long a draft may wait: 1 to 720.
    pub expires_hours: u32,
    /// Why a draft may be escalated, in the pack's order; 1 to 26.
    #[serde(rename = "reason")]
    pub reasons: Vec<Reason>,
}

/// `[review] risk_rate`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct RiskRate {
    /// For drafts with a doubt signal or without a valid citation: above 0 and at most 1.
    pub high: f64,
}

/// `[[review.reason]]`.
#[derive(Debug, Clone, Serialize)]
pub struct Reason {
    /// Unique in the pack.
    pub code: String,
    /// What reviewers read.
    pub label: String,
    /// Whether it counts as harm in `escalate:harm`.
    pub harm: bool,
    /// The route of the people it goes to.
    pub to: String,
}

/// `[delivery]`: a Standard Webhooks receiver.
#[derive(Debug, Clone, Serialize)]
pub struct Delivery {
    /// The receiver.
    pub url: String,
    /// The environment variable with the `whsec_…` secret.
    pub secret_env: String,
    /// The variable with the secret before it, signed with as well while it is being replaced.
    pub previous_secret_env: Option<String>,
    /// Whether the receiver may be on a private address.
    pub allow_private: bool,
}

/// `[[pull]]`.
#[derive(Debug, Clone, Serialize)]
pub struct Pull {
    /// The source of drafts.
    pub url: String,
    /// How often it is asked: 5 to 86,400.
    pub every_seconds: u32,
    /// The environment variable with its bearer token.
    pub token_env: Option<String>,
    /// Whether the source may be on a private address.
    pub allow_private: bool,
}

/// `[gate]`.
#[derive(Debug, Clone, Serialize)]
pub struct Gate {
    /// The chance of a false green, shared out over the rates: above 0 and at most 0.5.
    pub alpha: f64,
    /// Reviews needed at a stage.
    pub min_reviewed: u32,
    /// Days needed at a stage.
    pub min_days: u32,
    /// The share, 0 to 1, of selected drafts that may be left undecided or unconfirmed.
    pub max_unresolved: f64,
    /// How long after its staging a draft enters the record of an upper bound: 0 to 720. A quarter of
    /// `review.expires_hours` where it isn't set.
    pub entry_lag_hours: Option<u32>,
    /// The eval suite that has to be green.
    pub eval_suite: Option<String>,
    /// How long ago the last kill drill may be.
    pub kill_drill_days: u32,
    /// Whether a second person has to sign a promotion.
    pub second_signature: bool,
    /// The failure rates that have to be under their limits; at least one.
    #[serde(rename = "rate")]
    pub rates: Vec<FailureRate>,
}

/// `[[gate.rate]]`.
#[derive(Debug, Clone, Serialize)]
pub struct FailureRate {
    /// Unique in the pack.
    pub name: String,
    /// The outcomes that count as failures.
    pub counts: Vec<GateCount>,
    /// The limit: above 0 and at most 1.
    pub max: f64,
}

/// An outcome that a failure rate counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GateCount {
    /// `edit.GRADE`.
    Edit(Grade),
    /// `escalate`: for any reason.
    Escalate,
    /// `escalate:harm`: for any reason that is harmful.
    EscalateHarm,
    /// `escalate:CODE`: for this reason.
    EscalateReason(String),
}

impl fmt::Display for GateCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Edit(grade) => write!(f, "edit.{}", grade.as_str()),
            Self::Escalate => f.write_str("escalate"),
            Self::EscalateHarm => f.write_str("escalate:harm"),
            Self::EscalateReason(code) => write!(f, "escalate:{code}"),
        }
    }
}

impl Serialize for GateCount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// `[failure_budget]`.
#[derive(Debug, Clone, Serialize)]
pub struct FailureBudget {
    /// The name of a gate rate, whose limit is the budget.
    pub rate: String,
    /// 1 to 90.
    pub window_days: u32,
}

/// `[cost]`.
#[derive(Debug, Clone, Serialize)]
pub struct Cost {
    /// The cap on a calendar month.
    pub monthly_usd: MicroUsd,
    /// The gate's limit on the cost of a draft that was sent.
    pub max_per_sent_usd: Option<MicroUsd>,
    /// The shares of the cap that raise an alert: above 0 and at most 1, rising.
    pub alert_at: Vec<f64>,
    /// Whether calls are refused at the cap.
    pub hard_stop: bool,
}
