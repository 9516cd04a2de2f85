//! The bounds against the table of their oracle, their properties, and a simulation of a gate that is looked at all
//! the time.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

use super::{
    Count, Counts, Flow, Group, Summary, bound, groups_above, groups_below, groups_of_rows, interval, until_green,
};
use crate::pack::{FailureRate, Pack, template};
use proptest::prelude::*;

fn rows<const N: usize>(rows: &[[f64; N]]) -> Vec<Group> {
    groups_of_rows(&rows.iter().map(|r| r.to_vec()).collect::<Vec<_>>()).expect("rows")
}

#[test]
fn the_bounds_are_those_of_the_oracle() {
    let table: [(&[[f64; 4]], f64, f64, f64); 8] = [
        (&[[1.0, 28.0, 972.0, 0.0]], 0.05, 0.014701, 0.045834),
        (&[[1.0, 0.0, 50.0, 0.0]], 0.05, 0.0, 0.087205),
        (&[[1.0, 12.0, 188.0, 0.0]], 0.05, 0.021639, 0.119168),
        (&[[1.0, 12.0, 188.0, 0.0]], 0.0125, 0.017984, 0.131601),
        (&[[1.0, 300.0, 9700.0, 0.0]], 0.05, 0.024919, 0.035753),
        (&[[1.0, 20.0, 180.0, 0.0], [0.25, 2.0, 198.0, 600.0]], 0.05, 0.012421, 0.056826),
        (&[[0.1, 9.0, 91.0, 900.0]], 0.05, 0.026453, 0.200971),
        (&[[1.0, 3.0, 17.0, 0.0], [0.5, 4.0, 46.0, 50.0], [0.05, 1.0, 49.0, 950.0]], 0.05, 0.004418, 0.131141),
    ];
    for (groups, alpha, lower, upper) in table {
        let found = bound(&rows(groups), alpha).expect("groups");
        assert!((found.lower - lower).abs() <= 1e-6, "{groups:?}: L {} for {lower}", found.lower);
        assert!((found.upper - upper).abs() <= 1e-6, "{groups:?}: U {} for {upper}", found.upper);
    }
    let sampled = bound(&rows(&[[1.0, 20.0, 180.0, 0.0], [0.25, 2.0, 198.0, 600.0]]), 0.05).expect("groups");
    assert!((sampled.estimate.expect("drafts") - 0.028).abs() < 1e-12);
}

#[test]
fn a_bet_on_a_draft_hangs_on_the_rates_that_were_in_force_when_it_came_in() {
    let table: [(&[[f64; 5]], f64, f64); 3] = [
        (&[[1.0, 10.0, 390.0, 0.0, 1.0], [0.25, 2.0, 98.0, 300.0, 0.25]], 0.007046, 0.048699),
        (&[[1.0, 4.0, 196.0, 0.0, 1.0], [0.5, 3.0, 147.0, 150.0, 0.5], [1.0, 1.0, 49.0, 0.0, 0.5]], 0.005194, 0.046866),
        (&[[1.0, 0.0, 200.0, 0.0, 0.1], [0.1, 0.0, 80.0, 720.0, 0.1]], 0.0, 0.045880),
    ];
    for (groups, lower, upper) in table {
        let found = bound(&rows(groups), 0.05).expect("groups");
        assert!((found.lower - lower).abs() <= 1e-6, "{groups:?}: L {} for {lower}", found.lower);
        assert!((found.upper - upper).abs() <= 1e-6, "{groups:?}: U {} for {upper}", found.upper);
    }
    let mixed = |rows: &[Vec<f64>]| groups_of_rows(rows).expect_err("mixed").to_string();
    assert!(mixed(&[vec![1.0, 0.0, 1.0, 0.0, 1.0], vec![0.5, 0.0, 1.0, 0.0]]).contains("group 2"));
    assert!(mixed(&[vec![1.0, 0.0, 1.0, 0.0], vec![0.5, 0.0, 1.0, 0.0, 0.5]]).contains("group 2"));
    let high = bound(&rows(&[[0.5, 0.0, 1.0, 0.0, 0.7]]), 0.05).expect_err("a floor above the probability");
    assert!(high.to_string().starts_with("group 1: expected a floor"), "{high}");
}

