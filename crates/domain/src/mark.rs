//! Marks of doubt: why a reviewer should look twice.

use serde::{Deserialize, Serialize};

macro_rules! marks {
    ($($(#[$doc:meta])* $name:ident = $bit:literal $word:literal),+ $(,)?) => {
        /// One reason for doubt.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Mark { $($(#[$doc])* $name),+ }

        impl Mark {
            /// Every mark, the gravest first.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The word for it on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }

            /// Its bit in a set of marks, as the database keeps it.
            pub fn bit(self) -> i64 {
                match self { $(Self::$name => 1 << $bit),+ }
            }
        }
    };
}

marks! {
    /// It cites a source that the pack or this audience may not have.
    ForbiddenSource = 0 "forbidden_source",
    /// It cites a source that isn't there.
    NoSuchSource = 1 "no_such_source",
    /// The quoted words are not in the source.
    NoSuchQuote = 2 "no_such_quote",
    /// The sender says that it promises what the policy does not.
    Policy = 3 "policy",
    /// What it says is contradicted, or the sender says that its sources disagree.
    Conflict = 4 "conflict",
    /// It claims something with nothing behind it.
    UncitedClaim = 5 "uncited_claim",
    /// No citation of it holds, and something in it isn't borne out by the thread either.
    Uncited = 6 "uncited",
    /// The model was unsure.
    LowConfidence = 7 "low_confidence",
    /// It holds bidi controls or zero-width characters.
    HiddenText = 8 "hidden_text",
}

impl Mark {
    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|m| m.as_str() == text)
    }
}

/// A set of marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(pub i64);

impl Marks {
    /// Adds one.
    pub fn insert(&mut self, mark: Mark) {
        self.0 |= mark.bit();
    }

    /// Whether it is there.
    pub fn contains(self, mark: Mark) -> bool {
        self.0 & mark.bit() != 0
    }

    /// The words, the gravest first.
    pub fn words(self) -> Vec<&'static str> {
        Mark::ALL.iter().filter(|m| self.contains(**m)).map(|m| m.as_str()).collect()
    }

    /// Whether there is any.
    pub fn any(self) -> bool {
        self.0 != 0
    }
}
