//! Numbers with their units, dates and times, as a sentence has them.

use super::digits::Digits;
use super::lex::Piece;
use super::read::{Item, Last, Reader};
use super::words::{Kind, Lang};

impl Reader {
    /// A number with everything that belongs to it: currency before or behind, thousands and millions in words, unit,
    /// "a month", "or more". `from` is where it begins and `end` where its digits end.
    pub(super) fn quantity(&mut self, digits: Digits, from: usize, mut end: usize) {
        let mut unit = String::new();
        let before = from.checked_sub(1).filter(|i| *i >= self.used).and_then(|i| self.item(i));
        // Between a currency and its number a minus may stand.
        let before = match before {
            Some(sign) if sign.is_sign('-') => {
                from.checked_sub(2).filter(|i| *i >= self.used).and_then(|i| self.item(i))
            }
            other => other,
        };
        if let Some(money) = before.and_then(money) {
            unit = money.to_owned();
        }
        let mut zeros = 0;
        while let Some(item) = self.item(end) {
            let big = match item.word() {
                Some("k") if item.glued => Some(3),
                Some("m") if item.glued && matches!(item.piece, Piece::Word { capital: true, .. }) => Some(6),
                _ => item.key(Kind::Zeros).and_then(|k| k.parse().ok()),
            };
            let Some(big) = big else { break };
            zeros += usize::min(big, 12);
            end += 1;
            let dot = self.is_sign(end, '.') && self.item(end + 1).is_some_and(|i| money(i).is_some());
            end += usize::from(dot);
        }
        if self.item(end).is_some_and(|i| i.glued && is_ordinal(i, self.lang)) {
            unit = "#".to_owned();
            end += 1;
        }
        end = self.behind(end);
        if self.is_sign(end, '+') && self.item(end).is_some_and(|i| i.glued) && !self.is_value(end + 1) {
            self.pending.push("≥");
            end += 1;
        }
        if unit.is_empty() {
            let hyphen = usize::from(self.is_sign(end, '-') && self.item(end).is_some_and(|i| i.glued));
            if let Some(found) = self.item(end + hyphen).and_then(|i| unit_of(i, true)) {
                unit = found.to_owned();
                // Mb are bits, MB bytes.
                let bits = ["kb", "mb", "gb", "tb"].contains(&found)
                    && self.item(end + hyphen).is_some_and(|i| {
                        matches!(i.piece, Piece::Word { capital: true, caps: false, .. })
                            && i.word().is_some_and(|w| w.len() == 2)
                    });
                if bits {
                    unit.push_str("it");
                }
                end += hyphen + 1;
            }
        }
        if !unit.is_empty() && unit != "#" {
            let slash = self.is_sign(end, '/') || self.is(end, Kind::Per);
            if let Some(per) = self.item(end + 1).filter(|_| slash).and_then(|i| unit_of(i, false)) {
                unit = format!("{unit}/{per}");
                end += 2;
            }
        }
        end = self.behind(end);
        self.count(digits, zeros, unit, end);
    }

    /// "or more" and the like after a number or its unit.
    pub(super) fn behind(&mut self, end: usize) -> usize {
        let Some(key) = self.item(end).and_then(|i| i.key(Kind::After)) else { return end };
        // "3から5": that is a range.
        if self.is(end, Kind::To) && self.is_value(end + 1) {
            return end;
        }
        self.pending.push(key);
        end + 1
    }

    /// Notes a number. The ends of a range share their unit.
    fn count(&mut self, digits: Digits, zeros: usize, mut unit: String, end: usize) {
        let in_range = self.pending.contains(&"..");
        let prefix = self.prefix();
        if let Some(last) = self.last.take().filter(|_| in_range) {
            if unit.is_empty() {
                unit.clone_from(&last.unit);
            } else if last.unit.is_empty() {
                let shared = self.number(&last.digits, last.zeros, &unit);
                if let Some(first) = self.out.values.get_mut("number").and_then(|v| v.last_mut()) {
                    *first = last.prefix + &shared;
                }
            }
        }
        let number = self.number(&digits, zeros, &unit);
        self.out.values.entry("number").or_default().push(prefix.clone() + &number);
        self.out.total += 1;
        if unit.is_empty()
            && let Some(counted) = self.item(end).filter(|i| i.entries.is_empty()).and_then(Item::word)
        {
            // What is counted, in any of its cases.
            let counted = counted.chars().take(4).collect::<String>();
            self.out.turns.push(format!("of {counted}"));
        }
        self.last = Some(Last { prefix, digits, zeros, unit });
        self.finish(end);
    }

    fn number(&self, digits: &Digits, zeros: usize, unit: &str) -> String {
        let has_unit = !unit.is_empty() && unit != "#";
        format!("{}{}{unit}", digits.value(self.point, zeros, has_unit), if unit.is_empty() { "" } else { " " })
    }

