//! What a draft claims, and what is behind each claim: tool results, the thread, sources.
//!
//! An amount, a date, a time, a count, a code, a statement of policy, and "I have done X" are claims; questions and
//! courtesies are not. Values are compared by what they stand for, not by how they are written. All of it takes one
//! pass over a draft and its thread, and a few look-ups a claim.

mod acts;
mod calls;
mod dates;
mod fields;
mod find;
mod policy;
mod records;
mod scan;
mod sentence;
mod source;
mod stem;
mod sums;
mod thread;
mod windows;

pub use source::Known;

#[cfg(test)]
mod tests;

use crate::draft::{DraftBody, Message, Role, Span};
use fields::Named;
use find::Found;
use serde::{Deserialize, Serialize};
use stem::Stem;
use thread::{Done, Hit, Thread};

/// So many claims of a draft are kept with what is behind them; the doubtful ones first.
pub const MOST: usize = 1_000;
/// A draft with more claims than this isn't read on; what is left counts as unsupported.
const MOST_READ: usize = 2_000;
/// So many values are held against fields of tools' answers.
const MOST_NAMED: usize = 50;
/// A tool's answer in words, as an error is, is evidence for statements up to this many bytes.
const MAX_WORDS: usize = 4_000;

/// What kind of claim it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimKind {
    /// Money.
    Amount,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A number of something.
    Count,
    /// A number or name that stands for one thing: a reservation, a flight.
    Code,
    /// What may be and what may not.
    Policy,
    /// Something that is said to be done.
    Action,
}

/// What became of looking for evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClaimStatus {
    /// The evidence says so.
    Supported,
    /// Nothing says so.
    Unsupported,
    /// The evidence says otherwise.
    Conflict,
}

/// A place in the thread or in a source, in Unicode scalars of its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Place {
    /// The message, counted from 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<u32>,
    /// The source's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The first character.
    pub start: u32,
    /// One past the last.
    pub end: u32,
}

impl Place {
    /// A place in a source.
    pub fn in_source(source: &str, (start, end): (u32, u32)) -> Self {
        Self { message: None, source: Some(source.to_owned()), start, end }
    }

    /// A place in a message of the thread.
    pub fn in_message(message: usize, (start, end): (u32, u32)) -> Self {
        Self { message: Some(message as u32), source: None, start, end }
    }
}

/// A claim of a draft with what is behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Claim {
    /// Where it starts in the draft, in Unicode scalars.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// What kind.
    pub kind: ClaimKind,
    /// Whether the evidence says so.
    pub status: ClaimStatus,
    /// What says so, or otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Place>,
    /// How it follows from other amounts, as in `500 − 329`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<String>,
}

/// A source that a draft may rest on.
pub struct Behind<'a> {
    /// Its id.
    pub id: &'a str,
    /// What it says.
    pub known: &'a Known,
}

/// A part of the draft that a citation stands behind, and the passage where one was found.
pub struct Cited {
    /// The part.
    pub span: Span,
    /// The passage.
    pub passage: Option<Place>,
}

/// What a draft claims and what its thread says to that; sources come later.
#[derive(Default)]
pub struct Reading {
    claims: Vec<(Found, FromThread)>,
    /// What was not read for its claims.
    unread: Option<(u32, u32)>,
    /// Values named like a field that has another one: value, the field's value, its name, and both places.
    named: Vec<Named>,
    /// What is said of how long ago something was, and when the thread ends.
    windows: Vec<windows::Window>,
    now: Option<windows::Moment>,
    /// What tools said in words.
    told: Vec<(u32, Known)>,
    /// The sources that came with the draft, by id.
    given: Vec<(String, Known)>,
    /// Stems of the customer's messages and of the draft.
    spoken: Vec<Stem>,
    about: Vec<Stem>,
}

/// What the thread says to a claim.
enum FromThread {
    Firm(Vec<Place>),
    Said(Place),
    Sum(String, Vec<Place>),
    Otherwise(Vec<Place>),
    /// Perhaps: nothing is said of it.
    Unclear,
    Nothing,
}

/// What the thread says to a claim; `mismatches` gets the fields that came back with another value.
fn from_thread(
    claim: &Found,
    thread: &Thread<'_>,
    sums: &sums::Sums,
    shifts: bool,
    mismatches: &mut Vec<thread::Mismatch>,
) -> FromThread {
    if let Some(act) = claim.act {
        return match thread.done(act, &claim.about) {
            Done::Yes(places) => FromThread::Firm(places),
            Done::Otherwise(places, others) => {
                if mismatches.is_empty() {
                    *mismatches = others;
                }
                FromThread::Otherwise(places)
            }
            Done::Unclear => thread.says(act.verb, act.own).map_or(FromThread::Unclear, FromThread::Said),
            Done::No => thread.says(act.verb, act.own).map_or(FromThread::Nothing, FromThread::Said),
        };
    }
    let Some(value) = &claim.value else { return FromThread::Nothing };
    match thread.find(value, &claim.unit, &claim.about) {
        Some(Hit { place, firm: true }) => FromThread::Firm(vec![place]),
        Some(Hit { place, firm: false }) => FromThread::Said(place),
        None => {
            if let Some(place) = thread.listed(value, &claim.unit) {
                return FromThread::Firm(vec![place]);
            }
            let beside = || thread.next_to(value, shifts).map(|h| (String::new(), vec![h.place]));
            let sum = sums.of_value(claim).or_else(beside);
            sum.map_or(FromThread::Nothing, |(sum, places)| FromThread::Sum(sum, places))
        }
    }
}

