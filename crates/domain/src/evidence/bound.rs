//! The bounds of a failure rate: mixtures of betting martingales, which hold at every look at once.
//!
//! Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", arXiv 2010.09686; the weighted
//! form for samples follows arXiv 2406.10490. By Ville's inequality the chance of ever being wrong is at most α.

use serde::{Deserialize, Serialize};

/// Enough halvings for 1e-12.
const STEPS: u32 = 42;

/// Drafts that share a probability of being reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// With which probability each was selected for review: above 0 and at most 1.
    pub probability: f64,
    /// The lowest rate in force for their version and stage until they were staged; at most the probability. It says how
    /// much may be bet on them, so it has to be fixed before anything is known of them.
    pub floor: f64,
    /// Reviewed, and a failure.
    pub failures: u64,
    /// Reviewed, and none.
    pub successes: u64,
    /// Not selected for review.
    pub unreviewed: u64,
}

impl Group {
    fn total(&self) -> f64 {
        (self.failures + self.successes + self.unreviewed) as f64
    }
}

/// What is known of a failure rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Bound {
    /// The Horvitz-Thompson estimate, at most 1; none without any draft.
    pub estimate: Option<f64>,
    /// It is surely above this.
    pub lower: f64,
    /// It is surely below this.
    pub upper: f64,
}

/// What can't be counted.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BadGroups {
    /// Not a chance of being wrong.
    #[error("alpha: expected above 0 and at most 0.5, found {0}")]
    Alpha(f64),
    /// Not a probability.
    #[error("group {group}: expected a probability above 0 and at most 1, found {found}")]
    Probability {
        /// Which, from 1.
        group: usize,
        /// What it says.
        found: f64,
    },
    /// Not a floor of drafts with that probability.
    #[error("group {group}: expected a floor above 0 and at most the probability, found {found}")]
    Floor {
        /// Which, from 1.
        group: usize,
        /// What it says.
        found: f64,
    },
    /// Some groups say their floor, and others don't.
    #[error("expected a floor in every group or in none; group {0} is the first that is otherwise")]
    Mixed(usize),
    /// Not a group.
    #[error(
        "group {0}: expected [probability, failures, successes, unreviewed] or a floor after these, the counts whole and \
         not negative"
    )]
    Row(usize),
}

/// Reads `[[probability, failures, successes, unreviewed, floor?], …]`. Where no row has a floor, it is the smallest
/// probability of all.
///
/// # Errors
///
/// The first row that is none.
pub fn groups_of_rows(rows: &[Vec<f64>]) -> Result<Vec<Group>, BadGroups> {
    let whole = |n: f64| (n >= 0.0 && n.fract() == 0.0 && n <= 9e15).then_some(n as u64);
    let floored = rows.first().is_some_and(|row| row.len() == 5);
    let least = rows.iter().filter_map(|row| row.first().copied()).fold(1.0, f64::min);
    rows.iter()
        .enumerate()
        .map(|(i, row)| {
            let (probability, f, s, u, floor) = match *row.as_slice() {
                [probability, f, s, u, floor] if floored => (probability, f, s, u, floor),
                [probability, f, s, u] if !floored => (probability, f, s, u, least),
                [_, _, _, _] | [_, _, _, _, _] => return Err(BadGroups::Mixed(i + 1)),
                _ => return Err(BadGroups::Row(i + 1)),
            };
            let (Some(failures), Some(successes), Some(unreviewed)) = (whole(f), whole(s), whole(u)) else {
                return Err(BadGroups::Row(i + 1));
            };
            Ok(Group { probability, floor, failures, successes, unreviewed })
        })
        .collect()
}

/// Whether these are groups at all.
fn check(groups: &[Group]) -> Result<(), BadGroups> {
    for (i, g) in groups.iter().enumerate() {
        if !(g.probability > 0.0 && g.probability <= 1.0) {
            return Err(BadGroups::Probability { group: i + 1, found: g.probability });
        }
        if !(g.floor > 0.0 && g.floor <= g.probability) {
            return Err(BadGroups::Floor { group: i + 1, found: g.floor });
        }
    }
    Ok(())
}

/// The bounds of the failure rate behind these groups. What it costs doesn't depend on how many drafts there are.
///
/// # Errors
///
/// An `alpha` outside (0, 0.5], a probability outside (0, 1], or a floor outside (0, probability].
pub fn bound(groups: &[Group], alpha: f64) -> Result<Bound, BadGroups> {
    if !(alpha > 0.0 && alpha <= 0.5) {
        return Err(BadGroups::Alpha(alpha));
    }
    check(groups)?;
    let drafts: f64 = groups.iter().map(Group::total).sum();
    if drafts == 0.0 {
        return Ok(Bound { estimate: None, lower: 0.0, upper: 1.0 });
    }
    let weighed: f64 = groups.iter().map(|g| g.failures as f64 / g.probability).sum();
    let estimate = (weighed / drafts).min(1.0);
    let wall = (1.0 / alpha).ln();
    Ok(Bound {
        estimate: Some(estimate),
        lower: lower(groups, wall).min(estimate),
        upper: upper(groups, wall).max(estimate),
    })
}