#[test]
fn nothing_known_is_no_bound_at_all_and_bad_input_is_named() {
    let nothing = bound(&[], 0.05).expect("no groups");
    assert_eq!((nothing.estimate, nothing.lower, nothing.upper), (None, 0.0, 1.0));
    let said = |groups: &[[f64; 4]], alpha: f64| bound(&rows(groups), alpha).expect_err("bad").to_string();
    assert!(said(&[[1.0, 0.0, 1.0, 0.0], [1.5, 0.0, 1.0, 0.0]], 0.05).starts_with("group 2: expected a probability"));
    assert!(said(&[[1.0, 0.0, 1.0, 0.0]], 0.0).starts_with("alpha"));
    assert!(groups_of_rows(&[vec![1.0, 0.0, 1.0]]).expect_err("three").to_string().starts_with("group 1"));
    assert!(groups_of_rows(&[vec![1.0, -1.0, 1.0, 0.0]]).is_err());
}

fn pack() -> Pack {
    Pack::parse(&template(&"desk".parse().expect("an id"))).expect("the template is a pack")
}

fn rate<'a>(pack: &'a Pack, name: &str) -> &'a FailureRate {
    pack.gate.rates.iter().find(|r| r.name == name).expect("a rate")
}

/// Counts of drafts that are all old enough.
fn counts(probability: f64, outcomes: &[(&str, i64)]) -> Counts {
    let of = |(key, n): &(&str, i64)| ((*key).to_owned(), Count { n: *n, entered: *n, overdue: *n });
    Counts { probability, floor: probability, outcomes: outcomes.iter().map(of).collect() }
}

#[test]
fn the_reviews_that_are_still_needed_are_just_enough() {
    let pack = pack();
    let harm = rate(&pack, "harm");
    let now = [counts(1.0, &[("staged", 210), ("approve", 196), ("edit.factual", 4)])];
    let flow = [Flow { probability: 1.0, floor: 1.0, drafts: 50.0 }];
    let found = until_green(&now, harm, &pack, 0.025, &flow).expect("groups").expect("it gets there");
    let after = |days: f64, whole: fn(f64) -> f64| {
        let n = (210.0 + 50.0 * days).round();
        let failures = whole(n * 0.02);
        bound(&rows(&[[1.0, failures, n - failures, 0.0]]), 0.025).expect("groups").upper
    };
    // The ten that wait take a fifth of a day.
    let more = found.days - 0.2;
    assert!(after(more, f64::floor) <= 0.05 && after(more * 0.9, f64::ceil) > 0.05, "{found:?}");
    assert_eq!(found.reviews, (10.0 + 50.0 * more).ceil() as u64, "those that wait are among them");
    let of =
        |outcomes: &[(&str, i64)]| until_green(&[counts(1.0, outcomes)], harm, &pack, 0.05, &flow).expect("groups");
    assert_eq!(of(&[("staged", 500), ("approve", 500)]).map(|f| (f.reviews, f.days)), Some((0, 0.0)));
    assert_eq!(of(&[("staged", 200), ("approve", 180), ("edit.factual", 20)]), None);
    assert_eq!(of(&[("staged", 200)]), None, "nothing is decided");
}

#[test]
fn outcomes_become_failures_by_what_a_rate_counts() {
    let pack = pack();
    let all = counts(
        1.0,
        &[
            ("staged", 40),
            ("approve", 20),
            ("edit.cosmetic", 5),
            ("edit.factual", 3),
            ("escalate:unsafe", 1),
            ("escalate:needs_human+unsafe", 1),
            ("escalate:needs_human", 4),
            ("expired", 1),
            ("unconfirmed.approve", 2),
        ],
    );
    let of = |name: &str| {
        let group = groups_below(std::slice::from_ref(&all), rate(&pack, name), &pack)[0];
        (group.failures, group.successes)
    };
    assert_eq!((of("not sent as is"), of("harm")), ((9, 31), (5, 35)));
    let sum = Summary::of(std::slice::from_ref(&all));
    assert_eq!((sum.reviewed, sum.pending, sum.unresolved, sum.unconfirmed, sum.sent), (34, 3, 1, 2, 30));
    assert_eq!((sum.overdue, sum.unknown()), (3, 6));
    let known = interval(std::slice::from_ref(&all), rate(&pack, "harm"), &pack, 0.05).expect("counts");
    assert!((known.estimate.expect("decided") - 5.0 / 34.0).abs() < 1e-12, "of those that are decided and confirmed");
}

