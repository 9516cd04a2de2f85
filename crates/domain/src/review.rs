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

/// Whether a reviewer's n-th lease of a workflow gives them a probe, and which of `left` that wait for them: one
/// lease in twenty-five, as the seed draws it.
pub fn probe(seed: &[u8], reviewer: &str, lease: i64, left: usize) -> Option<usize> {
    let due = left > 0 && unit(seed, "probe", reviewer, &lease.to_string()) < 1.0 / 25.0;
    due.then(|| ((unit(seed, "which probe", reviewer, &lease.to_string()) * left as f64) as usize).min(left - 1))
}

/// Another name in the shape of a ticket's: its last digits are others, its last letters where it has none.
pub fn lookalike(seed: &[u8], ticket: &str, of: &str) -> String {
    let digits = ticket.chars().any(|c| c.is_ascii_digit());
    let mut left = 4;
    let mut out: Vec<char> = ticket.chars().collect();
    for (i, c) in out.iter_mut().enumerate().rev() {
        let (first, count) = match *c {
            '0'..='9' => (b'0', 10.0),
            'a'..='z' if !digits => (b'a', 26.0),
            'A'..='Z' if !digits => (b'A', 26.0),
            _ => continue,
        };
        *c = char::from(first + (unit(seed, "ticket", of, &i.to_string()) * count) as u8);
        left -= 1;
        if left == 0 {
            break;
        }
    }
    out.into_iter().collect()
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
    use super::{draw, lookalike, probe};

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

    #[test]
    fn one_lease_in_twenty_five_gives_a_probe() {
        let given = (0..5000).filter(|n| probe(b"seed", "ana", *n, 3).is_some()).count();
        assert!((150..250).contains(&given), "{given}");
        assert!((0..500).all(|n| probe(b"seed", "ana", n, 0).is_none()));
        assert!((0..5000).filter_map(|n| probe(b"seed", "ana", n, 3)).all(|i| i < 3));
    }

    #[test]
    fn a_borrowed_name_has_the_shape_of_the_others() {
        let name = lookalike(b"seed", "T-104327", "x");
        assert!(
            name.len() == 8 && name.starts_with("T-10") && name.chars().skip(2).all(|c| c.is_ascii_digit()),
            "{name}"
        );
        assert!(lookalike(b"seed", "abcd", "x").chars().all(|c| c.is_ascii_lowercase()));
    }
}
