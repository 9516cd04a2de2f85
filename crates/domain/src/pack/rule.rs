//! What a single value in `workflow.toml` may be.

use std::ops::RangeInclusive;
use std::str::FromStr;

use toml::de::DeValue;
use url::Url;

use super::names::{MicroUsd, ModelName, SourcePattern, WORKFLOW_ID};
use crate::ids::WorkflowId;

/// The value, if it is one that may stand here.
type Read<T> = Box<dyn Fn(&DeValue<'_>) -> Option<T>>;

/// How to read one value, and the words for what it should have been.
pub(super) struct Rule<T> {
    pub(super) expected: String,
    /// The names that may stand here, if the value is one of a few.
    pub(super) choices: Vec<String>,
    /// Whether a wrong value may be a secret put in the wrong place, so that it is not repeated.
    pub(super) private: bool,
    pub(super) read: Read<T>,
}

fn rule<T>(expected: impl Into<String>, read: impl Fn(&DeValue<'_>) -> Option<T> + 'static) -> Rule<T> {
    Rule { expected: expected.into(), choices: Vec::new(), private: false, read: Box::new(read) }
}

fn string(expected: &str, good: fn(&str) -> bool) -> Rule<String> {
    rule(expected, move |value| value.as_str().filter(|text| good(text)).map(str::to_owned))
}

fn private<T>(rule: Rule<T>) -> Rule<T> {
    Rule { private: true, ..rule }
}

fn parsed<T: FromStr>(expected: &str) -> Rule<T> {
    rule(expected, |value| value.as_str()?.parse().ok())
}

fn number_of(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(float) => float.as_str().parse().ok(),
        DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().parse().ok(),
        _ => None,
    }
}

/// One line of text for people.
pub(super) fn text() -> Rule<String> {
    string("a line of text of at most 200 characters", |text| {
        !text.trim().is_empty() && text.chars().count() <= 200 && !text.contains(char::is_control)
    })
}

/// Text of several lines for people.
pub(super) fn prose() -> Rule<String> {
    string("a text of at most 5000 characters", |text| {
        !text.trim().is_empty() && text.chars().count() <= 5_000 && !text.contains('\0')
    })
}

/// A name for programs: a group, a label, a route, a tool.
pub(super) fn word() -> Rule<String> {
    string("a name of at most 100 characters without spaces or commas", |text| {
        !text.is_empty()
            && text.chars().count() <= 100
            && !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == ',')
    })
}

/// The code of an escalation reason. `harm` is taken: `escalate:harm` means every harmful one.
pub(super) fn reason_code() -> Rule<String> {
    string("1 to 40 lowercase letters, digits and `_`, starting with a letter, and not `harm`", |text| {
        text != "harm"
            && text.len() <= 40
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    })
}

/// The name of an environment variable; packs live in git, so secrets stay out of them.
pub(super) fn env_name() -> Rule<String> {
    private(string("the name of an environment variable (capitals, digits and `_`)", |text| {
        text.len() <= 100
            && text.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
            && text.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
    }))
}

/// An absolute URL without credentials.
pub(super) fn http_url() -> Rule<String> {
    private(string("an http:// or https:// URL without a password in it", |text| {
        Url::parse(text).is_ok_and(|url| {
            matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
        })
    }))
}

/// A path within the project, such as an eval suite's.
pub(super) fn relative_path() -> Rule<String> {
    string("a relative path without `..`", |text| {
        !text.is_empty()
            && text.len() <= 200
            && !text.contains(|c: char| c.is_control() || c == '\\' || c == ':')
            && text.split('/').all(|part| !matches!(part, "" | "." | ".."))
    })
}

pub(super) fn workflow_id() -> Rule<WorkflowId> {
    parsed(WORKFLOW_ID)
}

pub(super) fn source_pattern() -> Rule<SourcePattern> {
    parsed(SourcePattern::EXPECTED)
}

pub(super) fn model() -> Rule<ModelName> {
    parsed(ModelName::EXPECTED)
}

/// A sum above zero.
pub(super) fn money() -> Rule<MicroUsd> {
    rule(MicroUsd::EXPECTED, |value| value.as_str()?.parse().ok().filter(|sum: &MicroUsd| sum.0 > 0))
}

pub(super) fn flag() -> Rule<bool> {
    rule("true or false", |value| value.as_bool())
}

pub(super) fn whole(range: RangeInclusive<u32>) -> Rule<u32> {
    let expected = format!("a whole number from {} to {}", range.start(), range.end());
    rule(expected, move |value| {
        let integer = value.as_integer()?;
        let number = u32::from_str_radix(integer.as_str(), integer.radix()).ok()?;
        range.contains(&number).then_some(number)
    })
}

/// From none to all.
pub(super) fn share() -> Rule<f64> {
    rule("a number from 0 to 1", |value| number_of(value).filter(|number| (0.0..=1.0).contains(number)))
}

/// Some, or all.
pub(super) fn share_above_zero() -> Rule<f64> {
    rule("a number above 0 and at most 1", |value| number_of(value).filter(|number| *number > 0.0 && *number <= 1.0))
}

/// The chance of error that a gate's bounds allow.
pub(super) fn alpha() -> Rule<f64> {
    rule("a number above 0 and at most 0.5", |value| number_of(value).filter(|number| *number > 0.0 && *number <= 0.5))
}

/// One of a few names, each standing for a value.
pub(super) fn choice<T: Clone + 'static>(choices: Vec<(String, T)>) -> Rule<T> {
    let names: Vec<String> = choices.iter().map(|(name, _)| name.clone()).collect();
    Rule {
        expected: format!("one of {}", names.join(", ")),
        choices: names,
        private: false,
        read: Box::new(move |value| {
            let name = value.as_str()?;
            choices.iter().find(|(choice, _)| choice == name).map(|(_, value)| value.clone())
        }),
    }
}
