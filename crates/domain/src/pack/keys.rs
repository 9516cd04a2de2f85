//! The letters that pick an escalation reason.

use std::collections::BTreeMap;

use super::Reason;

/// How many reasons there can be: one a letter.
pub(super) const LETTERS: usize = 26;

/// In the pack's order, each reason takes the first letter of its code, then of its label, then
/// of the alphabet that no reason before it took.
pub(super) fn of(reasons: &[Reason]) -> BTreeMap<&str, char> {
    let mut taken = Vec::with_capacity(reasons.len());
    for reason in reasons {
        let letters = reason.code.chars().chain(reason.label.chars()).map(|c| c.to_ascii_lowercase());
        let free = letters.chain('a'..='z').find(|c| c.is_ascii_lowercase() && !taken.contains(c));
        taken.extend(free);
    }
    reasons.iter().map(|reason| reason.code.as_str()).zip(taken).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(code: &str, label: &str) -> Reason {
        Reason { code: code.into(), label: label.into(), harm: false, to: "team".into() }
    }

    #[test]
    fn every_reason_gets_its_own_letter() {
        let reasons = [reason("unsafe", "Would harm"), reason("unclear", "?"), reason("u_n", "Zoo"), reason("n1", "2")];
        let keys: Vec<_> = of(&reasons).into_iter().collect();
        assert_eq!(keys, [("n1", 'a'), ("u_n", 'z'), ("unclear", 'n'), ("unsafe", 'u')]);
    }

    #[test]
    fn as_many_reasons_as_letters_all_get_one() {
        let reasons: Vec<Reason> = (0..LETTERS).map(|i| reason(&format!("a{i}"), "a")).collect();
        let keys = of(&reasons);
        let letters: std::collections::BTreeSet<char> = keys.values().copied().collect();
        assert_eq!((keys.len(), letters.len()), (LETTERS, LETTERS));
    }
}
