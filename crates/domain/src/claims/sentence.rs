//! A draft's sentences, and which of them can state anything.

use super::scan::{Key, Token};
use super::stem::Stem;
use std::ops::Range;
use unicode_segmentation::UnicodeSegmentation;

/// What has more words than this is no sentence, and is read in pieces.
const LONGEST: usize = 200;

/// A sentence, or an item of a list.
#[derive(Clone, Debug)]
pub struct Sentence {
    /// Its tokens, without the number of a list.
    pub tokens: Range<usize>,
    /// It asks.
    pub question: bool,
}

impl Sentence {
    /// The stems of what it is about.
    pub fn stems(&self, tokens: &[Token]) -> Vec<Stem> {
        stems(&tokens[self.tokens.clone()])
    }
}

/// The stems of the words that say what a text is about, each once.
pub fn stems(tokens: &[Token]) -> Vec<Stem> {
    let number = |t: &Token| t.value.as_ref().is_some_and(|v| matches!(v.keys.first(), Some(Key::Number(_))));
    let said = tokens.iter().filter(|t| !t.stop && !number(t));
    let mut stems: Vec<Stem> = said.map(|t| t.stem).collect();
    stems.sort_unstable();
    stems.dedup();
    stems
}

/// The sentences of a text in reading order.
pub fn sentences(text: &str, tokens: &[Token]) -> Vec<Sentence> {
    let mut found = Vec::new();
    let (mut at, mut token) = (0, 0);
    for line in text.split_inclusive('\n') {
        let body = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '*' | '>' | '#' | '•'));
        let digits = body.bytes().take_while(u8::is_ascii_digit).count();
        let listed = (1..=2).contains(&digits)
            && body[digits..].starts_with([')', '.'])
            && body[digits + 1..].starts_with([' ', '*']);
        let skip = line.len() - body.len() + if listed { digits + 1 } else { 0 };
        let mut from = at + skip;
        for sentence in pieces(&line[skip..]).flat_map(bounds) {
            let end = from + sentence.trim_end().len();
            while tokens.get(token).is_some_and(|t| t.bytes.0 < from) {
                token += 1;
            }
            let first = token;
            while tokens.get(token).is_some_and(|t| t.bytes.0 < end) {
                token += 1;
            }
            let question = text[from..end].ends_with(['?', '？']);
            let pieces = (first..token).step_by(LONGEST);
            found.extend(pieces.map(|i| Sentence { tokens: i..token.min(i + LONGEST), question }));
            from += sentence.len();
        }
        at += line.len();
    }
    found
}

/// A long line in pieces, cut after a sentence or a word: the search for the end of a sentence takes the square of its
/// line's length where signs follow on signs.
fn pieces(mut line: &str) -> impl Iterator<Item = &str> {
    const MOST: usize = 1_000;
    std::iter::from_fn(move || {
        if line.is_empty() {
            return None;
        }
        let most = (0..=MOST.min(line.len())).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        let head = &line[..most];
        let end = if most == line.len() { None } else { head.rfind(". ").or_else(|| head.rfind(' ')).map(|at| at + 1) };
        let (piece, rest) = line.split_at(end.unwrap_or(most));
        line = rest;
        Some(piece)
    })
}

/// The sentences of a piece, as Unicode has them. Where a sign ends one, spaces follow, and a capital begins the next,
/// there is no other reading; only what has another sign within takes the full rules.
pub fn bounds(mut piece: &str) -> impl Iterator<Item = &str> {
    let mut unsure = None;
    std::iter::from_fn(move || {
        if let Some(sentence) = unsure.as_mut().and_then(Iterator::next) {
            return Some(sentence);
        }
        let (sentence, rest) = piece.split_at(sure_end(piece));
        piece = rest;
        let within = sentence.trim_end_matches([' ', '\n', '.', '!', '?']);
        if within.is_ascii() && !within.contains(['.', '!', '?', '\r']) {
            return Some(sentence).filter(|s| !s.is_empty());
        }
        unsure.insert(sentence.split_sentence_bounds()).next()
    })
}

/// Where the first sentence ends for sure.
fn sure_end(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut signs = bytes.iter().enumerate().filter(|(_, b)| matches!(b, b'.' | b'!' | b'?')).map(|(i, _)| i + 1);
    let end = signs.find_map(|at| {
        let spaces = bytes[at..].iter().take_while(|b| **b == b' ').count();
        (spaces > 0 && bytes.get(at + spaces).is_some_and(u8::is_ascii_uppercase)).then_some(at + spaces)
    });
    end.unwrap_or(bytes.len())
}

/// The parts of a sentence that say one thing each: between signs, at words that turn, and where another subject
/// begins.
pub fn clauses(text: &str, tokens: &[Token], turns: &[&str]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut from = 0;
    for i in 1..tokens.len() {
        let between = &text[tokens[i - 1].bytes.1..tokens[i].bytes.0];
        let word = &text[tokens[i].bytes.0..tokens[i].bytes.1];
        let among = |words: &[&str]| words.iter().any(|w| w.eq_ignore_ascii_case(word));
        let turn = among(turns);
        let joined = among(&["and", "so", "while", "as", "therefore", "because"]);
        let strong = between.contains([':', ';', '.', '!', '?', '\n', '–', '—', '(', ')']);
        if turn || strong || (between.contains(',') && joined) {
            found.push(from..i);
            from = i;
        }
    }
    found.push(from..tokens.len());
    found
}

/// A word in lower case, with the plain apostrophe.
pub fn lower(text: &str, token: &Token) -> String {
    text[token.bytes.0..token.bytes.1].to_lowercase().replace('\u{2019}', "'")
}

/// Whether a clause denies: an odd number of denials.
pub fn denies(text: &str, tokens: &[Token]) -> bool {
    let denial = |t: &Token| {
        let word = lower(text, t);
        const DENIALS: [&str; 9] = ["not", "no", "cannot", "never", "unable", "neither", "nor", "non", "without"];
        DENIALS.contains(&word.as_str()) || word.ends_with("n't")
    };
    tokens.iter().filter(|t| denial(t)).count() % 2 == 1
}

/// How a clause states something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// It has no verb that says what is.
    Nothing,
    /// With an "if" or an "only".
    Sometimes,
    /// Without.
    Always,
}

/// How a clause states something.
pub fn says(text: &str, tokens: &[Token]) -> Says {
    let mut found = Says::Nothing;
    for token in tokens {
        match lower(text, token).as_str() {
            "if" | "only" | "unless" | "otherwise" | "within" | "strict" | "until" | "except" | "some" | "without"
            | "help" => {
                return Says::Sometimes;
            }
            "can" | "cannot" | "can't" | "may" | "must" | "will" | "is" | "are" | "be" | "not" | "unable" | "does"
            | "doesn't" | "do" | "don't" | "enables" | "has" | "have" | "i'm" => found = Says::Always,
            _ => {}
        }
    }
    found
}
