//! Statements of policy against what sources say: by the words that both are about, and whether both say yes or no.

use super::find::Found;
use super::scan::Key;
use super::sentence::Says;
use super::source::{Clause, Known};
use super::stem::{Stem, stem};
use super::{Behind, ClaimStatus, Place};
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

/// A word that stands in more clauses than this doesn't lead to any.
const COMMON: usize = 100;
/// So many clauses are compared with a statement.
const COMPARED: usize = 400;
/// So much of what both say is shared by a statement and a clause that contradicts it,
const ALIKE: f64 = 0.3;
/// and so much of what the statement says;
const CONTAINED: f64 = 0.42;
/// by so much it must be nearer than any that agrees.
const NEARER: f64 = 0.05;
/// From here on a clause that agrees bears a statement out.
const BEARS_OUT: f64 = 0.35;
/// Up to here nothing speaks of it.
const STRANGE: f64 = 0.12;
/// Up to here nothing speaks of what is said not to be possible.
const BARE_DENIAL: f64 = 0.2;
/// Up to here nothing says why the writer can't do something.
const OWN_DENIAL: f64 = 0.25;
/// A total is at most so many times what there is for each.
const MOST_EACH: i64 = 9;

/// All that a statement may rest on.
pub struct Shelf<'a> {
    known: Vec<(Whose<'a>, &'a Known)>,
    clauses: usize,
    weights: OnceCell<HashMap<Stem, usize>>,
}

enum Whose<'a> {
    Source(&'a str),
    Message(u32),
}

/// The clauses that are nearest to a statement: of those that agree, of those that say otherwise, of all.
#[derive(Clone, Copy, Default)]
struct Weighed<'a> {
    agrees: Best<'a>,
    denies: Best<'a>,
    nearest: Best<'a>,
}

impl Weighed<'_> {
    fn is_against(&self) -> bool {
        self.denies.score >= ALIKE && self.denies.score >= self.agrees.score + NEARER
    }
}

#[derive(Clone, Copy, Default)]
struct Best<'a> {
    score: f64,
    clause: Option<(usize, &'a Clause)>,
}

impl<'a> Best<'a> {
    fn take(&mut self, score: f64, at: usize, clause: &'a Clause) {
        if score > self.score {
            *self = Self { score, clause: Some((at, clause)) };
        }
    }
}

impl<'a> Shelf<'a> {
    /// Sources, and what tools said in words.
    pub fn of(sources: &[Behind<'a>], told: &'a [(u32, Known)]) -> Self {
        let mut known: Vec<_> = sources.iter().map(|s| (Whose::Source(s.id), s.known)).collect();
        known.extend(told.iter().map(|(message, known)| (Whose::Message(*message), known)));
        Self { clauses: known.iter().map(|(_, k)| k.clauses.len()).sum(), known, weights: OnceCell::new() }
    }

    /// In how many clauses each word stands.
    fn weights(&self) -> &HashMap<Stem, usize> {
        self.weights.get_or_init(|| {
            let mut weights = HashMap::new();
            for (stem, clauses) in self.known.iter().flat_map(|(_, known)| &known.with) {
                *weights.entry(*stem).or_default() += clauses.len();
            }
            weights
        })
    }

    /// Rare words weigh more; one that no source has weighs as a middling one.
    fn weight(&self, stem: Stem) -> f64 {
        let all = self.clauses as f64 + 1.0;
        match self.weights().get(&stem) {
            Some(n) => (1.0 + all / *n as f64).ln(),
            None => (1.0 + all).ln() / 2.0,
        }
    }

    fn place(&self, at: usize, span: (u32, u32)) -> Place {
        let (message, source) = match &self.known[at].0 {
            Whose::Source(id) => (None, Some((*id).to_owned())),
            Whose::Message(message) => (Some(*message), None),
        };
        Place { message, source, start: span.0, end: span.1 }
    }

    /// How much of what either says, and how much of what the statement says, both say.
    fn likeness(&self, about: &[Stem], clause: &Clause) -> (f64, f64) {
        let sum = |stems: &mut dyn Iterator<Item = &Stem>| stems.map(|s| self.weight(*s)).sum::<f64>();
        let shared = sum(&mut about.iter().filter(|s| clause.stems.binary_search(s).is_ok()));
        if shared == 0.0 {
            return (0.0, 0.0);
        }
        let (own, theirs) = (sum(&mut about.iter()), sum(&mut clause.stems.iter()));
        (shared / (own + theirs - shared), shared / own)
    }

    /// The clauses that share a word with a statement that isn't everywhere.
    fn near<'s>(&'s self, about: &'s [Stem]) -> impl Iterator<Item = (usize, &'s Clause)> {
        self.known.iter().enumerate().flat_map(move |(at, (_, known))| {
            let lists = about.iter().filter_map(|stem| known.with.get(stem)).filter(|list| list.len() <= COMMON);
            let near: BTreeSet<u32> = lists.flatten().copied().take(COMPARED).collect();
            near.into_iter().map(move |i| (at, &known.clauses[i as usize]))
        })
    }

