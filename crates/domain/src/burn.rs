//! How fast a failure budget burns, on rules with two windows (Google SRE Workbook, "Alerting on SLOs").
//!
//! The budget b is the limit of a failure rate. burn(w) is the estimated failure rate over a window w, divided by b: at
//! 1 the budget lasts its window exactly. A rule fires when both its windows burn at its threshold or faster.

/// A long window with fewer reviews than this says nothing.
pub const MIN_REVIEWED: i64 = 10;
/// Nor with fewer failures than this: two failures are not a fire.
pub const MIN_FAILURES: i64 = 3;

/// How a failure budget stands: one word for every place that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BudgetState {
    /// Nothing was reviewed in its window.
    Unknown,
    /// Not overspent, or too little was reviewed to say that it is.
    Within,
    /// More failed than its limit allows.
    Overspent,
    /// A rule fires now.
    Alerting,
}

/// What a rule does when it fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Somebody is called, and promotions are frozen.
    Page,
    /// Somebody is told.
    Notify,
}

impl Action {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Notify => "notify",
        }
    }
}

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rule {
    /// The long window, in seconds.
    pub long_s: i64,
    /// The short one, which ends the alert soon after the fire is out, in seconds.
    pub short_s: i64,
    /// The share of the whole budget that burns in the long window at the threshold.
    pub share: f64,
    /// What it does.
    pub action: Action,
}

/// The rules there are. At 28 days their thresholds are 13.44, 5.6, 2.8 and .9333.
pub const RULES: [Rule; 4] = [
    Rule { long_s: 3_600, short_s: 300, share: 0.02, action: Action::Page },
    Rule { long_s: 21_600, short_s: 1_800, share: 0.05, action: Action::Page },
    Rule { long_s: 86_400, short_s: 7_200, share: 0.10, action: Action::Notify },
    Rule { long_s: 259_200, short_s: 21_600, share: 0.10, action: Action::Notify },
];

impl Rule {
    /// The burn at which it fires, for a budget over this many days.
    pub fn threshold(&self, window_days: u32) -> f64 {
        self.share * f64::from(window_days) * 86_400.0 / self.long_s as f64
    }

    /// `1h/5m`, for programs that have to tell rules apart.
    pub fn name(&self) -> String {
        format!("{}/{}", span(self.long_s), span(self.short_s))
    }
}

/// A length of time in its largest whole unit: `3d`, `6h`, `5m`.
pub fn span(seconds: i64) -> String {
    [(86_400, 'd'), (3_600, 'h'), (60, 'm')]
        .into_iter()
        .find(|(unit, _)| seconds % unit == 0)
        .map_or_else(|| format!("{seconds}s"), |(unit, letter)| format!("{}{letter}", seconds / unit))
}

/// What was reviewed in a window. A draft that was selected with probability π stands for 1/π drafts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// Drafts reviewed.
    pub reviewed: i64,
    /// Failures among them.
    pub failures: i64,
    /// Drafts that the reviewed ones stand for.
    pub weight: f64,
    /// Drafts that the failures stand for.
    pub failed_weight: f64,
}

impl Counts {
    /// Adds `n` drafts that were selected with this probability, above 0 and at most 1.
    pub fn add(&mut self, n: i64, probability: f64, failed: bool) {
        let weight = n as f64 / probability;
        self.reviewed += n;
        self.weight += weight;
        if failed {
            self.failures += n;
            self.failed_weight += weight;
        }
    }

    /// How a budget stands of which this was spent. Fewer reviews or failures than an alert takes are no overspending.
    pub fn state(&self, budget: f64) -> BudgetState {
        if self.reviewed == 0 {
            BudgetState::Unknown
        } else if self.reviewed >= MIN_REVIEWED && self.failures >= MIN_FAILURES && self.rate() > budget {
            BudgetState::Overspent
        } else {
            BudgetState::Within
        }
    }

    /// The estimated failure rate; 0 where nothing was reviewed.
    pub fn rate(&self) -> f64 {
        if self.weight > 0.0 { (self.failed_weight / self.weight).clamp(0.0, 1.0) } else { 0.0 }
    }
}

/// How a rule stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Burn {
    /// The rule.
    pub rule: Rule,
    /// Its threshold.
    pub threshold: f64,
    /// The burn over its long window.
    pub long: f64,
    /// The burn over its short window.
    pub short: f64,
    /// Whether it could never fire, because the burn can't exceed 1/b.
    pub impossible: bool,
    /// Why it says nothing, if it doesn't.
    pub silent: Option<String>,
    /// Whether it fires.
    pub firing: bool,
}

impl Burn {
    /// How fast it burns, in a sentence without a full stop.
    pub fn words(&self) -> String {
        let (long, short) = (span(self.rule.long_s), span(self.rule.short_s));
        format!(
            "the failure budget burns {:.1} times too fast over {long} and {:.1} over {short}; the limit is {:.2}",
            self.long, self.short, self.threshold
        )
    }
}

/// How a budget stands at a gate, and the rule that makes it so, if one does. A rule that pages comes before everything
/// else; one that notifies is told where nothing else keeps the budget from being met: what burns isn't met.
pub fn standing<'a>(spent: &Counts, budget: f64, firing: &'a [Burn]) -> (BudgetState, Option<&'a Burn>) {
    let first = |action: Action| firing.iter().find(|b| b.firing && b.rule.action == action);
    let state = spent.state(budget);
    let notify = || first(Action::Notify).filter(|_| state == BudgetState::Within);
    let burn = first(Action::Page).or_else(notify);
    (if burn.is_some() { BudgetState::Alerting } else { state }, burn)
}

