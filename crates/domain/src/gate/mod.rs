//! The gate: the conditions for a workflow's next stage, each with pass, hold or fail and the reason in plain words.

mod conditions;
mod loosened;

pub use loosened::{Loosening, loosened};

use crate::burn::{self, BudgetState, Burn};
use crate::evidence::{self, BadGroups, Bound, Counts, Flow, Summary};
use crate::pack::{FailureRate, Pack, Stage};
use crate::time::Millis;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// How a condition stands, and a gate with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Green.
    Pass,
    /// Too little is known, or too little is done.
    Hold,
    /// Red.
    Fail,
}

impl Status {
    /// As it stands on the wire and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Hold => "hold",
            Self::Fail => "fail",
        }
    }

    /// As people say it.
    pub fn as_word(self) -> &'static str {
        match self {
            Self::Pass => "green",
            Self::Hold => "holding",
            Self::Fail => "red",
        }
    }
}

impl From<BudgetState> for Status {
    /// What is spent within its limit is met, and nothing else.
    fn from(state: BudgetState) -> Self {
        if state == BudgetState::Within { Self::Pass } else { Self::Hold }
    }
}

/// The latest result of the pack's eval suite on this version.
#[derive(Clone, Debug)]
pub struct EvalFact {
    /// Which suite.
    pub suite: String,
    /// How it ended.
    pub green: bool,
    /// When.
    pub at: Millis,
}

/// A limit that a version loosened, and who applied it.
#[derive(Clone, Debug)]
pub struct Loosened {
    /// Which limit, and from what to what.
    pub what: Loosening,
    /// By which version.
    pub version: i64,
    /// Who applied it.
    pub by: String,
}

/// Reviews of drafts that were staged under another version or at another stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Elsewhere {
    /// The version that they were staged under.
    pub version: i64,
    /// The stage that they were staged at.
    pub stage: String,
    /// How many were reviewed since the workflow came to its present stage and version.
    pub reviewed: i64,
}

/// All that a gate is judged by.
pub struct Input<'a> {
    /// The workflow's pack in force.
    pub pack: &'a Pack,
    /// Its version.
    pub version: i64,
    /// Where the workflow is.
    pub stage: Stage,
    /// The time.
    pub now: Millis,
    /// Since when this version is at this stage.
    pub stage_since: Millis,
    /// This version's counts at this stage.
    pub counts: &'a [Counts],
    /// The drafts that come in a day at this stage; empty where that isn't known.
    pub flow: &'a [Flow],
    /// What was reviewed since it came to this stage and was staged under another version or at another stage.
    pub elsewhere: Vec<Elsewhere>,
    /// This version's counts at the next stage, from an earlier stay there.
    pub ahead: &'a [Counts],
    /// The latest result of the pack's suite on this version.
    pub eval: Option<EvalFact>,
    /// The last kill drill that went well.
    pub last_drill: Option<Millis>,
    /// The failure budget's rules that fire now, over the whole workflow.
    pub firing: Vec<Burn>,
    /// What was reviewed within the failure budget's window, of this version at this stage.
    pub spent: burn::Counts,
    /// What the versions since the last promotion loosened.
    pub loosened: Vec<Loosened>,
}

/// One condition.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Condition {
    /// Its key: `rate`, `reviewed`, `days`, `unresolved`, `eval_suite`, `runbook`, `kill_drill`, `cost_per_sent`,
    /// `failure_budget`, `next_stage` or `last_stage`.
    pub name: &'static str,
    /// In words; a rate's own name.
    pub label: String,
    /// How it stands.
    pub status: Status,
    /// Why.
    pub reason: String,
    /// What was measured, where it is a number: a share, a count, days, or US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measured: Option<f64>,
    /// Its limit, in the same unit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<f64>,
    /// The suite that `eval_suite` asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suite: Option<String>,
    /// How the budget stands that `failure_budget` is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<BudgetState>,
}

/// One failure rate.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct RateLine {
    /// Its name.
    pub name: String,
    /// The outcomes that it counts as failures.
    pub counts: Vec<String>,
    /// How it stands.
    pub status: Status,
    /// The estimate; none without any draft.
    pub estimate: Option<f64>,
    /// It is surely above this.
    pub lower: f64,
    /// It is surely below this.
    pub upper: f64,
    /// Its limit.
    pub limit: f64,
    /// More reviews until it is green, if things go on as they are; none if it never will be.
    pub more_reviews: Option<u64>,
    /// Days until then; the entry lag and the days that a stage takes at the least come on top.
    pub days: Option<f64>,
    /// How it would stand if every verdict that waits for a second person were confirmed; none where that is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_confirmed: Option<Status>,
}

