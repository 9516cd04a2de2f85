//! What of a draft is indexed for search, and what a query asks for: words, the same on both databases.

use countersign_domain::draft::DraftBody;
use countersign_domain::text::{is_hidden, unspaced};
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization;

/// A word that no draft holds: signs are not indexed, so a query of nothing else finds nothing.
const NO_WORD: &str = "\u{f8ff}";
/// A longer word is indexed by its beginning: Postgres takes none of more than 2,046 bytes.
const LONGEST: usize = 200;
/// How much is indexed from each letter of a script that puts no spaces between words.
const REACH: usize = 6;
/// A word of so many letters may be a compound, and is found by what it is made of too.
const COMPOUND: usize = 10;
/// The shortest part of a compound.
const PART: usize = 4;

/// The words of a query. A draft is found if it has every one of them, or words that begin with them.
pub fn words(query: &str) -> Vec<String> {
    const MOST: usize = 32;
    let folded = folded(query);
    let words: Vec<String> = runs(&folded).flat_map(asked).take(MOST).collect();
    if words.is_empty() && !query.trim().is_empty() { vec![NO_WORD.to_owned()] } else { words }
}

/// What a run of a query asks for: the run, or where it is longer than what is indexed of its script, pieces of it that
/// cover it.
fn asked(run: &str) -> Vec<String> {
    let chars: Vec<char> = run.chars().collect();
    if chars.len() <= REACH || !chars.iter().copied().any(unspaced) {
        return vec![run.to_owned()];
    }
    let last = chars.len() - REACH;
    let starts = (0..last).step_by(REACH).chain([last]);
    starts.filter_map(|start| chars.get(start..start + REACH)).map(|piece| piece.iter().collect()).collect()
}

