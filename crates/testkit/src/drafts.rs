//! Drafts and verdicts as clients send them.

use serde_json::{Value, json};
use std::ops::{Deref, DerefMut};

/// A source that every test workflow has, which [`Draft::of`] cites.
pub const SOURCE: &str = "desk/returns";
/// Its text.
pub const SOURCE_TEXT: &str =
    "Goods can be sent back within thirty days of their arrival. The customer pays for the parcel.";
/// What [`Draft::of`] says.
pub const TEXT: &str = "You can send it back within thirty days, and you would pay for the parcel.";

/// A `draft.v1` row in the making; it is the JSON that it will be, and can be changed as such.
#[derive(Clone)]
pub struct Draft(Value);

impl Draft {
    /// A draft without any doubt about it: it cites [`SOURCE`], and the quote is there.
    pub fn of(ticket: &str) -> Self {
        Self(json!({
            "external_id": ticket, "revision": "1",
            "thread": [{ "role": "customer", "name": "Ada", "text": "May I send the lamp back?" }],
            "draft": { "text": TEXT, "citations": [{ "source": SOURCE, "quote": "within thirty days" }] },
        }))
    }

    /// Another revision of its ticket.
    pub fn revision(mut self, revision: &str) -> Self {
        self.0["revision"] = json!(revision);
        self
    }

    /// Another reply.
    pub fn text(mut self, text: &str) -> Self {
        self.0["draft"]["text"] = json!(text);
        self
    }

    /// This citation instead of the usual one.
    pub fn citing(mut self, source: &str, quote: &str) -> Self {
        self.0["draft"]["citations"] = json!([{ "source": source, "quote": quote }]);
        self
    }

    /// With a doubt of its sender's, which makes it high risk.
    pub fn doubted(mut self, kind: &str) -> Self {
        self.0["signals"] = json!([{ "kind": kind, "note": "not so sure" }]);
        self
    }

    /// With any other field.
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.0[field] = value.into();
        self
    }
}

impl Deref for Draft {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl DerefMut for Draft {
    fn deref_mut(&mut self) -> &mut Value {
        &mut self.0
    }
}

/// These drafts as NDJSON.
pub fn ndjson<'a>(drafts: impl IntoIterator<Item = &'a Draft>) -> String {
    drafts.into_iter().map(|d| format!("{}\n", d.0)).collect()
}

/// A verdict under the lease that `leased` (an answer of `POST /v1/queue/lease`) gave.
pub fn verdict(leased: &Value, action: &str) -> Value {
    json!({
        "verdict_id": uuid::Uuid::now_v7().to_string(), "lease_id": leased["lease"]["id"],
        "fence": leased["lease"]["fence"], "content_hash": leased["draft"]["content_hash"],
        "action": action, "seconds": 21.0,
    })
}

/// An edit to this text.
pub fn edit(leased: &Value, text: &str) -> Value {
    let mut verdict = verdict(leased, "edit");
    verdict["final_text"] = json!(text);
    verdict
}

/// An escalation for this reason.
pub fn escalation(leased: &Value, reason: &str) -> Value {
    let mut verdict = verdict(leased, "escalate");
    verdict["reasons"] = json!([reason]);
    verdict["comment"] = json!("please have a look");
    verdict
}
