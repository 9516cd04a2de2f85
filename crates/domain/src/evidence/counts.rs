//! From stored counts to what the bounds are made of.

use super::Group;
use crate::pack::{FailureRate, GateCount, Pack};
use crate::verdict::codes;
use serde::Serialize;
use std::collections::BTreeMap;

/// The stored counts of one version at one stage, for the drafts of one selection probability and floor.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// With which probability they were selected for review.
    pub probability: f64,
    /// The lowest rate in force until they were staged.
    pub floor: f64,
    /// By key: verdict outcomes (`approve`, `edit.GRADE`, `escalate:CODES`), `unconfirmed.` and an outcome for verdicts
    /// that don't count until a second person has confirmed them, `staged` (all that came in), `unreviewed` (not
    /// selected), `expired` (selected, and nobody decided in time), `superseded` (overtaken by a newer revision
    /// undecided), `costed` (said what they cost) and `cost_micro_usd` (the sum of that).
    pub outcomes: BTreeMap<String, i64>,
}

/// Whether an outcome is a verdict that counts.
pub fn is_verdict(outcome: &str) -> bool {
    outcome == "approve" || outcome.starts_with("edit.") || outcome.starts_with("escalate:")
}

impl Counts {
    fn of(&self, key: &str) -> u64 {
        self.outcomes.get(key).map_or(0, |n| u64::try_from(*n).unwrap_or(0))
    }

    fn sum(&self, which: impl Fn(&str) -> bool) -> u64 {
        let counted = self.outcomes.iter().filter(|(key, _)| which(key));
        counted.map(|(_, n)| u64::try_from(*n).unwrap_or(0)).sum()
    }

    fn decided(&self) -> u64 {
        self.sum(is_verdict)
    }

    /// Expired or overtaken undecided. Records from before the two were told apart have `unresolved`.
    fn unresolved(&self) -> u64 {
        self.of("expired") + self.of("superseded") + self.of("unresolved")
    }

    fn selected(&self) -> u64 {
        self.of("staged").saturating_sub(self.of("unreviewed"))
    }

    /// How many of the unreviewed drafts are in the record by now.
    ///
    /// That one wasn't selected is known at once, what came of a selected one only later. Were all the unreviewed ones
    /// in the record at once, each with its 0, the rate would look better than it is for as long as the others wait.
    /// So they come in step with the decided ones.
    fn unreviewed_in_step(&self) -> u64 {
        match self.selected() {
            0 => 0,
            selected => {
                let share = u128::from(self.of("unreviewed")) * u128::from(self.decided().min(selected));
                u64::try_from(share / u128::from(selected)).unwrap_or(u64::MAX)
            }
        }
    }
}

/// How many drafts there are, and what became of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Summary {
    /// All that came in.
    pub staged: u64,
    /// Selected for review.
    pub selected: u64,
    /// Decided, and counted.
    pub reviewed: u64,
    /// Selected, and still to be decided.
    pub pending: u64,
    /// Selected, and expired or superseded undecided.
    pub unresolved: u64,
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
        let sum = |f: fn(&Counts) -> u64| counts.iter().map(f).sum::<u64>();
        let staged = sum(|c| c.of("staged"));
        let selected = sum(Counts::selected);
        let (reviewed, unresolved) = (sum(Counts::decided), sum(Counts::unresolved));
        let unconfirmed = sum(|c| c.sum(|key| key.starts_with("unconfirmed.")));
        Self {
            staged,
            selected,
            reviewed,
            pending: selected.saturating_sub(reviewed + unresolved + unconfirmed),
            unresolved,
            unreviewed: sum(|c| c.of("unreviewed")),
            unconfirmed,
            sent: sum(|c| {
                let sent = |key: &str| key == "approve" || key.starts_with("edit.") || key == "unreviewed";
                c.sum(|key| sent(key) || key.strip_prefix("unconfirmed.").is_some_and(sent))
            }),
            costed: sum(|c| c.of("costed")),
            cost_micro_usd: sum(|c| c.of("cost_micro_usd")),
        }
    }
}

/// What a failure rate makes of the counts.
pub fn groups(counts: &[Counts], rate: &FailureRate, pack: &Pack) -> Vec<Group> {
    counts
        .iter()
        .map(|c| {
            let failures = c.sum(|outcome| is_verdict(outcome) && fails(rate, outcome, pack));
            Group {
                probability: c.probability,
                floor: c.floor,
                failures,
                successes: c.decided() - failures,
                unreviewed: c.unreviewed_in_step(),
            }
        })
        .collect()
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
