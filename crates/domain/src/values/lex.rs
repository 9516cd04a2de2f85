//! Cuts a text into what a value can be made of: words, figures, signs, and values that are whole by themselves.

use super::clean::{BOUND, is_unspaced};
use super::words::{self, Kind, Lang};

/// One piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// In lower case; `capital` and `caps` say how it was written.
    Word { text: String, capital: bool, caps: bool },
    /// Digits with the separators between them.
    Number(String),
    /// A value of this kind that needs nothing around it.
    Fixed(&'static str, String),
    /// Day, month and year as they were written, in one order or another.
    Date(String),
    /// Minutes of a day, and seconds.
    Clock(u32, u32),
    /// An address on the web.
    Link(String),
    /// A reference mark: `[3]`.
    Mark(String),
    /// Any other sign, a line's end among them.
    Sign(char),
}

/// A piece, and whether it stands right behind the one before it.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) piece: Piece,
    pub(super) glued: bool,
}

/// Last parts of addresses that are written without a scheme.
const DOMAINS: &[&str] = &[
    "com", "org", "net", "info", "biz", "edu", "gov", "io", "co", "app", "dev", "shop", "help", "support", "example",
    "test", "eu", "de", "at", "ch", "fr", "es", "it", "pt", "nl", "be", "pl", "uk", "ie", "us", "ca", "jp", "cn", "in",
    "br", "mx", "se", "no", "dk", "fi", "cz", "ai", "me", "tv",
];
/// What separates the groups of a telephone number.
const PHONE: &[char] = &[' ', BOUND, '-', '/', '.', '(', ')'];

pub(super) struct Lexer<'a> {
    chars: &'a [char],
    at: usize,
    lang: Lang,
    tokens: Vec<Token>,
    spaced: bool,
}

