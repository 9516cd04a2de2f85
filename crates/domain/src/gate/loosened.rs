//! What a new version of a pack asks less for than the one before.

use crate::pack::{FailureRate, GateCount, Pack, Pii, Stage};
use std::fmt::Display;

/// A limit that was loosened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loosening {
    /// Which.
    pub limit: String,
    /// What it was.
    pub from: String,
    /// What it is.
    pub to: String,
}

/// Every limit that `after` loosens: of the gate, of the review that it rests on, and of what may be cited.
pub fn loosened(before: &Pack, after: &Pack) -> Vec<Loosening> {
    let mut out = Vec::new();
    let mut note = |limit: &str, from: String, to: String| out.push(Loosening { limit: limit.to_owned(), from, to });
    rates(before, after, &mut note);
    conditions(before, after, &mut note);
    budget(before, after, &mut note);
    review(before, after, &mut note);
    data(before, after, &mut note);
    out
}

/// Takes down a limit, what it was, and what it is.
type Note<'n> = &'n mut dyn FnMut(&str, String, String);

fn rates(before: &Pack, after: &Pack, note: Note<'_>) {
    for rate in &before.gate.rates {
        let limit = format!("limit of {}", rate.name);
        match after.gate.rates.iter().find(|r| r.name == rate.name) {
            None => note(&limit, share(rate.max), "none".to_owned()),
            Some(now) => {
                if now.max > rate.max {
                    note(&limit, share(rate.max), share(now.max));
                }
                for dropped in rate.counts.iter().filter(|c| !counts(now, c)) {
                    note(&format!("what counts in {}", rate.name), dropped.to_string(), "nothing".to_owned());
                }
            }
        }
    }
    let harmless = |code: &str| after.reason(code).is_some_and(|now| !now.harm);
    for reason in before.review.reasons.iter().filter(|r| r.harm && harmless(&r.code)) {
        note(&format!("reason {}", reason.code), "harm".to_owned(), "no harm".to_owned());
    }
}

fn conditions(before: &Pack, after: &Pack, note: Note<'_>) {
    let (b, a) = (&before.gate, &after.gate);
    let shares = [("gate.alpha", b.alpha, a.alpha), ("gate.max_unresolved", b.max_unresolved, a.max_unresolved)];
    for (limit, from, to) in shares {
        if to > from {
            note(limit, share(from), share(to));
        }
    }
    let least = [
        ("gate.min_reviewed", b.min_reviewed, a.min_reviewed, false),
        ("gate.min_days", b.min_days, a.min_days, false),
        ("gate.kill_drill_days", b.kill_drill_days, a.kill_drill_days, true),
    ];
    for (limit, from, to, more_is_looser) in least {
        if (more_is_looser && to > from) || (!more_is_looser && to < from) {
            note(limit, from.to_string(), to.to_string());
        }
    }
    let lag = |pack: &Pack| pack.entry_lag_seconds() / 3600;
    if lag(after) < lag(before) {
        note("gate.entry_lag_hours", lag(before).to_string(), lag(after).to_string());
    }
    if let (Some(suite), None) = (&b.eval_suite, &a.eval_suite) {
        note("gate.eval_suite", suite.clone(), "none".to_owned());
    }
    if b.second_signature && !a.second_signature {
        note("gate.second_signature", "true".to_owned(), "false".to_owned());
    }
    let cost = |pack: &Pack| pack.cost.as_ref().and_then(|c| c.max_per_sent_usd);
    let word = |limit: Option<crate::pack::MicroUsd>| limit.map_or_else(|| "none".to_owned(), |l| l.to_string());
    if let Some(from) = cost(before)
        && cost(after).is_none_or(|to| to > from)
    {
        note("cost.max_per_sent_usd", word(Some(from)), word(cost(after)));
    }
}

