//! The words that carry a value, turn a meaning round, or carry nothing: a list for each language, kept as text.

use std::collections::HashMap;
use std::sync::LazyLock;

/// The languages whose words are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lang {
    En,
    De,
    Fr,
    Es,
    It,
    Pt,
    Nl,
    Pl,
    Ja,
}

/// What a word or phrase does in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A number; `One` only where a unit follows, as it is an article too.
    Number,
    One,
    Ordinal,
    /// So many zeros to add to the number before it.
    Zeros,
    Month,
    /// A month only beside a day or a year: "may", "march".
    Maybe,
    Weekday,
    /// A weekday only when it is written with a capital.
    Abbreviation,
    /// What is a value by itself: "tomorrow", "monthly", "free".
    Fact,
    /// A unit, alone as well as after a number.
    Unit,
    /// A unit only after a number.
    Short,
    /// A currency; `Code` only in capitals.
    Money,
    Code,
    Zone,
    /// "am", "pm", or "o'clock".
    Clock,
    Per,
    To,
    Between,
    And,
    /// A comparison wherever it stands, only before a value, before a value or else a turn of meaning, and after one.
    Compare,
    Near,
    Turn,
    After,
    /// A negation.
    Not,
    /// A word whose exchange changes what is meant.
    Soft,
    /// A word that may come and go.
    Light,
    /// "Thanks": what follows it up to the next stop may go with it.
    Thanks,
    /// One of several words for the same thing.
    Same,
    /// Only tells which language it is.
    Stop,
}

/// A phrase's kind, and which of its kind it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) key: &'static str,
}

const FILES: &[(Lang, &str)] = &[
    (Lang::En, include_str!("words/en.txt")),
    (Lang::De, include_str!("words/de.txt")),
    (Lang::Fr, include_str!("words/fr.txt")),
    (Lang::Es, include_str!("words/es.txt")),
    (Lang::It, include_str!("words/it.txt")),
    (Lang::Pt, include_str!("words/pt.txt")),
    (Lang::Nl, include_str!("words/nl.txt")),
    (Lang::Pl, include_str!("words/pl.txt")),
    (Lang::Ja, include_str!("words/ja.txt")),
];
const COMMON: &str = include_str!("words/common.txt");

/// A phrase's entries: "minimum" is a comparison before a number and after one, so each use has its own.
type Phrases = HashMap<&'static str, Vec<Entry>>;

struct List {
    lang: Lang,
    phrases: Phrases,
    stops: Vec<&'static str>,
}

static COMMON_PHRASES: LazyLock<Phrases> = LazyLock::new(|| phrases(COMMON));
static LISTS: LazyLock<Vec<List>> = LazyLock::new(|| {
    let stops = |text: &'static str| lines(text).filter(|(e, _)| e.kind == Kind::Stop).map(|(_, p)| p).collect();
    FILES.iter().map(|(lang, text)| List { lang: *lang, phrases: phrases(text), stops: stops(text) }).collect()
});

fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "number" => Kind::Number,
        "one" => Kind::One,
        "ordinal" => Kind::Ordinal,
        "zeros" => Kind::Zeros,
        "month" => Kind::Month,
        "maybe" => Kind::Maybe,
        "weekday" => Kind::Weekday,
        "abbreviation" => Kind::Abbreviation,
        "fact" => Kind::Fact,
        "unit" => Kind::Unit,
        "short" => Kind::Short,
        "money" => Kind::Money,
        "code" => Kind::Code,
        "zone" => Kind::Zone,
        "clock" => Kind::Clock,
        "per" => Kind::Per,
        "to" => Kind::To,
        "between" => Kind::Between,
        "and" => Kind::And,
        "compare" => Kind::Compare,
        "near" => Kind::Near,
        "turn" => Kind::Turn,
        "after" => Kind::After,
        "not" => Kind::Not,
        "soft" => Kind::Soft,
        "light" => Kind::Light,
        "thanks" => Kind::Thanks,
        "same" => Kind::Same,
        "stop" => Kind::Stop,
        _ => return None,
    })
}

/// The phrases of a list with what they are. A line is `kind key = phrase, phrase`.
fn lines(text: &'static str) -> impl Iterator<Item = (Entry, &'static str)> {
    text.lines().filter_map(|line| line.split_once(" = ")).flat_map(|(head, phrases)| {
        let (name, key) = head.split_once(' ').unwrap_or((head, ""));
        let entry = kind(name).map(|kind| Entry { kind, key });
        phrases.split(", ").filter_map(move |phrase| Some((entry?, phrase)))
    })
}