/// The pieces of a cleaned text.
pub(super) fn lex(chars: &[char], lang: Lang) -> Vec<Token> {
    let mut lexer = Lexer { chars, at: 0, lang, tokens: Vec::new(), spaced: true };
    while let Some(c) = lexer.peek(0) {
        lexer.step(c);
    }
    lexer.tokens
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn before(&self) -> Option<char> {
        self.at.checked_sub(1).and_then(|i| self.chars.get(i)).copied()
    }

    fn text(&self, from: usize, to: usize) -> String {
        self.chars.get(from..to.min(self.chars.len())).unwrap_or_default().iter().collect()
    }

    fn run(&self, from: usize, is: impl Fn(char) -> bool) -> usize {
        self.chars.get(from..).unwrap_or_default().iter().take_while(|c| is(**c)).count()
    }

    fn push(&mut self, piece: Piece, to: usize) {
        self.tokens.push(Token { piece, glued: !self.spaced });
        self.at = to;
        self.spaced = false;
    }

    fn step(&mut self, c: char) {
        match c {
            '\n' => {
                self.push(Piece::Sign('\n'), self.at + 1);
                self.spaced = true;
            }
            ' ' | BOUND => {
                self.at += 1;
                self.spaced = true;
            }
            // What only sets words off is no part of them.
            '"' | '`' | '_' => self.at += 1,
            '*' if !(self.before().is_some_and(|c| c.is_ascii_digit())
                && self.peek(1).is_some_and(|c| c.is_ascii_digit())) =>
            {
                self.at += 1;
            }
            '[' if self.mark() => {}
            '+' | '(' if self.phone() => {}
            c if c.is_ascii_digit() => self.figure(),
            '.' if self.peek(1).is_some_and(|c| c.is_ascii_digit())
                && !self.before().is_some_and(char::is_alphanumeric) =>
            {
                let digits = self.run(self.at + 1, |c| c.is_ascii_digit());
                self.push(
                    Piece::Number(format!("0{}", self.text(self.at, self.at + 1 + digits))),
                    self.at + 1 + digits,
                );
            }
            c if is_unspaced(c) => self.unspaced(c),
            c if c.is_alphanumeric() => {
                if !self.address() {
                    self.word();
                }
            }
            c => self.sign(c),
        }
    }

    /// Two signs that are one comparison become that one.
    fn sign(&mut self, c: char) {
        let (one, taken) = match (c, self.peek(1)) {
            ('<', Some('=')) | ('=', Some('<')) => ('≤', 2),
            ('>', Some('=')) | ('=', Some('>')) => ('≥', 2),
            ('+', Some('/')) if self.peek(2) == Some('-') => ('±', 3),
            ('*', _) => ('×', 1),
            ('.', Some('.')) => ('…', self.run(self.at, |c| c == '.')),
            _ => (c, 1),
        };
        self.push(Piece::Sign(one), self.at + taken);
    }

    /// `[3]` and `[a]`, but not the text of a link.
    fn mark(&mut self) -> bool {
        let inner = self.run(self.at + 1, |c| !matches!(c, ']' | '[' | '\n' | ' '));
        let end = self.at + 1 + inner;
        let closes = self.chars.get(end) == Some(&']') && self.chars.get(end + 1) != Some(&'(');
        if inner == 0 || inner > 40 || !closes {
            return false;
        }
        self.push(Piece::Mark(self.text(self.at + 1, end)), end + 1);
        true
    }

    /// An e-mail address or one on the web.
    fn address(&mut self) -> bool {
        let (from, end) = (self.at, self.at + self.run(self.at, |c| c.is_alphanumeric() || "._%+-".contains(c)));
        if self.chars.get(end) == Some(&'@') {
            let host = self.run(end + 1, |c| c.is_alphanumeric() || ".-".contains(c));
            let whole = self.text(from, end + 1 + host);
            let whole = whole.trim_end_matches(['.', '-']);
            if whole.rsplit_once('@').is_some_and(|(_, host)| host.contains('.')) {
                self.push(Piece::Fixed("mail", whole.to_lowercase()), from + whole.chars().count());
                return true;
            }
        }
        let scheme = self.run(from, |c| c.is_ascii_alphabetic());
        let has_scheme = self.text(from + scheme, from + scheme + 3) == "://";
        let host: String = self.text(from, end);
        let host = host.trim_end_matches(['.', '-']);
        let labels: Vec<&str> = host.split('.').collect();
        let known = |last: &&&str| DOMAINS.contains(last);
        let is_host = labels.len() > 1
            && labels.iter().all(|l| !l.is_empty() && l.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
            && labels.last().as_ref().is_some_and(known)
            && (labels.first().is_some_and(|l| l.len() > 1 || labels.len() > 2) || self.chars.get(end) == Some(&'/'));
        if !has_scheme && !is_host {
            return false;
        }
        let host_end = if has_scheme { from + scheme + 3 } else { from + host.chars().count() };
        let goes_on = has_scheme || self.chars.get(host_end).is_some_and(|c| matches!(c, '/' | ':' | '?' | '#'));
        let rest = if goes_on { self.run(host_end, |c| !c.is_whitespace() && !is_closing(c)) } else { 0 };
        let whole = self.text(from, host_end + rest);
        let whole = whole.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '*', '_', '\'']);
        self.push(Piece::Link(link(whole)), from + whole.chars().count());
        true
    }

    /// A telephone number: a plus or a zero first, brackets, or the three groups of North America.
    fn phone(&mut self) -> bool {
        let (from, mut end) = (self.at, self.at);
        let mut digits = String::new();
        let mut groups: Vec<usize> = Vec::new();
        if self.peek(0) == Some('+') {
            end += 1;
        }
        loop {
            let gap = self.run(end, |c| PHONE.contains(&c));
            let group = self.run(end + gap, |c| c.is_ascii_digit());
            let most = if groups.is_empty() { 1 } else { 3 };
            if group == 0 || gap > most || (gap == 0 && !groups.is_empty()) {
                break;
            }
            let between = self.text(end, end + gap);
            // The zero in brackets is not dialled from abroad.
            let trunk = between.ends_with('(') && group == 1 && self.peek(0) == Some('+');
            if !trunk {
                digits += &self.text(end + gap, end + gap + group);
            }
            groups.push(group);
            end += gap + group;
        }
        let sound = (7..=15).contains(&digits.len()) && !self.chars.get(end).is_some_and(char::is_ascii_alphanumeric);
        let american = matches!(groups.as_slice(), [3, 3, 4] | [1, 3, 3, 4]);
        let first = self.peek(0);
        let shaped = match first {
            Some('+') => true,
            Some('(') => groups.len() > 1 && groups.first().is_some_and(|g| *g > 1),
            Some('0') => groups.len() > 1 && !self.text(from, end).contains(". "),
            _ => american && !self.text(from, end).contains(". "),
        };
        if !sound || !shaped {
            return false;
        }
        let abroad = first == Some('+');
        let number = match digits.strip_prefix("00") {
            Some(rest) if !abroad => format!("+{rest}"),
            _ if abroad => format!("+{digits}"),
            _ => digits,
        };
        self.push(Piece::Fixed("number", number), end);
        true
    }

    /// Whatever begins with a digit.
    fn figure(&mut self) {
        if self.date() || self.clock() || self.phone() || self.version() {
            return;
        }
        let from = self.at;
        let mut end = from + self.run(from, |c| c.is_ascii_digit());
        if self.chars.get(end) == Some(&'/') && self.chars.get(end + 1).is_some_and(char::is_ascii_digit) {
            let to = end + 1 + self.run(end + 1, |c| c.is_ascii_digit() || c == '/');
            self.push(Piece::Fixed("number", self.text(from, to)), to);
            return;
        }
        if self.chars.get(end) == Some(&':') && self.chars.get(end + 1).is_some_and(char::is_ascii_digit) {
            let to = end + 1 + self.run(end + 1, |c| c.is_ascii_digit() || c == ':');
            self.push(Piece::Fixed("number", self.text(from, to)), to);
            return;
        }
        while let Some(sign) = self.chars.get(end).copied() {
            let group = self.run(end + 1, |c| c.is_ascii_digit());
            let goes_on = match sign {
                '.' | ',' => group > 0,
                '\'' | BOUND => group == 3,
                ' ' => {
                    let cents = self.chars.get(end + 4).is_some_and(|c| matches!(c, '.' | ','))
                        && (1..=2).contains(&self.run(end + 5, |c| c.is_ascii_digit()));
                    group == 3
                        && (self.lang.groups_by_space() || cents)
                        && end - from <= 11
                        && self.last_group(from, end) <= 3
                }
                _ => false,
            };
            if !goes_on {
                break;
            }
            end += 1 + group;
        }
        if !self.code_from(from, end) {
            self.push(Piece::Number(self.text(from, end)), end);
            // "1.250,-" has no cents.
            let dashes = self.run(end + 1, |c| c == '-');
            if matches!(self.peek(0), Some('.' | ','))
                && dashes > 0
                && !self.chars.get(end + 1 + dashes).is_some_and(char::is_ascii_digit)
            {
                self.at += 1 + dashes;
            }
        }
    }

    fn last_group(&self, from: usize, end: usize) -> usize {
        let digits = self.chars.get(from..end).unwrap_or_default();
        digits.iter().rev().take_while(|c| c.is_ascii_digit()).count()
    }

    /// Letters right behind a number are its unit, or else both are a code: `1Z999`, `1080p`.
    fn code_from(&mut self, from: usize, end: usize) -> bool {
        let letters = self.run(end, |c| c.is_alphabetic() && !is_unspaced(c));
        let behind = self.chars.get(end + letters).copied();
        if letters == 0 {
            return false;
        }
        let word = self.text(end, end + letters).to_lowercase();
        let is_unit = ["st", "nd", "rd", "th", "er", "e", "ème", "º", "ª", "a", "p", "k", "m", "b"]
            .contains(&word.as_str())
            || words::entries(self.lang, &word).any(|e| {
                use Kind::{Clock, Code, Money, Short, Unit, Zeros, Zone};
                matches!(e.kind, Clock | Code | Money | Short | Unit | Zeros | Zone)
            });
        let ends = !behind.is_some_and(|c| c.is_ascii_digit());
        let product = word == "x" && !ends;
        if product {
            self.push(Piece::Number(self.text(from, end)), end);
            self.push(Piece::Sign('×'), end + 1);
            return true;
        }
        if is_unit && ends {
            return false;
        }
        let to = self.code_end(end);
        self.push(Piece::Fixed("code", self.text(from, to)), to);
        true
    }

    /// Where a code that has come to `from` ends: letters, digits, and signs between them.
    fn code_end(&self, from: usize) -> usize {
        let mut end = from;
        loop {
            end += self.run(end, |c| c.is_alphanumeric() && !is_unspaced(c));
            let sign = self.chars.get(end).is_some_and(|c| "-_/.:#".contains(*c));
            if !sign || !self.chars.get(end + 1).is_some_and(|c| c.is_alphanumeric() && !is_unspaced(*c)) {
                return end;
            }
            end += 1;
        }
    }

    /// A date in figures: 2026-01-05, 05.01.2026, 1/5/2026, and in German 5.1.
    fn date(&mut self) -> bool {
        let (mut end, mut parts, mut signs) = (self.at, Vec::new(), Vec::new());
        while parts.len() < 3 {
            let digits = self.run(end, |c| c.is_ascii_digit());
            if digits == 0 {
                break;
            }
            parts.push(self.text(end, end + digits));
            end += digits;
            match self.chars.get(end) {
                Some(sign @ ('-' | '/' | '.')) if parts.len() < 3 => signs.push(*sign),
                _ => break,
            }
            end += 1;
        }
        let number = |i: usize| parts.get(i).and_then(|p: &String| p.parse::<u32>().ok()).unwrap_or(0);
        let long = |i: usize| parts.get(i).map_or(0, String::len);
        let (is_day, is_month) = (|n: u32| (1..=31).contains(&n), |n: u32| (1..=12).contains(&n));
        let next = self.chars.get(end).copied();
        let goes_on =
            |sign: Option<&char>| next.as_ref() == sign && self.chars.get(end + 1).is_some_and(char::is_ascii_digit);
        let date = match (parts.len(), signs.as_slice()) {
            (3, [a, b]) if a == b && !goes_on(Some(a)) && !next.is_some_and(|c| c.is_ascii_digit()) => {
                if long(0) == 4 && long(1) <= 2 && long(2) <= 2 && is_month(number(1)) && is_day(number(2)) {
                    Some(format!("{}-{:02}-{:02}", number(0), number(1), number(2)))
                } else if long(0) <= 2
                    && long(1) <= 2
                    && (long(2) == 4 || (long(2) == 2 && long(0) == 2 && long(1) == 2) || (long(2) == 2 && *a == '/'))
                {
                    let year = if long(2) == 2 { 2000 + number(2) } else { number(2) };
                    self.day_and_month(number(0), number(1), *a).map(|date| format!("{year}-{date}"))
                } else {
                    None
                }
            }
            (2, ['.', '.'])
                if self.lang == Lang::De
                    && long(0) <= 2
                    && long(1) <= 2
                    && is_day(number(0))
                    && is_month(number(1)) =>
            {
                Some(format!("?-{:02}-{:02}", number(1), number(0)))
            }
            _ => None,
        };
        let Some(date) = date else { return false };
        if next == Some('T') && self.chars.get(end + 1).is_some_and(char::is_ascii_digit) {
            end += 1;
        }
        self.push(Piece::Date(date), end);
        true
    }

    /// Which of two numbers is the month. Between slashes English has it both ways: such a date stays as it stands.
    fn day_and_month(&self, a: u32, b: u32, sign: char) -> Option<String> {
        let (day, month) = match (a, b) {
            (13..=31, 1..=12) => (a, b),
            (1..=12, 13..=31) => (b, a),
            (1..=12, 1..=12) if sign == '.' || self.lang.day_first() || a == b => (a, b),
            (1..=12, 1..=12) => return Some(format!("{a}/{b}")),
            _ => return None,
        };
        Some(format!("{month:02}-{day:02}"))
    }

    /// 14:30, 14:30:15 and 14h30.
    fn clock(&mut self) -> bool {
        let hours = self.run(self.at, |c| c.is_ascii_digit());
        let sign = self.chars.get(self.at + hours).copied();
        if !(1..=2).contains(&hours) || !matches!(sign, Some(':' | 'h' | 'H')) {
            return false;
        }
        let two = |from: usize| {
            let two = self.text(from, from + 2);
            let whole = self.run(from, |c| c.is_ascii_digit()) == 2;
            two.parse::<u32>().ok().filter(|n| whole && *n < 60)
        };
        let Some(hour) = self.text(self.at, self.at + hours).parse::<u32>().ok().filter(|h| *h <= 24) else {
            return false;
        };
        let mut end = self.at + hours + 1;
        let Some(minutes) = two(end) else { return false };
        end += 2;
        let mut seconds = 0;
        if self.chars.get(end) == Some(&':') {
            let Some(s) = two(end + 1) else { return false };
            (seconds, end) = (s, end + 3);
        }
        self.push(Piece::Clock(hour * 60 + minutes, seconds), end);
        true
    }

    /// 1.2.3, 1.2.3-beta.1, 10.0.0.1: three groups or more that aren't thousands.
    fn version(&mut self) -> bool {
        let (mut end, mut groups) = (self.at, Vec::new());
        loop {
            let digits = self.run(end, |c| c.is_ascii_digit());
            groups.push(digits);
            end += digits;
            if self.chars.get(end) != Some(&'.') || !self.chars.get(end + 1).is_some_and(char::is_ascii_digit) {
                break;
            }
            end += 1;
        }
        let thousands = groups.iter().skip(1).all(|g| *g == 3);
        if groups.len() < 3
            || thousands
            || self.chars.get(end) == Some(&',') && self.chars.get(end + 1).is_some_and(char::is_ascii_digit)
        {
            return false;
        }
        let suffixed = matches!(self.chars.get(end), Some('-' | '+'))
            && self.chars.get(end + 1).is_some_and(char::is_ascii_alphanumeric)
            || self.chars.get(end).is_some_and(char::is_ascii_alphabetic);
        let to = if suffixed {
            self.code_end(end + usize::from(!self.chars.get(end).is_some_and(char::is_ascii_alphabetic)))
        } else {
            end
        };
        self.push(Piece::Fixed("number", self.text(self.at, to)), to);
        true
    }

    /// A word of a script with spaces, or a code that begins with letters: `ORD-1234`, `v1.2`, `iPhone15`.
    fn word(&mut self) {
        let from = self.at;
        let letter = |c: char| (c.is_alphabetic() || is_mark(c)) && !is_unspaced(c);
        let mut end = from + self.run(from, letter).max(1);
        let word = self.text(from, end);
        let lower = word.to_lowercase();
        let digit_at = |i: usize| self.chars.get(i).is_some_and(char::is_ascii_digit);
        let knows = |kinds: &[Kind]| words::entries(self.lang, &lower).any(|e| kinds.contains(&e.kind));
        let joined = self.chars.get(end).is_some_and(|c| "-_/#".contains(*c)) && digit_at(end + 1)
            || word.chars().count() > 1
                && word.chars().all(char::is_uppercase)
                && self.chars.get(end).is_some_and(|c| "-_".contains(*c))
                && self.chars.get(end + 1).is_some_and(|c| c.is_uppercase());
        if ["v", "ver"].contains(&lower.as_str()) && digit_at(end) {
            self.at = end;
            return;
        }
        let is_money = knows(&[Kind::Money]) || (word == word.to_uppercase() && knows(&[Kind::Code]));
        let month = knows(&[Kind::Month, Kind::Maybe, Kind::Weekday]);
        if (digit_at(end) || joined)
            && !is_money
            && !(month && joined)
            && !(joined && knows(&[Kind::Short, Kind::To, Kind::Compare, Kind::Near]))
        {
            let to = self.code_end(end);
            self.push(Piece::Fixed("code", self.text(from, to)), to);
            return;
        }
        // a.m. and p.m.
        if ["a", "p"].contains(&lower.as_str()) && self.chars.get(end) == Some(&'.') {
            let m = end + 1 + self.run(end + 1, |c| c == ' ' || c == BOUND).min(1);
            if self.text(m, m + 1).to_lowercase() == "m" && !self.chars.get(m + 1).is_some_and(|c| c.is_alphabetic()) {
                let dot = usize::from(self.chars.get(m + 1) == Some(&'.'));
                self.push(Piece::Word { text: lower + "m", capital: false, caps: false }, m + 1 + dot);
                return;
            }
        }
        while self.chars.get(end) == Some(&'\'') && self.chars.get(end + 1).copied().is_some_and(letter) {
            end += 1 + self.run(end + 1, letter);
        }
        while self.chars.get(end) == Some(&'-') && self.chars.get(end + 1).copied().is_some_and(letter) {
            let more = end + 1 + self.run(end + 1, letter);
            if words::entries(self.lang, &self.text(from, more).to_lowercase()).next().is_none() {
                break;
            }
            end = more;
        }
        let whole = self.text(from, end);
        let capital = whole.chars().next().is_some_and(char::is_uppercase);
        let caps = whole.chars().count() > 1 && whole.chars().all(char::is_uppercase);
        for (i, text) in super::contract::parts(&whole.to_lowercase(), self.lang).into_iter().enumerate() {
            self.push(Piece::Word { text, capital: capital && i == 0, caps }, end);
            self.spaced = true;
        }
        self.spaced = false;
    }

    /// The longest known phrase here, a number in Chinese characters, a run of Katakana, or one character.
    fn unspaced(&mut self, c: char) {
        let word = |text: String| Piece::Word { text, capital: false, caps: false };
        for length in (1..=14).rev() {
            let phrase = self.text(self.at, self.at + length);
            if phrase.chars().count() == length && words::entries(Lang::Ja, &phrase).next().is_some() {
                let counts = length == 1 && "千万億".contains(c);
                if !counts || self.tokens.last().is_some_and(|t| matches!(t.piece, Piece::Number(_))) {
                    self.push(word(phrase), self.at + length);
                    return;
                }
            }
        }
        let numeral = self.run(self.at, |c| "〇一二三四五六七八九十百千万".contains(c));
        if numeral > 0
            && let Some(value) = kanji(&self.text(self.at, self.at + numeral))
            && self.counts(self.at + numeral)
        {
            self.push(Piece::Number(value.to_string()), self.at + numeral);
            return;
        }
        let is_katakana = |c: char| matches!(c, '\u{30A1}'..='\u{30FA}' | '\u{30FC}'..='\u{30FF}');
        let length = self.run(self.at, is_katakana).max(1);
        self.push(word(self.text(self.at, self.at + length)), self.at + length);
    }

    /// Whether something that is counted stands here.
    fn counts(&self, at: usize) -> bool {
        (1..=5).any(|length| {
            let phrase = self.text(at, at + length);
            words::entries(Lang::Ja, &phrase).any(|e| matches!(e.kind, Kind::Unit | Kind::Money))
        })
    }
}

