//! `draft.v1`: what the AI wants to send, as it comes in and as the hub keeps it.

mod parse;
mod place;

pub use parse::{MAX_ROW, parse};

use crate::citation::Checks;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// A range of a text, counted in characters (Unicode code points), the end not included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Span {
    /// The first character.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

/// Who wrote a message of the thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = MessageRole)]
pub enum Role {
    /// The customer.
    Customer,
    /// The company's side.
    Agent,
    /// A tool's result.
    Tool,
    /// A call of a tool.
    ToolCall,
    /// An internal note.
    Note,
}

/// One message of the thread.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Message {
    /// Who wrote it.
    pub role: Role,
    /// What it says.
    pub text: String,
    /// The person's or the tool's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Millis>,
}

/// A citation as the model made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Citation {
    /// The source's id.
    pub source: String,
    /// The words of the source that it rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<String>,
    /// Where in `draft.text` the cited part begins: the number of characters (Unicode code points) before it, not of bytes
    /// or UTF-16 units. In `Grüße 😀 It is under Billing.` the part `is under Billing` is `11` to `27`. Where the text has
    /// the quote word for word, the part must be there; else the row is rejected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u32>,
    /// Where it ends, one past its last character, counted in the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<u32>,
}

impl Citation {
    /// The part of the draft that it stands behind, where the model said so.
    pub fn span(&self) -> Option<Span> {
        Some(Span { start: self.start?, end: self.end? })
    }
}

/// The reply itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Reply {
    /// Markdown.
    pub text: String,
    /// What it rests on.
    #[serde(default)]
    pub citations: Vec<Citation>,
}

/// A source as the sender names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NamedSource {
    /// Its id.
    pub id: String,
    /// Its title, as the sender knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The text the model was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// Which model wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Model {
    /// For instance `openai`.
    pub provider: String,
    /// For instance `gpt-4o`.
    pub name: String,
}

/// Tokens used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Usage {
    /// Tokens in.
    #[serde(default)]
    pub input_tokens: u64,
    /// Tokens out.
    #[serde(default)]
    pub output_tokens: u64,
}

/// A doubt that the sender itself had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalKind {
    /// A claim with nothing behind it.
    UncitedClaim,
    /// The model was unsure.
    LowConfidence,
    /// Sources or tools disagree.
    Conflict,
    /// Against the policy, perhaps.
    Policy,
}

/// A doubt, with where and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Signal {
    /// What kind.
    pub kind: SignalKind,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Where in `draft.text` it begins, in characters (Unicode code points) like a citation's `start`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u32>,
    /// Where it ends, one past its last character.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<u32>,
}

/// The customer the reply is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Audience {
    /// A stable id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Groups they are in.
    #[serde(default)]
    pub groups: Vec<String>,
    /// Whether they asked for AI replies.
    #[serde(default)]
    pub opted_in: bool,
}

/// Everything the reviewer sees of a draft; its JSON is stored as it is and never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct DraftBody {
    /// The conversation, oldest first.
    pub thread: Vec<Message>,
    /// The reply.
    pub draft: Reply,
    /// What the model was given.
    #[serde(default)]
    pub sources: Vec<NamedSource>,
    /// The model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// Tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// US dollars as a decimal string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<String>,
    /// The trace it was made in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// The sender's doubts.
    #[serde(default)]
    pub signals: Vec<Signal>,
    /// Who it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<Audience>,
    /// Whatever else came with it.
    #[serde(default)]
    pub metadata: Map<String, Value>,
}

/// A draft as it came in, well-formed.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The workflow it names itself, if it does.
    pub workflow: Option<String>,
    /// The ticket.
    pub external_id: String,
    /// The ticket's revision.
    pub revision: String,
    /// When it is of no more use.
    pub expires_at: Option<Millis>,
    /// What the reviewer sees.
    pub body: DraftBody,
}

/// What is wrong with a row, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, utoipa::ToSchema)]
#[error("{field}: {message}")]
pub struct FieldError {
    /// The field, dotted: `draft.citations[2].end`.
    pub field: String,
    /// What was found and what was expected.
    pub message: String,
}

