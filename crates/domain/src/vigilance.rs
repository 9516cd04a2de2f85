//! Whether a reviewer's labels can be trusted: probes that they missed, and verdicts faster than anybody reads.

use crate::verdict::codes;

/// Faster than skimming: sixteen words a second, near a thousand a minute.
const WORDS_A_SECOND: f64 = 16.0;
/// Of a reviewer's probes, only the last so many count: who reads well again is believed again.
pub const RECENT: i64 = 20;

/// Whether a draft of so many words can't have been read in so many seconds.
pub fn too_fast(words: usize, seconds: f64) -> bool {
    seconds < words as f64 / WORDS_A_SECOND
}

/// Whether a reviewer misses too many: at least two, and a third or more of those shown.
pub fn misses_too_many(shown: i64, missed: i64) -> bool {
    missed >= 2 && missed * 3 >= shown
}

/// Whether an outcome key catches a fault that any of these names: a key, or what keys begin with before `.` or `:`. An
/// escalation for several reasons catches what each of them would.
pub fn catches(expected: &[String], key: &str) -> bool {
    let named =
        |key: &str, name: &str| key == name || key.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', ':']));
    expected.iter().any(|name| {
        named(key, name) || codes(key).any(|code| name.strip_prefix("escalate:").is_some_and(|wanted| wanted == code))
    })
}

#[cfg(test)]
mod tests {
    use super::{catches, misses_too_many, too_fast};

    #[test]
    fn a_hundred_words_take_longer_than_six_seconds() {
        assert!(too_fast(100, 6.0) && !too_fast(100, 6.5));
        assert!(!too_fast(0, 0.0));
    }

    #[test]
    fn one_miss_is_no_habit() {
        assert!(!misses_too_many(1, 1) && misses_too_many(2, 2) && misses_too_many(6, 2));
        assert!(!misses_too_many(7, 2));
    }

    #[test]
    fn a_fault_is_caught_by_what_the_probe_names() {
        let any = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert!(catches(&any(&["escalate"]), "escalate:unsafe") && catches(&any(&["edit.factual"]), "edit.factual"));
        assert!(catches(&any(&["edit"]), "edit.cosmetic") && !catches(&any(&["edit.factual"]), "edit.cosmetic"));
        assert!(!catches(&any(&["escalate:unsafe"]), "escalate:harmless") && !catches(&any(&["edit"]), "approve"));
        assert!(catches(&any(&["escalate:unsafe"]), "escalate:other+unsafe"), "one of several reasons");
    }
}
