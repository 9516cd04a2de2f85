//! Where a draft stands, and which steps there are from there.

use serde::{Deserialize, Serialize};

/// The state of a draft. `Frozen` is never stored: a staged draft of a killed workflow is frozen by that alone,
/// so that a kill costs the same at ten drafts and at ten million.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Waiting for a reviewer.
    Staged,
    /// Held by a reviewer.
    InReview,
    /// Approved, within its undo time or with nowhere to go.
    Approved,
    /// Edited, within its undo time or with nowhere to go.
    Edited,
    /// Escalated to a person.
    Escalated,
    /// On its way to the help desk.
    Delivering,
    /// The help desk has it.
    Delivered,
    /// The help desk never took it.
    Undeliverable,
    /// A newer revision of the same ticket came in.
    Superseded,
    /// Its time ran out undecided.
    Expired,
    /// Staged, in a killed workflow.
    Frozen,
    /// Not selected for review; it goes out as it is.
    Unreviewed,
}

impl State {
    /// Every state, in the order of a draft's life.
    pub const ALL: [Self; 12] = [
        Self::Staged,
        Self::InReview,
        Self::Approved,
        Self::Edited,
        Self::Escalated,
        Self::Delivering,
        Self::Delivered,
        Self::Undeliverable,
        Self::Superseded,
        Self::Expired,
        Self::Frozen,
        Self::Unreviewed,
    ];

    /// The word for it, in the database and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Staged => "staged",
            Self::InReview => "in_review",
            Self::Approved => "approved",
            Self::Edited => "edited",
            Self::Escalated => "escalated",
            Self::Delivering => "delivering",
            Self::Delivered => "delivered",
            Self::Undeliverable => "undeliverable",
            Self::Superseded => "superseded",
            Self::Expired => "expired",
            Self::Frozen => "frozen",
            Self::Unreviewed => "unreviewed",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }

    /// Whether a verdict may still be given: nobody decided yet, nothing overtook it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Staged | Self::InReview | Self::Frozen)
    }
}
