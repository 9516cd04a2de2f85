//! Amounts that follow from others: a difference, a sum, so many times, the total of a list.

use super::find::Found;
use super::scan::{Key, SCALE, Token};
use super::sentence::Sentence;
use super::thread::Thread;
use super::{ClaimKind, Place};

/// So many amounts are tried as parts of a sum.
const MOST: usize = 48;
/// A total adds up at most this many amounts before it.
const RUN: usize = 10;

/// An amount that may be a part of another one.
struct Part {
    amount: i64,
    from: From,
}

/// Where an amount stands.
#[derive(Clone, PartialEq)]
enum From {
    /// In the draft, ending here.
    Own(u32),
    /// In what somebody wrote.
    Said(Place),
    /// In a tool's answer.
    Given(Place),
}

impl From {
    fn place(&self) -> Option<Place> {
        match self {
            Self::Own(_) => None,
            Self::Said(place) | Self::Given(place) => Some(place.clone()),
        }
    }
}

/// The amounts of a draft and its thread.
pub struct Sums {
    /// Of the draft, in reading order, with where each ends.
    own: Vec<(i64, u32)>,
    /// Where each sentence of the draft ends.
    ends: Vec<u32>,
    /// How many of something the draft speaks of, and where.
    counts: Vec<(i64, u32)>,
    /// What may be parts, by amount.
    parts: Vec<Part>,
}

impl Sums {
    /// Collects them.
    pub fn of(tokens: &[Token], sentences: &[Sentence], thread: &Thread<'_>) -> Self {
        let (mut own, mut counts) = (Vec::new(), Vec::new());
        for token in tokens {
            let Some(value) = &token.value else { continue };
            let Some(Key::Number(n)) = value.keys.first() else { continue };
            if value.is_money() { own.push((*n, token.end)) } else { counts.push((*n / SCALE, token.end)) }
        }
        let [said, given] = if own.is_empty() { [Vec::new(), Vec::new()] } else { thread.amounts(MOST) };
        let said = said.into_iter().map(|(n, place)| (n, From::Said(place)));
        let given = given.into_iter().map(|(n, place)| (n, From::Given(place)));
        let mine = own.iter().take(MOST).map(|(n, end)| (*n, From::Own(*end)));
        let mut parts: Vec<Part> = said.chain(mine).chain(given).map(|(amount, from)| Part { amount, from }).collect();
        parts.sort_by_key(|part| part.amount);
        let ends = sentences.iter().filter_map(|s| Some(tokens.get(s.tokens.end.checked_sub(1)?)?.end)).collect();
        Self { own, ends, counts, parts }
    }

    /// How an amount follows from others, and where those of the thread stand.
    pub fn of_value(&self, claim: &Found) -> Option<(String, Vec<Place>)> {
        if claim.kind != ClaimKind::Amount {
            return None;
        }
        let Key::Number(value) = *claim.value.as_ref()?.keys.first()? else { return None };
        let at = claim.span;
        self.total(value, at.0).or_else(|| self.pair(value, at.1)).or_else(|| self.times(value, at.1))
    }

    /// In which sentence of the draft something ends.
    fn sentence(&self, end: u32) -> usize {
        self.ends.partition_point(|e| *e < end)
    }

    /// Whether two amounts belong together: both are in the draft or in one message, or people speak of both. With
    /// what a tool gave, which may be a long list, one of the sentence belongs.
    fn belong(&self, a: &From, b: &From, claim: u32) -> bool {
        match (a, b) {
            (From::Own(_), From::Own(_) | From::Said(_)) | (From::Said(_), From::Own(_)) => true,
            (From::Own(end), _) | (_, From::Own(end)) => self.sentence(*end) == self.sentence(claim),
            (From::Said(a) | From::Given(a), From::Said(b) | From::Given(b)) => a.message == b.message,
        }
    }

    fn known(&self, amount: i64) -> &[Part] {
        let from = self.parts.partition_point(|part| part.amount < amount);
        let upto = self.parts.partition_point(|part| part.amount <= amount);
        &self.parts[from..upto]
    }

    /// The amounts right before it add up to it.
    fn total(&self, value: i64, before: u32) -> Option<(String, Vec<Place>)> {
        let upto = self.own.partition_point(|(_, end)| *end <= before);
        let mut sum = 0_i64;
        for (n, from) in (upto.saturating_sub(RUN)..upto).rev().enumerate() {
            sum = sum.checked_add(self.own[from].0)?;
            if n > 0 && sum == value {
                let parts: Vec<String> = self.own[from..upto].iter().map(|(n, _)| show(*n)).collect();
                return Some((parts.join(" + "), Vec::new()));
            }
        }
        None
    }

    fn pair(&self, value: i64, claim: u32) -> Option<(String, Vec<Place>)> {
        let ours = self.parts.iter().filter(|part| !matches!(part.from, From::Given(_)));
        for part in ours.filter(|part| part.amount != 0 && part.amount != value) {
            let a = part.amount;
            let other = |b: Option<i64>| {
                let b = b.filter(|b| *b > 0 && *b != value)?;
                Some((b, self.known(b).iter().find(|other| self.belong(&part.from, &other.from, claim))?))
            };
            let places = |b: &Part| part.from.place().into_iter().chain(b.from.place()).collect();
            for (b, sign) in [(a.checked_sub(value), "−"), (value.checked_sub(a), "+")] {
                if let Some((n, b)) = other(b) {
                    return Some((format!("{} {sign} {}", show(a), show(n)), places(b)));
                }
            }
            if let Some((n, b)) = other(a.checked_add(value)) {
                let places = b.from.place().into_iter().chain(part.from.place()).collect();
                return Some((format!("{} − {}", show(n), show(a)), places));
            }
        }
        None
    }

    /// So many times another amount, where the draft says how many.
    fn times(&self, value: i64, claim: u32) -> Option<(String, Vec<Place>)> {
        (2..10).filter(|n| value % n == 0).find_map(|n| {
            let counted =
                self.counts.iter().any(|(count, end)| *count == n && self.sentence(*end) == self.sentence(claim));
            let part = self.known(value / n).first().filter(|_| counted)?;
            Some((format!("{n} × {}", show(value / n)), part.from.place().into_iter().collect()))
        })
    }
}

fn show(n: i64) -> String {
    let (whole, part) = (n / SCALE, n % SCALE / 100);
    if part == 0 { whole.to_string() } else { format!("{whole}.{part:02}") }
}
