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

/// Whether these are groups at all, and that a chance.
fn check(groups: &[Group], alpha: f64) -> Result<(), BadGroups> {
    if !(alpha > 0.0 && alpha <= 0.5) {
        return Err(BadGroups::Alpha(alpha));
    }
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
    let (lower, upper) = (lower_bound(groups, alpha)?, upper_bound(groups, alpha)?);
    let drafts: f64 = groups.iter().map(Group::total).sum();
    let weighed: f64 = groups.iter().map(|g| g.failures as f64 / g.probability).sum();
    let estimate = (drafts > 0.0).then(|| (weighed / drafts).min(1.0));
    Ok(Bound {
        estimate,
        lower: estimate.map_or(lower, |e| lower.min(e)),
        upper: estimate.map_or(upper, |e| upper.max(e)),
    })
}

/// The largest m that the bets against it haven't broken; 1 where nothing is known. The capital rises with m, so halving
/// finds it.
///
/// What is bet on a draft hangs on its own floor, and on nothing that came after it: were the lowest rate of the whole
/// record taken, a rate that falls later would place all earlier bets anew, and Ville's inequality would say nothing.
///
/// # Errors
///
/// As [`bound`].
pub fn upper_bound(groups: &[Group], alpha: f64) -> Result<f64, BadGroups> {
    check(groups, alpha)?;
    let broken = |m: f64| {
        let capital = (1..=19).map(|j| {
            let share = f64::from(j) * 0.05;
            let of = |g: &Group| {
                let rest = (g.successes + g.unreviewed) as f64;
                against(g.probability, g.floor, g.failures as f64, rest, share, m)
            };
            groups.iter().map(of).sum()
        });
        log_mean(capital, 19.0) >= wall(alpha)
    };
    let top = 1.0 - 1e-12;
    Ok(if broken(top) { halve(0.0, top, |m| !broken(m)) } else { 1.0 })
}

/// The smallest m that the bets against it haven't broken; 0 without a failure. The capital falls with m.
///
/// # Errors
///
/// As [`bound`].
pub fn lower_bound(groups: &[Group], alpha: f64) -> Result<f64, BadGroups> {
    check(groups, alpha)?;
    if groups.iter().all(|g| g.failures == 0) {
        return Ok(0.0);
    }
    let rest: f64 = groups.iter().map(|g| (g.successes + g.unreviewed) as f64).sum();
    let broken = |m: f64| {
        let capital = (1..=20).map(|j| {
            let share = 2_f64.powf(-f64::from(j) / 2.0);
            let failed = groups.iter().filter(|g| g.failures > 0);
            let on_failures: f64 =
                failed.map(|g| g.failures as f64 * (share * (1.0 / (g.probability * m) - 1.0)).ln_1p()).sum();
            on_failures + rest * (-share).ln_1p()
        });
        log_mean(capital, 20.0) >= wall(alpha)
    };
    Ok(halve(1e-12, 1.0, broken))
}

/// What the capital has to reach: its logarithm.
pub(super) fn wall(alpha: f64) -> f64 {
    (1.0 / alpha).ln()
}

/// The logarithm of what one bet against m makes of drafts with this probability and floor: of their failures, and of
/// everything else. `share` is how much of the most that may be bet is.
pub(super) fn against(probability: f64, floor: f64, failures: f64, rest: f64, share: f64, m: f64) -> f64 {
    let bet = share / (1.0 / floor - m);
    let mut log = 0.0;
    if failures > 0.0 {
        log += failures * (bet * (m - 1.0 / probability)).ln_1p();
    }
    if rest > 0.0 {
        log += rest * (bet * m).ln_1p();
    }
    log
}

pub(super) fn log_mean(logs: impl Iterator<Item = f64>, n: f64) -> f64 {
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
