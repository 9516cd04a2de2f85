//! What an edit changes: values first, then references, then meaning, then wording.
//!
//! Both texts are read the way a person reads them: numbers with sign, unit and comparison, dates and times in any
//! notation, versions, codes, addresses, negations. Values are compared by what they are, so `1,250.00` is `1.250,00` and
//! `12.50` isn't `125.0`. Where a text doesn't say how it is to be read, another spelling counts as another value: to
//! take a change for none would hide it from every rate.

mod clean;
mod contract;
mod digits;
mod lex;
mod quantity;
mod read;
mod words;

use read::Said;
use std::collections::HashMap;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The worst that an edit changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change {
    /// A number, date, time, version, code, e-mail address or negation.
    Value,
    /// A link or a reference mark.
    Reference,
    /// A word such as "can", "before" or "free" came, went, or was exchanged.
    Meaning,
    /// Only words that may come and go; the share of the other words that differ, 0 to 1.
    Wording(f64),
}

/// Compares two texts.
pub(crate) fn compare(before: &str, after: &str) -> Change {
    let (before, after) = read::read(before, after);
    if before.values != after.values {
        return Change::Value;
    }
    if before.references != after.references {
        return Change::Reference;
    }
    if before.turns != after.turns {
        return Change::Meaning;
    }
    let (taken, put) = apart(&before.words, &after.words);
    let all = (before.total + after.total).max(1);
    Change::Wording((taken + put) as f64 / all as f64)
}

/// How many words stand only in the first text, and only in the second. A word that was misspelt counts as the same.
fn apart(before: &[Said], after: &[Said]) -> (usize, usize) {
    let mut counts: HashMap<&str, i64> = HashMap::new();
    for said in before {
        *counts.entry(&said.sense).or_default() += 1;
    }
    for said in after {
        *counts.entry(&said.sense).or_default() -= 1;
    }
    let mut side = |said: &[Said], sign: i64| -> Vec<String> {
        let mut words = Vec::new();
        for said in said {
            if let Some(count) = counts.get_mut(said.sense.as_str()).filter(|count| **count * sign > 0) {
                *count -= sign;
                words.push(said.word.clone());
            }
        }
        words
    };
    let (taken, mut put) = (side(before, 1), side(after, -1));
    if taken.is_empty() && put.is_empty() {
        let moved = before.iter().zip(after).filter(|(a, b)| a.sense != b.sense).count();
        return (moved / 2, moved.div_ceil(2));
    }
    const MANY: usize = 50;
    let mut left = taken.len();
    for word in taken.iter().take(MANY) {
        if let Some(at) = put.iter().take(MANY).position(|other| is_misspelling(word, other)) {
            put.swap_remove(at);
            left -= 1;
        }
    }
    (left, put.len())
}

/// Whether two words differ in accents alone, or, having five letters or more, by one that is put in, left out, exchanged
/// or swapped, and not the first.
fn is_misspelling(a: &str, b: &str) -> bool {
    let plain = |word: &str| word.nfd().filter(|c| !is_combining_mark(*c)).collect::<Vec<char>>();
    let (a, b) = (plain(a), plain(b));
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    if short == long {
        return !short.is_empty();
    }
    if short.len() < 5 || long.len() - short.len() > 1 || short.first() != long.first() {
        return false;
    }
    let same = short.iter().zip(long.iter()).take_while(|(x, y)| x == y).count();
    let rest = |word: &[char], from: usize| word.get(from..).unwrap_or_default().to_vec();
    if long.len() > short.len() {
        return rest(short, same) == rest(long, same + 1);
    }
    let swapped = short.get(same) == long.get(same + 1) && short.get(same + 1) == long.get(same);
    rest(short, same + 1) == rest(long, same + 1) || (swapped && rest(short, same + 2) == rest(long, same + 2))
}

#[cfg(test)]
mod tests;