fn phrases(text: &'static str) -> Phrases {
    let mut phrases = Phrases::new();
    for (entry, phrase) in lines(text).filter(|(e, _)| e.kind != Kind::Stop) {
        phrases.entry(phrase).or_default().push(entry);
    }
    phrases
}

/// What a phrase is in a language, in lower case, its words a space apart.
pub(super) fn entries(lang: Lang, phrase: &str) -> impl Iterator<Item = Entry> {
    let own = LISTS.iter().find(|l| l.lang == lang).and_then(|l| l.phrases.get(phrase));
    own.into_iter().chain(COMMON_PHRASES.get(phrase)).flatten().copied()
}

/// The language that most of these words belong to; English when none does.
pub(super) fn language(words: &[String], unspaced: usize) -> Lang {
    if unspaced > words.len() {
        return Lang::Ja;
    }
    let mut best = (Lang::En, 0);
    for list in LISTS.iter() {
        // One word that a language knows may be a name; one of its small words hardly is.
        let weight = |w: &String| match w.as_str() {
            w if list.stops.contains(&w) => 2,
            w => usize::from(list.phrases.contains_key(w)),
        };
        let share = words.iter().map(weight).sum();
        if share > best.1 && (share > 1 || list.lang == Lang::En) {
            best = (list.lang, share);
        }
    }
    best.0
}

impl Lang {
    /// What stands before the decimals in this language; none where both are usual.
    pub(super) fn point(self) -> char {
        if matches!(self, Self::En | Self::Ja) { '.' } else { ',' }
    }

    /// Whether a plain space may part thousands.
    pub(super) fn groups_by_space(self) -> bool {
        !matches!(self, Self::En | Self::Ja)
    }

    /// Whether the day stands before the month between slashes; English has it both ways, and so says nothing.
    pub(super) fn day_first(self) -> bool {
        !matches!(self, Self::En | Self::Ja)
    }
}

/// What a word says: in English the form that its synonyms share, also in the past and in the plural.
pub(super) fn stem(lang: Lang, word: &str) -> String {
    if lang == Lang::En {
        for ending in ["ed", "d", "s", "es", "ing"] {
            let same = word.strip_suffix(ending).and_then(|stem| entries(lang, stem).find(|e| e.kind == Kind::Same));
            if let Some(same) = same {
                return format!("={}", same.key);
            }
        }
    }
    word.to_owned()
}

/// "fünfundzwanzig": the units stand before the tens.
pub(super) fn german_number(word: &str) -> Option<u32> {
    let value = |w: &str| {
        let number = entries(Lang::De, w).find(|e| e.kind == Kind::Number);
        number.and_then(|e| e.key.parse().ok()).or_else(|| (w == "ein").then_some(1))
    };
    let (units, tens) = word.split_once("und")?;
    let (units, tens): (u32, u32) = (value(units)?, value(tens)?);
    (units < 10 && tens >= 20 && tens.is_multiple_of(10)).then_some(tens + units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_lists_is_understood() {
        for text in FILES.iter().map(|(_, text)| *text).chain([COMMON]) {
            for line in text.lines().filter(|l| !l.starts_with('#')) {
                let (head, phrases) = line.split_once(" = ").unwrap_or_default();
                assert!(kind(head.split(' ').next().unwrap_or_default()).is_some(), "{line}");
                assert!(!phrases.is_empty() && phrases == phrases.to_lowercase(), "{line}");
            }
        }
    }

    #[test]
    fn a_sentence_tells_its_language() {
        let lang = |s: &str| {
            let words: Vec<String> = s.to_lowercase().split(' ').map(str::to_owned).collect();
            language(&words, 0)
        };
        assert_eq!((lang("We refund"), lang("Wir erstatten Ihnen")), (Lang::En, Lang::De));
        assert_eq!((lang("Nous remboursons votre commande"), lang("Le enviamos su pedido")), (Lang::Fr, Lang::Es));
        assert_eq!((lang("zwroty są możliwe"), lang("Total")), (Lang::Pl, Lang::En));
    }

    #[test]
    fn german_writes_its_numbers_backwards() {
        assert_eq!((german_number("fünfundzwanzig"), german_number("einundzwanzig")), (Some(25), Some(21)));
        assert_eq!((german_number("grundzwanzig"), german_number("hundert")), (None, None));
    }
}
