//! What a sentence says of a record that it names, against the record's own fields as a tool last gave them.

use super::calls::parts;
use super::find::Found;
use super::scan::{Key, Token};
use super::sentence::{Sentence, lower};
use super::stem::Stem;
use super::thread::{FIELDS, Thread};
use super::{ClaimKind, Place};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// So many words before a field's name say whether there is one.
const BEFORE: usize = 4;
/// So many calls are looked at for records, and so many sentences for what they say of them.
const MOST: usize = 200;
/// So many records of a sentence are compared with it.
const NAMED: usize = 20;

/// The records that tools gave, by the codes that stand for them.
pub struct Records {
    by_code: HashMap<Key, Record>,
    /// The values that a field has in any of them, in words.
    values: BTreeMap<String, BTreeSet<Vec<Stem>>>,
}

struct Record {
    fields: Vec<Field>,
}

struct Field {
    name: String,
    value: Says,
    /// Message of the answer that has it.
    answer: usize,
}

enum Says {
    /// Yes or no.
    Has(bool),
    /// One of a few words.
    Is(Vec<Stem>),
}

impl Records {
    /// Those of a thread.
    pub fn of(thread: &Thread<'_>) -> Self {
        let mut records = Self { by_code: HashMap::new(), values: BTreeMap::new() };
        for call in thread.calls.iter().rev().take(MOST) {
            let codes = call.result.values().filter_map(|v| code(v.as_str()?));
            let own: Vec<Key> = codes.filter(|code| !records.by_code.contains_key(code)).collect();
            // Whose it is names no record: only what tells it from others does.
            let Some(code) = own.into_iter().next() else { continue };
            let mut fields = Vec::new();
            for (name, value) in call.result.iter().take(FIELDS) {
                let Some(value) = says(value) else { continue };
                if let Says::Is(words) = &value {
                    records.values.entry(name.clone()).or_default().insert(words.clone());
                }
                fields.push(Field { name: name.clone(), value, answer: call.answer });
            }
            records.by_code.insert(code, Record { fields });
        }
        records
    }

    /// What sentences say of the records that they name, where a record has it otherwise.
    pub fn against(
        &self,
        thread: &Thread<'_>,
        text: &str,
        tokens: &[Token],
        sentences: &[Sentence],
    ) -> Vec<(Found, Vec<Place>)> {
        if self.by_code.is_empty() {
            return Vec::new();
        }
        let naming = sentences.iter().filter(|s| !s.question && self.named(&tokens[s.tokens.clone()]).next().is_some());
        naming.take(MOST).filter_map(|s| self.otherwise(thread, text, &tokens[s.tokens.clone()])).collect()
    }

    fn named<'s>(&'s self, own: &'s [Token]) -> impl Iterator<Item = &'s Record> {
        let keys = own.iter().filter_map(|t| t.value.as_ref()).flat_map(|v| &v.keys);
        keys.filter_map(|key| self.by_code.get(key))
    }

    fn otherwise(&self, thread: &Thread<'_>, text: &str, own: &[Token]) -> Option<(Found, Vec<Place>)> {
        let named: Vec<&Record> = self.named(own).take(NAMED).collect();
        let mut otherwise = Vec::new();
        for record in &named {
            let heard = record.fields.iter().filter_map(|f| Some((self.heard(text, own, f)?, f)));
            let (right, wrong): (Vec<_>, Vec<_>) = heard.partition(|(right, _)| *right);
            // Of several, one thing may be said of some and another of the rest.
            if right.is_empty() || named.len() == 1 {
                otherwise.extend(wrong.into_iter().map(|(_, f)| thread.field(f.answer, &f.name)));
            }
        }
        let (first, last) = (own.first()?, own.last()?);
        let found = Found { span: (first.start, last.end), ..Found::of(ClaimKind::Code) };
        (!otherwise.is_empty()).then_some((found, otherwise))
    }

    /// Whether what the words say of a field is so; none where they say nothing of it.
    fn heard(&self, text: &str, own: &[Token], field: &Field) -> Option<bool> {
        match &field.value {
            Says::Has(has) => {
                let name = parts(&field.name).pop()?;
                let at = own.iter().position(|t| t.stem == name)?;
                Some(denied(text, &own[at.saturating_sub(BEFORE)..at])? != *has)
            }
            Says::Is(is) => {
                let said = said(text, own, self.values.get(&field.name)?);
                (!said.is_empty()).then(|| said.contains(&is))
            }
        }
    }
}

/// Whether the words before a thing say that there is none; none if they don't say.
fn denied(text: &str, before: &[Token]) -> Option<bool> {
    let words: Vec<String> = before.iter().map(|t| lower(text, t)).collect();
    let is = |names: &[&str]| words.iter().any(|w| names.contains(&w.as_str()));
    let not = words.iter().any(|w| w.ends_with("n't"));
    if not || is(&["no", "not", "without", "lack", "lacks", "lacking", "absence", "missing"]) {
        return Some(true);
    }
    is(&["has", "have", "having", "with", "includes"]).then_some(false)
}

/// The values of a field whose words stand here side by side: the longest at each place, and not as what something is
/// to become.
fn said<'v>(text: &str, own: &[Token], values: &'v BTreeSet<Vec<Stem>>) -> Vec<&'v Vec<Stem>> {
    let word = |i: usize| text[own[i].bytes.0..own[i].bytes.1].to_lowercase();
    let here = |i: usize, v: &[Stem]| own[i..].iter().map(|t| t.stem).take(v.len()).eq(v.iter().copied());
    let mut found = Vec::new();
    let mut at = 0;
    while at < own.len() {
        let Some(longest) = values.iter().filter(|v| here(at, v)).max_by_key(|v| v.len()) else {
            at += 1;
            continue;
        };
        let before = (0..at).rev().map(word).find(|w| !matches!(w.as_str(), "a" | "an" | "the"));
        at += longest.len();
        // "Business days" are no business fare.
        let after = (at < own.len()).then(|| word(at));
        let counts = after.is_some_and(|w| matches!(w.as_str(), "day" | "days" | "hour" | "hours"));
        if !counts && !before.is_some_and(|w| matches!(w.as_str(), "to" | "into" | "from" | "non")) {
            found.push(longest);
        }
    }
    found
}

fn says(value: &Json) -> Option<Says> {
    if let Some(has) = value.as_bool() {
        return Some(Says::Has(has));
    }
    let text = value.as_str()?;
    match text.to_lowercase().as_str() {
        "yes" => Some(Says::Has(true)),
        "no" | "none" => Some(Says::Has(false)),
        plain => {
            let words = plain.len() <= 24 && plain.chars().all(|c| c.is_alphabetic() || matches!(c, '_' | ' ' | '-'));
            let few = (1..=3).contains(&parts(plain).len()) && text.chars().any(char::is_lowercase);
            (words && few).then(|| Says::Is(parts(plain)))
        }
    }
}

/// A value that stands for one thing: letters with figures, and nothing else.
fn code(value: &str) -> Option<Key> {
    let plain = (5..=40).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let token = super::scan::tokens(value).into_iter().next()?;
    let key = token.value?.keys.into_iter().next()?;
    (plain && matches!(key, Key::Code(_))).then_some(key)
}
