//! What a new version of a pack asks less for than the one before.

use crate::pack::{FailureRate, GateCount, Pack};
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

/// Every limit of the gate that `after` loosens.
pub fn loosened(before: &Pack, after: &Pack) -> Vec<Loosening> {
    let mut out = Vec::new();
    let mut note = |limit: &str, from: String, to: String| out.push(Loosening { limit: limit.to_owned(), from, to });
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
    out
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
    fn nothing_is_a_number_too() {
        let strict = pack(|text| text.replace("max_unresolved = 0.05", "max_unresolved = 0.0"));
        let found = loosened(&strict, &pack(str::to_owned));
        assert_eq!((found[0].from.as_str(), found[0].to.as_str()), ("0", ".05"));
    }
}
