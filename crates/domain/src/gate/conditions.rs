//! The conditions of a gate, one by one.

use super::{Condition, Input, RateLine, Status, standing};
use crate::burn::{self, Action, BudgetState};
use crate::evidence::{self, BadGroups, Summary};
use crate::pack::{MicroUsd, Pack, Stage};

/// All of them.
pub(super) fn all(
    input: &Input<'_>,
    rates: &[RateLine],
    summary: &Summary,
    to: Option<Stage>,
    alpha: f64,
) -> Result<Vec<Condition>, BadGroups> {
    let pack = input.pack;
    let mut conditions: Vec<Condition> = rates.iter().map(rate_condition).collect();
    conditions.extend([reviewed(input, summary), days(input), unresolved(pack, summary)]);
    conditions.extend(eval_suite(input));
    conditions.extend([runbook(pack), kill_drill(input)]);
    conditions.extend(cost_per_sent(pack, summary));
    conditions.extend(failure_budget(input));
    match to {
        Some(to) => conditions.extend(next_stage(input, to, alpha)?),
        None => conditions.push(condition(
            "last_stage",
            "next stage",
            Status::Hold,
            format!("{} is the last stage; there is none to go to", input.stage),
        )),
    }
    Ok(conditions)
}

fn condition(name: &'static str, label: &str, status: Status, reason: String) -> Condition {
    Condition { name, label: label.to_owned(), status, reason, measured: None, limit: None, suite: None, budget: None }
}

fn measured(mut condition: Condition, measured: f64, limit: f64) -> Condition {
    condition.measured = Some(measured);
    condition.limit = Some(limit);
    condition
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

fn rate_condition(rate: &RateLine) -> Condition {
    let limit = percent(rate.limit);
    let said = match (rate.status, rate.estimate, rate.more_reviews) {
        (Status::Pass, ..) => format!("surely below {}, within the limit of {limit}", percent(rate.upper)),
        (Status::Fail, ..) => format!("red: surely above {}, over the limit of {limit}", percent(rate.lower)),
        (_, None, _) => "nothing is reviewed yet".to_owned(),
        (_, _, Some(0)) => format!("holding: the drafts that wait to enter the record may bring it below {limit}"),
        (_, _, Some(more)) => format!("holding: {more} more reviews at this rate until it is surely below {limit}"),
        (_, Some(estimate), None) => format!("holding: at {} it never comes surely below {limit}", percent(estimate)),
    };
    measured(condition("rate", &rate.name, rate.status, said), rate.upper, rate.limit)
}

fn reviewed(input: &Input<'_>, summary: &Summary) -> Condition {
    let (n, wanted) = (summary.reviewed, u64::from(input.pack.gate.min_reviewed));
    let enough = n >= wanted;
    let more = if enough { String::new() } else { format!("; {} more are needed", wanted - n) };
    let waits = match summary.unconfirmed {
        0 => String::new(),
        n => format!("; {n} more wait for a second person's confirmation"),
    };
    let status = if enough { Status::Pass } else { Status::Hold };
    let elsewhere: String = input
        .elsewhere
        .iter()
        .map(|e| match e.version == input.version {
            true => format!("; {} more reviewed here were staged at {}", e.reviewed, e.stage),
            false => {
                format!("; {} more reviewed here were staged at {} under version {}", e.reviewed, e.stage, e.version)
            }
        })
        .collect();
    let reason = format!(
        "{n} of {wanted} drafts reviewed that version {} staged at {}{more}{waits}{elsewhere}",
        input.version, input.stage
    );
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
    let unknown = summary.unknown();
    let share = unknown as f64 / summary.selected as f64;
    let status = if share <= limit { Status::Pass } else { Status::Hold };
    let hours = f64::from(pack.review.expires_hours) / 4.0;
    let parts = [
        (summary.expired, "expired".to_owned()),
        (summary.unresolved - summary.expired, "overtaken undecided".to_owned()),
        (summary.overdue, format!("waiting for longer than {hours} hours")),
        (summary.unconfirmed, "waiting for a second person's confirmation".to_owned()),
    ];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    let which = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    let reason = format!(
        "of {} drafts selected for review {unknown} are undecided or unconfirmed{which}: {} against at most {}",
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
            n => format!("none of {n} drafts said what it cost, so nothing can be held against {limit} US dollars"),
        };
        return Some(line(Status::Hold, reason));
    }
    // Drafts that didn't say are taken to have cost what the others did. Rounded up: in doubt it is dearer.
    let all = u128::from(summary.cost_micro_usd) * u128::from(summary.staged);
    let each = all.div_ceil(u128::from(summary.costed) * u128::from(summary.sent));
    let each = i64::try_from(each).unwrap_or(i64::MAX);
    let status = if each <= limit.0 { Status::Pass } else { Status::Fail };
    let reason = format!("{} US dollars for each sent reply, of at most {limit}", MicroUsd(each));
    Some(measured(line(status, reason), dollars(each), dollars(limit.0)))
}

/// An overspent budget holds a promotion, counted on this version at this stage; so does a rule that fires, which looks at
/// the whole workflow.
fn failure_budget(input: &Input<'_>) -> Option<Condition> {
    let budget = input.pack.failure_budget.as_ref()?;
    let max = input.pack.gate.rates.iter().find(|r| r.name == budget.rate)?.max;
    let spent = input.spent;
    let share = spent.rate() / max;
    let of = format!("version {} at {} over {} days", input.version, input.stage, budget.window_days);
    let (state, alert) = burn::standing(&spent, max, &input.firing);
    let reason = match (state, alert) {
        (_, Some(b)) if b.rule.action == Action::Page => format!("promotions are frozen: {}", b.words()),
        (_, Some(b)) => format!("an alert is firing: {}", b.words()),
        (BudgetState::Unknown, _) => format!("no draft of {of} is reviewed"),
        (BudgetState::Overspent, _) => format!(
            "overspent by {}: {} failures of {} in {of}, against {}",
            percent(share - 1.0),
            percent(spent.rate()),
            budget.rate,
            percent(max)
        ),
        _ if share > 1.0 => format!(
            "{} failures of {} in {} reviews of {of}: too few to call it overspent",
            spent.failures, budget.rate, spent.reviewed
        ),
        _ => format!("{} of the budget of {} is spent by {of}", percent(share), budget.rate),
    };
    let line = measured(condition("failure_budget", "failure budget", state.into(), reason), share, 1.0);
    Some(Condition { budget: Some(state), ..line })
}

/// A stage that this very version was sent back from is no stage to go to again.
fn next_stage(input: &Input<'_>, to: Stage, alpha: f64) -> Result<Option<Condition>, BadGroups> {
    if input.ahead.is_empty() {
        return Ok(None);
    }
    let mut red = None;
    for rate in &input.pack.gate.rates {
        let bound = evidence::interval(input.ahead, rate, input.pack, alpha)?;
        if standing(&bound, rate.max) == Status::Fail {
            red = Some(rate);
            break;
        }
    }
    let (status, reason) = match red {
        Some(rate) => (
            Status::Fail,
            format!("{} went red at {to} on version {}; it takes a new version", rate.name, input.version),
        ),
        None => (Status::Pass, format!("nothing was red at {to} on version {}", input.version)),
    };
    Ok(Some(condition("next_stage", &format!("earlier stay at {to}"), status, reason)))
}