#[test]
fn what_is_not_known_to_be_good_is_a_failure_above_and_none_below() {
    let pack = pack();
    let harm = rate(&pack, "harm");
    let mut all = counts(
        0.5,
        &[
            ("staged", 100),
            ("unreviewed", 40),
            ("approve", 20),
            ("escalate:unsafe", 2),
            ("expired", 3),
            ("unresolved", 1),
            ("superseded", 10),
            ("unconfirmed.approve", 4),
            ("unconfirmed.escalate:unsafe", 1),
        ],
    );
    // 60 were selected; of those that were not overtaken, 20 are known to be good, and 2 to be bad.
    let above = groups_above(std::slice::from_ref(&all), harm, &pack)[0];
    assert_eq!((above.failures, above.successes, above.unreviewed), (30, 20, 40));
    let below = groups_below(std::slice::from_ref(&all), harm, &pack)[0];
    assert_eq!((below.failures, below.successes, below.unreviewed), (2, 48, 40));
    // Nothing is in the upper bound before its time, not even what wasn't selected.
    all.outcomes.values_mut().for_each(|count| count.entered = 0);
    let fresh = groups_above(std::slice::from_ref(&all), harm, &pack)[0];
    assert_eq!((fresh.failures, fresh.successes, fresh.unreviewed), (0, 0, 0));
    let confirmed = all.confirmed();
    assert_eq!((confirmed.outcomes["approve"].n, confirmed.outcomes["escalate:unsafe"].n), (24, 3));
}