    /// What the sources say to a statement; none where that can't be told.
    pub fn judge(&self, found: &Found, spoken: &[Stem], about: &[Stem]) -> Option<(ClaimStatus, Option<Place>)> {
        if found.free {
            return Some(self.costs_nothing(found));
        }
        let Weighed { agrees, denies, nearest } = self.weigh(found, &found.about);
        let show = |best: &Best<'_>| best.clause.map(|(at, clause)| self.place(at, clause.span));
        if found.entitles
            && !found.denies
            && nearest.score >= BEARS_OUT
            && nearest.clause.is_some_and(|(_, clause)| self.misses_condition(clause, spoken, about))
        {
            return Some((ClaimStatus::Conflict, show(&nearest)));
        }
        let parts = found.parts.iter().map(|about| self.weigh(found, about));
        let against = std::iter::once(Weighed { agrees, denies, nearest }).chain(parts).find(Weighed::is_against);
        if let Some(against) = against {
            return Some((ClaimStatus::Conflict, show(&against.denies)));
        }
        if agrees.score >= BEARS_OUT {
            return Some((ClaimStatus::Supported, show(&agrees)));
        }
        let own = found.own && agrees.score <= OWN_DENIAL;
        let bare = found.denies && found.flat && (own || nearest.score <= BARE_DENIAL);
        let strange = nearest.score <= STRANGE && !found.entitles;
        (bare || strange || found.subject.is_some()).then_some((ClaimStatus::Unsupported, None))
    }

    /// What the clauses say to a statement that is about this.
    fn weigh<'s>(&'s self, found: &Found, about: &'s [Stem]) -> Weighed<'s> {
        let mut weighed = Weighed::default();
        for (at, clause) in self.near(about) {
            let (alike, contained) = self.likeness(about, clause);
            let both = alike.max(contained * 0.8);
            weighed.nearest.take(both, at, clause);
            if clause.says == Says::Nothing {
                continue;
            }
            if found.subject.is_some_and(|subject| clause.stems.binary_search(&subject).is_err()) {
                continue;
            }
            if clause.denies == found.denies {
                weighed.agrees.take(both, at, clause);
            } else if clause.says == Says::Sometimes || !found.flat {
                weighed.agrees.take(alike, at, clause);
            } else if contained >= CONTAINED {
                weighed.denies.take(alike, at, clause);
            }
        }
        weighed
    }

    /// Whether a source says of the same thing that it is free.
    fn costs_nothing(&self, found: &Found) -> (ClaimStatus, Option<Place>) {
        let free = stem("free");
        let said = ["additional", "extra", "fee", "cost", "charge", "change", "total"].map(stem);
        let about: Vec<Stem> = found.about.iter().copied().filter(|s| !said.contains(s)).collect();
        let says = self.near(&about).find(|(_, clause)| clause.stems.binary_search(&free).is_ok());
        match says {
            Some((at, clause)) => (ClaimStatus::Supported, Some(self.place(at, clause.span))),
            None => (ClaimStatus::Unsupported, None),
        }
    }

    /// Whether neither the customer nor the draft has a word of those that only this condition has.
    fn misses_condition(&self, clause: &Clause, spoken: &[Stem], about: &[Stem]) -> bool {
        let rare: Vec<&Stem> =
            clause.only_if.iter().filter(|s| self.weights().get(s).is_some_and(|n| *n <= 1)).collect();
        !rare.is_empty() && !rare.iter().any(|s| spoken.binary_search(s).is_ok() || about.binary_search(s).is_ok())
    }

    /// Where the sources count the same thing in the same case: whether they come to another number. A total is so
    /// many times what there is for each.
    pub fn count(&self, found: &Found, about: &[Stem]) -> Option<(ClaimStatus, Place)> {
        let keys = &found.value.as_ref()?.keys;
        if found.unit.is_empty() {
            return None;
        }
        if found.about.binary_search(&stem("total")).is_ok()
            && let Some(place) = self.each(found, keys)
        {
            return Some((ClaimStatus::Supported, place));
        }
        let mut best: Option<(f64, Place)> = None;
        let mut agrees = 0.0_f64;
        for (at, (_, known)) in self.known.iter().enumerate() {
            for count in known.counts_of(&found.unit) {
                let shared = |stems: &[Stem]| count.about.iter().filter(|s| stems.binary_search(s).is_ok()).count();
                if found.unit.len() < 2 || shared(&found.about) < 3 {
                    continue;
                }
                let weigh = |stems: &[Stem]| -> f64 {
                    count.about.iter().filter(|s| stems.binary_search(s).is_ok()).map(|s| self.weight(*s)).sum()
                };
                let score = weigh(&found.about) * 4.0 + weigh(about);
                if count.keys.iter().any(|key| keys.contains(key)) {
                    agrees = agrees.max(score);
                } else if best.as_ref().is_none_or(|b| score > b.0) {
                    best = Some((score, self.place(at, count.span)));
                }
            }
        }
        best.filter(|b| b.0 > agrees).map(|b| (ClaimStatus::Conflict, b.1))
    }

    /// Where the sources have the number of which this is a multiple.
    fn each(&self, found: &Found, keys: &[Key]) -> Option<Place> {
        let Some(Key::Number(total)) = keys.first() else { return None };
        let divides = |key: &Key| matches!(key, Key::Number(n) if (2..=MOST_EACH).any(|times| n.checked_mul(times) == Some(*total)));
        self.known.iter().enumerate().find_map(|(at, (_, known))| {
            let mut each = known.counts_of(&found.unit).filter(|count| count.keys.iter().any(divides));
            each.next().map(|count| self.place(at, count.span))
        })
    }
}
