//! When a delivery that failed is tried again.

use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;

/// The pauses in seconds after the first try, the second … and the ninth: the schedule that the
/// Standard Webhooks specification gives, 75 hours and 35 minutes in all.
const PAUSES: [u64; 9] = [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/// How often a delivery is tried at the most.
pub const MAX_TRIES: u32 = 10;

/// How long to wait after the try numbered `attempt` (from 1) has failed; nothing after the tenth.
///
/// `jitter`, drawn from 0 to 1, spreads the pause by up to a tenth to either side, so that
/// receivers which failed together aren't called together; 0.5 leaves it as it is.
#[must_use]
pub fn retry_delay(attempt: u32, jitter: f64) -> Option<Duration> {
    let pause = PAUSES.get(attempt.saturating_sub(1) as usize)?;
    let jitter = if jitter.is_nan() { 0.5 } else { jitter };
    let spread = 0.9 + 0.2 * jitter.clamp(0.0, 1.0);
    Some(Duration::from_secs(*pause).mul_f64(spread))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_tries_take_about_75_hours() {
        let pauses: Vec<Duration> = (1..).map_while(|attempt| retry_delay(attempt, 0.5)).collect();
        assert_eq!(pauses.len() as u32 + 1, MAX_TRIES);
        assert!(pauses.is_sorted());
        let whole: Duration = pauses.iter().sum();
        assert_eq!(whole.as_secs(), 75 * HOUR + 35 * MINUTE + 5);
    }

    #[test]
    fn jitter_stays_within_a_tenth() {
        for (jitter, seconds) in [(0.0, 4.5), (1.0, 5.5), (-7.0, 4.5), (9.0, 5.5)] {
            let delay = retry_delay(1, jitter).unwrap_or_default();
            assert!((delay.as_secs_f64() - seconds).abs() < 1e-6, "{jitter}: {delay:?}");
        }
        assert!(retry_delay(1, f64::NAN).is_some());
    }
}