fn a_group() -> impl Strategy<Value = Group> {
    let probability = prop_oneof![Just(1.0), Just(0.5), Just(0.25), Just(0.1)];
    (probability, 0_u64..60, 0_u64..400, 0_u64..900).prop_map(|(probability, failures, successes, rest)| Group {
        probability,
        floor: probability,
        failures,
        successes,
        unreviewed: if probability < 1.0 { rest } else { 0 },
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn bounds_are_ordered_and_don_t_care_for_order(groups in prop::collection::vec(a_group(), 1..4)) {
        let found = bound(&groups, 0.05).expect("groups");
        let estimate = found.estimate.unwrap_or(0.0);
        prop_assert!(0.0 <= found.lower && found.lower <= estimate && estimate <= found.upper && found.upper <= 1.0);
        let turned: Vec<Group> = groups.iter().rev().copied().collect();
        let other = bound(&turned, 0.05).expect("groups");
        prop_assert!((found.upper - other.upper).abs() < 1e-9 && (found.lower - other.lower).abs() < 1e-9);
    }

    #[test]
    fn a_failure_raises_both_bounds_and_a_success_lowers_them(group in a_group()) {
        let at = |failures: u64, successes: u64| bound(&[Group { failures, successes, ..group }], 0.05).expect("a group");
        let now = at(group.failures, group.successes);
        let worse = at(group.failures + 1, group.successes);
        let better = at(group.failures, group.successes + 1);
        prop_assert!(worse.upper >= now.upper - 1e-9 && worse.lower >= now.lower - 1e-9);
        prop_assert!(better.upper <= now.upper + 1e-9 && better.lower <= now.lower + 1e-9);
    }

    #[test]
    fn a_smaller_chance_of_being_wrong_is_a_wider_interval(group in a_group()) {
        let (strict, lax) = (bound(&[group], 0.01).expect("a group"), bound(&[group], 0.1).expect("a group"));
        prop_assert!(strict.upper >= lax.upper - 1e-9 && strict.lower <= lax.lower + 1e-9);
    }
}

/// SplitMix64: a seeded draw that needs no crate.
struct Draw(u64);

impl Draw {
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

const LIMIT: f64 = 0.05;
const RUNS: u64 = 2_000;
const ALPHA: f64 = 0.05;

/// Whether the capital of the bets against `LIMIT` reaches the wall: the same as `upper ≤ LIMIT`, since the capital
/// rises with m, and a thousand times cheaper to look at after each of two million drafts.
struct Peek {
    most: f64,
    logs: [f64; 19],
}

impl Peek {
    fn new(least: f64) -> Self {
        Self { most: 1.0 / least, logs: [0.0; 19] }
    }

    fn sees(&mut self, y: f64) -> bool {
        for (j, log) in self.logs.iter_mut().enumerate() {
            *log += ((j + 1) as f64 * 0.05 / (self.most - LIMIT) * (LIMIT - y)).ln_1p();
        }
        let top = self.logs.iter().copied().fold(f64::MIN, f64::max);
        top + (self.logs.iter().map(|l| (l - top).exp()).sum::<f64>() / 19.0).ln() >= (1.0 / ALPHA).ln()
    }
}

/// One-sided 95% Wilson bound, as an ordinary dashboard has it.
fn wilson(failures: f64, n: f64) -> f64 {
    let z = 1.644_853_6_f64;
    let p = failures / n;
    let middle = p + z * z / (2.0 * n);
    (middle + z * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt()) / (1.0 + z * z / n)
}

#[test]
fn peeking_is_the_bound_that_the_gate_computes() {
    let mut draw = Draw(7);
    let (mut peek, mut failures, mut n) = (Peek::new(1.0), 0.0, 0.0);
    for _ in 0..600 {
        let failed = draw.unit() < 0.01;
        failures += f64::from(u8::from(failed));
        n += 1.0;
        let green = peek.sees(f64::from(u8::from(failed)));
        let upper = bound(&rows(&[[1.0, failures, n - failures, 0.0]]), ALPHA).expect("groups").upper;
        assert_eq!(green, upper <= LIMIT, "after {n} with {failures}: {upper}");
    }
}

#[test]
fn a_gate_that_is_looked_at_after_every_draft_is_falsely_green_in_at_most_alpha_of_runs() {
    let (mut ours, mut ordinary) = (0, 0);
    for run in 0..RUNS {
        let mut draw = Draw(run);
        let (mut peek, mut failures) = (Peek::new(1.0), 0.0);
        let (mut wrong, mut also) = (false, false);
        for n in 1..=1_000 {
            let failed = f64::from(u8::from(draw.unit() < LIMIT));
            failures += failed;
            wrong |= peek.sees(failed);
            also |= n >= 20 && wilson(failures, f64::from(n)) <= LIMIT;
        }
        ours += u64::from(wrong);
        ordinary += u64::from(also);
    }
    let share = |n: u64| n as f64 / RUNS as f64;
    assert!(share(ours) <= ALPHA, "ours was wrong in {}", share(ours));
    assert!(share(ordinary) > 0.15, "an ordinary bound is wrong in {} only", share(ordinary));
}

#[test]
fn so_it_is_when_a_quarter_is_reviewed_and_the_risky_ones_are_the_worse() {
    let mut wrong = 0;
    for run in 0..RUNS {
        let mut draw = Draw(run + 1_000_000);
        let mut peek = Peek::new(0.25);
        let mut green = false;
        for _ in 0..1_000 {
            // A fifth is risky, always reviewed, and fails three times as often; both together fail at the limit.
            let risky = draw.unit() < 0.2;
            let rate = if risky { LIMIT * 3.0 / 1.4 } else { LIMIT / 1.4 };
            let failed = draw.unit() < rate;
            let probability = if risky { 1.0 } else { 0.25 };
            let reviewed = draw.unit() < probability;
            green |= peek.sees(if reviewed && failed { 1.0 / probability } else { 0.0 });
        }
        wrong += u64::from(green);
    }
    let share = wrong as f64 / RUNS as f64;
    assert!(share <= ALPHA, "wrong in {share}");
}