fn budget(before: &Pack, after: &Pack, note: Note<'_>) {
    let Some(b) = &before.failure_budget else { return };
    let none = || "none".to_owned();
    let rate = |pack: &Pack, name: &str| pack.gate.rates.iter().find(|rate| rate.name == name).cloned();
    match &after.failure_budget {
        None => note("failure_budget", b.rate.clone(), none()),
        Some(a) => {
            // Another rate is no looser if it has no higher a limit and counts all that the one before did.
            let (old, new) = (rate(before, &b.rate), rate(after, &a.rate));
            let as_strict = old
                .zip(new)
                .is_some_and(|(old, new)| new.max <= old.max && old.counts.iter().all(|outcome| counts(&new, outcome)));
            if a.rate != b.rate && !as_strict {
                note("failure_budget.rate", b.rate.clone(), a.rate.clone());
            }
            if a.window_days > b.window_days {
                note("failure_budget.window_days", b.window_days.to_string(), a.window_days.to_string());
            }
        }
    }
}

fn review(before: &Pack, after: &Pack, note: Note<'_>) {
    let (b, a) = (&before.review, &after.review);
    for stage in Stage::ALL {
        let (from, to) = (*b.rate.at(stage), *a.rate.at(stage));
        if to < from {
            note(&format!("review.rate.{stage}"), share(from), share(to));
        }
    }
    for (limit, from, to) in [
        ("review.risk_rate.high", b.risk_rate.high, a.risk_rate.high),
        ("review.double_rate", b.double_rate, a.double_rate),
    ] {
        if to < from {
            note(limit, share(from), share(to));
        }
    }
    let per_day = |budget: Option<u32>| budget.map_or_else(|| "none".to_owned(), |n| n.to_string());
    if a.per_day.is_some_and(|now| b.per_day.is_none_or(|was| now < was)) {
        note("review.per_day", per_day(b.per_day), per_day(a.per_day));
    }
    let dropped = before.probes.iter().filter(|probe| !after.probes.iter().any(|p| p.id == probe.id)).count();
    if dropped > 0 {
        note("review.probes", before.probes.len().to_string(), after.probes.len().to_string());
    }
    if a.expires_hours > b.expires_hours {
        note("review.expires_hours", b.expires_hours.to_string(), a.expires_hours.to_string());
    }
}

fn data(before: &Pack, after: &Pack, note: Note<'_>) {
    let none = || "not allowed".to_owned();
    let patterns = |pack: &Pack| pack.sources.allow.iter().map(ToString::to_string).collect::<Vec<_>>();
    let lists = [
        ("sources.allow", patterns(before), patterns(after)),
        ("sources.access", before.sources.access.clone(), after.sources.access.clone()),
        ("policy.allowed_tools", before.policy.allowed_tools.clone(), after.policy.allowed_tools.clone()),
    ];
    for (limit, from, to) in lists {
        for added in to.iter().filter(|entry| !from.contains(entry)) {
            note(&format!("{limit} {added}"), none(), "allowed".to_owned());
        }
    }
    let strict = |pii: Pii| match pii {
        Pii::Block => (0, "block"),
        Pii::Redact => (1, "redact"),
        Pii::Allow => (2, "allow"),
    };
    let (from, to) = (strict(before.policy.pii), strict(after.policy.pii));
    if to.0 > from.0 {
        note("policy.pii", from.1.to_owned(), to.1.to_owned());
    }
}

/// Whether a rate still counts an outcome, by itself or within a wider one.
fn counts(rate: &FailureRate, outcome: &GateCount) -> bool {
    let escalation = matches!(outcome, GateCount::EscalateHarm | GateCount::EscalateReason(_));
    rate.counts.contains(outcome) || (escalation && rate.counts.contains(&GateCount::Escalate))
}

