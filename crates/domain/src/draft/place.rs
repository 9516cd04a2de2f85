//! Whether the place of a citation in `draft.text` is the one that its quote says. A quote is the source's words: a draft
//! that says the same otherwise is cited at any place.

use super::{Citation, FieldError, Span};
use crate::text::{Normal, headline, unspaced};
use std::cell::{Cell, OnceCell};

/// The text of a draft, for its citations to be looked up in.
pub(super) struct Places<'a> {
    text: &'a str,
    small: OnceCell<Normal>,
    /// How many characters may still be read for places that the first quote isn't at.
    room: Cell<u32>,
}

/// So much is read of all the places of a draft's citations: they may all be as long as the draft.
const ROOM: u32 = 1_000_000;

impl<'a> Places<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, small: OnceCell::new(), room: Cell::new(ROOM) }
    }

    /// Where the text has the quote word for word, the citation's place has to be on it.
    pub(super) fn check(&self, field: &str, citation: &Citation) -> Result<(), FieldError> {
        let (Some(span), Some(quote)) = (citation.span(), citation.quote.as_deref()) else { return Ok(()) };
        let sought = small(quote);
        let Some((start, end)) = self.small.get_or_init(|| small(self.text)).find(&sought) else { return Ok(()) };
        let on_it = span.start <= start && end <= span.end;
        // A short quote may stand in the midst of a word.
        if on_it || self.cuts_a_word(Span { start, end }) || !self.has_room(span) {
            return Ok(());
        }
        let part: String = self.text.chars().take(span.end as usize).skip(span.start as usize).collect();
        let here = small(&part);
        if here.find(&sought).is_some() || (sought.find(&here).is_some() && !self.cuts_a_word(span)) {
            return Ok(());
        }
        let message = format!(
            "start {} and end {} hold {:?} of draft.text; the quote stands at {start} to {end}. They count characters (Unicode \
             code points), not bytes and not UTF-16 units",
            span.start,
            span.end,
            headline(&part, 60)
        );
        Err(FieldError::new(format!("{field}.start"), message))
    }

    fn has_room(&self, span: Span) -> bool {
        let left = self.room.get().checked_sub(span.end);
        self.room.set(left.unwrap_or(0));
        left.is_some()
    }

    /// Whether a place begins or ends within a word.
    fn cuts_a_word(&self, span: Span) -> bool {
        let within = |at: u32| {
            let mut around = self.text.chars().skip((at as usize).saturating_sub(1)).take(2);
            let word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() && !unspaced(c));
            at > 0 && word(around.next()) && word(around.next())
        };
        within(span.start) || within(span.end)
    }
}

/// A text to be compared without capitals; its characters keep their places.
fn small(text: &str) -> Normal {
    let small = |c: char| {
        let mut letters = c.to_lowercase();
        letters.next().filter(|_| letters.next().is_none()).unwrap_or(c)
    };
    Normal::of(&text.chars().map(small).collect::<String>())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
    use super::*;

    fn told(text: &str, quote: &str, start: u32, end: u32) -> Option<String> {
        let citation = Citation { source: "s".into(), quote: Some(quote.into()), start: Some(start), end: Some(end) };
        Places::of(text).check("draft.citations[0]", &citation).err().map(|e| e.to_string())
    }

    #[test]
    fn a_place_that_misses_its_quote_is_told_with_the_right_one() {
        let text = "Grüße 😀 It is under  Billing.";
        assert_eq!(told(text, "is under Billing", 11, 28), None);
        assert_eq!(told(text, "Is under billing", 8, 29), None, "a whole sentence");
        assert_eq!(told(text, "is under Billing", 14, 19), None, "a part of it");
        assert_eq!(
            told(text, "is under Billing", 12, 29).unwrap(),
            "draft.citations[0].start: start 12 and end 29 hold \"s under  Billing.\" of draft.text; the quote stands at 11 to \
             28. They count characters (Unicode code points), not bytes and not UTF-16 units"
        );
        assert!(told(text, "is under Billing", 11, 25).is_some(), "it cuts a word");
        assert!(told(text, "is under Billing", 0, 5).is_some());
        assert_eq!(told("I know. We don't refund fees.", "No", 8, 29), None, "it stands within another word");
        assert_eq!(told("In den Einstellungen finden Sie sie.", "It is under Billing", 0, 20), None, "other words");
        assert!(told("在账单页面可以看到", "账单页面", 2, 6).is_some());
        assert_eq!(told("在账单页面可以看到", "账单页面", 3, 5), None);
    }
}
