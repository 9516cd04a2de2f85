//! "It was booked within the last 24 hours": what is said of how long ago something was, against when it was.

use super::find::{Found, IFS};
use super::scan::{Key, Token};
use super::sentence::Sentence;
use super::thread::Thread;
use super::{ClaimKind, Place};
use crate::time::Millis;
use serde_json::Value as Json;

/// A tool's word for when a record came to be.
const BEGAN: [&str; 7] =
    ["created_at", "booked_at", "ordered_at", "purchased_at", "placed_at", "delivered_at", "created"];
const HOUR: i64 = 3_600_000;
/// So far clocks are apart.
const ZONES: i64 = 14 * HOUR;

/// What a sentence says of how long ago a record began.
pub struct Window {
    found: Found,
    /// At most so long ago, in milliseconds.
    within: i64,
    since: Moment,
    place: Place,
}

impl Window {
    /// What the sentences of a draft say of the record that a tool gave last.
    pub fn all(text: &str, tokens: &[Token], sentences: &[Sentence], thread: &Thread<'_>) -> Vec<Self> {
        let began = thread.calls.iter().rev().find_map(|call| {
            let name = BEGAN.iter().find(|name| call.result.get(**name).and_then(Json::as_str).is_some())?;
            Some((Moment::read(call.result.get(*name)?.as_str()?)?, thread.field(call.answer, name)))
        });
        let Some((since, place)) = began else { return Vec::new() };
        let said = sentences.iter().filter(|s| !s.question).filter_map(|s| said(text, &tokens[s.tokens.clone()]));
        said.take(20).map(|(found, within)| Self { found, within, since, place: place.clone() }).collect()
    }

    /// Whether it was longer ago.
    pub fn against(&self, now: Moment) -> Option<(&Found, &Place)> {
        (now.since(self.since) > self.within).then_some((&self.found, &self.place))
    }
}

/// "Is within 24 hours", "was created within the last 30 days"; not "can be returned within".
fn said(text: &str, own: &[Token]) -> Option<(Found, i64)> {
    let words: Vec<String> = own.iter().map(|t| text[t.bytes.0..t.bytes.1].to_lowercase()).collect();
    let within = words.iter().position(|w| w == "within")?;
    let from = within.saturating_sub(4);
    let is = |w: &String| matches!(w.as_str(), "is" | "was" | "were" | "are" | "it's" | "it\u{2019}s");
    let verb = from + words[from..within].iter().position(is)?;
    if words[..within].iter().any(|w| IFS.contains(&w.as_str())) || words[verb..within].iter().any(|w| w == "not") {
        return None;
    }
    let at = (within + 1..own.len().min(within + 4)).find(|i| own[*i].value.is_some())?;
    let Some(Key::Number(n)) = own[at].value.as_ref()?.keys.first() else { return None };
    let unit = match words.get(at + 1)?.as_str() {
        "hour" | "hours" => HOUR,
        "day" | "days" => 24 * HOUR,
        _ => return None,
    };
    let found = Found { span: (own[verb].start, own[at + 1].end), ..Found::of(ClaimKind::Time) };
    Some((found, (n / 10_000).checked_mul(unit)?))
}

/// A time as it is written somewhere.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    at: Millis,
    /// It says in which zone it is.
    zoned: bool,
}

impl Moment {
    /// One that is known for sure.
    pub fn of(at: Millis) -> Self {
        Self { at, zoned: true }
    }

    /// `2024-05-15T15:00:00`, with or without a zone.
    pub fn read(text: &str) -> Option<Self> {
        let (day, time, zone) = (text.get(..10)?, text.get(11..19)?, text.get(19..)?);
        let zoned = Millis::parse(&format!("{day}T{time}{zone}")).map(Self::of);
        zoned.or_else(|| Some(Self { at: Millis::parse(&format!("{day}T{time}Z"))?, zoned: false }))
    }

    /// How long ago another one was at least. What says no zone is in the other's, or in any where only one says it.
    fn since(self, other: Self) -> i64 {
        let unsure = if self.zoned == other.zoned { 0 } else { ZONES };
        self.at.0 - other.at.0 - unsure
    }
}
