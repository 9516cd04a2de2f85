//! Cases on their way out: the case format and its exports.
//!
//! A case is one outcome as a label: what the customer and the agent wrote, what the model was given and drafted,
//! what a person decided, and hashes that say what exactly they saw.

pub mod jsonl;

use countersign_domain::draft::DraftBody;
use countersign_domain::time::Millis;
use serde::{Deserialize, Serialize};

/// A label with its provenance, as it is stored with the outcome.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Label {
    /// The case's id.
    pub id: String,
    /// The draft.
    pub draft_id: String,
    /// The verdict.
    pub verdict_id: String,
    /// The workflow.
    pub workflow: String,
    /// The workflow's version at staging.
    pub version: i64,
    /// The stage at staging.
    pub stage: String,
    /// The ticket.
    pub external_id: String,
    /// The ticket's revision.
    pub revision: String,
    /// 1, or 2 for a blind second review.
    pub round: i64,
    /// `approve`, `edit` or `escalate`.
    pub action: String,
    /// An edit's grade.
    pub grade: Option<String>,
    /// The grade that the diff suggested.
    pub suggested_grade: Option<String>,
    /// Share of the words changed, 0 to 1.
    pub edit_ratio: Option<f64>,
    /// An escalation's codes.
    pub reasons: Vec<String>,
    /// The reviewer's comment.
    pub comment: Option<String>,
    /// Time spent, in seconds.
    pub seconds: f64,
    /// A stable pseudonym.
    pub reviewer: String,
    /// When it was decided.
    pub decided_at: Millis,
    /// When it came in.
    pub staged_at: Millis,
    /// The probability with which the draft was selected for review.
    pub probability: f64,
    /// Doubts at staging.
    pub marks: Vec<String>,
    /// Over exactly what the reviewer saw.
    pub content_hash: String,
    /// The pack's hash.
    pub pack_hash: String,
    /// The guidelines' hash.
    pub guideline_hash: String,
    /// It came faster than the draft can be read.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub too_fast: bool,
    /// It was to go out without a review, and a kill or a demotion brought it back for a person.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rescued: bool,
    /// Two verdicts differed, and a curator settled on this label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
}

/// A curator's decision between two verdicts; the label's own fields are what was settled on.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Settled {
    /// `approve`, `edit` or `escalate`.
    pub action: String,
    /// An edit's grade.
    pub grade: Option<String>,
    /// An escalation's codes.
    pub reasons: Vec<String>,
    /// An edit's text.
    pub final_text: Option<String>,
    /// Why.
    pub note: String,
    /// A stable pseudonym.
    pub by: String,
    /// When.
    pub at: Millis,
    /// The first verdict and the second.
    pub verdicts: Vec<String>,
    /// What the first reviewer said: action, grade, reasons, text.
    #[schema(value_type = Object)]
    pub was: serde_json::Value,
}

/// A case: one line of the JSONL export.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Case {
    /// The label and where it comes from.
    #[serde(flatten)]
    pub label: Label,
    /// What should have been sent: the draft where it was approved, the reviewer's text where it was edited, none
    /// where it was escalated.
    pub reference_text: Option<String>,
    /// Thread, draft, sources, model and the rest, as they came in.
    #[serde(flatten)]
    pub body: DraftBody,
}
