//! Amounts that follow from others: a difference, a sum, so many times, the total of a list.

use super::find::Found;
use super::scan::{Key, SCALE, Token, Value};
use super::thread::Thread;
use super::{ClaimKind, Place};
use std::collections::HashMap;

/// So many amounts are tried as parts of a sum.
const MOST: usize = 48;
/// A total adds up at most this many amounts before it.
const RUN: usize = 10;

/// The amounts of a draft and its thread.
pub struct Sums {
    /// Of the draft, in reading order, with where each ends.
    own: Vec<(i64, u32)>,
    said: Vec<(i64, Place)>,
    given: HashMap<i64, Place>,
    pool: Vec<(i64, Option<Place>)>,
}

impl Sums {
    /// Collects them.
    pub fn of(tokens: &[Token], thread: &Thread<'_>) -> Self {
        let money = tokens.iter().filter(|t| t.value.as_ref().is_some_and(Value::is_money));
        let own: Vec<(i64, u32)> = money
            .filter_map(|t| match t.value.as_ref()?.keys.first()? {
                Key::Number(n) => Some((*n, t.end)),
                _ => None,
            })
            .collect();
        let [said, given] = if own.is_empty() { [Vec::new(), Vec::new()] } else { thread.amounts(MOST) };
        let mut pool: Vec<(i64, Option<Place>)> = said.iter().map(|(n, p)| (*n, Some(p.clone()))).collect();
        pool.extend(own.iter().take(MOST).map(|(n, _)| (*n, None)));
        pool.sort_by_key(|(n, _)| *n);
        pool.dedup_by_key(|(n, _)| *n);
        Self { own, said, given: given.into_iter().collect(), pool }
    }

    /// How an amount follows from others, and where those of the thread stand.
    pub fn of_value(&self, claim: &Found) -> Option<(String, Vec<Place>)> {
        if claim.kind != ClaimKind::Amount {
            return None;
        }
        let Key::Number(value) = *claim.value.as_ref()?.keys.first()? else { return None };
        self.total(value, claim.span.0).or_else(|| self.pair(value)).or_else(|| self.times(value))
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

    fn pair(&self, value: i64) -> Option<(String, Vec<Place>)> {
        let known = |n: i64| match self.pool.binary_search_by_key(&n, |(m, _)| *m) {
            Ok(i) => Some(self.pool[i].1.clone()),
            Err(_) => self.given.get(&n).map(|place| Some(place.clone())),
        };
        for (a, place) in self.pool.iter().filter(|(a, _)| *a != 0 && *a != value) {
            for (b, sign) in [(a.checked_sub(value), "−"), (value.checked_sub(*a), "+")] {
                if let Some(b) = b
                    && b > 0
                    && b != value
                    && let Some(other) = known(b)
                {
                    let places = place.iter().cloned().chain(other).collect();
                    return Some((format!("{} {sign} {}", show(*a), show(b)), places));
                }
            }
            let b = a.checked_add(value)?;
            if let Some(other) = known(b) {
                let places = other.into_iter().chain(place.clone()).collect();
                return Some((format!("{} − {}", show(b), show(*a)), places));
            }
        }
        None
    }

    fn times(&self, value: i64) -> Option<(String, Vec<Place>)> {
        (2..10).filter(|n| value % n == 0).find_map(|n| {
            let place = self.said.iter().find(|(a, _)| a.checked_mul(n) == Some(value)).map(|(_, p)| p);
            let own = self.own.iter().any(|(a, _)| a.checked_mul(n) == Some(value));
            let place = place.or_else(|| self.given.get(&(value / n)));
            (own || place.is_some())
                .then(|| (format!("{n} × {}", show(value / n)), place.cloned().into_iter().collect()))
        })
    }
}

fn show(n: i64) -> String {
    let (whole, part) = (n / SCALE, n % SCALE / 100);
    if part == 0 { whole.to_string() } else { format!("{whole}.{part:02}") }
}
