//! Which tools were called, what they were given, and what they answered.

use super::acts::{Act, Family};
use super::stem::{Stem, stem};
use crate::draft::{Message, Role};
use serde_json::{Map, Value as Json};

/// A tool's answer that is longer isn't read as JSON.
const MAX_JSON: usize = 1 << 20;

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
}

impl Call {
    /// Whether its name or what it was given has a word of these.
    pub fn is_about(&self, about: &[Stem]) -> bool {
        let given = self
            .args
            .iter()
            .flat_map(|(name, value)| parts(name).into_iter().chain(parts(value.as_str().unwrap_or_default())));
        self.name
            .iter()
            .copied()
            .filter(|part| !is_general(*part))
            .chain(given)
            .any(|part| about.binary_search(&part).is_ok())
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
                let start = message.text.trim_start().get(..5).unwrap_or_default().to_lowercase();
                calls.push(Call {
                    reads: reads(&name),
                    name: parts(&spaced(&name)),
                    failed: start == "error" || message.text.trim_start().starts_with("{\"error\""),
                    answer: m,
                    args: asked.map(|call| object(&call.text)).unwrap_or_default(),
                    result: object(&message.text),
                });
            }
            _ => {}
        }
    }
    calls
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

/// Whether a tool with this in its name does acts of a family.
pub fn does(family: Family, part: Stem) -> bool {
    let names: &[&str] = match family {
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
    };
    names.iter().any(|name| stem(name) == part)
}
