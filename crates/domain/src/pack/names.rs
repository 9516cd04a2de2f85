//! The names and amounts in a pack, each valid once it exists.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use crate::ids::WorkflowId;

/// The text does not have the form its type asks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found:?}")]
pub struct BadName {
    /// The form that was asked for.
    pub expected: &'static str,
    /// The text that was given.
    pub found: String,
}

fn checked(text: &str, expected: &'static str, good: bool) -> Result<String, BadName> {
    let found = text.to_owned();
    if good { Ok(found) } else { Err(BadName { expected, found }) }
}

pub(super) const WORKFLOW_ID: &str = "1 to 64 lowercase letters, digits and `-`, starting with a letter";

impl FromStr for WorkflowId {
    type Err = BadName;

    /// A workflow's id is also its flag key and a part of URLs.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let good = text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        checked(text, WORKFLOW_ID, good).map(Self)
    }
}

/// A pattern over source ids: `*` stands for any characters, `/` included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct SourcePattern(String);

impl SourcePattern {
    pub(super) const EXPECTED: &str =
        "a source id in which `*` stands for any characters, without other wildcards or spaces";

    /// Whether the pattern covers this source.
    #[must_use]
    pub fn matches(&self, source_id: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(last) = parts.next_back() else {
            return self.0 == source_id;
        };
        let Some(middle) = source_id.strip_prefix(first).and_then(|rest| rest.strip_suffix(last)) else {
            return false;
        };
        // The leftmost place for each part leaves the most room for those after it.
        parts.try_fold(middle, |rest, part| rest.split_once(part).map(|(_, after)| after)).is_some()
    }
}

impl FromStr for SourcePattern {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let good =
            !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || "?[]{}!\\".contains(c));
        checked(text, Self::EXPECTED, good).map(Self)
    }
}

impl fmt::Display for SourcePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A model as `provider/name`, such as `openai/gpt-4o`; the name may hold further slashes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ModelName(String);

impl ModelName {
    pub(super) const EXPECTED: &str = "a model as provider/name";
}

impl FromStr for ModelName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let good = !text.contains(|c: char| c.is_whitespace() || c.is_control())
            && text.split_once('/').is_some_and(|(provider, name)| !provider.is_empty() && !name.is_empty());
        checked(text, Self::EXPECTED, good).map(Self)
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An amount of money in millionths of a US dollar; as text a decimal such as `0.0031`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MicroUsd(pub i64);

impl MicroUsd {
    pub(super) const EXPECTED: &str = "a sum above 0 in quotes with at most six decimals, such as \"200.00\"";
}

impl FromStr for MicroUsd {
    type Err = BadName;

    /// Reads a decimal that is not negative; floats never come near it.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let micro = (digits(whole) && digits(decimals) && decimals.len() <= 6)
            .then(|| format!("{whole}{decimals:0<6}").parse().ok())
            .flatten();
        micro.map(Self).ok_or_else(|| BadName { expected: Self::EXPECTED, found: text.to_owned() })
    }
}

impl fmt::Display for MicroUsd {
    /// At least two decimals, and no more than it takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micro = self.0.unsigned_abs();
        let decimals = format!("{:06}", micro % 1_000_000);
        let (cents, beyond) = decimals.split_at(2);
        write!(f, "{sign}{}.{cents}{}", micro / 1_000_000, beyond.trim_end_matches('0'))
    }
}

impl Serialize for MicroUsd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn a_pattern_covers_what_its_stars_stand_for() {
        for (pattern, id, covered) in [
            ("airline-policy/*", "airline-policy/refund", true),
            ("airline-policy/*", "airline-policy/a/b", true),
            ("airline-policy/*", "airline-policy", false),
            ("*", "", true),
            ("kb/*_(general)_*", "kb/doc_(general)_001", true),
            ("a*a", "a", false),
            ("a*b*b", "ab", false),
            ("a*b*c", "a-b-b-c", true),
            ("exact", "exact", true),
            ("exact", "exactly", false),
        ] {
            let pattern: SourcePattern = pattern.parse().unwrap();
            assert_eq!(pattern.matches(id), covered, "{pattern} on {id:?}");
        }
    }

    #[test]
    fn money_is_read_and_written_without_loss() {
        for (text, micro, shown) in [
            ("200.00", 200_000_000, "200.00"),
            ("0.0031", 3_100, "0.0031"),
            ("7", 7_000_000, "7.00"),
            ("0.000001", 1, "0.000001"),
            ("9223372036854.775807", i64::MAX, "9223372036854.775807"),
        ] {
            let amount: MicroUsd = text.parse().unwrap();
            assert_eq!((amount.0, amount.to_string().as_str()), (micro, shown));
        }
        for bad in ["", ".5", "5.", "-1", "+1", "1e3", "1,000", "0.0000001", "9223372036854.775808", "٣"] {
            assert!(bad.parse::<MicroUsd>().is_err(), "{bad:?}");
        }
    }
}
