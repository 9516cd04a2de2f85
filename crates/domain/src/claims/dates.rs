//! Dates and times, as people write them.

use super::scan::{Key, Unit, Value, is_word};
use std::borrow::Cow;

pub fn date(keys: Vec<Key>, year: Option<i32>) -> Value {
    Value { keys, year, unit: Unit::None, digits: true }
}

/// The digits at the start of a text, at most `most`.
fn figures(text: &str, most: usize) -> Option<(usize, u32)> {
    let len = text.bytes().take(most + 1).take_while(u8::is_ascii_digit).count();
    if len == 0 || len > most {
        return None;
    }
    text[..len].parse().ok().map(|n| (len, n))
}

/// `2024-05-20`.
pub fn iso_date(text: &str) -> Option<(usize, Value)> {
    let bytes = text.as_bytes();
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' || !text.is_char_boundary(10) {
        return None;
    }
    let (year, month, day) = (text[..4].parse().ok()?, text[5..7].parse().ok()?, text[8..10].parse().ok()?);
    let fits = (1..=12).contains(&month) && (1..=31).contains(&day);
    let ends = !bytes.get(10).is_some_and(u8::is_ascii_digit);
    (fits && ends).then(|| (10, date(vec![Key::Day(month, day)], Some(year))))
}

/// `06:00 AM`, `18:00:00`, `6pm`, `18 Uhr`.
pub fn clock(text: &str) -> Option<(usize, Value)> {
    let (mut len, hour) = figures(text, 2)?;
    let mut minute = 0;
    let colon = text[len..].starts_with(':');
    if colon {
        let (more, value) = figures(&text[len + 1..], 2)?;
        if more != 2 {
            return None;
        }
        (len, minute) = (len + 1 + more, value);
        if text[len..].starts_with(':')
            && let Some((2, _)) = figures(&text[len + 1..], 2)
        {
            len += 3;
        }
    }
    let gap = text[len..].len() - text[len..].trim_start_matches([' ', '\u{a0}', '\u{202f}']).len();
    let after: String = text[len + gap..].chars().take(5).collect::<String>().to_lowercase();
    let half = ["a.m.", "am", "p.m.", "pm"]
        .into_iter()
        .find(|half| after.strip_prefix(half).is_some_and(|rest| half.ends_with('.') || !rest.starts_with(is_word)));
    let oclock = after.starts_with("uhr");
    if (!colon && half.is_none() && !oclock) || hour > 24 || minute > 59 {
        return None;
    }
    let minutes = |hour: u32| u16::try_from(hour % 24 * 60 + minute).ok().map(Key::Minute);
    let keys = match half {
        Some(half) => vec![minutes(hour % 12 + if half.starts_with('p') { 12 } else { 0 })?],
        None if colon && (1..=11).contains(&hour) && !text.starts_with('0') => {
            vec![minutes(hour)?, minutes(hour + 12)?]
        }
        None => vec![minutes(hour)?],
    };
    let len = len + half.map_or(0, |half| gap + half.len());
    Some((len, Value { keys, year: None, unit: Unit::None, digits: true }))
}

/// `05/20/2024`, `20.05.2024`, `20.05.`: with a slash both readings.
pub fn numeric_date(text: &str) -> Option<(usize, Value)> {
    let (a, first) = figures(text, 2)?;
    let sign = text[a..].chars().next().filter(|c| matches!(c, '/' | '.'))?;
    let (b, second) = figures(&text[a + 1..], 2)?;
    let mut len = a + 1 + b;
    let mut year = None;
    if text[len..].starts_with(sign) {
        match figures(&text[len + 1..], 4) {
            Some((n @ (2 | 4), value)) => {
                year = i32::try_from(if n == 2 { value + 2000 } else { value }).ok();
                len += 1 + n;
            }
            _ if sign == '.' && b == 2 => len += 1,
            _ => return None,
        }
    } else {
        return None;
    }
    let of = |month: u32, day: u32| {
        let fits = (1..=12).contains(&month) && (1..=31).contains(&day);
        fits.then(|| u8::try_from(month).ok().zip(u8::try_from(day).ok()).map(|(m, d)| Key::Day(m, d))).flatten()
    };
    let mut keys: Vec<Key> = if sign == '/' { of(first, second).into_iter().collect() } else { Vec::new() };
    keys.extend(of(second, first));
    (!keys.is_empty()).then(|| (len, date(keys, year)))
}