/// What of a draft is indexed: its words, each once, separated by spaces.
fn indexed_text(external_id: &str, body: &DraftBody) -> String {
    const LIMIT: usize = 100_000;
    // Postgres keeps a megabyte of words beside a draft at most.
    const ROOM: usize = 900_000;
    let named = |key: &str| body.metadata.get(key).and_then(|s| s.as_str()).unwrap_or_default();
    let parts = [external_id, named("subject"), named("customer"), body.draft.text.as_str()];
    let thread = body.thread.iter().flat_map(|m| [m.name.as_deref().unwrap_or_default(), m.text.as_str()]);
    let (mut all, mut left) = (String::new(), LIMIT);
    for part in parts.into_iter().chain(thread) {
        let end = (0..=left.min(part.len())).rev().find(|end| part.is_char_boundary(*end)).unwrap_or(0);
        let part = part.get(..end).unwrap_or_default();
        left -= part.len();
        all.push_str(&folded(part));
        all.push(' ');
    }
    let runs: BTreeSet<&str> = runs(&all).collect();
    let (mut whole, mut parts) = (BTreeSet::new(), BTreeSet::new());
    for run in runs {
        let mut found = found_by(run);
        whole.extend(found.next());
        parts.extend(found);
    }
    let mut text = String::new();
    // Where there isn't room for all, words can still be found by their beginnings.
    for word in whole.iter().chain(parts.difference(&whole)) {
        if text.len() + word.len() >= ROOM {
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// The same of a body as it is stored.
pub(crate) fn indexed_body(external_id: &str, body: &str) -> String {
    serde_json::from_str(body).map(|body| indexed_text(external_id, &body)).unwrap_or_default()
}

/// By what a run is found: what begins at every letter in scripts that put no spaces between words; elsewhere the run,
/// and if it is long, what it may be made of.
fn found_by(run: &str) -> impl Iterator<Item = &str> {
    let dense = run.contains(unspaced);
    let length = run.chars().count();
    // A hash or a number is no compound.
    let compound = length >= COMPOUND && !run.contains(char::is_numeric);
    run.char_indices().enumerate().filter_map(move |(n, (at, _))| {
        let rest = &run[at..];
        match dense {
            true => Some(rest.char_indices().nth(REACH).map_or(rest, |(end, _)| &rest[..end])),
            false => (n == 0 || compound && length - n >= PART).then_some(rest),
        }
    })
}

/// Runs of letters and digits, apart where a script that puts spaces between words meets one that doesn't.
fn runs(folded: &str) -> impl Iterator<Item = &str> {
    let words = folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty());
    words.flat_map(|word| {
        let mut rest = word;
        std::iter::from_fn(move || {
            let dense = unspaced(rest.chars().next()?);
            let (run, after) = rest.split_at(rest.find(|c| unspaced(c) != dense).unwrap_or(rest.len()));
            rest = after;
            Some(if dense { run } else { run.char_indices().nth(LONGEST).map_or(run, |(end, _)| &run[..end]) })
        })
    })
}

/// A text as it is compared: in small letters, without accents, in one form of what can be written in several. What
/// nobody sees is left out.
fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let accent = |c: &char| matches!(c, '\u{300}'..='\u{36F}' | '\u{FE00}'..='\u{FE0F}');
    text.nfkd()
        .filter(|c| !accent(c) && !is_hidden(*c))
        .flat_map(char::to_lowercase)
        .filter(|c| !accent(c))
        .map(|c| if c == 'ς' { 'σ' } else { c })
        .nfc()
        .collect()
}

/// Every word, the last letters left open, as SQLite's index asks for them.
pub(crate) fn fts_terms(words: &[String]) -> String {
    words.iter().map(|w| format!("\"{w}\"*")).collect::<Vec<_>>().join(" AND ")
}

/// The same for Postgres.
pub(crate) fn ts_terms(words: &[String]) -> String {
    words.iter().map(|w| format!("'{w}':*")).collect::<Vec<_>>().join(" & ")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn indexed(text: &str) -> String {
        let body = serde_json::json!({ "thread": [], "draft": { "text": text } });
        indexed_body("t-1", &body.to_string())
    }

    #[test]
    fn a_query_is_its_words_without_signs_accents_and_capitals() {
        assert_eq!(words("  \"Überweisung\", 12.50? "), ["uberweisung", "12", "50"]);
        assert_eq!(words("Ｅ１ ΟΔΟΣ soft\u{ad}ly cafe\u{301}"), ["e1", "οδοσ", "softly", "cafe"]);
        assert_eq!(words("我的iPhone坏了"), ["我的", "iphone", "坏了"]);
        assert_eq!(words("请问我的包裹在哪里"), ["请问我的包裹", "的包裹在哪里"], "pieces that cover it");
        assert!(words(" \n").is_empty());
        for signs in ["😀", "*", "- %", "\u{301}", "\u{200b}"] {
            assert_eq!(words(signs), [NO_WORD], "{signs:?}");
        }
    }

    #[test]
    fn a_draft_is_found_by_the_beginnings_of_words_and_within_long_and_unspaced_ones() {
        let text = indexed("Mein Krankenversicherungsschein, 我的包裹在哪里 พัสดุของฉัน 제소포가 ｶﾞｿﾘﾝ");
        let found = |q: &str| words(q).iter().all(|word| text.split(' ').any(|held| held.starts_with(word)));
        for q in [
            "kranken",
            "versicherungsschein",
            "schein",
            "包裹",
            "里",
            "我的包裹在哪里",
            "พัสดุ",
            "ฉัน",
            "소포",
            "ガソ",
            "t 1",
        ] {
            assert!(found(q), "{q}");
        }
        for q in ["ein kein", "裹包", "我的包里", "스포", "😀"] {
            assert!(!found(q), "{q}");
        }
        assert!(text.chars().all(|c| c == ' ' || c.is_alphanumeric()));
    }

    #[test]
    fn the_longest_draft_has_no_more_words_than_postgres_keeps() {
        let mut seed = 1_u32;
        let mut next = |from: u32, n: u32| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from_u32(from + (seed >> 8) % n).unwrap()
        };
        let han: String = (0..60_000).map(|_| next(0x4E00, 20_000)).collect();
        let rare: String = (0..60_000).map(|_| next(0x20000, 40_000)).collect();
        let latin: String = (0..200_000).map(|n| if n % 201 == 0 { ' ' } else { next(0x61, 26) }).collect();
        for text in [han, rare, latin, "\u{fdfa}".repeat(60_000)] {
            let text = indexed(&text);
            assert!(text.len() < 1 << 20 && text.split(' ').all(|word| word.len() <= 2_046));
        }
    }
}
