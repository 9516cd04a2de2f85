//! Review rates under a budget: when more comes in than people can read, less is drawn, risky drafts last.

/// Rates by risk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    /// Of drafts without a doubt.
    pub low: f64,
    /// Of risky ones.
    pub high: f64,
}

/// No rate goes below this (or below the pack's own, where that is lower): a draft that is hardly ever drawn would
/// weigh so much that no gate turned green.
pub const FLOOR: f64 = 0.05;

/// The rates for a day on which so many drafts are expected, at most `per_day` of them read if the floor lets it be.
/// Rounded down to hundredths, so that the evidence has few probabilities to weigh.
pub fn rates(per_day: f64, base: Rates, expected_low: f64, expected_high: f64) -> Rates {
    if expected_low * base.low + expected_high * base.high <= per_day {
        return base;
    }
    let floor = Rates { low: base.low.min(FLOOR), high: base.high.min(FLOOR) };
    let share = |left: f64, expected: f64, base: f64, floor: f64| {
        if expected <= 0.0 {
            return base;
        }
        ((left / expected).clamp(floor, base) * 100.0 + 1e-9).floor() / 100.0
    };
    let low = share(per_day - expected_high * base.high, expected_low, base.low, floor.low).max(floor.low);
    let high = share(per_day - expected_low * low, expected_high, base.high, floor.high).max(floor.high);
    Rates { low, high }
}

#[cfg(test)]
mod tests {
    use super::{FLOOR, Rates, rates};

    const ALL: Rates = Rates { low: 1.0, high: 1.0 };

    #[test]
    fn within_the_budget_nothing_changes() {
        assert_eq!(rates(200.0, ALL, 150.0, 50.0), ALL);
    }

    #[test]
    fn risky_drafts_are_read_before_others() {
        assert_eq!(rates(200.0, ALL, 1_000.0, 100.0), Rates { low: 0.1, high: 1.0 });
    }

    #[test]
    fn nothing_goes_below_the_floor() {
        assert_eq!(rates(200.0, ALL, 2_000.0, 400.0), Rates { low: FLOOR, high: 0.25 });
        assert_eq!(rates(1.0, ALL, 2_000.0, 400.0), Rates { low: FLOOR, high: FLOOR });
        let thin = Rates { low: 0.02, high: 0.5 };
        assert_eq!(rates(1.0, thin, 2_000.0, 400.0), Rates { low: 0.02, high: FLOOR });
    }
}
