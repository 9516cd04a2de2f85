//! Reads a text's pieces as a sentence: which number has which sign, unit and comparison, what is a date or a time,
//! and which words say something.

use super::clean::clean;
use super::digits::{self, Digits};
use super::lex::{Piece, Token, lex};
use super::words::{self, Entry, Kind, Lang};
use std::collections::BTreeMap;

/// What a text says: its values by kind in the order in which they stand, its links and reference marks, and its words.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Reading {
    pub(super) values: BTreeMap<&'static str, Vec<String>>,
    pub(super) references: Vec<String>,
    /// Words whose exchange changes what is meant.
    pub(super) turns: Vec<String>,
    /// Words that say something, each in the form that its synonyms share.
    pub(super) words: Vec<Said>,
    /// How many words there are in all.
    pub(super) total: usize,
}

/// A word that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Said {
    /// The form that its synonyms share.
    pub(super) sense: String,
    /// As it stands, in lower case; nothing for a phrase whose exchange changes what is meant.
    pub(super) word: String,
    /// Whether it has a capital within a sentence: a name, or a noun in German.
    pub(super) named: bool,
}

/// A piece, or several words that are one phrase.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) piece: Piece,
    pub(super) entries: Vec<Entry>,
    pub(super) glued: bool,
}

impl Item {
    pub(super) fn key(&self, kind: Kind) -> Option<&'static str> {
        self.entries.iter().find(|e| e.kind == kind).map(|e| e.key)
    }

    pub(super) fn is(&self, kind: Kind) -> bool {
        self.key(kind).is_some()
    }

    pub(super) fn is_sign(&self, sign: char) -> bool {
        self.piece == Piece::Sign(sign)
    }

    pub(super) fn word(&self) -> Option<&str> {
        match &self.piece {
            Piece::Word { text, .. } => Some(text),
            _ => None,
        }
    }

    /// A plain number of at most four digits.
    pub(super) fn small(&self) -> Option<u32> {
        match &self.piece {
            Piece::Number(raw) if raw.len() <= 4 => raw.parse().ok(),
            _ => None,
        }
    }
}

/// The number that was read last, for a range whose ends share a unit.
pub(super) struct Last {
    pub(super) prefix: String,
    pub(super) digits: Digits,
    pub(super) zeros: usize,
    pub(super) unit: String,
}

pub(super) struct Reader {
    pub(super) items: Vec<Item>,
    pub(super) at: usize,
    pub(super) point: Option<char>,
    pub(super) lang: Lang,
    pub(super) out: Reading,
    /// Comparisons, signs and range marks for the value that comes next.
    pub(super) pending: Vec<&'static str>,
    /// Where the last value ended.
    pub(super) ended: Option<usize>,
    /// The item up to which everything belongs to a value.
    pub(super) used: usize,
    pub(super) last: Option<Last>,
    negated: bool,
    thanking: bool,
    /// The phrase that is being read.
    said: usize,
}

/// The language of a text and its correction.
pub(super) fn language(texts: [&[char]; 2]) -> Lang {
    let mut words = Vec::new();
    let mut unspaced = 0;
    for chars in texts {
        let text: String = chars.iter().collect();
        let parts = text.split(|c: char| !c.is_alphabetic() || super::clean::is_unspaced(c));
        words.extend(parts.filter(|w| !w.is_empty()).take(2_000).map(str::to_lowercase));
        unspaced += chars.iter().take(20_000).filter(|c| super::clean::is_unspaced(**c)).count();
    }
    words::language(&words, unspaced)
}

/// Reads a text and its correction, both in the language that they share.
pub(super) fn read(before: &str, after: &str) -> (Lang, Reading, Reading) {
    let (before, after) = (clean(before), clean(after));
    let lang = language([&before, &after]);
    (lang, Reader::of(&before, lang).read(), Reader::of(&after, lang).read())
}

impl Reader {
    fn of(chars: &[char], lang: Lang) -> Self {
        let tokens = lex(chars, lang);
        let raw = tokens.iter().filter_map(|t| match &t.piece {
            Piece::Number(raw) => Some(raw.as_str()),
            _ => None,
        });
        let point = digits::point(raw, lang);
        let items = phrases(tokens, lang);
        let out = Reading::default();
        Self {
            items,
            at: 0,
            point,
            lang,
            out,
            pending: Vec::new(),
            ended: None,
            used: 0,
            last: None,
            negated: false,
            thanking: false,
            said: 0,
        }
    }

    pub(super) fn item(&self, at: usize) -> Option<&Item> {
        self.items.get(at)
    }

