//! From stored counts to what the bounds are made of.

use super::{BadGroups, Bound, Group, lower_bound, upper_bound};
use crate::pack::{FailureRate, GateCount, Pack};
use crate::verdict::{UNCONFIRMED, codes};
use serde::Serialize;
use std::collections::BTreeMap;

/// How many drafts, and how many of them were staged long enough ago.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// All of them.
    pub n: i64,
    /// Those that are in the record of the upper bound: staged at least the entry lag ago.
    pub entered: i64,
    /// Those that would be pending for too long, were they pending.
    pub overdue: i64,
}

/// Which drafts of a count.
#[derive(Clone, Copy)]
enum Part {
    All,
    Entered,
    Overdue,
}

/// The stored counts of one version at one stage, for the drafts of one selection probability and floor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// With which probability they were selected for review.
    pub probability: f64,
    /// The lowest rate in force until they were staged.
    pub floor: f64,
    /// By key: verdict outcomes (`approve`, `edit.GRADE`, `escalate:A+B`), `unconfirmed.` and an outcome for verdicts
    /// that don't count until a second person has confirmed them, `staged` (all that came in), `unreviewed` (not
    /// selected), `expired` (selected, and nobody decided in time), `superseded` (overtaken by a newer revision
    /// undecided), `costed` (said what they cost) and `cost_micro_usd` (the sum of that).
    pub outcomes: BTreeMap<String, Count>,
}

/// Whether an outcome is a verdict that counts.
pub fn is_verdict(outcome: &str) -> bool {
    outcome == "approve" || outcome.starts_with("edit.") || outcome.starts_with("escalate:")
}

impl Counts {
    fn of(&self, part: Part, key: &str) -> u64 {
        self.sum(part, |outcome| outcome == key)
    }

    fn sum(&self, part: Part, which: impl Fn(&str) -> bool) -> u64 {
        let of = |count: &Count| match part {
            Part::All => count.n,
            Part::Entered => count.entered,
            Part::Overdue => count.overdue,
        };
        let sum: i64 = self.outcomes.iter().filter(|(key, _)| which(key)).map(|(_, count)| of(count)).sum();
        u64::try_from(sum).unwrap_or(0)
    }

    fn decided(&self, part: Part) -> u64 {
        self.sum(part, is_verdict)
    }

    fn unconfirmed(&self, part: Part) -> u64 {
        self.sum(part, |key| key.starts_with(UNCONFIRMED))
    }

    /// Nobody decided in time. Records from before the overtaken ones were told apart have `unresolved`.
    fn expired(&self, part: Part) -> u64 {
        self.sum(part, |key| key == "expired" || key == "unresolved")
    }

    fn selected(&self, part: Part) -> u64 {
        self.of(part, "staged").saturating_sub(self.of(part, "unreviewed"))
    }

    fn pending(&self, part: Part) -> u64 {
        let over = self.decided(part) + self.unconfirmed(part) + self.expired(part) + self.of(part, "superseded");
        self.selected(part).saturating_sub(over)
    }

    /// Selected drafts that belong in a record: one that was overtaken undecided says nothing of its version.
    fn in_record(&self, part: Part) -> u64 {
        self.selected(part).saturating_sub(self.of(part, "superseded"))
    }

    fn failures(&self, part: Part, rate: &FailureRate, pack: &Pack) -> u64 {
        self.sum(part, |outcome| fails(rate, outcome, pack))
    }

    /// The same counts, were every verdict confirmed.
    pub fn confirmed(mut self) -> Self {
        for (key, count) in std::mem::take(&mut self.outcomes) {
            let of = self.outcomes.entry(key.strip_prefix(UNCONFIRMED).unwrap_or(&key).to_owned()).or_default();
            of.n += count.n;
            of.entered += count.entered;
            of.overdue += count.overdue;
        }
        self
    }
}

/// How many drafts there are, and what became of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Summary {
    /// All that came in.
    pub staged: u64,
    /// Those of them that are in the record of the upper bounds: staged at least the entry lag ago.
    pub entered: u64,
    /// Selected for review.
    pub selected: u64,
    /// Decided, and counted.
    pub reviewed: u64,
    /// Selected, and still to be decided.
    pub pending: u64,
    /// Those of them that have waited for longer than a quarter of the time there is.
    pub overdue: u64,
    /// Selected, and expired or superseded undecided.
    pub unresolved: u64,
    /// Those of them whose time ran out; they can still be judged.
    pub expired: u64,
    /// Not selected.
    pub unreviewed: u64,
    /// Decided by somebody whose verdicts don't count until a second person has confirmed them.
    pub unconfirmed: u64,
    /// Sent, or to be sent: approved, edited or not selected.
    pub sent: u64,
    /// Drafts that said what they cost.
    pub costed: u64,
    /// The sum of that, in millionths of a US dollar.
    pub cost_micro_usd: u64,
}

