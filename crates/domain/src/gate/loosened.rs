//! What a new version of a pack asks less for than the one before.

use crate::pack::Pack;
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
                for dropped in rate.counts.iter().filter(|c| !now.counts.contains(c)) {
                    note(&format!("what counts in {}", rate.name), dropped.to_string(), "nothing".to_owned());
                }
            }
        }
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

/// As a pack has it: `.05`.
fn share(value: impl Display) -> String {
    value.to_string().trim_start_matches('0').to_owned()
}