/// A gate as it stands. Its JSON is the same to the byte for the same facts.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Report {
    /// The workflow.
    pub workflow: String,
    /// Its version.
    pub version: i64,
    /// Where it is.
    pub stage: Stage,
    /// The stage that the gate leads to; none at the last.
    pub to: Option<Stage>,
    /// When it was judged.
    pub at: Millis,
    /// Since when this version is at this stage.
    pub stage_since: Millis,
    /// The worst of the conditions.
    pub status: Status,
    /// How it would stand if every verdict that waits for a second person were confirmed; none where that is the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_confirmed: Option<Status>,
    /// Every condition.
    pub conditions: Vec<Condition>,
    /// The rates among them, with their intervals.
    pub rates: Vec<RateLine>,
    /// What the drafts of this version at this stage came to.
    pub summary: Summary,
    /// What was reviewed meanwhile and is not among them: drafts that were staged earlier.
    pub staged_elsewhere: Vec<Elsewhere>,
    /// How long after its staging a draft enters the record of the upper bounds, in hours.
    pub entry_lag_hours: f64,
    /// The chance of a false green that each rate has.
    pub alpha_per_rate: f64,
    /// Limits that versions since the last promotion loosened, in words.
    pub loosened: Vec<String>,
}

impl Report {
    /// Whether the conditions hold that lead into a stage, judged by the drafts at it: all but those about what comes
    /// after it.
    pub fn earns_its_stage(&self) -> bool {
        let mut its_own = self.conditions.iter().filter(|c| !["next_stage", "last_stage"].contains(&c.name));
        its_own.all(|c| c.status == Status::Pass)
    }

    /// Hex SHA-256 of its JSON.
    pub fn hash(&self) -> String {
        // Plain structs; serialising them can't fail, and nothing would still be a hash.
        hex::encode(Sha256::digest(serde_json::to_string(self).unwrap_or_default()))
    }
}

/// Judges a gate.
///
/// # Errors
///
/// Counts whose probability is none.
pub fn report(input: Input<'_>) -> Result<Report, BadGroups> {
    let pack = input.pack;
    let to = Stage::ALL.into_iter().find(|s| *s > input.stage);
    let alpha = pack.gate.alpha / pack.gate.rates.len().max(1) as f64;
    let Judged { mut rates, summary, conditions, status } = judge(&input, input.counts, to, alpha)?;
    let mut if_confirmed = None;
    if summary.unconfirmed > 0 {
        let confirmed: Vec<Counts> = input.counts.iter().cloned().map(Counts::confirmed).collect();
        let other = judge(&input, &confirmed, to, alpha)?;
        if_confirmed = Some(other.status).filter(|s| *s != status);
        for (rate, other) in rates.iter_mut().zip(other.rates) {
            rate.if_confirmed = Some(other.status).filter(|s| *s != rate.status);
        }
    }
    let said = |l: &Loosened| {
        format!("{} loosened from {} to {} in version {} by {}", l.what.limit, l.what.from, l.what.to, l.version, l.by)
    };
    Ok(Report {
        workflow: pack.workflow.id.as_str().to_owned(),
        version: input.version,
        stage: input.stage,
        to,
        at: input.now,
        stage_since: input.stage_since,
        status,
        if_confirmed,
        conditions,
        rates,
        summary,
        staged_elsewhere: input.elsewhere,
        entry_lag_hours: pack.entry_lag_seconds() as f64 / 3_600.0,
        alpha_per_rate: alpha,
        loosened: input.loosened.iter().map(said).collect(),
    })
}

/// How a rate stands: red as soon as it is surely above its limit, and green on evidence alone.
fn standing(bound: &Bound, max: f64) -> Status {
    if bound.lower > max {
        Status::Fail
    } else if bound.upper <= max && bound.estimate.is_some() {
        Status::Pass
    } else {
        Status::Hold
    }
}

/// A gate on these counts.
struct Judged {
    rates: Vec<RateLine>,
    summary: Summary,
    conditions: Vec<Condition>,
    status: Status,
}

fn judge(input: &Input<'_>, counts: &[Counts], to: Option<Stage>, alpha: f64) -> Result<Judged, BadGroups> {
    let summary = Summary::of(counts);
    let rates = rates(input, counts, alpha)?;
    let conditions = conditions::all(input, &rates, &summary, to, alpha)?;
    let status = conditions.iter().map(|c| c.status).max().unwrap_or(Status::Hold);
    Ok(Judged { rates, summary, conditions, status })
}

fn rates(input: &Input<'_>, counts: &[Counts], alpha: f64) -> Result<Vec<RateLine>, BadGroups> {
    let pack = input.pack;
    let days = (input.now.0 - input.stage_since.0) as f64 / 86_400_000.0;
    let fallback = if input.flow.is_empty() { evidence::flow_of(counts, days) } else { Vec::new() };
    let flow = if input.flow.is_empty() { &fallback } else { input.flow };
    let line = |rate: &FailureRate| {
        let bound = evidence::interval(counts, rate, pack, alpha)?;
        let forecast = evidence::until_green(counts, rate, pack, alpha, flow)?;
        Ok(RateLine {
            name: rate.name.clone(),
            counts: rate.counts.iter().map(ToString::to_string).collect(),
            status: standing(&bound, rate.max),
            estimate: bound.estimate,
            lower: bound.lower,
            upper: bound.upper,
            limit: rate.max,
            more_reviews: forecast.map(|f| f.reviews),
            days: forecast.map(|f| f.days),
            if_confirmed: None,
        })
    };
    pack.gate.rates.iter().map(line).collect()
}
