//! The review policy's draw: whether a draft is read by a person, and by a second one.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What the policy decided for one draft, before anyone sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Draw {
    /// The probability with which it was selected; kept for ever, it weighs the evidence.
    pub probability: f64,
    /// A person reviews it.
    pub selected: bool,
    /// A second person reviews it blind.
    pub double: bool,
}

/// Draws for one draft. The draw is a function of the workflow version's secret seed and of the draft's name, so
/// it can be replayed by who holds the seed, and not be steered by who sends the draft.
///
/// `rate` and `double_rate` are probabilities in 0..=1.
pub fn draw(seed: &[u8], external_id: &str, revision: &str, rate: f64, double_rate: f64) -> Draw {
    let selected = unit(seed, "review", external_id, revision) < rate;
    let double = selected && unit(seed, "double", external_id, revision) < double_rate;
    Draw { probability: rate, selected, double }
}

/// A number in [0, 1) from HMAC-SHA256, 53 bits of it.
fn unit(seed: &[u8], purpose: &str, external_id: &str, revision: &str) -> f64 {
    let mut mac = match Hmac::<Sha256>::new_from_slice(seed) {
        Ok(mac) => mac,
        Err(_) => return 0.0, // HMAC takes keys of any length; 0 selects, which errs towards a person reading
    };
    for part in [purpose, external_id, revision] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    let bytes = mac.finalize().into_bytes();
    let mut head = [0_u8; 8];
    head.copy_from_slice(&bytes[..8]);
    (u64::from_be_bytes(head) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::draw;

    #[test]
    fn the_share_selected_follows_the_rate_and_the_draw_is_repeatable() {
        let picked = |rate: f64| (0..4000).filter(|i| draw(b"seed", &i.to_string(), "1", rate, 0.0).selected).count();
        assert_eq!(picked(1.0), 4000);
        assert_eq!(picked(0.0), 0);
        assert!((900..1100).contains(&picked(0.25)), "{}", picked(0.25));
        assert_eq!(draw(b"seed", "a", "1", 0.5, 0.5), draw(b"seed", "a", "1", 0.5, 0.5));
    }

    #[test]
    fn a_draft_that_nobody_reviews_is_not_reviewed_twice() {
        assert!((0..500).map(|i| draw(b"s", &i.to_string(), "1", 0.3, 1.0)).all(|d| d.selected == d.double));
    }
}