    pub(super) fn is(&self, at: usize, kind: Kind) -> bool {
        self.item(at).is_some_and(|i| i.is(kind))
    }

    pub(super) fn is_sign(&self, at: usize, sign: char) -> bool {
        self.item(at).is_some_and(|i| i.is_sign(sign))
    }

    fn read(mut self) -> Reading {
        while let Some(item) = self.items.get(self.at).cloned() {
            let from = self.at;
            match &item.piece {
                Piece::Link(link) => {
                    self.out.references.push(link.clone());
                    self.at += 1;
                }
                Piece::Mark(mark) => {
                    self.out.references.push(format!("[{mark}]"));
                    self.at += 1;
                }
                Piece::Fixed("number", text) => self.quantity(Digits::Opaque(text.clone()), from, from + 1),
                Piece::Fixed(kind, text) => self.emit(kind, text.clone(), from + 1),
                Piece::Date(date) => self.emit("date", date.clone(), from + 1),
                Piece::Clock(minutes, seconds) => self.clock(*minutes, *seconds, from + 1),
                Piece::Number(raw) => {
                    if !self.date_from_day() && !self.clock_from_hour() {
                        self.quantity(Digits::read(raw), from, from + 1);
                    }
                }
                Piece::Sign(sign) if item.entries.is_empty() => self.sign(*sign),
                Piece::Word { .. } | Piece::Sign(_) => self.phrase(&item),
            }
            // Whatever an item was, the next one is another.
            self.at = self.at.max(from + 1);
            self.join();
        }
        self.out.turns.sort_unstable();
        self.out
    }

    /// Notes a value with what was said before it.
    pub(super) fn emit(&mut self, kind: &'static str, text: String, end: usize) {
        let end = if matches!(kind, "date" | "time" | "weekday") { self.behind(end) } else { end };
        let prefix = self.prefix();
        self.out.values.entry(kind).or_default().push(prefix + &text);
        self.out.total += 1;
        self.last = None;
        self.finish(end);
    }

    pub(super) fn prefix(&mut self) -> String {
        if self.pending.contains(&"..") {
            self.pending.retain(|p| !matches!(*p, "from" | "between"));
        }
        self.pending.sort_unstable();
        self.pending.dedup();
        std::mem::take(&mut self.pending).concat()
    }

    pub(super) fn finish(&mut self, end: usize) {
        (self.at, self.used, self.ended) = (end, end, Some(end));
    }

    /// Two values with "to" or a dash between them are a range.
    fn join(&mut self) {
        if self.ended != Some(self.at) {
            return;
        }
        let Some(item) = self.item(self.at) else { return };
        let dash = item.is_sign('-') || item.is_sign('~');
        let next = self.item(self.at + 1);
        // "5 -3" is no range.
        let even = next.is_some_and(|n| n.glued) == item.glued || !next.is_some_and(|n| n.glued);
        let between =
            item.is(Kind::And) && self.out.values.values().any(|v| v.last().is_some_and(|l| l.starts_with("between")));
        if ((dash && even) || item.is(Kind::To) || between) && self.is_value(self.at + 1) {
            for list in self.out.values.values_mut() {
                if let Some(last) = list.last_mut() {
                    for lead in ["between", "from"] {
                        if let Some(rest) = last.strip_prefix(lead) {
                            *last = rest.to_owned();
                        }
                    }
                }
            }
            if let Some(last) = &mut self.last {
                last.prefix = last.prefix.replace("between", "").replace("from", "");
            }
            self.pending.push("..");
            self.at += 1;
            self.used = self.at;
        }
    }

    /// Whether a value begins here, perhaps with its currency or its sign.
    pub(super) fn is_value(&self, at: usize) -> bool {
        let Some(item) = self.item(at) else { return false };
        match &item.piece {
            Piece::Number(_) | Piece::Date(_) | Piece::Clock(..) | Piece::Fixed("number", _) => true,
            Piece::Sign('-' | '+') if item.entries.is_empty() => {
                self.item(at + 1).is_some_and(|n| n.glued) && self.is_value(at + 1)
            }
            _ if item.is(Kind::Money) || item.is(Kind::Code) => {
                self.item(at + 1).is_some_and(|n| matches!(n.piece, Piece::Number(_) | Piece::Fixed("number", _)))
                    || self.is_sign(at + 1, '-')
            }
            _ => {
                use Kind::{Clock, Fact, Maybe, Month, Number, One, Weekday, Zeros};
                item.entries.iter().any(|e| match e.kind {
                    Number | Zeros | Month | Weekday => true,
                    // "free" needs no comparison.
                    Fact => e.key != "free",
                    One => self.is(at + 1, Kind::Unit),
                    Maybe => self.is_month(at),
                    Clock => self.item(at + 1).is_some_and(|n| matches!(n.piece, Piece::Number(_))),
                    _ => false,
                })
            }
        }
    }

