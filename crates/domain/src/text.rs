//! Comparing human text: Unicode and white-space normalisation that remembers where each character came from.

use std::cell::OnceCell;
use unicode_normalization::{UnicodeNormalization, char::canonical_combining_class};

/// Text in NFKC with white space collapsed, and for each of its characters the scalar offset in the original
/// at which the piece it was made of starts and ends.
pub struct Normal {
    /// The normalised characters.
    pub chars: Vec<char>,
    spans: Vec<(u32, u32)>,
    /// The characters as a text, once something is looked for in it.
    text: OnceCell<String>,
}

impl Normal {
    /// Normalises a text. White space at both ends is dropped, a run inside becomes one space; invisible
    /// format characters (zero-width, bidi controls, soft hyphen) are dropped.
    pub fn of(text: &str) -> Self {
        let mut normal = Self {
            chars: Vec::with_capacity(text.len()),
            spans: Vec::with_capacity(text.len()),
            text: OnceCell::new(),
        };
        let mut piece = String::new();
        let (mut start, mut at) = (0_u32, 0_u32);
        for c in text.chars() {
            // A piece is a starter with the marks on it: composition never reaches across it for the
            // scripts in which quotes are written, and offsets stay exact to the piece.
            if canonical_combining_class(c) == 0 && !is_joining(c) && !piece.is_empty() {
                normal.push(&piece, start, at);
                piece.clear();
                start = at;
            }
            piece.push(c);
            at += 1;
        }
        normal.push(&piece, start, at);
        if normal.chars.last() == Some(&' ') {
            normal.chars.pop();
            normal.spans.pop();
        }
        normal
    }

    fn push(&mut self, piece: &str, start: u32, end: u32) {
        for c in piece.nfkc() {
            if is_hidden(c) {
                continue;
            }
            let c = if c.is_whitespace() { ' ' } else { straight(c) };
            if c == ' ' && self.chars.last().is_none_or(|last| *last == ' ') {
                continue;
            }
            self.chars.push(c);
            self.spans.push((start, end));
        }
    }

    /// Where `needle` first stands in this text, as scalar offsets into the original.
    pub fn find(&self, needle: &Self) -> Option<(u32, u32)> {
        if needle.chars.is_empty() || needle.chars.len() > self.chars.len() {
            return None;
        }
        // Search over bytes, where the standard library has a two-way searcher.
        let hay = self.text.get_or_init(|| self.chars.iter().collect());
        let sought: String = needle.chars.iter().collect();
        let byte = hay.find(&sought)?;
        let first = hay[..byte].chars().count();
        let last = first + needle.chars.len() - 1;
        Some((self.spans.get(first)?.0, self.spans.get(last)?.1))
    }
}

/// Hangul vowels and final consonants compose with what is before them.
fn is_joining(c: char) -> bool {
    matches!(c, '\u{1160}'..='\u{11FF}')
}

/// Typographic quotes and dashes count as the plain ones: models and people both swap them.
fn straight(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{2032}' => '\'',
        '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{2033}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        c => c,
    }
}

/// A character that a reader can't see but that changes what is read, copied or matched: bidi controls,
/// zero-width characters, soft hyphen, tags, and invisible operators.
pub fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}' | '\u{2066}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

/// A letter of the scripts that put no space between words, or hang endings on them: South-East Asian ones, Han, kana and Hangul.
pub fn unspaced(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{109F}' | '\u{1100}'..='\u{11FF}' | '\u{1780}'..='\u{17FF}' | '\u{1950}'..='\u{19DF}'
        | '\u{1A20}'..='\u{1AAF}' | '\u{2E80}'..='\u{A4CF}' | '\u{A980}'..='\u{A9DF}' | '\u{AA60}'..='\u{AADF}'
        | '\u{AC00}'..='\u{D7FF}' | '\u{F900}'..='\u{FAFF}' | '\u{FF66}'..='\u{FFDC}' | '\u{20000}'..='\u{3FFFF}')
}

/// Whether a reader sees nothing of a text.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_hidden(c))
}

/// Whether hidden characters are used where they have no honest use. Zero-width joiners and non-joiners, and the
/// plain direction marks, belong to correct text of several scripts and to emoji, so they count only between
/// Latin letters or digits.
pub fn has_hidden(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let honest = matches!(c, '\u{200C}'..='\u{200F}' | '\u{061C}')
            && !(before.is_ascii_alphanumeric() && chars.peek().is_some_and(char::is_ascii_alphanumeric));
        if is_hidden(c) && !honest {
            return true;
        }
        before = c;
    }
    false
}

/// The first line of a text, at most `limit` characters, for a heading.
pub fn headline(text: &str, limit: usize) -> String {
    let line = text.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or_default();
    let mut out: String = line.chars().filter(|c| !c.is_control() && !is_hidden(*c)).take(limit + 1).collect();
    if out.chars().count() > limit {
        out = out.chars().take(limit - 1).chain(['…']).collect();
    }
    out
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;
    use proptest::prelude::*;

    fn at(hay: &str, needle: &str) -> Option<String> {
        let (start, end) = Normal::of(hay).find(&Normal::of(needle))?;
        Some(hay.chars().skip(start as usize).take((end - start) as usize).collect())
    }

    #[test]
    fn a_quote_is_found_across_line_breaks_composition_and_typographic_quotes() {
        assert_eq!(at("Seats are\n  charged for\tdays.", "are charged for").unwrap(), "are\n  charged for");
        assert_eq!(at("Cafe\u{301} is open", "Café is").unwrap(), "Cafe\u{301} is");
        assert_eq!(at("We say “don’t”.", "\"don't\"").unwrap(), "“don’t”");
        assert_eq!(at("the ﬁrst day", "first").unwrap(), "ﬁrst");
        assert_eq!(at("abc", "abd"), None);
        assert_eq!(at("abc", "  "), None);
    }

    #[test]
    fn hidden_characters_are_seen_where_they_deceive_and_not_where_they_are_spelling() {
        assert!(has_hidden("pay\u{200B}ment"));
        assert!(has_hidden("safe \u{202E}txt.exe"));
        assert!(has_hidden("ab\u{200D}cd"));
        assert!(!has_hidden("می\u{200C}خواهم"));
        assert!(!has_hidden("👩\u{200D}🔧"));
        assert!(!has_hidden("plain"));
    }

    #[test]
    fn a_headline_is_one_short_line() {
        assert_eq!(headline("\n  Hello\nworld", 20), "Hello");
        assert_eq!(headline("abcdefgh", 5), "abcd…");
    }

    proptest! {
        #[test]
        fn every_piece_of_a_text_is_found_in_it(text in "\\PC{0,80}", from in 0_usize..40, len in 1_usize..20) {
            let normal = Normal::of(&text);
            let from = from.min(normal.chars.len());
            let piece: String = normal.chars[from..(from + len).min(normal.chars.len())].iter().collect();
            let needle = Normal::of(&piece);
            if !needle.chars.is_empty() {
                let (start, end) = normal.find(&needle).unwrap();
                prop_assert!(start < end && end as usize <= text.chars().count());
            }
        }
    }
}
