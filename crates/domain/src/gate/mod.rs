//! The gate: the conditions for a workflow's next stage, each with pass, hold or fail and the reason in plain words.

mod loosened;

pub use loosened::{Loosening, loosened};

use crate::evidence::{self, BadGroups, Counts, Summary};
use crate::pack::{MicroUsd, Pack, Stage};
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
    /// This version's counts at the next stage, from an earlier stay there.
    pub ahead: &'a [Counts],
    /// The latest result of the pack's suite on this version.
    pub eval: Option<EvalFact>,
    /// The last kill drill that went well.
    pub last_drill: Option<Millis>,
    /// Why the failure budget freezes promotions now, if it does.
    pub freeze: Option<String>,
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
    /// Every condition.
    pub conditions: Vec<Condition>,
    /// The rates among them, with their intervals.
    pub rates: Vec<RateLine>,
    /// What the drafts came to.
    pub summary: Summary,
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
    let summary = Summary::of(input.counts);
    let rates = rates(pack, input.counts, alpha)?;
    let mut conditions: Vec<Condition> = rates.iter().map(rate_condition).collect();
    conditions.extend([reviewed(pack, &summary), days(&input), unresolved(pack, &summary)]);
    conditions.extend(eval_suite(&input));
    conditions.extend([runbook(pack), kill_drill(&input)]);
    conditions.extend(cost_per_sent(pack, &summary));
    conditions.extend(failure_budget(&input));
    match to {
        Some(to) => conditions.extend(next_stage(&input, to, alpha)?),
        None => conditions.push(condition(
            "last_stage",
            "next stage",
            Status::Hold,
            format!("{} is the last stage; there is none to go to", input.stage),
        )),
    }
    let status = conditions.iter().map(|c| c.status).max().unwrap_or(Status::Hold);
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
        conditions,
        rates,
        summary,
        alpha_per_rate: alpha,
        loosened: input.loosened.iter().map(said).collect(),
    })
}

fn condition(name: &'static str, label: &str, status: Status, reason: String) -> Condition {
    Condition { name, label: label.to_owned(), status, reason, measured: None, limit: None, suite: None }
}