    /// Whether a value comes next, behind words that only lead to it.
    fn leads(&self, from: usize) -> bool {
        for at in from..from + 4 {
            if self.is_value(at) {
                return true;
            }
            let Some(item) = self.item(at) else { return false };
            let leads = [Kind::Light, Kind::Near, Kind::Compare, Kind::Turn, Kind::Between].iter().any(|k| item.is(*k));
            if !leads && !['.', '-', '+', '(', ':', '~'].iter().any(|s| item.is_sign(*s)) {
                return false;
            }
        }
        false
    }

    fn sign(&mut self, sign: char) {
        let at = self.at;
        let next_glued = self.item(at + 1).is_some_and(|n| n.glued);
        let (before, item_glued) =
            (at.checked_sub(1).and_then(|i| self.item(i)), self.item(at).is_some_and(|i| i.glued));
        let open = before.is_none_or(|b| match &b.piece {
            Piece::Sign(_) => true,
            Piece::Word { text, .. } => text.chars().all(super::clean::is_unspaced),
            _ => false,
        });
        let colon = before.is_some_and(|b| b.is_sign(':'));
        let between = self.ended == Some(at);
        let word = match sign {
            '≤' => "≤",
            '≥' => "≥",
            '<' => "<",
            '>' => ">",
            '≈' | '~' => "≈",
            '±' => "±",
            '≠' => "≠",
            '-' if (next_glued && (!item_glued || open)) || colon => "-",
            '+' if next_glued || between => "+",
            '×' => "×",
            '÷' => "÷",
            '/' if between => "/",
            '^' if next_glued => "^",
            _ => "",
        };
        self.at += 1;
        if !word.is_empty() && self.leads(self.at) {
            self.pending.push(word);
        }
        if matches!(sign, '.' | ',' | '!' | '?' | '\n' | ':' | '-') {
            self.thanking = false;
        }
        if matches!(sign, '.' | '!' | '?' | '\n') && !self.leads(self.at) {
            self.negated = false;
        }
    }

    /// A phrase by the first of its meanings that fits here.
    fn phrase(&mut self, item: &Item) {
        let at = self.at;
        self.said = at;
        self.at += 1;
        for entry in &item.entries {
            let key = entry.key;
            let done = match entry.kind {
                Kind::Number => {
                    let (number, end) = self.spelled(key, at);
                    self.quantity(number, at, end);
                    true
                }
                Kind::One if self.is(at + 1, Kind::Unit) => {
                    self.quantity(Digits::whole("1"), at, at + 1);
                    true
                }
                Kind::Zeros => {
                    self.quantity(Digits::whole("1"), at, at);
                    true
                }
                Kind::Ordinal => {
                    self.emit("number", format!("{key}#"), at + 1);
                    true
                }
                Kind::Month => self.month(at, key),
                Kind::Maybe if self.is_month(at) => self.month(at, key),
                Kind::Weekday | Kind::Abbreviation if self.is_weekday(item, entry.kind) => {
                    self.emit("weekday", key.to_owned(), at + 1);
                    true
                }
                Kind::Fact => {
                    self.emit("fact", key.to_owned(), at + 1);
                    true
                }
                Kind::Between | Kind::Near | Kind::Turn | Kind::Compare if self.leads(at + 1) => {
                    self.pending.push(if entry.kind == Kind::Between { "between" } else { key });
                    self.out.total += 1;
                    true
                }
                Kind::Compare => {
                    self.emit("comparison", key.to_owned(), at + 1);
                    true
                }
                Kind::Turn | Kind::Soft => {
                    self.turn(key);
                    true
                }
                Kind::Not => {
                    self.emit("negation", key.to_owned(), at + 1);
                    self.ended = None;
                    self.negated = true;
                    true
                }
                Kind::Clock => self.half_of_day(at),
                Kind::Per if key == "strong" => self.per_unit(at),
                Kind::Unit => {
                    self.out.turns.push(format!("unit {key}"));
                    self.out.total += 1;
                    true
                }
                Kind::Money => {
                    // A currency before its number is read with it.
                    if !self.is_value(at) {
                        self.out.turns.push(format!("money {key}"));
                    }
                    true
                }
                Kind::Code if self.is_value(at) => true,
                Kind::Light | Kind::To | Kind::And => {
                    self.out.total += 1;
                    true
                }
                Kind::Thanks => {
                    self.thanking = true;
                    self.out.total += 1;
                    true
                }
                Kind::Same => {
                    self.say(format!("={key}"), item.word().unwrap_or_default().to_owned());
                    true
                }
                _ => false,
            };
            if done {
                return;
            }
        }
        if let Some(word) = item.word() {
            match words::german_number(word).filter(|_| self.lang == Lang::De) {
                Some(number) => self.quantity(Digits::whole(&number.to_string()), at, at + 1),
                None => self.say(words::stem(self.lang, word), word.to_owned()),
            }
        }
    }

