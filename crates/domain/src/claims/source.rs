//! What a source says: its values and its clauses, each with what it is about.

use super::find::Found;
use super::scan::{Key, Token, Value, is_claimed, is_like, tokens};
use super::sentence::{Says, clauses, denies, says, sentences, stems};
use super::stem::Stem;
use super::windows::Moment;
use std::collections::HashMap;

/// So many words of a passage are searched for a value that contradicts one.
const PASSAGE: usize = 1_000;
/// So many places of one value, or numbers of one thing, are compared.
const PLACES: usize = 1_000;

/// A source, ready to be looked up in.
#[derive(Debug, Default)]
pub struct Known {
    values: HashMap<Key, Vec<u32>>,
    tokens: Vec<Token>,
    /// Its clauses.
    pub clauses: Vec<Clause>,
    /// In which clauses a word stands.
    pub with: HashMap<Stem, Vec<u32>>,
    counts: Vec<Count>,
    /// What it says the time is.
    pub now: Option<Moment>,
}

/// A part of a sentence.
#[derive(Debug)]
pub struct Clause {
    /// Where, in Unicode scalars.
    pub span: (u32, u32),
    /// What it is about.
    pub stems: Vec<Stem>,
    /// It denies.
    pub denies: bool,
    /// Whether it states anything, and whether without an "if".
    pub says: Says,
    /// What it says after "if" or "given".
    pub only_if: Vec<Stem>,
}

/// A number of something.
#[derive(Debug)]
pub struct Count {
    /// The number.
    pub keys: Vec<Key>,
    /// What is counted.
    pub unit: Vec<Stem>,
    /// The word before it.
    pub before: Option<Stem>,
    /// What the part of the sentence around it is about.
    pub about: Vec<Stem>,
    /// Where, in Unicode scalars.
    pub span: (u32, u32),
}

impl Known {
    /// Reads a source.
    pub fn of(text: &str) -> Self {
        let mut known = Self { tokens: tokens(text), now: now(text), ..Self::default() };
        let all = std::mem::take(&mut known.tokens);
        for (t, value) in all.iter().enumerate().filter_map(|(t, token)| Some((t, token.value.as_ref()?))) {
            for key in &value.keys {
                known.values.entry(key.clone()).or_default().push(t as u32);
            }
        }
        for sentence in sentences(text, &all) {
            let own = &all[sentence.tokens.clone()];
            let begins = own.first().is_some_and(|t| &text[t.bytes.0..t.bytes.1] == "If");
            let whole = if begins { condition(text, own) } else { Vec::new() };
            known.counts.extend(counts(text, own));
            for range in clauses(text, own, &["but", "however", "although", "without"]) {
                let part = &own[range];
                let (Some(first), Some(last)) = (part.first(), part.last()) else { continue };
                let clause = Clause {
                    span: (first.start, last.end),
                    stems: stems(part),
                    denies: denies(text, part),
                    says: says(text, part),
                    only_if: Some(condition(text, part)).filter(|c| !c.is_empty()).unwrap_or_else(|| whole.clone()),
                };
                for stem in &clause.stems {
                    known.with.entry(*stem).or_default().push(known.clauses.len() as u32);
                }
                known.clauses.push(clause);
            }
        }
        known.tokens = all;
        known
    }

    /// Where a value stands, at the place that is most about the same.
    pub fn find(&self, value: &Value, unit: &[Stem], about: &[Stem]) -> Option<(usize, (u32, u32))> {
        const MOST: usize = 64;
        let fits = |t: &&u32| is_claimed(value, unit, &self.tokens, **t as usize);
        let places =
            value.keys.iter().filter_map(|key| self.values.get(key)).flatten().take(PLACES).filter(fits).take(MOST);
        let near = |t: usize| {
            let around = &self.tokens[t.saturating_sub(12)..(t + 12).min(self.tokens.len())];
            around.iter().filter(|t| about.binary_search(&t.stem).is_ok()).count()
        };
        let best = places.map(|t| (near(*t as usize), *t)).max()?;
        let token = &self.tokens[best.1 as usize];
        Some((best.0, (token.start, token.end)))
    }

    /// Whether a value stands in a part of it.
    pub fn has(&self, value: &Value, unit: &[Stem], (start, end): (u32, u32)) -> bool {
        let (from, upto) = self.within(start, end);
        value.keys.iter().filter_map(|key| self.values.get(key)).any(|places| {
            let first = places.partition_point(|t| (*t as usize) < from);
            let mut here = places[first..].iter().map(|t| *t as usize).take_while(|t| *t < upto);
            here.any(|t| is_claimed(value, unit, &self.tokens, t))
        })
    }