fn measured(mut condition: Condition, measured: f64, limit: f64) -> Condition {
    condition.measured = Some(measured);
    condition.limit = Some(limit);
    condition
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

fn rates(pack: &Pack, counts: &[Counts], alpha: f64) -> Result<Vec<RateLine>, BadGroups> {
    let line = |rate: &crate::pack::FailureRate| {
        let groups = evidence::groups(counts, rate, pack);
        let bound = evidence::bound(&groups, alpha)?;
        let status = if bound.upper <= rate.max {
            Status::Pass
        } else if bound.lower > rate.max {
            Status::Fail
        } else {
            Status::Hold
        };
        Ok(RateLine {
            name: rate.name.clone(),
            counts: rate.counts.iter().map(ToString::to_string).collect(),
            status,
            estimate: bound.estimate,
            lower: bound.lower,
            upper: bound.upper,
            limit: rate.max,
            more_reviews: evidence::more_until_green(&groups, rate.max, alpha)?,
        })
    };
    pack.gate.rates.iter().map(line).collect()
}

fn rate_condition(rate: &RateLine) -> Condition {
    let limit = percent(rate.limit);
    let reason = match (rate.status, rate.estimate, rate.more_reviews) {
        (Status::Pass, ..) => format!("surely below {}, within the limit of {limit}", percent(rate.upper)),
        (Status::Fail, ..) => format!("red: surely above {}, over the limit of {limit}", percent(rate.lower)),
        (_, None, _) => "nothing is reviewed yet".to_owned(),
        (_, _, Some(more)) => format!("holding: {more} more reviews at this rate until it is surely below {limit}"),
        (_, Some(estimate), None) => format!("holding: at {} it never comes surely below {limit}", percent(estimate)),
    };
    measured(condition("rate", &rate.name, rate.status, reason), rate.upper, rate.limit)
}

fn reviewed(pack: &Pack, summary: &Summary) -> Condition {
    let (n, wanted) = (summary.reviewed, u64::from(pack.gate.min_reviewed));
    let enough = n >= wanted;
    let more = if enough { String::new() } else { format!("; {} more are needed", wanted - n) };
    let waits = match summary.unconfirmed {
        0 => String::new(),
        n => format!("; {n} more wait for a second person's confirmation"),
    };
    let status = if enough { Status::Pass } else { Status::Hold };
    let reason = format!("{n} of {wanted} drafts reviewed{more}{waits}");
    measured(condition("reviewed", "reviewed", status, reason), n as f64, wanted as f64)
}

fn days(input: &Input<'_>) -> Condition {
    let days = (input.now.0 - input.stage_since.0).max(0).div_euclid(86_400_000);
    let wanted = i64::from(input.pack.gate.min_days);
    let status = if days >= wanted { Status::Pass } else { Status::Hold };
    let reason = format!("{days} of {wanted} days at {} with version {}", input.stage, input.version);
    measured(condition("days", "days at this stage", status, reason), days as f64, wanted as f64)
}

fn unresolved(pack: &Pack, summary: &Summary) -> Condition {
    let limit = pack.gate.max_unresolved;
    if summary.selected == 0 {
        let reason = "no draft has been selected for review yet".to_owned();
        return measured(condition("unresolved", "left undecided", Status::Hold, reason), 0.0, limit);
    }
    let share = summary.unresolved as f64 / summary.selected as f64;
    let status = if share <= limit { Status::Pass } else { Status::Hold };
    let reason = format!(
        "{} of {} drafts selected for review were left undecided, {} against at most {}",
        summary.unresolved,
        summary.selected,
        percent(share),
        percent(limit)
    );
    measured(condition("unresolved", "left undecided", status, reason), share, limit)
}

fn eval_suite(input: &Input<'_>) -> Option<Condition> {
    let suite = input.pack.gate.eval_suite.as_ref()?;
    let (status, reason) = match &input.eval {
        None => (Status::Hold, format!("no result of {suite} on version {} yet", input.version)),
        Some(e) if e.green => (Status::Pass, format!("{} was green on {}", e.suite, e.at)),
        Some(e) => (Status::Fail, format!("{} was red on {}", e.suite, e.at)),
    };
    let asked = condition("eval_suite", &format!("eval suite on version {}", input.version), status, reason);
    Some(Condition { suite: Some(suite.clone()), ..asked })
}

fn runbook(pack: &Pack) -> Condition {
    let there = !pack.runbook.trim().is_empty();
    let (status, reason) = if there {
        (Status::Pass, format!("{} is there", pack.workflow.runbook))
    } else {
        (Status::Hold, format!("{} is empty", pack.workflow.runbook))
    };
    condition("runbook", "runbook", status, reason)
}

fn kill_drill(input: &Input<'_>) -> Condition {
    let limit = i64::from(input.pack.gate.kill_drill_days);
    let Some(last) = input.last_drill else {
        let reason = format!("no kill drill has gone well yet; one within {limit} days is needed");
        return condition("kill_drill", "kill drill", Status::Hold, reason);
    };
    let days = (input.now.0 - last.0).max(0).div_euclid(86_400_000);
    let status = if days <= limit { Status::Pass } else { Status::Hold };
    let reason = format!("the last kill drill was {days} days ago, of at most {limit}");
    measured(condition("kill_drill", "kill drill", status, reason), days as f64, limit as f64)
}

fn cost_per_sent(pack: &Pack, summary: &Summary) -> Option<Condition> {
    let limit = pack.cost.as_ref()?.max_per_sent_usd?;
    let dollars = |micro: i64| micro as f64 / 1e6;
    let line = |status, reason| condition("cost_per_sent", "cost per sent reply", status, reason);
    if summary.costed == 0 || summary.sent == 0 {
        let reason = match summary.staged {
            0 => "no draft has come in yet".to_owned(),
            _ if summary.costed > 0 => "no reply has been sent yet".to_owned(),
            n => format!("none of {n} drafts said what it cost, so nothing is held against {limit} US dollars"),
        };
        return Some(line(Status::Pass, reason));
    }
    // Drafts that didn't say are taken to have cost what the others did. Rounded up: in doubt it is dearer.
    let all = u128::from(summary.cost_micro_usd) * u128::from(summary.staged);
    let each = all.div_ceil(u128::from(summary.costed) * u128::from(summary.sent));
    let each = i64::try_from(each).unwrap_or(i64::MAX);
    let status = if each <= limit.0 { Status::Pass } else { Status::Fail };
    let reason = format!("{} US dollars for each sent reply, of at most {limit}", MicroUsd(each));
    Some(measured(line(status, reason), dollars(each), dollars(limit.0)))
}

fn failure_budget(input: &Input<'_>) -> Option<Condition> {
    let budget = input.pack.failure_budget.as_ref()?;
    let (status, reason) = match &input.freeze {
        Some(why) => (Status::Hold, format!("promotions are frozen: {why}")),
        None => (Status::Pass, format!("the budget of {} doesn't burn too fast", budget.rate)),
    };
    Some(condition("failure_budget", "failure budget", status, reason))
}

/// A stage that this very version was sent back from is no stage to go to again.
fn next_stage(input: &Input<'_>, to: Stage, alpha: f64) -> Result<Option<Condition>, BadGroups> {
    if input.ahead.is_empty() {
        return Ok(None);
    }
    let red = rates(input.pack, input.ahead, alpha)?.into_iter().find(|r| r.status == Status::Fail);
    let (status, reason) = match red {
        Some(rate) => (
            Status::Fail,
            format!("{} went red at {to} on version {}; it takes a new version", rate.name, input.version),
        ),
        None => (Status::Pass, format!("nothing was red at {to} on version {}", input.version)),
    };
    Ok(Some(condition("next_stage", &format!("earlier stay at {to}"), status, reason)))
}