    /// Whether the word there has a capital that no sentence's beginning gave it.
    fn is_named(&self, at: usize) -> bool {
        let capital = self.item(at).is_some_and(|i| matches!(i.piece, Piece::Word { capital: true, .. }));
        let ahead = self.items.get(..at).unwrap_or_default().iter().rev();
        let mut signs = ahead.take_while(|i| i.word().is_none() && matches!(i.piece, Piece::Sign(_)));
        let within = at > 0 && !signs.any(|i| ['.', '!', '?', ':', '\n'].iter().any(|s| i.is_sign(*s)));
        capital && within
    }

    fn turn(&mut self, key: &str) {
        self.out.turns.push(key.to_owned());
        self.say(format!("~{key}"), String::new());
    }

    fn say(&mut self, sense: String, word: String) {
        if std::mem::take(&mut self.negated) {
            self.out.turns.push(format!("not {sense}"));
        }
        self.out.total += 1;
        if !self.thanking || word.is_empty() {
            let named = !word.is_empty() && self.is_named(self.said);
            self.out.words.push(Said { sense, word, named });
        }
    }

    /// "per month" by itself.
    fn per_unit(&mut self, at: usize) -> bool {
        let Some(unit) = self.item(at + 1).and_then(|i| i.key(Kind::Unit)) else { return false };
        self.emit("per", unit.to_owned(), at + 2);
        true
    }

    /// "Mon" and "So" are weekdays with a capital, and the short ones only in a row of them or before a date.
    fn is_weekday(&self, item: &Item, kind: Kind) -> bool {
        let Piece::Word { text, capital, .. } = &item.piece else { return false };
        if kind == Kind::Weekday {
            return true;
        }
        let short = |i: &Item| i.is(Kind::Abbreviation);
        let beside = |step: usize| {
            let there = self.item(self.at - 1 + step);
            let sign = there.is_some_and(|i| {
                i.is_sign('-') || i.is_sign('.') || i.is_sign(',') || i.is_sign('/') || i.is(Kind::To)
            });
            let further = self.item(self.at + step);
            (sign && further.is_some_and(|f| short(f) || matches!(f.piece, Piece::Date(_) | Piece::Number(_))))
                || there.is_some_and(|i| matches!(i.piece, Piece::Date(_) | Piece::Number(_) | Piece::Clock(..)))
        };
        let behind = self.ended == Some(self.at - 1) && self.pending.contains(&"..") || self.pending.contains(&"..");
        *capital && (text.chars().count() > 2 || beside(1) || behind)
    }
}

/// Finds the longest phrases among the words; signs such as `$` and `%` are words here.
fn phrases(tokens: Vec<Token>, lang: Lang) -> Vec<Item> {
    const LONGEST: usize = 7;
    let mut items = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let (mut text, mut taken, mut best) = (String::new(), 0, None);
        for (i, next) in tokens.iter().enumerate().skip(at).take(2 * LONGEST) {
            let sign = match &next.piece {
                Piece::Word { text: word, .. } => {
                    if !(text.is_empty() || text.ends_with('°')) {
                        text.push(' ');
                    }
                    text += word;
                    false
                }
                Piece::Sign('-') if next.glued && taken > 0 => true,
                Piece::Sign(sign)
                    if (next.glued || taken == 0) && !sign.is_ascii_punctuation() || matches!(sign, '$' | '%') =>
                {
                    text.push(*sign);
                    false
                }
                _ => break,
            };
            taken += usize::from(!sign);
            if sign {
                continue;
            }
            let written = |e: &Entry| e.kind != Kind::Code || matches!(&next.piece, Piece::Word { caps: true, .. });
            let entries: Vec<Entry> = words::entries(lang, &text).filter(written).collect();
            if !entries.is_empty() {
                best = Some((i + 1 - at, entries));
            }
            if taken >= LONGEST {
                break;
            }
        }
        let (length, entries) = best.unwrap_or((1, Vec::new()));
        items.push(Item { piece: token.piece.clone(), entries, glued: token.glued });
        at += length;
    }
    items
}
