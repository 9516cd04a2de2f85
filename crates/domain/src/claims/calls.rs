//! Which tools were called, what they were given, and what they answered.

use super::acts::{Act, Family};
use super::scan::tokens;
use super::sentence::denies;
use super::stem::{Stem, stem};
use crate::draft::{Message, Role};
use serde_json::{Map, Value as Json};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::LazyLock;

/// A tool's answer that is longer isn't read as JSON.
const MAX_JSON: usize = 1 << 20;
/// So many of a thread's calls are looked at, and so many words of a tool's name.
const MOST: usize = 200;
const MAX_PARTS: usize = 12;
/// A first line of more words is a text, and no answer that says yes or no.
const MAX_LINE: usize = 40;

/// A tool's call with its answer.
pub struct Call {
    /// The words of its name.
    pub name: Vec<Stem>,
    /// It only looks something up.
    pub reads: bool,
    /// It answered with an error.
    pub failed: bool,
    /// Message of the answer.
    pub answer: usize,
    /// What it was given.
    pub args: Map<String, Json>,
    /// The answer's fields.
    pub result: Map<String, Json>,
    /// The words of its name and of what it was given, once something asks for them.
    about: OnceCell<Vec<Stem>>,
    /// Whether its answer speaks of money.
    pub money: OnceCell<bool>,
}

impl Call {
    /// Whether its name or what it was given has a word of these.
    pub fn is_about(&self, about: &[Stem]) -> bool {
        let known = self.about.get_or_init(|| {
            let given = self
                .args
                .iter()
                .flat_map(|(name, value)| parts(name).into_iter().chain(parts(value.as_str().unwrap_or_default())));
            let name = self.name.iter().copied().filter(|part| !is_general(*part));
            let mut known: Vec<Stem> = name.chain(given).collect();
            known.sort_unstable();
            known
        });
        about.iter().any(|stem| known.binary_search(stem).is_ok())
    }
}

/// The words of a name.
pub fn parts(name: &str) -> Vec<Stem> {
    name.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty()).map(stem).collect()
}

/// Pairs calls with their answers, in the order in which they stand.
pub fn calls(messages: &[Message]) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut open: Vec<&Message> = Vec::new();
    for (m, message) in messages.iter().enumerate() {
        match message.role {
            Role::ToolCall => open.push(message),
            Role::Tool => {
                let asked = open.iter().position(|call| call.name == message.name).map(|i| open.remove(i));
                let name = message.name.clone().unwrap_or_default();
                let result = object(&message.text);
                calls.push(Call {
                    reads: reads(&name),
                    name: parts(&spaced(&name)).into_iter().take(MAX_PARTS).collect(),
                    failed: if result.is_empty() { failed_in_words(&message.text) } else { failed(&result) },
                    answer: m,
                    args: asked.map(|call| object(&call.text)).unwrap_or_default(),
                    result,
                    about: OnceCell::new(),
                    money: OnceCell::new(),
                });
            }
            _ => {}
        }
    }
    // The last ones are what a reply is about.
    calls.drain(..calls.len().saturating_sub(MOST));
    calls
}

/// Whether an answer's fields say that it failed: an error, no success, or a status of that kind.
fn failed(result: &Map<String, Json>) -> bool {
    let error = ["error", "errors"].into_iter().filter_map(|name| result.get(name)).any(|error| match error {
        Json::Null | Json::Bool(false) => false,
        Json::String(text) => !text.is_empty(),
        Json::Array(all) => !all.is_empty(),
        _ => true,
    });
    let refused = ["success", "ok"].into_iter().any(|name| result.get(name) == Some(&Json::Bool(false)));
    let status = result.get("status").and_then(Json::as_str).unwrap_or_default().to_lowercase();
    error || refused || matches!(status.as_str(), "failed" | "failure" | "error" | "denied" | "rejected")
}