/// The largest m that the bets against it haven't broken. The capital rises with m, so halving finds it.
///
/// What is bet on a draft hangs on its own floor, and on nothing that came after it: were the lowest rate of the whole
/// record taken, a rate that falls later would place all earlier bets anew, and Ville's inequality would say nothing.
fn upper(groups: &[Group], wall: f64) -> f64 {
    let broken = |m: f64| {
        let capital = (1..=19).map(|j| {
            let share = f64::from(j) * 0.05;
            groups
                .iter()
                .map(|g| {
                    let bet = share / (1.0 / g.floor - m);
                    against(g, bet * (m - 1.0 / g.probability), bet * m)
                })
                .sum()
        });
        log_mean(capital, 19.0) >= wall
    };
    let top = 1.0 - 1e-12;
    if broken(top) { halve(0.0, top, |m| !broken(m)) } else { 1.0 }
}

/// The smallest m that the bets against it haven't broken. The capital falls with m.
fn lower(groups: &[Group], wall: f64) -> f64 {
    if groups.iter().all(|g| g.failures == 0) {
        return 0.0;
    }
    let broken = |m: f64| {
        let capital = (1..=20).map(|j| {
            let share = 2_f64.powf(-f64::from(j) / 2.0);
            groups.iter().map(|g| against(g, share * (1.0 / (g.probability * m) - 1.0), -share)).sum()
        });
        log_mean(capital, 20.0) >= wall
    };
    halve(1e-12, 1.0, broken)
}

/// The log of what a group makes of a bet: by its failures, and by everything else.
fn against(group: &Group, on_failure: f64, on_rest: f64) -> f64 {
    let mut log = 0.0;
    if group.failures > 0 {
        log += group.failures as f64 * on_failure.ln_1p();
    }
    let rest = group.successes + group.unreviewed;
    if rest > 0 {
        log += rest as f64 * on_rest.ln_1p();
    }
    log
}

fn log_mean(logs: impl Iterator<Item = f64>, n: f64) -> f64 {
    let logs: Vec<f64> = logs.collect();
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most.is_infinite() {
        return most;
    }
    most + (logs.iter().map(|l| (l - most).exp()).sum::<f64>() / n).ln()
}

/// Where `below` turns from true to false.
fn halve(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..STEPS {
        let middle = f64::midpoint(low, high);
        if below(middle) { low = middle } else { high = middle }
    }
    f64::midpoint(low, high)
}

/// How many more drafts have to be reviewed until the upper bound is at most `max`, if things go on as they are: the
/// same mix of groups and the same rate. None if that never happens, or not within ten million reviews.
///
/// # Errors
///
/// As [`bound`].
pub fn more_until_green(groups: &[Group], max: f64, alpha: f64) -> Result<Option<u64>, BadGroups> {
    const MOST: f64 = 10_000_000.0;
    let now = bound(groups, alpha)?;
    let reviewed: f64 = groups.iter().map(|g| (g.failures + g.successes) as f64).sum();
    if now.upper <= max {
        return Ok(Some(0));
    }
    if reviewed == 0.0 || now.estimate.is_none_or(|e| e >= max) {
        return Ok(None);
    }
    let green = |times: f64| -> Result<bool, BadGroups> {
        let scale = |n: u64| (n as f64 * times).round() as u64;
        let grown: Vec<Group> = groups
            .iter()
            .map(|g| Group {
                probability: g.probability,
                floor: g.floor,
                // A failure never rounds away.
                failures: (g.failures as f64 * times).ceil() as u64,
                successes: scale(g.successes),
                unreviewed: scale(g.unreviewed),
            })
            .collect();
        Ok(bound(&grown, alpha)?.upper <= max)
    };
    let (mut low, mut high) = (1.0, 2.0);
    while !green(high)? {
        low = high;
        high *= 2.0;
        if reviewed * high > MOST {
            return Ok(None);
        }
    }
    while (high - low) * reviewed > 0.5 {
        let middle = f64::midpoint(low, high);
        if green(middle)? { high = middle } else { low = middle }
    }
    Ok(Some((reviewed * (high - 1.0)).ceil() as u64))
}
