//! Words compared by what they are about: a rough stem, stop words, and a few words that mean the same in support.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::LazyLock;

/// A word's stem as a number (FNV-1a).
pub type Stem = u64;

const LENGTH: usize = 5;

/// What a word is compared by.
pub fn stem(word: &str) -> Stem {
    of_lower(&word.to_lowercase())
}

/// The same of a word in lower case.
pub fn of_lower(word: &str) -> Stem {
    let ascii = word.is_ascii();
    let has = |text: &str, chars: usize| text.len() >= chars && (ascii || text.chars().count() >= chars);
    let apostrophe = if ascii { word.bytes().position(|b| b == b'\'') } else { word.find(['\'', '\u{2019}']) };
    let mut rest = &word[..apostrophe.unwrap_or(word.len())];
    for end in ["ing", "ed", "es", "s"] {
        if let Some(cut) = rest.strip_suffix(end)
            && has(cut, 3)
            && !(end == "s" && cut.ends_with('s'))
        {
            rest = cut;
            break;
        }
    }
    let rest = if has(rest, 4) { rest.strip_suffix('e').unwrap_or(rest) } else { rest };
    let end = if ascii { Some(LENGTH) } else { rest.char_indices().nth(LENGTH).map(|(i, _)| i) };
    fnv(same(end.and_then(|end| rest.get(..end)).unwrap_or(rest)))
}

fn fnv(text: &str) -> Stem {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// One stem for words that support people use for the same thing.
fn same(stem: &str) -> &str {
    match stem {
        "modif" | "alter" | "updat" | "edit" | "amend" | "adjus" | "switc" | "upgra" | "downg" => "chang",
        "reimb" | "repay" => "refun",
        "bough" | "buy" => "purch",
        "permi" => "allow",
        "lugga" | "bagga" | "bag" | "suitc" => "bag",
        "vouch" => "certi",
        "retur" => "sent",
        "send" => "sent",
        other => other,
    }
}

/// Words that say nothing about the subject.
const STOP: &[&str] = &[
    "a",
    "able",
    "about",
    "according",
    "after",
    "again",
    "agent",
    "agents",
    "all",
    "allowed",
    "also",
    "always",
    "am",
    "an",
    "and",
    "any",
    "apologize",
    "are",
    "aren't",
    "as",
    "assist",
    "at",
    "be",
    "because",
    "been",
    "before",
    "being",
    "but",
    "by",
    "can",
    "can't",
    "cannot",
    "could",
    "current",
    "currently",
    "customer",
    "did",
    "directly",
    "do",
    "does",
    "doesn't",
    "doing",
    "don't",
    "due",
    "each",
    "existing",
    "for",
    "from",
    "further",
    "given",
    "had",
    "has",
    "have",
    "having",
    "help",
    "here",
    "hereby",
    "how",
    "however",
    "i",
    "i'm",
    "if",
    "in",
    "into",
    "is",
    "isn't",
    "it",
    "it's",
    "its",
    "just",
    "may",
    "me",
    "might",
    "more",
    "most",
    "must",
    "my",
    "need",
    "needs",
    "never",
    "no",
    "not",
    "now",
    "of",
    "offer",
    "on",
    "once",
    "only",
    "or",
    "other",
    "our",
    "out",
    "over",
    "own",
    "per",
    "permitted",
    "please",
    "policy",
    "possible",
    "proceed",
    "process",
    "provide",
    "regarding",
    "request",
    "shall",
    "should",
    "since",
    "so",
    "some",
    "sorry",
    "states",
    "such",
    "than",
    "that",
    "the",
    "their",
    "them",
    "then",
    "there",
    "therefore",
    "these",
    "they",
    "this",
    "those",
    "through",
    "to",
    "too",
    "unable",
    "under",
    "understand",
    "unfortunately",
    "unless",
    "until",
    "up",
    "us",
    "user",
    "user's",
    "users",
    "very",
    "was",
    "we",
    "were",
    "what",
    "when",
    "where",
    "which",
    "while",
    "who",
    "will",
    "with",
    "within",
    "without",
    "won't",
    "would",
    "you",
    "your",
    "yours",
];

/// Whether a word, in lower case, says nothing about the subject.
pub fn is_stop(word: &str) -> bool {
    static STOPS: LazyLock<Fixed<()>> = LazyLock::new(|| STOP.iter().map(|word| (fnv(word), ())).collect());
    STOPS.contains_key(&fnv(word))
}

/// What is known of a few words that nobody outside chooses: each word of a text is looked up in it by its own number.
pub type Fixed<T> = HashMap<Stem, T, BuildHasherDefault<AsItIs>>;

/// A number that is spread well enough as it is.
#[derive(Default)]
pub struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |all, b| all << 8 | u64::from(*b));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}