impl Reading {
    /// Reads a draft against its thread.
    pub fn of(body: &DraftBody) -> Self {
        let text = &body.draft.text;
        let tokens = scan::tokens(text);
        let sentences = sentence::sentences(text, &tokens);
        let mut found = Vec::new();
        let mut unread = None;
        for sentence in &sentences {
            if found.len() >= MOST_READ {
                unread = tokens.last().map(|last| (tokens[sentence.tokens.start].start, last.end));
                break;
            }
            find::claims(text, &tokens, sentence, &mut found);
        }
        // Who claims nothing can only be contradicted by what a tool gave.
        let claimed = !found.is_empty();
        let gave = body.thread.iter().any(|m| m.role == Role::Tool);
        let thread = Thread::of(if claimed || gave { &body.thread } else { &[] }, claimed);
        let amounts = found.iter().any(|f| f.kind == ClaimKind::Amount);
        let sums = sums::Sums::of(if amounts { &tokens } else { &[] }, &sentences, &thread);
        let shifts = found.iter().any(|f| f.kind == ClaimKind::Date) && thread.shifts();
        let mut mismatches = Vec::new();
        let look = |claim: Found| {
            let behind = from_thread(&claim, &thread, &sums, shifts, &mut mismatches);
            (claim, behind)
        };
        let mut claims: Vec<(Found, FromThread)> = found.into_iter().map(look).collect();
        fields::fields(&tokens, &sentences, &mismatches, &mut claims);
        let otherwise = records::Records::of(&thread).against(&thread, text, &tokens, &sentences).into_iter();
        claims.extend(otherwise.map(|(found, places)| (found, FromThread::Otherwise(places))));
        let windows = windows::Window::all(text, &tokens, &sentences, &thread);
        let settled = thread.settled();
        let named = sentences.iter().flat_map(|s| fields::named(text, &tokens, s, &thread, &settled));
        let named: Vec<Named> = named.take(MOST_NAMED).collect();
        if claims.is_empty() && named.is_empty() && windows.is_empty() {
            return Self::default();
        }
        let now = body.thread.iter().rev().find_map(|m| m.at).map(windows::Moment::of);
        let words = |m: &(usize, &Message)| {
            let plain = !m.1.text.trim_start().starts_with(['{', '[']);
            matches!(m.1.role, Role::Tool | Role::Note) && plain && m.1.text.len() <= MAX_WORDS
        };
        let told = body.thread.iter().enumerate().filter(words).take(32);
        let told = told.map(|(i, m)| (i as u32, Known::of(&m.text))).collect();
        let given = body.sources.iter().filter_map(|s| Some((s.id.clone(), Known::of(s.text.as_ref()?)))).collect();
        Self {
            claims,
            unread,
            named,
            windows,
            now,
            told,
            given,
            about: sentence::stems(&tokens),
            spoken: thread.customer,
        }
    }

    /// Whether it claims nothing, so that no source need be read.
    pub fn is_empty(&self) -> bool {
        self.claims.is_empty() && self.named.is_empty() && self.windows.is_empty()
    }

    /// What the draft itself brought of a source.
    pub fn given(&self, id: &str) -> Option<&Known> {
        self.given.iter().find(|(given, _)| given == id).map(|(_, known)| known)
    }