fn is_mark(c: char) -> bool {
    matches!(c, '\u{0300}'..='\u{036F}' | '\u{0900}'..='\u{0DFF}' | '\u{0E31}' | '\u{0E34}'..='\u{0E3A}' | '\u{0E47}'..='\u{0E4E}')
}

fn is_closing(c: char) -> bool {
    matches!(c, '<' | '>' | '"' | ']' | '`' | '、' | '。') || is_unspaced(c)
}

/// Scheme and host are the same in capitals; the rest of an address isn't.
fn link(whole: &str) -> String {
    let (scheme, rest) = whole.split_once("://").map_or(("", whole), |(s, r)| (s, r));
    let cut = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at(cut);
    let path = if path == "/" { "" } else { path };
    format!("{}://{}{path}", scheme.to_lowercase(), host.to_lowercase())
}

/// 十二 is 12, 二〇二六 is 2026, 三百五十 is 350.
fn kanji(text: &str) -> Option<u64> {
    let digit = |c: char| "〇一二三四五六七八九".chars().position(|d| d == c).map(|d| d as u64);
    if text.chars().all(|c| digit(c).is_some()) {
        return text.chars().try_fold(0_u64, |sum, c| sum.checked_mul(10)?.checked_add(digit(c)?));
    }
    let (mut total, mut section, mut current) = (0_u64, 0_u64, 0_u64);
    for c in text.chars() {
        match (digit(c), c) {
            (Some(d), _) => current = d,
            (None, '万') => {
                total = total.checked_add((section + current).max(1).checked_mul(10_000)?)?;
                (section, current) = (0, 0);
            }
            (None, c) => {
                let unit = match c {
                    '十' => 10,
                    '百' => 100,
                    _ => 1_000,
                };
                section = section.checked_add(current.max(1) * unit)?;
                current = 0;
            }
        }
    }
    total.checked_add(section)?.checked_add(current)
}
