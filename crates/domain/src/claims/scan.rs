//! Words and values of a text: numbers, dates, times and codes, each as the value that it stands for, in one pass.

use super::dates::{clock, date, day_after, day_first, iso_date, month, numeric_date};
use super::stem::{Stem, is_stop, of_lower, stem as stem_of};
use std::sync::LazyLock;

/// What a value is, however it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    /// A number, in ten-thousandths.
    Number(i64),
    /// Month and day.
    Day(u8, u8),
    /// Minutes since midnight.
    Minute(u16),
    /// A code in upper case.
    Code(Box<str>),
}

/// What a number is of, where a sign or a name beside it says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Nothing says.
    None,
    /// Money of a currency.
    Money(&'static str),
    /// Of a hundred.
    Percent,
}

/// One value.
#[derive(Clone, Debug)]
pub struct Value {
    /// What it is. A few ways of writing have two readings (`1.234`, `03/04`).
    pub keys: Vec<Key>,
    /// A date's year, where it has one.
    pub year: Option<i32>,
    /// What it is of.
    pub unit: Unit,
    /// Written as digits, not as a word (`five`).
    pub digits: bool,
}

impl Value {
    /// Whether it has a currency.
    pub fn is_money(&self) -> bool {
        matches!(self.unit, Unit::Money(_))
    }
}

/// A word or a value with where it stands.
#[derive(Clone, Debug)]
pub struct Token {
    /// The first character, in Unicode scalars.
    pub start: u32,
    /// One past the last.
    pub end: u32,
    /// The same in bytes.
    pub bytes: (usize, usize),
    /// The word's stem; of a value the stem of how it is written.
    pub stem: Stem,
    /// It says nothing about the subject.
    pub stop: bool,
    /// The value, if it is one.
    pub value: Option<Value>,
}

/// What is counted: so many words right after a number, with nothing but a space or a hyphen before each.
pub fn counted(tokens: &[Token], number: usize) -> impl Iterator<Item = Stem> {
    let next = move |(at, token): &(usize, &Token)| {
        token.value.is_none() && !token.stop && token.start <= tokens[number + at].end + 1
    };
    tokens[number + 1..].iter().take(3).enumerate().take_while(next).map(|(_, token)| token.stem)
}

/// Whether the value of a token is one that is claimed: in the same year, and of the same, as far as both say.
pub fn is_claimed(value: &Value, unit: &[Stem], tokens: &[Token], at: usize) -> bool {
    let Some(there) = &tokens[at].value else { return false };
    let year = there.year.is_none() || value.year.is_none() || there.year == value.year;
    let same = match (value.unit, there.unit) {
        (Unit::None, Unit::None) => {
            let mut counted = counted(tokens, at).peekable();
            unit.is_empty() || counted.peek().is_none() || counted.any(|stem| unit.contains(&stem))
        }
        (Unit::None, _) => unit.is_empty(),
        (_, Unit::None) => counted(tokens, at).next().is_none_or(|stem| !lasts(stem)),
        (ours, theirs) => ours == theirs,
    };
    year && same
}

/// Whether a token has a value of the same kind as one that is claimed: money of a currency, a day, so many of a thing.
pub fn is_like(value: &Value, unit: &[Stem], tokens: &[Token], at: usize) -> bool {
    let Some(there) = &tokens[at].value else { return false };
    match (value.keys.first(), there.keys.first()) {
        (Some(Key::Day(..)), Some(Key::Day(..))) => true,
        (Some(Key::Number(_)), Some(Key::Number(_))) => {
            value.unit == there.unit
                && (value.unit != Unit::None || counted(tokens, at).any(|stem| unit.contains(&stem)))
        }
        _ => false,
    }
}

/// Whether a word measures time.
fn lasts(stem: Stem) -> bool {
    static LASTS: LazyLock<[Stem; 7]> =
        LazyLock::new(|| ["minute", "hour", "day", "night", "week", "month", "year"].map(stem_of));
    LASTS.contains(&stem)
}

/// How a number is scaled in its key.
pub const SCALE: i64 = 10_000;

/// The tokens of a text in reading order.
pub fn tokens(text: &str) -> Vec<Token> {
    let lower = text.to_ascii_lowercase();
    let mut scan = Scan { text, lower: &lower, at: 0, chars: 0, out: Vec::with_capacity(text.len() / 6) };
    scan.run();
    scan.out
}