impl Summary {
    /// Over all probabilities.
    pub fn of(counts: &[Counts]) -> Self {
        use Part::{All, Entered, Overdue};
        let sum = |f: fn(&Counts) -> u64| counts.iter().map(f).sum::<u64>();
        let sent = |key: &str| key == "approve" || key.starts_with("edit.") || key == "unreviewed";
        Self {
            staged: sum(|c| c.of(All, "staged")),
            entered: sum(|c| c.in_record(Entered) + c.of(Entered, "unreviewed")),
            selected: sum(|c| c.selected(All)),
            reviewed: sum(|c| c.decided(All)),
            pending: sum(|c| c.pending(All)),
            overdue: sum(|c| c.pending(Overdue)),
            unresolved: sum(|c| c.expired(All) + c.of(All, "superseded")),
            expired: sum(|c| c.expired(All)),
            unreviewed: sum(|c| c.of(All, "unreviewed")),
            unconfirmed: sum(|c| c.unconfirmed(All)),
            sent: counts.iter().map(|c| c.sum(All, |key| sent(key.strip_prefix(UNCONFIRMED).unwrap_or(key)))).sum(),
            costed: sum(|c| c.of(All, "costed")),
            cost_micro_usd: sum(|c| c.of(All, "cost_micro_usd")),
        }
    }

    /// Selected drafts of which nobody knows, or nobody knows for sure, what they are: they expired or were superseded
    /// undecided, wait for too long, or for a second person's confirmation.
    pub fn unknown(&self) -> u64 {
        self.unresolved + self.overdue + self.unconfirmed
    }
}

/// What the upper bound of a rate is made of: every draft that was staged at least the entry lag ago, however it went
/// since. What isn't known to be a success is a failure: undecided, expired, or without its confirmation. So the bound
/// can't be moved by how long a decision takes.
pub fn groups_above(counts: &[Counts], rate: &FailureRate, pack: &Pack) -> Vec<Group> {
    let group = |c: &Counts| {
        let part = Part::Entered;
        let successes = c.decided(part).saturating_sub(c.failures(part, rate, pack));
        Group {
            probability: c.probability,
            floor: c.floor,
            failures: c.in_record(part).saturating_sub(successes),
            successes,
            unreviewed: c.of(part, "unreviewed"),
        }
    };
    counts.iter().map(group).collect()
}

/// What the lower bound is made of: every draft, and as a success until a confirmed failure is known.
pub fn groups_below(counts: &[Counts], rate: &FailureRate, pack: &Pack) -> Vec<Group> {
    let group = |c: &Counts| {
        let failures = c.failures(Part::All, rate, pack);
        Group {
            probability: c.probability,
            floor: c.floor,
            failures,
            successes: c.in_record(Part::All).saturating_sub(failures),
            unreviewed: c.of(Part::All, "unreviewed"),
        }
    };
    counts.iter().map(group).collect()
}

/// What is known of a rate: its bounds, and its estimate from the drafts that are decided and confirmed, each of which
/// stands for as many as were drawn from.
///
/// # Errors
///
/// As [`upper_bound`].
pub fn interval(counts: &[Counts], rate: &FailureRate, pack: &Pack, alpha: f64) -> Result<Bound, BadGroups> {
    let weight = |of: u64, c: &Counts| of as f64 / c.probability;
    let decided: f64 = counts.iter().map(|c| weight(c.decided(Part::All), c)).sum();
    let failed: f64 = counts.iter().map(|c| weight(c.failures(Part::All, rate, pack), c)).sum();
    Ok(Bound {
        estimate: (decided > 0.0).then(|| (failed / decided).min(1.0)),
        lower: lower_bound(&groups_below(counts, rate, pack), alpha)?,
        upper: upper_bound(&groups_above(counts, rate, pack), alpha)?,
    })
}

/// Whether a verdict's outcome (`approve`, `edit.GRADE`, `escalate:A+B`) is a failure of this rate; with several reasons,
/// whether any of them is.
pub fn fails(rate: &FailureRate, outcome: &str, pack: &Pack) -> bool {
    rate.counts.iter().any(|count| covers(count, outcome, pack))
}

fn covers(count: &GateCount, outcome: &str, pack: &Pack) -> bool {
    match count {
        GateCount::Edit(grade) => outcome.strip_prefix("edit.") == Some(grade.as_str()),
        GateCount::Escalate => outcome.starts_with("escalate:"),
        GateCount::EscalateHarm => codes(outcome).any(|code| pack.reason(code).is_some_and(|reason| reason.harm)),
        GateCount::EscalateReason(wanted) => codes(outcome).any(|code| code == wanted),
    }
}

/// Drafts of one probability and floor, as a forecast needs them.
pub(super) struct Expected {
    pub(super) probability: f64,
    pub(super) floor: f64,
    /// Known failures, and what counts as such for good: expired, or without its confirmation.
    pub(super) failures: f64,
    /// Everything else that is decided, or was not selected.
    pub(super) rest: f64,
    /// Still to be decided.
    pub(super) pending: f64,
    /// Decided, and of these the failures.
    pub(super) decided: f64,
    pub(super) failed: f64,
}

/// Every draft there is, as it stands now.
pub(super) fn expected(counts: &[Counts], rate: &FailureRate, pack: &Pack) -> Vec<Expected> {
    let one = |c: &Counts| {
        let part = Part::All;
        let (decided, failed) = (c.decided(part), c.failures(part, rate, pack));
        Expected {
            probability: c.probability,
            floor: c.floor,
            failures: (failed + c.expired(part) + c.unconfirmed(part)) as f64,
            rest: (decided.saturating_sub(failed) + c.of(part, "unreviewed")) as f64,
            pending: c.pending(part) as f64,
            decided: decided as f64,
            failed: failed as f64,
        }
    };
    counts.iter().map(one).collect()
}

/// Drafts that came in, by probability and floor.
pub(super) fn came_in(counts: &[Counts]) -> impl Iterator<Item = (f64, f64, u64)> {
    counts.iter().map(|c| (c.probability, c.floor, c.of(Part::All, "staged")))
}