    /// What is behind each claim, given the sources; and whether any is unsupported or in conflict, however many are kept.
    pub fn against(&self, sources: &[Behind<'_>], cited: &[Cited]) -> Vec<Claim> {
        let shelf = policy::Shelf::of(sources, &self.told);
        let mut claims: Vec<Claim> = self
            .claims
            .iter()
            .filter_map(|(found, behind)| self.judge(found, behind, sources, cited, &shelf))
            .chain(self.named.iter().filter_map(|named| fields::contradicted(named, sources)))
            .chain(self.too_long_ago(sources))
            .collect();
        claims.extend(self.unread.map(|(start, end)| Claim {
            start,
            end,
            kind: ClaimKind::Policy,
            status: ClaimStatus::Unsupported,
            evidence: Vec::new(),
            sum: None,
        }));
        claims.sort_by_key(|c| (c.start, c.end));
        drop_overruled(&mut claims);
        if claims.len() > MOST {
            // What is doubtful goes first.
            claims.sort_by_key(|c| c.status == ClaimStatus::Supported);
            claims.truncate(MOST);
            claims.sort_by_key(|c| (c.start, c.end));
        }
        claims
    }

    /// What was longer ago than it says, by the thread's last message, else by the time that a source gives.
    fn too_long_ago<'s>(&'s self, sources: &[Behind<'_>]) -> impl Iterator<Item = Claim> + use<'s> {
        let now = self.now.or_else(|| sources.iter().find_map(|s| s.known.now));
        let late = self.windows.iter().filter_map(move |w| w.against(now?));
        late.map(|(found, place)| Claim {
            start: found.span.0,
            end: found.span.1,
            kind: found.kind,
            status: ClaimStatus::Conflict,
            evidence: vec![place.clone()],
            sum: None,
        })
    }

    fn judge(
        &self,
        found: &Found,
        behind: &FromThread,
        sources: &[Behind<'_>],
        cited: &[Cited],
        shelf: &policy::Shelf<'_>,
    ) -> Option<Claim> {
        let claim = |status, evidence: Vec<Place>| {
            Some(Claim { start: found.span.0, end: found.span.1, kind: found.kind, status, evidence, sum: None })
        };
        if let FromThread::Otherwise(places) = behind {
            return claim(ClaimStatus::Conflict, places.clone());
        }
        if found.kind == ClaimKind::Count
            && let Some((status, place)) = shelf.count(found, &self.about)
        {
            return claim(status, vec![place]);
        }
        // A passage bears out a value that it has; another one it may even contradict.
        let has = |c: &&Cited| match (&found.value, &c.passage) {
            (Some(value), Some(passage)) => sources
                .iter()
                .filter(|s| Some(s.id) == passage.source.as_deref())
                .all(|s| s.known.has(value, &found.unit, (passage.start, passage.end))),
            _ => true,
        };
        let behind_it = |c: &&Cited| c.span.start < found.span.1 && found.span.0 < c.span.end;
        if let Some(by) = cited.iter().filter(behind_it).find(has) {
            return claim(ClaimStatus::Supported, by.passage.iter().cloned().collect());
        }
        if found.kind == ClaimKind::Policy {
            let (status, place) = shelf.judge(found, &self.spoken, &self.about)?;
            return claim(status, place.into_iter().collect());
        }
        if let FromThread::Firm(places) = behind {
            return claim(ClaimStatus::Supported, places.clone());
        }
        let source = found.value.as_ref().and_then(|value| {
            let hits = sources
                .iter()
                .filter_map(|s| s.known.find(value, &found.unit, &found.about).map(|(near, span)| (near, span, s.id)));
            hits.max_by_key(|hit| hit.0)
        });
        if let Some((_, (start, end), id)) = source {
            return claim(ClaimStatus::Supported, vec![Place::in_source(id, (start, end))]);
        }
        if matches!(behind, FromThread::Said(_) | FromThread::Nothing)
            && let Some(place) = self.cited_otherwise(found, sources, cited)
        {
            return claim(ClaimStatus::Conflict, vec![place]);
        }
        match behind {
            FromThread::Unclear => None,
            FromThread::Said(place) => claim(ClaimStatus::Supported, vec![place.clone()]),
            FromThread::Sum(sum, places) => claim(ClaimStatus::Supported, places.clone())
                .map(|c| Claim { sum: Some(sum.clone()).filter(|s| !s.is_empty()), ..c }),
            _ => {
                let limit = |s: &Behind<'_>| s.known.limit(found).map(|span| Place::in_source(s.id, span));
                match sources.iter().find_map(limit) {
                    Some(place) => claim(ClaimStatus::Conflict, vec![place]),
                    None => claim(ClaimStatus::Unsupported, Vec::new()),
                }
            }
        }
    }

    /// Where the passage that a value is cited with has another one: the only one of its kind there, for the only one
    /// of its kind that is cited.
    fn cited_otherwise(&self, found: &Found, sources: &[Behind<'_>], cited: &[Cited]) -> Option<Place> {
        let within = |other: &Found, span: Span| span.start < other.span.1 && other.span.0 < span.end;
        let alone = |c: &&Cited| {
            let mut alike = self.claims.iter().filter(|(f, _)| f.kind == found.kind && within(f, c.span));
            within(found, c.span) && alike.nth(1).is_none()
        };
        cited.iter().filter(alone).find_map(|c| {
            let passage = c.passage.as_ref()?;
            let source = sources.iter().find(|s| Some(s.id) == passage.source.as_deref())?;
            let span = source.known.another(found, (passage.start, passage.end))?;
            Some(Place::in_source(source.id, span))
        })
    }
}

/// What a sentence says is not supported where it is in conflict as a whole.
fn drop_overruled(claims: &mut Vec<Claim>) {
    let conflicts: Vec<(u32, u32)> =
        claims.iter().filter(|c| c.status == ClaimStatus::Conflict).map(|c| (c.start, c.end)).collect();
    let whole = |c: &Claim| matches!(c.kind, ClaimKind::Policy | ClaimKind::Action);
    let mut from = 0;
    claims.retain(|c| {
        while conflicts.get(from).is_some_and(|s| s.1 <= c.start) {
            from += 1;
        }
        let meets = conflicts[from..].first().is_some_and(|s| s.0 < c.end && c.start < s.1);
        c.status == ClaimStatus::Conflict || !whole(c) || !meets
    });
}
