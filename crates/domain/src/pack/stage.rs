//! The stages of a rollout.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How far a workflow has been rolled out, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Colleagues only: where every workflow starts, and restarts after a kill.
    Internal,
    /// Customers who asked for it.
    OptIn,
    /// Everyone the pack admits.
    Default,
}

impl Stage {
    /// Every stage, first to last.
    pub const ALL: [Self; 3] = [Self::Internal, Self::OptIn, Self::Default];

    /// The name used in packs, on the wire and in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::OptIn => "opt_in",
            Self::Default => "default",
        }
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not the name of a stage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no stage is called {0:?}: the stages are internal, opt_in and default")]
pub struct UnknownStage(String);

impl FromStr for Stage {
    type Err = UnknownStage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text).ok_or_else(|| UnknownStage(text.to_owned()))
    }
}
