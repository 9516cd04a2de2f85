//! How incidents look to whoever reads them.

use countersign_domain::time::Millis;
use countersign_store::incidents::IncidentRow;
use serde::Serialize;

/// An incident in a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct IncidentSummary {
    /// Its id.
    pub id: String,
    /// The workflow.
    pub workflow: String,
    /// 1, 2, 3 … in its workflow.
    pub number: i64,
    /// A line on what it is.
    pub title: String,
    /// What opened it: `kill`, `demotion`, or `manual` for a person.
    pub kind: String,
    /// `open` or `closed`.
    pub state: String,
    /// The workflow's version then.
    pub version: i64,
    /// The workflow's stage before.
    pub stage: String,
    /// The kill or demotion that opened it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transition: Option<String>,
    /// When.
    pub opened_at: Millis,
    /// By whom.
    pub opened_by: String,
    /// When it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Millis>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub closed_by: Option<String>,
    /// Steps of its runbook.
    pub steps_total: i64,
    /// Steps ticked off.
    pub steps_done: i64,
}

/// An incident with everything.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct IncidentView {
    /// What it is.
    #[serde(flatten)]
    pub summary: IncidentSummary,
    /// The runbook of that version, as steps.
    pub steps: Vec<StepView>,
    /// What to tell whom, from the pack of that version, to copy.
    pub messages: Vec<MessageView>,
    /// What happened lately, oldest first.
    pub entries: Vec<EntryView>,
    /// Where its earlier entries go on, the latest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entries_cursor: Option<String>,
    /// What was learned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When that was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note_at: Option<Millis>,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note_by: Option<String>,
}

/// A step of an incident's runbook.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = IncidentStep)]
pub struct StepView {
    /// 1, 2, 3 …
    pub n: i64,
    /// The heading it stands under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// What to do, Markdown.
    pub text: String,
    /// Whether it is ticked off.
    pub done: bool,
    /// By whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// When.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
}

/// A text to copy.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = IncidentMessage)]
pub struct MessageView {
    /// For whom or where.
    pub name: String,
    /// The text.
    pub text: String,
}

/// A line of an incident's timeline.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
#[schema(as = IncidentEntry)]
pub struct EntryView {
    /// When.
    pub at: Millis,
    /// Who.
    pub actor: String,
    /// `opened`, `killed`, `demoted`, `resumed`, `alert`, `ticked`, `unticked`, `note` or `closed`.
    pub kind: String,
    /// What.
    pub text: String,
}

pub(super) fn summary(i: IncidentRow) -> IncidentSummary {
    IncidentSummary {
        id: i.id,
        workflow: i.workflow_id,
        number: i.number,
        title: i.title,
        kind: i.kind,
        state: i.state,
        version: i.version,
        stage: i.stage,
        transition: i.transition_id,
        opened_at: Millis(i.opened_at),
        opened_by: i.opened_by,
        closed_at: i.closed_at.map(Millis),
        closed_by: i.closed_by,
        steps_total: i.steps,
        steps_done: i.steps_done,
    }
}