/// The same of an answer in words: it begins with an error, or its first line denies.
fn failed_in_words(text: &str) -> bool {
    let first = text.trim_start().lines().next().unwrap_or_default();
    let lower = first.to_lowercase();
    let tokens = tokens(first);
    ["error", "fail"].iter().any(|word| lower.starts_with(word)) || tokens.len() <= MAX_LINE && denies(first, &tokens)
}

fn object(text: &str) -> Map<String, Json> {
    if text.len() > MAX_JSON {
        return Map::new();
    }
    match serde_json::from_str(text) {
        Ok(Json::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// `cancelOrder` as `cancel Order`.
fn spaced(name: &str) -> String {
    name.chars().flat_map(|c| c.is_uppercase().then_some(' ').into_iter().chain([c])).collect()
}

/// Whether a tool only looks something up, by its name.
fn reads(name: &str) -> bool {
    const READS: [&str; 16] = [
        "get",
        "search",
        "list",
        "find",
        "lookup",
        "look",
        "calculate",
        "think",
        "read",
        "fetch",
        "query",
        "check",
        "retrieve",
        "show",
        "describe",
        "view",
    ];
    let name = spaced(name).to_lowercase();
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty());
    // `lookup_order` as well as `order_lookup`.
    let first = words.next();
    [first, words.next_back()].into_iter().flatten().any(|word| READS.contains(&word))
}

/// Whether it is said that the customer paid, and nothing that came back.
pub fn pays(act: Act, about: &[Stem]) -> bool {
    let is = |words: &[&str]| words.iter().any(|w| stem(w) == act.verb);
    let says = |words: &[&str]| words.iter().any(|w| about.binary_search(&stem(w)).is_ok());
    let pays = is(&["charged", "paid", "deducted"]) || is(&["processed", "completed"]) && says(&["payment"]);
    pays && !says(&["refund", "credited", "returned", "original"])
}

/// Whether the last amount that the answer has is below zero.
pub fn gave_back(result: &Map<String, Json>) -> bool {
    let amount = |fields: &Map<String, Json>| fields.get("amount").and_then(Json::as_f64);
    let last =
        result.values().filter_map(Json::as_array).filter_map(|list| amount(list.last()?.as_object()?)).next_back();
    last.or_else(|| amount(result)).is_some_and(|amount| amount < 0.0)
}

/// "Update" says nothing of what is updated.
pub fn is_general(part: Stem) -> bool {
    ["change", "set", "add", "create"].iter().any(|name| stem(name) == part)
}

/// "Processed" says nothing of what was.
pub fn is_general_act(verb: Stem) -> bool {
    ["processed", "completed", "submitted", "initiated"].iter().any(|name| stem(name) == verb)
}

/// Whether a tool with this in its name does acts of a family.
pub fn does(family: Family, part: Stem) -> bool {
    static STEMS: LazyLock<HashMap<Family, Vec<Stem>>> = LazyLock::new(|| {
        let stems = |family| (family, names(family).iter().map(|name| stem(name)).collect());
        Family::ALL.into_iter().map(stems).collect()
    });
    STEMS.get(&family).is_some_and(|stems| stems.contains(&part))
}

/// What tools that do acts of a family have in their names.
fn names(family: Family) -> &'static [&'static str] {
    match family {
        Family::Cancel => &["cancel", "void", "terminate", "delete", "close"],
        Family::Book => &["book", "reserve", "create", "order", "purchase", "schedule", "place", "add"],
        Family::Change => &[
            "change",
            "upgrade",
            "downgrade",
            "move",
            "reschedule",
            "set",
            "reset",
            "replace",
            "patch",
            "exchange",
            "rename",
            "extend",
        ],
        Family::Give => &["issue", "send", "grant", "credit", "add", "create", "apply", "give", "ship", "change"],
        Family::Transfer => &["transfer", "escalate", "forward", "assign", "handoff", "hand"],
        Family::Remove => &["remove", "delete", "change"],
        Family::Any | Family::Named | Family::Read => &[],
    }
}
