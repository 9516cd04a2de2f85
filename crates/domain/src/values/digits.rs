//! Numbers as they are written: which of their points and commas part thousands, and which one the decimals.

use super::clean::BOUND;
use super::words::Lang;

/// A number as it stands, and how it may be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Digits {
    /// Read one way by everybody. `grouped`: with separators between its thousands.
    Exact { whole: String, part: Option<String>, grouped: bool },
    /// "1,250": a thousand and more, or one and a quarter, by what the comma is in this text.
    Either { whole: String, part: String, sign: char },
    /// A list, a ratio, a fraction: compared as it stands.
    Opaque(String),
}

impl Digits {
    /// A plain whole number.
    pub(super) fn whole(number: &str) -> Self {
        Self::Exact { whole: number.to_owned(), part: None, grouped: false }
    }

    /// Reads digits parted by points, commas, apostrophes and spaces.
    pub(super) fn read(raw: &str) -> Self {
        let groups: Vec<&str> = raw.split(|c: char| !c.is_ascii_digit()).collect();
        let signs: Vec<char> = raw.chars().filter(|c| !c.is_ascii_digit()).collect();
        let hard = |c: &char| matches!(c, '\'' | ' ' | &BOUND);
        let points: Vec<char> = signs.iter().copied().filter(|c| !hard(c)).collect();
        let opaque = || Self::Opaque(raw.to_owned());
        let spaced = points.len() < signs.len();
        let in_thousands = |groups: &[&str]| {
            groups.first().is_some_and(|g| (1..=3).contains(&g.len()) && !g.starts_with('0'))
                && groups.iter().skip(1).all(|g| g.len() == 3)
        };
        // 12,34,567: as it is written in India.
        let in_lakhs = |groups: &[&str]| {
            let inner = groups.get(1..groups.len().saturating_sub(1)).unwrap_or_default();
            !inner.is_empty()
                && groups.first().is_some_and(|g| (1..=2).contains(&g.len()) && !g.starts_with('0'))
                && groups.last().is_some_and(|g| g.len() == 3)
                && inner.iter().all(|g| g.len() == 2)
        };
        let (Some((last, before)), Some(sign)) = (groups.split_last(), points.last().copied()) else {
            return if groups.len() == 1 || in_thousands(&groups) {
                Self::Exact { whole: groups.concat(), part: None, grouped: spaced }
            } else {
                opaque()
            };
        };
        let once = points.iter().filter(|c| **c == sign).count() == 1;
        let comes_last = signs.last() == Some(&sign);
        let exact =
            |whole: String, part: Option<&str>, grouped| Self::Exact { whole, part: part.map(str::to_owned), grouped };
        if once && comes_last && (points.len() > 1 || spaced) {
            let one_kind = points.iter().rev().skip(1).all(|c| Some(c) == points.first());
            let even = before.len() == 1 || in_thousands(before) || (points.first() == Some(&',') && in_lakhs(before));
            return if one_kind && even { exact(before.concat(), Some(last), true) } else { opaque() };
        }
        if points.len() > 1 {
            let even = in_thousands(&groups) || (sign == ',' && in_lakhs(&groups));
            let one_kind = points.iter().all(|c| *c == sign);
            return if one_kind && even { exact(groups.concat(), None, true) } else { opaque() };
        }
        if spaced {
            return opaque();
        }
        match before.concat() {
            whole if last.len() == 3 && in_thousands(&groups) => Self::Either { whole, part: (*last).to_owned(), sign },
            whole => exact(whole, Some(last), false),
        }
    }

    /// The sign before the decimals that this number gives away about its text.
    fn point(raw: &str, read: &Self) -> Option<char> {
        let Self::Exact { part, grouped: true, .. } = read else { return None };
        let sign = raw.chars().rfind(|c| matches!(c, '.' | ','))?;
        Some(if part.is_some() {
            sign
        } else if sign == ',' {
            '.'
        } else {
            ','
        })
    }

    /// Its value with so many zeros more. After a unit 12.50 is 12.5; a bare 3.10 may be a version, and stays.
    pub(super) fn value(&self, point: Option<char>, zeros: usize, has_unit: bool) -> String {
        let (whole, part, sure) = match self {
            Self::Opaque(raw) => return raw.clone(),
            Self::Exact { whole, part, grouped } => (whole.clone(), part.clone().unwrap_or_default(), *grouped),
            Self::Either { whole, part, sign } => match point {
                Some(point) if point != *sign => (format!("{whole}{part}"), String::new(), true),
                // Three decimals are rare enough to be a slip: another way to write them is another value.
                _ if zeros == 0 => return format!("{whole}{sign}{part}"),
                _ => (whole.clone(), part.clone(), false),
            },
        };
        let taken = zeros.min(part.len());
        let mut whole = whole + part.get(..taken).unwrap_or_default();
        let mut part = part.get(taken..).unwrap_or_default();
        whole.extend(std::iter::repeat_n('0', zeros - taken));
        if sure || has_unit || zeros > 0 {
            part = part.trim_end_matches('0');
        }
        if zeros > 0 || !part.is_empty() {
            let kept = whole.trim_start_matches('0');
            whole = if kept.is_empty() { "0".to_owned() } else { kept.to_owned() };
        }
        if part.is_empty() { whole } else { format!("{whole}.{part}") }
    }
}

/// What stands before the decimals in this text: as its own numbers say, else as its language has it; nothing when
/// the numbers disagree.
pub(super) fn point<'a>(numbers: impl Iterator<Item = &'a str>, lang: Lang) -> Option<char> {
    let mut said: Vec<char> = numbers.filter_map(|raw| Digits::point(raw, &Digits::read(raw))).collect();
    said.sort_unstable();
    said.dedup();
    match said.as_slice() {
        [] => Some(lang.point()),
        [one] => Some(*one),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(raw: &str, point: Option<char>) -> String {
        Digits::read(raw).value(point, 0, true)
    }

    #[test]
    fn both_notations_give_the_same_value() {
        for raw in ["1,250.00", "1.250,00", "1 250,00", "1'250.00", "1\u{A0}250", "1250"] {
            assert_eq!(value(raw, None), "1250", "{raw}");
        }
        assert_eq!((value("12.50", None), value("12,5", None)), ("12.5".into(), "12.5".into()));
        assert_eq!((value("1.250.000", None), value("12,34,567.80", None)), ("1250000".into(), "1234567.8".into()));
    }

    #[test]
    fn three_digits_after_one_sign_are_read_as_the_text_reads_them() {
        assert_eq!((value("1,250", Some('.')), value("1,250", Some(','))), ("1250".into(), "1,250".into()));
        assert_ne!(value("1,250", None), value("1.250", None));
        assert_eq!(value("0,125", Some('.')), "0.125");
        let point = |numbers: &[&str]| point(numbers.iter().copied(), Lang::En);
        assert_eq!(
            (point(&["1.250,00", "3.1"]), point(&[]), point(&["1.250,00", "1,250.00"])),
            (Some(','), Some('.'), None)
        );
    }

    #[test]
    fn a_bare_decimal_keeps_its_zeros_as_a_version_would() {
        assert_ne!(Digits::read("3.1").value(None, 0, false), Digits::read("3.10").value(None, 0, false));
        assert_eq!(
            (Digits::read("1.5").value(None, 6, true), Digits::whole("007").value(None, 0, false)),
            ("1500000".into(), "007".into())
        );
    }
}
