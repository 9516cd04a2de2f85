//! What is said to be done.

use super::find::IFS;
use super::stem::{Fixed, Stem, stem};
use std::sync::LazyLock;

/// Something that is said to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    /// The verb.
    pub verb: Stem,
    /// Which family of acts.
    pub family: Family,
    /// "I have …", not "… has been".
    pub own: bool,
}

/// Acts that the same tools do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// Cancelled, closed.
    Cancel,
    /// Booked, ordered.
    Book,
    /// Changed, upgraded, moved.
    Change,
    /// Sent, issued, added.
    Give,
    /// Charged, refunded, processed, completed: any act that changes something.
    Any,
    /// Handed to somebody else.
    Transfer,
    /// Removed, deleted.
    Remove,
    /// Waived: nothing but its own name stands for it.
    Named,
    /// Looked up, reviewed.
    Read,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Cancel,
        Self::Book,
        Self::Change,
        Self::Give,
        Self::Any,
        Self::Transfer,
        Self::Remove,
        Self::Named,
        Self::Read,
    ];
}

pub const VERBS: &[(&str, Family)] = &[
    ("cancelled", Family::Cancel),
    ("closed", Family::Cancel),
    ("terminated", Family::Cancel),
    ("booked", Family::Book),
    ("reserved", Family::Book),
    ("ordered", Family::Book),
    ("scheduled", Family::Book),
    ("changed", Family::Change),
    ("modified", Family::Change),
    ("updated", Family::Change),
    ("adjusted", Family::Change),
    ("upgraded", Family::Change),
    ("downgraded", Family::Change),
    ("moved", Family::Change),
    ("switched", Family::Change),
    ("rescheduled", Family::Change),
    ("extended", Family::Change),
    ("reset", Family::Change),
    ("renamed", Family::Change),
    ("issued", Family::Give),
    ("sent", Family::Give),
    ("granted", Family::Give),
    ("credited", Family::Give),
    ("added", Family::Give),
    ("applied", Family::Give),
    ("shipped", Family::Give),
    ("charged", Family::Any),
    ("refunded", Family::Any),
    ("deducted", Family::Any),
    ("paid", Family::Any),
    ("processed", Family::Any),
    ("completed", Family::Any),
    ("submitted", Family::Any),
    ("initiated", Family::Any),
    ("transferred", Family::Transfer),
    ("escalated", Family::Transfer),
    ("forwarded", Family::Transfer),
    ("removed", Family::Remove),
    ("deleted", Family::Remove),
    ("waived", Family::Named),
    ("enabled", Family::Named),
    ("disabled", Family::Named),
    ("activated", Family::Named),
    ("unlocked", Family::Named),
    ("retrieved", Family::Read),
    ("reviewed", Family::Read),
    ("checked", Family::Read),
    ("verified", Family::Read),
    ("located", Family::Read),
];

/// Without one of these nothing is said to be done.
pub const HELPS: [&str; 7] = ["i've", "we've", "have", "has", "was", "were", "now"];

/// "I have cancelled", "has been charged", "was waived"; none of them denied or only possible.
pub fn act(said: &[String]) -> Option<Act> {
    for (i, word) in said.iter().enumerate() {
        let before = i.checked_sub(1).map(|b| said[b].as_str());
        let first = matches!(word.as_str(), "i've" | "we've") || (word == "have" && matches!(before, Some("i" | "we")));
        let past = matches!(word.as_str(), "was" | "were");
        let now = matches!(word.as_str(), "is" | "are") && said.get(i + 1).is_some_and(|w| w == "now");
        // "The card that was charged" says which one.
        if matches!(before, Some("that" | "which" | "who")) {
            continue;
        }
        if !first && !past && !now && !matches!(word.as_str(), "has" | "have") {
            continue;
        }
        if said[..i].iter().any(|w| IFS.contains(&w.as_str())) {
            return None;
        }
        let mut been = past || now;
        for next in said[i + 1..].iter().take(5) {
            match next.as_str() {
                "been" | "being" => been = true,
                "now" | "just" | "already" | "successfully" | "also" | "both" | "all" | "fully" | "automatically"
                | "then" => {}
                verb => {
                    let done = (first || been) && verb.ends_with(['d', 't']);
                    let Some((verb, family)) = done.then(|| known(verb)).flatten() else { break };
                    // "It was booked on…" describes; it doesn't report.
                    if past && matches!(family, Family::Book | Family::Give | Family::Read) {
                        break;
                    }
                    return Some(Act { verb, family, own: first && !been });
                }
            }
        }
    }
    None
}

/// A verb that says that something was done.
fn known(verb: &str) -> Option<(Stem, Family)> {
    static KNOWN: LazyLock<Fixed<Family>> = LazyLock::new(|| {
        // Of two with one stem the first stands for both.
        VERBS.iter().rev().map(|(name, family)| (stem(name), *family)).collect()
    });
    let verb = stem(verb);
    Some((verb, *KNOWN.get(&verb)?))
}
