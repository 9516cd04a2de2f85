//! When a gate turns green, if things go on as they are: the bound run forward from the record.

use super::bound::{against, log_mean, wall};
use super::counts::{Counts, came_in, expected};
use super::{BadGroups, groups_above, upper_bound};
use crate::pack::{FailureRate, Pack};

/// Drafts that come in a day with one probability of being reviewed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow {
    /// Above 0 and at most 1.
    pub probability: f64,
    /// The lowest rate in force.
    pub floor: f64,
    /// How many a day.
    pub drafts: f64,
}

/// What it still takes until a rate is green.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// More reviews, those of the drafts that wait now among them.
    pub reviews: u64,
    /// Days until then; the last drafts enter the record a lag later.
    pub days: f64,
}

/// A forecast that reaches further is none.
const MOST_DAYS: f64 = 3_650.0;
/// With fewer reviews than this at a probability, its failure rate is taken to be that of all.
const FEW: f64 = 20.0;

/// The flow of a record, if nothing else is known: what came in, over so many days, with the lowest floor of all.
pub fn flow_of(counts: &[Counts], days: f64) -> Vec<Flow> {
    let floor = counts.iter().map(|c| c.floor).fold(1.0, f64::min);
    let flow = |(probability, _, n): (f64, f64, u64)| Flow { probability, floor, drafts: n as f64 / days.max(1.0) };
    came_in(counts).map(flow).filter(|f| f.drafts > 0.0).collect()
}

/// What it takes until the upper bound of a rate is at most its limit: first the drafts that are there now are decided,
/// and then more come in; each fails as often as those that were decided with the same probability. None if it never
/// gets there.
///
/// # Errors
///
/// As [`upper_bound`].
pub fn until_green(
    counts: &[Counts],
    rate: &FailureRate,
    pack: &Pack,
    alpha: f64,
    flow: &[Flow],
) -> Result<Option<Forecast>, BadGroups> {
    if upper_bound(&groups_above(counts, rate, pack), alpha)? <= rate.max {
        return Ok(Some(Forecast { reviews: 0, days: 0.0 }));
    }
    let now = expected(counts, rate, pack);
    let (decided, failed) =
        now.iter().fold((0.0, 0.0), |sum, e| (sum.0 + e.decided / e.probability, sum.1 + e.failed / e.probability));
    if decided <= 0.0 {
        return Ok(None);
    }
    let failing = |probability: f64| {
        let same = now.iter().filter(|e| (e.probability - probability).abs() < 1e-12);
        let (n, f) = same.fold((0.0, 0.0), |sum, e| (sum.0 + e.decided, sum.1 + e.failed));
        if n >= FEW { f / n } else { failed / decided }
    };
    let logs = |probability: f64, floor: f64, failures: f64, rest: f64| -> Vec<f64> {
        let of = |j: i32| against(probability, floor, failures, rest, f64::from(j) * 0.05, rate.max);
        (1..=19).map(of).collect()
    };
    let add = |sum: &mut Vec<f64>, more: Vec<f64>| sum.iter_mut().zip(more).for_each(|(s, m)| *s += m);
    let mut base = vec![0.0; 19];
    for e in &now {
        let bad = e.pending * failing(e.probability);
        add(&mut base, logs(e.probability, e.floor, e.failures + bad, e.rest + e.pending - bad));
    }
    let mut daily = vec![0.0; 19];
    for f in flow {
        let bad = f.drafts * f.probability * failing(f.probability);
        add(&mut daily, logs(f.probability, f.floor, bad, f.drafts - bad));
    }
    let green = |days: f64| log_mean(base.iter().zip(&daily).map(|(b, d)| b + days * d), 19.0) >= wall(alpha);
    let Some(days) = first(green) else { return Ok(None) };
    let pending: f64 = now.iter().map(|e| e.pending).sum();
    let a_day: f64 = flow.iter().map(|f| f.drafts * f.probability).sum();
    // What waits now is read at the pace of what comes in to be read.
    let backlog = if a_day > 0.0 { pending / a_day } else { 0.0 };
    Ok(Some(Forecast { reviews: (pending + days * a_day).ceil() as u64, days: backlog + days }))
}

/// The first day on which it is so. The capital's logarithm is convex in the days, so once it is so it stays so.
fn first(green: impl Fn(f64) -> bool) -> Option<f64> {
    if green(0.0) {
        return Some(0.0);
    }
    let (mut low, mut high) = (0.0, 1.0 / 64.0);
    while !green(high) {
        low = high;
        high *= 2.0;
        if high > MOST_DAYS {
            return None;
        }
    }
    for _ in 0..40 {
        let middle = f64::midpoint(low, high);
        if green(middle) { high = middle } else { low = middle }
    }
    Some(high)
}