/// `20 May 2024`, `20th of May`, `20. Mai`.
pub fn day_first(text: &str) -> Option<(usize, Value)> {
    let (mut len, day) = figures(text, 2)?;
    let day = u8::try_from(day).ok().filter(|day| (1..=31).contains(day))?;
    for suffix in ["st", "nd", "rd", "th", "."] {
        if text[len..].starts_with(suffix) {
            len += suffix.len();
            break;
        }
    }
    for skip in [" of ", " de ", " "] {
        if let Some(rest) = text[len..].strip_prefix(skip) {
            let word = rest.len() - rest.trim_start_matches(char::is_alphabetic).len();
            let month = month(&rest[..word])?;
            len += skip.len() + word;
            let (more, year) = year_after(&text[len..]);
            return Some((len + more, date(vec![Key::Day(month, day)], year)));
        }
    }
    None
}

/// ` 20th, 2024` after a month's name.
pub fn day_after(text: &str) -> Option<(usize, u8, Option<i32>)> {
    let rest = text.strip_prefix(". ").or_else(|| text.strip_prefix(' '))?;
    let gap = text.len() - rest.len();
    let (n, day) = figures(rest, 2)?;
    let day = u8::try_from(day).ok().filter(|day| (1..=31).contains(day))?;
    let mut len = gap + n;
    for suffix in ["st", "nd", "rd", "th"] {
        if text[len..].starts_with(suffix) {
            len += suffix.len();
            break;
        }
    }
    // "May 5:30" is a time, "May 24th:" a day.
    let time = text[len..].strip_prefix(':').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if time || text[len..].starts_with('%') || text[len..].starts_with(is_word) {
        return None;
    }
    let (more, year) = year_after(&text[len..]);
    Some((len + more, day, year))
}

fn year_after(text: &str) -> (usize, Option<i32>) {
    for skip in [", ", " de ", " "] {
        if let Some(rest) = text.strip_prefix(skip)
            && let Some((4, year @ 1900..=2200)) = figures(rest, 4)
        {
            return (skip.len() + 4, i32::try_from(year).ok());
        }
    }
    (0, None)
}

pub fn month(word: &str) -> Option<u8> {
    const NAMES: [&[&str]; 12] = [
        &["january", "januar", "enero", "janvier", "jan"],
        &["february", "februar", "febrero", "février", "feb"],
        &["march", "märz", "marzo", "mars", "mar"],
        &["april", "abril", "avril", "apr"],
        &["may", "mai", "mayo"],
        &["june", "juni", "junio", "juin", "jun"],
        &["july", "juli", "julio", "juillet", "jul"],
        &["august", "agosto", "août", "aug"],
        &["september", "septiembre", "septembre", "sep", "sept"],
        &["october", "oktober", "octubre", "octobre", "oct", "okt"],
        &["november", "noviembre", "novembre", "nov"],
        &["december", "dezember", "diciembre", "décembre", "dec", "dez"],
    ];
    if word.len() < 3 || word.len() > 10 || word.starts_with(char::is_numeric) {
        return None;
    }
    let lower = if word.is_ascii() { Cow::Borrowed(word) } else { Cow::Owned(word.to_lowercase()) };
    let first = lower.as_bytes().first()?.to_ascii_lowercase();
    let is = |name: &&str| name.as_bytes().first() == Some(&first) && name.eq_ignore_ascii_case(&lower);
    let at = NAMES.iter().position(|names| names.iter().any(is))?;
    u8::try_from(at + 1).ok()
}

/// Whether a text has a time of the next day, as in `01:00:00+1`.
pub fn has_next_day(text: &str) -> bool {
    text.match_indices("+1").any(|(at, _)| {
        let (before, after) = text.as_bytes().split_at(at);
        matches!(before, [.., b':', tens, ones] if tens.is_ascii_digit() && ones.is_ascii_digit())
            && !after.get(2).is_some_and(u8::is_ascii_digit)
    })
}

/// Whether a text speaks of a day more or less.
pub fn speaks_of_a_day(text: &str) -> bool {
    let text = text.to_lowercase();
    [
        "tomorrow",
        "one day",
        "1 day",
        "by a day",
        "next day",
        "following day",
        "day after",
        "day before",
        "day later",
        "day earlier",
    ]
    .iter()
    .any(|said| text.contains(said))
}
