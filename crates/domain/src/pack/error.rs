//! What is wrong with a pack, said so that its author can go straight to the line.

use std::fmt;

use serde::Serialize;

/// One fault in one file of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackError {
    /// The file's name within the pack.
    pub file: String,
    /// The line of the value, or of the section a value is missing from; from 1.
    pub line: usize,
    /// The dotted key, such as `gate.rate[1].max`; empty when the whole file is meant.
    pub key: String,
    /// What should be there.
    pub expected: String,
    /// What is there.
    pub found: String,
    /// A known name close to the one that was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.file, self.line)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "expected {}, found {}", self.expected, self.found)?;
        match &self.did_you_mean {
            Some(name) => write!(f, " (did you mean `{name}`?)"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PackError {}