/// As a pack has it: `.05`.
fn share(value: impl Display) -> String {
    let text = value.to_string();
    text.strip_prefix("0.").map_or(text.clone(), |decimals| format!(".{decimals}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::expect_used, reason = "a test fails by panicking")]

    use super::loosened;
    use crate::pack::{Pack, template};

    fn pack(change: impl Fn(&str) -> String) -> Pack {
        let mut files = template(&"desk".parse().expect("an id"));
        let text = files[Pack::WORKFLOW_FILE].clone();
        files.insert(Pack::WORKFLOW_FILE.to_owned(), change(&text));
        Pack::parse(&files).expect("a pack")
    }

    fn said(from: &str, to: &str) -> Vec<String> {
        let before = pack(str::to_owned);
        let after = pack(|text| {
            assert!(text.contains(from), "{from}");
            text.replacen(from, to, 1)
        });
        loosened(&before, &after).into_iter().map(|l| format!("{} {} {}", l.limit, l.from, l.to)).collect()
    }

    #[test]
    fn what_asks_for_less_is_told_and_what_asks_for_more_is_not() {
        assert_eq!(said("max = 0.05", "max = 0.10"), ["limit of harm .05 .1"]);
        assert_eq!(said("max = 0.05", "max = 0.02"), [""; 0]);
        assert_eq!(said("min_reviewed = 200", "min_reviewed = 50"), ["gate.min_reviewed 200 50"]);
        assert_eq!(said("harm = true", "harm = false"), ["reason unsafe harm no harm"]);
        assert_eq!(
            said("\"edit.factual\", \"escalate:harm\"", "\"escalate:harm\""),
            ["what counts in harm edit.factual nothing"]
        );
        assert_eq!(said("\"escalate:harm\"]", "\"escalate\"]"), [""; 0]);
    }

    #[test]
    fn what_the_gate_rests_on_is_told_as_well() {
        assert_eq!(said("window_days = 28", "window_days = 60"), ["failure_budget.window_days 28 60"]);
        assert_eq!(said("rate = \"harm\"", "rate = \"not sent as is\""), ["failure_budget.rate harm not sent as is"]);
        assert_eq!(said("opt_in = 1.0, default = 0.25", "opt_in = 0.5, default = 0.3"), ["review.rate.opt_in 1 .5"]);
        assert_eq!(said("high = 1.0", "high = 0.9"), ["review.risk_rate.high 1 .9"]);
        assert_eq!(said("double_rate = 0.05", "double_rate = 0"), ["review.double_rate .05 0"]);
        assert_eq!(said("# per_day = 200", "per_day = 200"), ["review.per_day none 200"]);
        assert_eq!(said("expires_hours = 48", "expires_hours = 72"), ["review.expires_hours 48 72"]);
        assert_eq!(
            said("access = [\"public\"]", "access = [\"public\", \"internal\"]"),
            ["sources.access internal not allowed allowed"]
        );
        assert_eq!(said("pii = \"redact\"", "pii = \"allow\""), ["policy.pii redact allow"]);
        assert_eq!(said("pii = \"redact\"", "pii = \"block\""), [""; 0]);
    }

    #[test]
    fn a_dropped_failure_budget_and_dropped_probes_are_told() {
        const PROBE: &str = "{\"external_id\": \"p1\", \"thread\": [{\"role\": \"customer\", \"text\": \"Hm?\"}], \"draft\": {\"text\": \"No.\"}, \"expected\": [\"edit\"]}";
        let with_probes = |keep: bool| {
            let mut files = template(&"desk".parse().expect("an id"));
            files.insert("probes.jsonl".to_owned(), PROBE.to_owned());
            let text = files[Pack::WORKFLOW_FILE].replace("# probes = ", if keep { "probes = " } else { "# " });
            files.insert(Pack::WORKFLOW_FILE.to_owned(), text);
            Pack::parse(&files).expect("a pack")
        };
        let told = loosened(&with_probes(true), &with_probes(false));
        assert_eq!((told[0].limit.as_str(), told[0].from.as_str(), told[0].to.as_str()), ("review.probes", "1", "0"));
        let without = pack(|text| {
            let (head, tail) = text.split_once("[failure_budget]").expect("a budget");
            let rest = tail.split_once("# [alerts]").expect("alerts").1;
            format!("{head}# [alerts]{rest}")
        });
        let told = loosened(&pack(str::to_owned), &without);
        assert_eq!((told[0].limit.as_str(), told[0].to.as_str()), ("failure_budget", "none"));
    }

    #[test]
    fn nothing_is_a_number_too() {
        let strict = pack(|text| text.replace("max_unresolved = 0.05", "max_unresolved = 0.0"));
        let found = loosened(&strict, &pack(str::to_owned));
        assert_eq!((found[0].from.as_str(), found[0].to.as_str()), ("0", ".05"));
    }
}
