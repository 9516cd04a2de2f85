//! What a workflow has to show, and what it may cost.

use super::set;
use crate::pack::policy::GateCount::{Edit, Escalate, EscalateHarm, EscalateReason};
use crate::pack::policy::{Cost, FailureBudget, FailureRate, Gate, GateCount, Reason};
use crate::pack::rule::{self, Rule};
use crate::pack::section::Section;
use crate::verdict::Grade;

pub(super) fn gate(section: Option<Section<'_>>, reasons: &[Reason]) -> Gate {
    let mut gate = Gate {
        alpha: 0.05,
        min_reviewed: 200,
        min_days: 3,
        max_unresolved: 0.05,
        entry_lag_hours: None,
        eval_suite: None,
        kill_drill_days: 30,
        second_signature: false,
        rates: default_rates(),
    };
    let Some(section) = section else {
        return gate;
    };
    set(&mut gate.alpha, section.optional("alpha", rule::alpha()));
    set(&mut gate.min_reviewed, section.optional("min_reviewed", rule::whole(1..=1_000_000)));
    set(&mut gate.min_days, section.optional("min_days", rule::whole(0..=365)));
    set(&mut gate.max_unresolved, section.optional("max_unresolved", rule::share()));
    gate.entry_lag_hours = section.optional("entry_lag_hours", rule::whole(0..=720));
    gate.eval_suite = section.optional("eval_suite", rule::relative_path());
    set(&mut gate.kill_drill_days, section.optional("kill_drill_days", rule::whole(1..=365)));
    set(&mut gate.second_signature, section.optional("second_signature", rule::flag()));
    let tables = section.tables("rate");
    section.refuse_unknown_keys();
    if !tables.is_empty() {
        gate.rates = rates(&tables, reasons);
    }
    gate
}

/// A gate without rates would be open, so a pack that names none gets these.
fn default_rates() -> Vec<FailureRate> {
    let not_as_is = [Edit(Grade::Material), Edit(Grade::Factual), Edit(Grade::Citation), Escalate];
    let harm = [Edit(Grade::Factual), EscalateHarm];
    vec![
        FailureRate { name: "not sent as is".to_owned(), counts: not_as_is.into(), max: 0.3 },
        FailureRate { name: "harm".to_owned(), counts: harm.into(), max: 0.05 },
    ]
}

fn rates(tables: &[Section<'_>], reasons: &[Reason]) -> Vec<FailureRate> {
    let mut rates: Vec<FailureRate> = Vec::with_capacity(tables.len());
    for table in tables {
        let name = table.required("name", rule::text());
        let counts =
            table.required_list("counts", gate_count(reasons), "at least one outcome that counts as a failure");
        let max = table.required("max", rule::share_above_zero());
        table.refuse_unknown_keys();
        let Some(name) = name else { continue };
        if rates.iter().any(|rate| rate.name == name) {
            table.fault("name", "a name of its own for each rate", &format!("{name:?} again"));
        }
        rates.push(FailureRate { name, counts, max: max.unwrap_or(1.0) });
    }
    rates
}

fn gate_count(reasons: &[Reason]) -> Rule<GateCount> {
    let edits = [Grade::Cosmetic, Grade::Material, Grade::Factual, Grade::Citation].map(Edit);
    let codes = reasons.iter().map(|reason| EscalateReason(reason.code.clone()));
    let outcomes = edits.into_iter().chain([Escalate, EscalateHarm]).chain(codes);
    rule::choice(outcomes.map(|count| (count.to_string(), count)).collect())
}

pub(super) fn failure_budget(section: &Section<'_>, rates: &[FailureRate]) -> Option<FailureBudget> {
    let mut names = rule::choice(rates.iter().map(|rate| (rate.name.clone(), rate.name.clone())).collect());
    names.expected = "the name of a [[gate.rate]]".to_owned();
    let rate = section.required("rate", names);
    let window_days = section.optional("window_days", rule::whole(1..=90)).unwrap_or(28);
    section.refuse_unknown_keys();
    Some(FailureBudget { rate: rate?, window_days })
}

pub(super) fn cost(section: &Section<'_>) -> Option<Cost> {
    let monthly_usd = section.required("monthly_usd", rule::money());
    let max_per_sent_usd = section.optional("max_per_sent_usd", rule::money());
    let alert_at = section.list("alert_at", rule::share_above_zero()).unwrap_or_else(|| vec![0.5, 0.8, 1.0]);
    let hard_stop = section.optional("hard_stop", rule::flag()).unwrap_or(true);
    if !alert_at.is_sorted() {
        section.fault("alert_at", "shares that rise", "one below the share before it");
    }
    section.refuse_unknown_keys();
    Some(Cost { monthly_usd: monthly_usd?, max_per_sent_usd, alert_at, hard_stop })
}