    /// A number word, with its tens and units: "twenty-five", "treinta y cinco".
    pub(super) fn spelled(&self, key: &str, at: usize) -> (Digits, usize) {
        if let Some((whole, part)) = key.split_once('.') {
            let part = Some(part.to_owned());
            return (Digits::Exact { whole: whole.to_owned(), part, grouped: false }, at + 1);
        }
        let tens: u32 = key.parse().unwrap_or_default();
        if tens >= 20 && tens.is_multiple_of(10) {
            let skip = usize::from(self.is_sign(at + 1, '-') || (self.lang == Lang::Es && self.is(at + 1, Kind::And)));
            let unit = |i: &Item| i.key(Kind::Number).or_else(|| (i.word() == Some("one")).then_some("1"));
            let units = self.item(at + 1 + skip).and_then(unit).and_then(|k| k.parse::<u32>().ok());
            let below = if self.lang == Lang::Fr && [60, 80].contains(&tens) { 20 } else { 10 };
            if let Some(units) = units.filter(|u| *u > 0 && *u < below) {
                return (Digits::whole(&(tens + units).to_string()), at + 2 + skip);
            }
        }
        (Digits::whole(key), at + 1)
    }

    /// "may" and "march" are months beside a day or a year, or with a capital inside a sentence.
    pub(super) fn is_month(&self, at: usize) -> bool {
        let day_or_year = |i: Option<&Item>| i.is_some_and(|i| i.small().is_some_and(|n| n >= 1));
        let before = at.checked_sub(1).and_then(|i| self.item(i));
        let ordinal = before.is_some_and(|b| b.glued && is_ordinal(b, self.lang) || b.word() == Some("of"));
        let first = before.is_none_or(|b| matches!(b.piece, Piece::Sign('.' | '!' | '?' | '\n' | ':' | '-')));
        let capital = self.item(at).is_some_and(|i| matches!(i.piece, Piece::Word { capital: true, .. }));
        day_or_year(before) || ordinal || day_or_year(self.item(at + 1)) && (capital || !first) || (capital && !first)
    }

    /// A month with the day and the year behind it.
    pub(super) fn month(&mut self, at: usize, key: &str) -> bool {
        let mut end =
            at + 1 + usize::from(self.is_sign(at + 1, '.') && self.item(at + 2).is_some_and(|i| i.small().is_some()));
        let mut day = None;
        if let Some(found) = self.item(end).and_then(Item::small).filter(|d| (1..=31).contains(d))
            && !self.item(end + 1).is_some_and(|i| i.is_sign(':') && i.glued)
        {
            day = Some(found);
            end += 1;
            end += usize::from(self.item(end).is_some_and(|i| i.glued && is_ordinal(i, self.lang)));
        }
        let (year, end) = self.year(end);
        self.date(year, key, day, end);
        true
    }

    /// A year, behind a comma or "of".
    fn year(&self, end: usize) -> (Option<u32>, usize) {
        let skip = usize::from(
            self.is_sign(end, ',')
                || self.item(end).is_some_and(|i| matches!(i.word(), Some("of" | "de" | "del" | "do"))),
        );
        let year = self.item(end + skip).and_then(Item::small).filter(|y| (1900..2200).contains(y));
        if year.is_some() { (year, end + skip + 1) } else { (None, end) }
    }

    fn date(&mut self, year: Option<u32>, month: &str, day: Option<u32>, end: usize) {
        let part = |n: Option<u32>| n.map_or_else(|| "?".to_owned(), |n| format!("{n:02}"));
        let month: Option<u32> = month.parse().ok();
        self.emit("date", format!("{}-{}-{}", part(year), part(month), part(day)), end);
    }

    /// A date that begins with its day ("5 Jan 2026", "5. Januar") or is Japanese.
    pub(super) fn date_from_day(&mut self) -> bool {
        let at = self.at;
        let Some(number) = self.item(at).and_then(Item::small) else { return false };
        let unit = |i: usize| self.item(i).and_then(|i| i.key(Kind::Unit)).unwrap_or_default();
        let small = |i: usize| self.item(i).and_then(Item::small);
        if self.lang == Lang::Ja {
            let starts =
                if number >= 1900 && unit(at + 1) == "year" && unit(at + 3) == "monthof" { at + 2 } else { at };
            let Some(month) = small(starts).filter(|m| unit(starts + 1) == "monthof" && (1..=12).contains(m)) else {
                return false;
            };
            let day = small(starts + 2).filter(|_| unit(starts + 3) == "day");
            let end = starts + if day.is_some() { 4 } else { 2 };
            self.date((starts > at).then_some(number), &month.to_string(), day, end);
            return true;
        }
        if !(1..=31).contains(&number) {
            return false;
        }
        let mut end = at + 1;
        end += usize::from(self.item(end).is_some_and(|i| i.is_sign('.') || (i.glued && is_ordinal(i, self.lang))));
        end += usize::from(self.item(end).is_some_and(|i| matches!(i.word(), Some("of" | "de" | "d'"))));
        end += usize::from(self.is_sign(end, '-'));
        let Some(month) = self.item(end) else { return false };
        let key =
            month.key(Kind::Month).or_else(|| month.key(Kind::Maybe).filter(|_| end == at + 1 || self.is_month(end)));
        let Some(key) = key else { return false };
        end += 1;
        end += usize::from(
            self.item(end).is_some_and(|i| i.is_sign('.') && i.glued)
                && self.item(end + 1).is_some_and(|i| i.small().is_some()),
        );
        end += usize::from(self.is_sign(end, '-') && self.item(end).is_some_and(|i| i.glued));
        let (year, end) = self.year(end);
        self.date(year, key, Some(number), end);
        true
    }