    /// The tokens of a part of it.
    fn within(&self, start: u32, end: u32) -> (usize, usize) {
        (self.tokens.partition_point(|t| t.start < start), self.tokens.partition_point(|t| t.end <= end))
    }

    /// Where a part of it has one value like this, and another one.
    pub fn another(&self, found: &Found, (start, end): (u32, u32)) -> Option<(u32, u32)> {
        let value = found.value.as_ref()?;
        let (from, upto) = self.within(start, end);
        let mut like = (from..upto.min(from + PASSAGE)).filter(|at| is_like(value, &found.unit, &self.tokens, *at));
        let at = like.next().filter(|_| like.next().is_none())?;
        let token = &self.tokens[at];
        (!self.has(value, &found.unit, (start, end))).then_some((token.start, token.end))
    }

    /// Where it limits the same thing by the same word, as in "within 14 days".
    pub fn limit(&self, found: &Found) -> Option<(u32, u32)> {
        if found.unit.len() != 1 || found.before.is_none() {
            return None;
        }
        let same = |count: &&Count| count.unit.first() == found.unit.first() && count.before == found.before;
        let shares = |count: &&Count| count.about.iter().filter(|s| found.about.binary_search(s).is_ok()).count() >= 2;
        self.counts.iter().filter(same).take(PLACES).find(shares).map(|count| count.span)
    }

    /// Numbers of the same thing.
    pub fn counts_of(&self, unit: &[Stem]) -> impl Iterator<Item = &Count> {
        self.counts.iter().filter(move |count| count.unit == unit)
    }

    /// Whether a word stands at most two words before another one.
    pub fn pairs(&self, value: Stem, name: Stem) -> bool {
        let named = self.tokens.iter().enumerate().filter(|(_, t)| t.stem == name);
        named.into_iter().any(|(i, _)| self.tokens[i.saturating_sub(2)..i].iter().any(|t| t.stem == value))
    }
}

/// "The current time is 2024-05-15 15:00:00."
fn now(text: &str) -> Option<Moment> {
    const SAYS: &str = "current time is ";
    let at = text.find(SAYS)? + SAYS.len();
    let time = text.get(at..at + 19)?;
    let zone = text[at + 19..].split([' ', ',', '\n']).next().unwrap_or_default();
    Moment::read(&format!("{time}{}", zone.trim_end_matches('.')))
}

fn condition(text: &str, tokens: &[Token]) -> Vec<Stem> {
    let starts = |t: &Token| matches!(&text[t.bytes.0..t.bytes.1], "if" | "given" | "when" | "If" | "When");
    let Some(from) = tokens.iter().rposition(starts) else { return Vec::new() };
    let upto = tokens[from..].windows(2).position(|w| text[w[0].bytes.1..w[1].bytes.0].contains([',', ':']));
    stems(&tokens[from + 1..upto.map_or(tokens.len(), |n| from + n + 1)])
}

/// The numbers with what they count. Between commas one applies; what stands before the first one applies to all.
fn counts(text: &str, tokens: &[Token]) -> Vec<Count> {
    let mut found = Vec::new();
    let breaks = |i: &usize| *i > 0 && text[tokens[*i - 1].bytes.1..tokens[*i].bytes.0].contains([',', ';']);
    let cuts: Vec<usize> = (0..tokens.len()).filter(breaks).collect();
    let first = cuts.first().copied().unwrap_or(0);
    let label = (1..first).rev().find(|i| text[tokens[i - 1].bytes.1..tokens[*i].bytes.0].contains(':')).unwrap_or(0);
    let head = stems(&tokens[label..first]);
    for (i, token) in tokens.iter().enumerate() {
        let Some(value) = &token.value else { continue };
        if !matches!(value.keys.first(), Some(Key::Number(_))) {
            continue;
        }
        let from = cuts.iter().rev().find(|cut| **cut <= i).copied().unwrap_or(0);
        let upto = cuts.iter().find(|cut| **cut > i).copied().unwrap_or(tokens.len());
        let following = tokens[i + 1..upto].iter().take_while(|t| t.value.is_none()).take(4);
        let unit: Vec<Stem> = following.filter(|t| !t.stop).map(|t| t.stem).take(3).collect();
        let mut about = stems(&tokens[from..upto]);
        about.extend(&head);
        about.sort_unstable();
        about.dedup();
        let before = (i > from).then(|| tokens[i - 1].stem);
        found.push(Count { keys: value.keys.clone(), unit, before, about, span: (token.start, token.end) });
    }
    found
}
