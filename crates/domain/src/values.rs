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
use words::Lang;

/// The worst that an edit changes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Change {
    /// A number, date, time, version, code, e-mail address or negation.
    Value,
    /// A link or a reference mark.
    Reference,
    /// A word such as "can", "before" or "free" came, went, or was exchanged, or a name or a noun was.
    Meaning,
    /// Only words that may come and go; the share of the other words that differ, 0 to 1.
    Wording(f64),
}

/// Compares two texts.
pub(crate) fn compare(before: &str, after: &str) -> Change {
    let (lang, before, after) = read::read(before, after);
    if before.values != after.values {
        return Change::Value;
    }
    if before.references != after.references {
        return Change::Reference;
    }
    if before.turns != after.turns {
        return Change::Meaning;
    }
    let (taken, put) = match apart(&before.words, &after.words) {
        Apart::Moved(words) => (words / 2, words.div_ceil(2)),
        Apart::Changed { taken, put } if is_exchange(lang, &taken, &put) => return Change::Meaning,
        Apart::Changed { taken, put } => (taken.len(), put.len()),
    };
    let all = (before.total + after.total).max(1);
    Change::Wording((taken + put) as f64 / all as f64)
}

/// Whether a text is in English, as far as its first words tell: one in a language that isn't known here but has Latin
/// letters counts as English.
pub fn is_english(text: &str) -> bool {
    const ENOUGH: usize = 2_000;
    let chars: Vec<char> = text.chars().take(ENOUGH).collect();
    let letters = chars.iter().filter(|c| c.is_alphabetic()).count();
    let latin = chars.iter().filter(|c| c.is_alphabetic() && **c < '\u{250}').count();
    latin * 2 >= letters && read::language([&chars, &[]]) == Lang::En
}

/// In what two texts' words differ.
enum Apart {
    /// So many of them stand elsewhere.
    Moved(usize),
    /// These stand in one text alone.
    Changed { taken: Vec<Said>, put: Vec<Said> },
}

/// Which words stand only in the first text, and which only in the second. One that was misspelt counts as the same.
fn apart(before: &[Said], after: &[Said]) -> Apart {
    let mut counts: HashMap<&str, i64> = HashMap::new();
    for said in before {
        *counts.entry(&said.sense).or_default() += 1;
    }
    for said in after {
        *counts.entry(&said.sense).or_default() -= 1;
    }
    let mut side = |said: &[Said], sign: i64| -> Vec<Said> {
        let mut words = Vec::new();
        for said in said {
            if let Some(count) = counts.get_mut(said.sense.as_str()).filter(|count| **count * sign > 0) {
                *count -= sign;
                words.push(said.clone());
            }
        }
        words
    };
    let (mut taken, mut put) = (side(before, 1), side(after, -1));
    if taken.is_empty() && put.is_empty() {
        return Apart::Moved(before.iter().zip(after).filter(|(a, b)| a.sense != b.sense).count());
    }
    const MANY: usize = 50;
    let mut seen = 0;
    taken.retain(|said| {
        seen += 1;
        let other = (seen <= MANY).then(|| put.iter().take(MANY).position(|o| is_misspelling(&said.word, &o.word)));
        match other.flatten() {
            Some(at) => {
                put.swap_remove(at);
                false
            }
            None => true,
        }
    });
    Apart::Changed { taken, put }
}

/// Whether something else is claimed: a name stands where another word did, or in English, whose synonyms are known, a
/// word that says something. In German every noun has a capital, so both must.
fn is_exchange(lang: Lang, taken: &[Said], put: &[Said]) -> bool {
    let says = |said: &&Said| !said.word.is_empty() && !SMALL.contains(&said.word.as_str());
    let has = |side: &[Said]| side.iter().any(|s| says(&s));
    let names = |side: &[Said]| side.iter().filter(says).any(|s| s.named);
    match lang {
        Lang::En => has(taken) && has(put),
        Lang::De => names(taken) && names(put),
        _ => has(taken) && has(put) && (names(taken) || names(put)),
    }
}

/// Words that say nothing by themselves: for one of them another may stand. Those with a capital in German are among them.
const SMALL: &[&str] = &[
    "i", "me", "my", "we", "us", "our", "you", "your", "yours", "it", "its", "they", "them", "their", "this", "that",
    "these", "those", "who", "which", "what", "when", "where", "while", "as", "once", "and", "or", "but", "so", "of",
    "to", "from", "with", "for", "by", "in", "on", "at", "into", "onto", "about", "there", "here", "be", "been",
    "being", "is", "are", "was", "were", "had", "have", "has", "having", "ve", "d", "ll", "re", "s", "do", "does",
    "did", "will", "would", "shall", "a", "an", "the", "now", "again", "still", "already", "directly", "right", "away",
    "feel", "free", "sie", "ihr", "ihre", "ihrem", "ihren", "ihrer", "ihnen",
];

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