    /// A time of day, with "pm" and a zone.
    pub(super) fn clock(&mut self, minutes: u32, seconds: u32, end: usize) {
        let half = self.item(end).and_then(|i| i.key(Kind::Clock));
        let minutes = match half {
            Some("pm") if minutes < 720 => minutes + 720,
            Some("am") if (720..780).contains(&minutes) => minutes - 720,
            _ => minutes,
        };
        let mut end = end + usize::from(half.is_some());
        let mut text = format!("{:02}:{:02}", minutes / 60, minutes % 60);
        if seconds > 0 {
            text += &format!(":{seconds:02}");
        }
        if let Some(zone) =
            self.item(end).and_then(|i| i.key(Kind::Zone)).filter(|_| self.item(end).is_some_and(is_caps))
        {
            text += zone;
            end += 1;
        }
        self.emit("time", text, end);
    }

    /// "9 am", "2.30 pm", "14 Uhr 30", "9 o'clock", "14 h 30", "14時30分".
    pub(super) fn clock_from_hour(&mut self) -> bool {
        let at = self.at;
        let Some(Item { piece: Piece::Number(raw), .. }) = self.item(at) else { return false };
        let (hour, minute) = match raw.split_once('.') {
            Some((hour, minute)) if minute.len() == 2 => (hour, minute),
            Some(_) => return false,
            None => (raw.as_str(), "0"),
        };
        let (Ok(hour), Ok(mut minute)) = (hour.parse::<u32>(), minute.parse::<u32>()) else { return false };
        if hour > 24 || minute > 59 {
            return false;
        }
        let minutes = |i: usize| self.item(i).and_then(Item::small).filter(|m| *m < 60);
        let next = self.item(at + 1);
        let unit = next.and_then(|i| i.key(Kind::Unit).or_else(|| i.key(Kind::Short)));
        let mut end = at + 1;
        match next.and_then(|i| i.key(Kind::Clock)) {
            Some("o") => {
                end += 1;
                if let Some(found) = minutes(end).filter(|_| self.lang == Lang::De && minute == 0) {
                    (minute, end) = (found, end + 1);
                }
            }
            // The clock reads it itself.
            Some(_) => {}
            None if unit == Some("clockhour") => {
                end += 1;
                if let Some(found) =
                    minutes(end).filter(|_| self.item(end + 1).is_some_and(|i| i.key(Kind::Unit) == Some("minute")))
                {
                    (minute, end) = (found, end + 2);
                }
            }
            None if unit == Some("hour") && raw.contains('.') && self.lang.point() == ',' => end += 1,
            None if unit == Some("hour") && raw.len() <= 2 => match minutes(at + 2).filter(|_| self.lang == Lang::Fr) {
                Some(found) => (minute, end) = (found, end + 2),
                None => return false,
            },
            None => return false,
        }
        self.clock(hour * 60 + minute, 0, end);
        true
    }

    /// 午後2時: the half of the day stands before the hour.
    pub(super) fn half_of_day(&mut self, at: usize) -> bool {
        let half = self.item(at).and_then(|i| i.key(Kind::Clock));
        let from_hour = self.lang == Lang::Ja && self.item(at + 1).and_then(Item::small).is_some();
        if !from_hour {
            return false;
        }
        self.at = at + 1;
        if !self.clock_from_hour() {
            return false;
        }
        if let Some(time) = self.out.values.get_mut("time").and_then(|v| v.last_mut()).filter(|_| half == Some("pm")) {
            *time = format!("pm {time}");
            let hour = time.get(3..5).and_then(|h| h.parse::<u32>().ok());
            if let (Some(hour), Some(rest)) = (hour.filter(|h| *h < 12), time.get(5..)) {
                *time = format!("{}{rest}", hour + 12);
            }
        }
        true
    }
}

fn is_caps(item: &Item) -> bool {
    matches!(item.piece, Piece::Word { caps: true, .. })
}

fn money(item: &Item) -> Option<&'static str> {
    item.key(Kind::Money).or_else(|| item.key(Kind::Code))
}

/// What a number before this item counts. Short units stand right behind a number.
fn unit_of(item: &Item, with_money: bool) -> Option<&'static str> {
    let money = money(item).filter(|_| with_money);
    money.or_else(|| item.key(Kind::Unit)).or_else(|| item.key(Kind::Short))
}

fn is_ordinal(item: &Item, lang: Lang) -> bool {
    match item.word() {
        Some("st" | "nd" | "rd" | "th") => true,
        Some("er" | "e" | "ème" | "re") => lang == Lang::Fr,
        Some("º" | "ª" | "o" | "a") => matches!(lang, Lang::Es | Lang::It | Lang::Pt),
        _ => false,
    }
}