struct Scan<'a> {
    text: &'a str,
    /// The same with the letters A to Z in lower case.
    lower: &'a str,
    at: usize,
    chars: u32,
    out: Vec<Token>,
}

/// Whether a word may have it.
pub fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '\u{300}'..='\u{36F}')
}

impl Scan<'_> {
    fn run(&mut self) {
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            let c = if byte.is_ascii() { Some(char::from(*byte)) } else { self.text[self.at..].chars().next() };
            let Some(c) = c else { break };
            if !is_word(c) {
                self.at += c.len_utf8();
                self.chars += 1;
                continue;
            }
            let run = self.word();
            let rest = &self.text[self.at + run..];
            let address = rest.starts_with("://") || rest.starts_with('@') && rest[1..].starts_with(is_word);
            if address {
                let end = self.text[self.at..].find(char::is_whitespace).unwrap_or(self.text.len() - self.at);
                self.step(end);
            } else if c.is_ascii_digit() {
                self.number(run);
            } else {
                self.name(run);
            }
        }
    }

    /// How many bytes the word here has. An apostrophe inside belongs to it.
    fn word(&self) -> usize {
        let rest = &self.text[self.at..];
        let plain = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        if rest.as_bytes().get(plain).is_none_or(|b| b.is_ascii() && *b != b'\'') {
            return plain;
        }
        let mut chars = rest[plain..].char_indices().peekable();
        while let Some((i, c)) = chars.next() {
            let inside = matches!(c, '\'' | '\u{2019}') && chars.peek().is_some_and(|(_, next)| next.is_alphabetic());
            if !is_word(c) && !inside {
                return plain + i;
            }
        }
        rest.len()
    }

    fn step(&mut self, bytes: usize) {
        let passed = &self.text[self.at..self.at + bytes];
        self.chars += if passed.is_ascii() { bytes } else { passed.chars().count() } as u32;
        self.at += bytes;
    }

    fn push(&mut self, bytes: usize, value: Option<Value>) {
        let (start, from) = (self.chars, self.at);
        self.step(bytes);
        let word = &self.lower[from..self.at];
        let known = |lower: &str| (of_lower(lower), is_stop(lower));
        let (stem, stop) = if (self.at - from) as u32 == self.chars - start {
            known(word)
        } else {
            known(&word.to_lowercase().replace('\u{2019}', "'"))
        };
        self.out.push(Token { start, end: self.chars, bytes: (from, self.at), stem, stop, value });
    }

    /// A run that doesn't begin with a digit: a month with its day, a number in words, a code, or a word.
    fn name(&mut self, run: usize) {
        let word = &self.text[self.at..self.at + run];
        // Few words have a figure after them, so that is looked at first.
        if let Some((len, day, year)) = day_after(&self.text[self.at + run..])
            && let Some(month) = month(word)
        {
            return self.push(run + len, Some(date(vec![Key::Day(month, day)], year)));
        }
        if let Some(n) = in_words(&self.lower[self.at..self.at + run]) {
            let value = Value { keys: vec![Key::Number(n * SCALE)], year: None, unit: Unit::None, digits: false };
            return self.push(run, Some(value));
        }
        let code = word.len() >= 4 && word.bytes().any(|b| b.is_ascii_digit()) && word.is_ascii();
        self.push(run, code.then(|| code_of(word)));
    }

    /// A run that begins with a digit.
    fn number(&mut self, run: usize) {
        let rest = &self.text[self.at..];
        let found = iso_date(rest).or_else(|| clock(rest)).or_else(|| numeric_date(rest)).or_else(|| day_first(rest));
        if let Some((len, value)) = found {
            self.push(len, Some(value));
            // `T` between a date and a time.
            if self.text[self.at..].starts_with('T')
                && self.text[self.at + 1..].starts_with(|c: char| c.is_ascii_digit())
            {
                self.step(1);
            }
            return;
        }
        let word = &rest[..run];
        let figures = word.bytes().take_while(u8::is_ascii_digit).count();
        let unit = &word[figures..];
        if !unit.is_empty() && (unit.bytes().any(|b| b.is_ascii_digit()) || unit.len() > 3 || unit.contains('_')) {
            return self.push(run, (word.is_ascii() && run >= 4).then(|| code_of(word)));
        }
        let len = amount_len(rest);
        let keys = readings(&rest[..len]);
        let unit = self.currency_before().or_else(|| unit_after(&rest[len..])).unwrap_or(Unit::None);
        self.push(len, Some(Value { keys, year: None, unit, digits: true }));
    }

    fn currency_before(&self) -> Option<Unit> {
        const SIGNS: [(&str, &str); 9] = [
            ("$", "USD"),
            ("€", "EUR"),
            ("£", "GBP"),
            ("¥", "JPY"),
            ("₹", "INR"),
            ("USD", "USD"),
            ("EUR", "EUR"),
            ("GBP", "GBP"),
            ("CHF", "CHF"),
        ];
        let before = self.text[..self.at].trim_end_matches([' ', '\u{a0}', '-', '*']);
        SIGNS.iter().find(|(sign, _)| before.ends_with(sign)).map(|(_, code)| Unit::Money(code))
    }
}