impl FieldError {
    /// An error of one field.
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// When the customer last wrote, as a body's JSON says, and no more of it is read than that takes. None where their last
/// message has no time.
pub fn asked_at(body_json: &str) -> Option<Millis> {
    #[derive(Deserialize)]
    struct Sent {
        role: Role,
        at: Option<Millis>,
    }
    #[derive(Deserialize)]
    struct Thread {
        thread: Vec<Sent>,
    }
    let Thread { thread } = serde_json::from_str(body_json).ok()?;
    thread.iter().rfind(|m| m.role == Role::Customer)?.at
}

/// Since when a customer waits who wrote at `asked`: not since a moment that was still to come when the draft came in.
pub fn waiting_since(asked: Option<Millis>, staged: Millis) -> Millis {
    asked.map_or(staged, |asked| asked.min(staged))
}

/// The names under which a ticket may have come in, by what somebody types: its whole name, or its number as screens show
/// it, without "ticket" before it.
pub fn ticket_names(typed: &str) -> Vec<String> {
    const WORD: &str = "ticket";
    let typed = typed.trim();
    let begins = typed.get(..WORD.len()).is_some_and(|head| head.eq_ignore_ascii_case(WORD));
    let rest = if begins { &typed[WORD.len()..] } else { typed };
    let number = rest.strip_prefix(['-', '_', ' ', '#']).unwrap_or(rest);
    let mut names = vec![typed.to_owned()];
    if !number.is_empty() {
        names.push(number.to_owned());
        let words = [WORD, "Ticket", "TICKET"].into_iter();
        names.extend(words.flat_map(|word| ["-", "", "_", " ", "#", " #"].map(|by| format!("{word}{by}{number}"))));
    }
    names.retain(|name| !name.is_empty());
    names.dedup();
    names
}

/// The hash of exactly what the reviewer sees: the body, and what the hub found about it.
pub fn content_hash(body_json: &str, checks: &Checks) -> String {
    let mut hash = Sha256::new();
    hash.update((body_json.len() as u64).to_be_bytes());
    hash.update(body_json.as_bytes());
    // Serialising these plain structs can't fail; an empty string would still be a hash of the body.
    hash.update(serde_json::to_string(checks).unwrap_or_default().as_bytes());
    hex::encode(hash.finalize())
}

impl DraftBody {
    /// The first part that a reviewer would read otherwise in another body; what it cost, or in which trace it was made,
    /// is none.
    pub fn differs_from(&self, other: &Self) -> Option<&'static str> {
        [
            ("draft.text", self.draft.text == other.draft.text),
            ("thread", self.thread == other.thread),
            ("draft.citations", self.draft.citations == other.draft.citations),
        ]
        .into_iter()
        .find_map(|(part, same)| (!same).then_some(part))
    }

    /// What stands in the place of one that was erased.
    pub fn erased() -> Self {
        Self {
            thread: Vec::new(),
            draft: Reply { text: String::new(), citations: Vec::new() },
            sources: Vec::new(),
            model: None,
            usage: None,
            cost_usd: None,
            trace_id: None,
            signals: Vec::new(),
            audience: None,
            metadata: Map::new(),
        }
    }

    /// The sources that it cites or was given, each once.
    pub fn named_sources(&self) -> Vec<&str> {
        let cited = self.draft.citations.iter().map(|c| c.source.as_str());
        let mut ids: Vec<&str> = cited.chain(self.sources.iter().map(|s| s.id.as_str())).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// What the customer wants, in a line: the ticket's subject, else how the customer began.
    pub fn subject(&self) -> String {
        const LIMIT: usize = 120;
        let named = self.metadata.get("subject").and_then(Value::as_str).filter(|s| !s.trim().is_empty());
        let first = || self.thread.iter().find(|m| m.role == Role::Customer).map(|m| m.text.as_str());
        crate::text::headline(named.or_else(first).unwrap_or(&self.draft.text), LIMIT)
    }

    /// What it cost, in millionths of a US dollar, rounded up.
    pub fn cost_micro_usd(&self) -> Option<i64> {
        let text = self.cost_usd.as_deref()?;
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let nano: i64 = format!("{whole}{part:0<9}").parse().ok()?;
        Some((nano + 999).div_euclid(1_000))
    }

    /// Who the customer is, as far as anything says so.
    pub fn customer(&self) -> Option<String> {
        const LIMIT: usize = 80;
        let named = self.metadata.get("customer").and_then(Value::as_str);
        let spoke = || self.thread.iter().rev().filter(|m| m.role == Role::Customer).find_map(|m| m.name.as_deref());
        let audience = || self.audience.as_ref().and_then(|a| a.subject.as_deref());
        let name = named.or_else(spoke).or_else(audience)?;
        Some(crate::text::headline(name, LIMIT)).filter(|n| !n.is_empty())
    }
}