/// Judges a rule for a budget: above 0 and at most 1, over this many days.
pub fn judge(rule: Rule, budget: f64, window_days: u32, long: &Counts, short: &Counts) -> Burn {
    let threshold = rule.threshold(window_days);
    // What is equal but for rounding is equal.
    let reached = |burn: f64| burn >= threshold * (1.0 - 1e-12);
    let impossible = !reached(1.0 / budget);
    let (burn_long, burn_short) = (long.rate() / budget, short.rate() / budget);
    let silent = if impossible {
        Some(format!("it would take a burn of {threshold:.2}, and no more than {:.2} is possible", 1.0 / budget))
    } else if i64::from(window_days) * 86_400 < rule.long_s {
        Some(format!("its long window reaches back further than the budget's {window_days} days"))
    } else if long.reviewed < MIN_REVIEWED {
        Some(format!("{} reviews in {}, and it takes {MIN_REVIEWED}", long.reviewed, span(rule.long_s)))
    } else if long.failures < MIN_FAILURES {
        Some(format!("{} failures in {}, and it takes {MIN_FAILURES}", long.failures, span(rule.long_s)))
    } else {
        None
    };
    let firing = silent.is_none() && reached(burn_long) && reached(burn_short);
    Burn { rule, threshold, long: burn_long, short: burn_short, impossible, silent, firing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counts(failures: i64, others: i64) -> Counts {
        let mut counts = Counts::default();
        counts.add(failures, 1.0, true);
        counts.add(others, 1.0, false);
        counts
    }

    #[test]
    fn the_thresholds_at_28_days_are_the_published_ones() {
        let found: Vec<String> = RULES.iter().map(|r| format!("{} {:.4}", r.name(), r.threshold(28))).collect();
        assert_eq!(found, ["1h/5m 13.4400", "6h/30m 5.6000", "1d/2h 2.8000", "3d/6h 0.9333"]);
    }

    #[test]
    fn a_rule_fires_when_both_windows_burn() {
        let (hot, cold) = (counts(6, 4), counts(0, 10));
        assert!(judge(RULES[0], 0.04, 28, &hot, &hot).firing);
        assert!(!judge(RULES[0], 0.04, 28, &hot, &cold).firing, "the fire is out");
        assert!(!judge(RULES[0], 0.04, 28, &cold, &hot).firing, "a short flame");
        let at = judge(RULES[1], 0.05, 28, &counts(28, 72), &counts(28, 72));
        assert!((at.long - 5.6).abs() < 1e-12 && at.firing, "{at:?}");
    }

    #[test]
    fn what_can_never_fire_is_left_out_with_a_word() {
        let hot = counts(100, 0);
        let burn = judge(RULES[0], 0.08, 28, &hot, &hot);
        assert!(burn.impossible && !burn.firing);
        assert_eq!(burn.silent.as_deref(), Some("it would take a burn of 13.44, and no more than 12.50 is possible"));
        assert!(!judge(RULES[0], 1.0 / 13.44, 28, &hot, &hot).impossible);
    }

    #[test]
    fn few_drafts_are_not_a_fire() {
        for (long, why) in [(counts(9, 0), "9 reviews in 6h"), (counts(2, 8), "2 failures in 6h")] {
            let burn = judge(RULES[1], 0.01, 28, &long, &counts(2, 0));
            assert!(!burn.firing && burn.silent.is_some_and(|s| s.starts_with(why)), "{why}");
        }
        assert!(judge(RULES[1], 0.01, 28, &counts(3, 7), &counts(3, 0)).firing);
        let short = judge(RULES[3], 0.5, 2, &counts(10, 0), &counts(10, 0));
        assert!(short.silent.is_some_and(|s| s.contains("2 days")));
    }

    #[test]
    fn two_failures_overspend_nothing() {
        assert_eq!(Counts::default().state(0.05), BudgetState::Unknown);
        assert_eq!(counts(2, 8).state(0.05), BudgetState::Within, "too few failures");
        assert_eq!(counts(5, 4).state(0.05), BudgetState::Within, "too few reviews");
        assert_eq!(counts(3, 57).state(0.05), BudgetState::Within, "as much as there is");
        assert_eq!(counts(3, 7).state(0.05), BudgetState::Overspent);
    }

    #[test]
    fn a_sampled_draft_stands_for_those_that_nobody_read() {
        let mut mixed = counts(20, 180);
        mixed.add(2, 0.25, true);
        mixed.add(198, 0.25, false);
        assert!((mixed.rate() - 0.028).abs() < 1e-12, "{}", mixed.rate());
        assert!(Counts::default().rate().abs() < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn more_failures_never_burn_less(f in 0_i64..50, n in 0_i64..50, b in 0.001_f64..1.0) {
            for rule in RULES {
                let (less, more) = (counts(f, n + 1), counts(f + 1, n));
                let (less, more) = (judge(rule, b, 28, &less, &less), judge(rule, b, 28, &more, &more));
                prop_assert!(more.long >= less.long && more.long <= 1.0 / b + 1e-9);
                prop_assert!(!less.firing || more.firing);
            }
        }
    }
}