fn unit_after(rest: &str) -> Option<Unit> {
    let rest = rest.trim_start_matches([' ', '\u{a0}']);
    let word: String = rest.chars().take_while(|c| c.is_alphabetic()).take(8).collect::<String>().to_lowercase();
    Some(match (rest.chars().next()?, word.as_str()) {
        ('€', _) | (_, "eur" | "euro" | "euros") => Unit::Money("EUR"),
        ('$', _) | (_, "usd" | "dollar" | "dollars") => Unit::Money("USD"),
        ('£', _) | (_, "gbp" | "pounds") => Unit::Money("GBP"),
        (_, "chf") => Unit::Money("CHF"),
        ('%', _) | (_, "percent" | "prozent") => Unit::Percent,
        _ => return None,
    })
}

fn code_of(word: &str) -> Value {
    Value { keys: vec![Key::Code(word.to_uppercase().into())], year: None, unit: Unit::None, digits: true }
}

/// How long the number here is, with its inner points and commas.
fn amount_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut len = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    while matches!(bytes.get(len), Some(b'.' | b',' | b'\'')) && bytes.get(len + 1).is_some_and(u8::is_ascii_digit) {
        len += 1 + bytes[len + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
    }
    len
}

/// What a number can mean: a sign before three digits separates thousands or decimals.
fn readings(text: &str) -> Vec<Key> {
    let signs: Vec<usize> = text.bytes().enumerate().filter(|(_, b)| !b.is_ascii_digit()).map(|(i, _)| i).collect();
    let decimal = |at: Option<usize>| {
        let (whole, part) = at.map_or((text, ""), |at| (&text[..at], &text[at + 1..]));
        let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
        let part: String = part.chars().chain("0000".chars()).take(4).collect();
        let whole: i64 = whole.parse().ok()?;
        whole.checked_mul(SCALE)?.checked_add(part.parse().ok()?).map(Key::Number)
    };
    let Some(last) = signs.last().copied() else {
        return decimal(None).map_or_else(|| vec![Key::Code(text.into())], |key| vec![key]);
    };
    let mixed = signs.iter().any(|i| text.as_bytes()[*i] != text.as_bytes()[last]);
    let thousands = text.len() - last == 4 && (signs.len() > 1 && !mixed || signs.len() == 1);
    if signs.len() > 1 && !mixed && !thousands {
        // A version: 1.2.3 is no 12.3.
        return vec![Key::Code(text.into())];
    }
    let mut keys = Vec::new();
    if thousands {
        keys.extend(decimal(None));
    }
    if !thousands || (signs.len() == 1 && text.as_bytes()[last] == b'.') {
        keys.extend(decimal(Some(last)));
    }
    keys
}

/// A number in words, in lower case.
fn in_words(word: &str) -> Option<i64> {
    Some(match word {
        "one" => 1,
        "two" => 2,
        "three" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        "eleven" => 11,
        "twelve" => 12,
        "fourteen" => 14,
        "fifteen" => 15,
        "twenty" => 20,
        "thirty" => 30,
        "forty" => 40,
        "fifty" => 50,
        "sixty" => 60,
        "ninety" => 90,
        "hundred" => 100,
        _ => return None,
    })
}
