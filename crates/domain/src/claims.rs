//! Sentences that state something checkable with nothing behind it.

use crate::draft::Span;
use std::collections::HashSet;
use unicode_segmentation::UnicodeSegmentation;

/// The sentences of `text` that state a figure (an amount, a date, a number) which neither a citation covers nor
/// the thread mentions. `cited` are the spans that valid citations cover; offsets are Unicode scalars.
pub fn uncited<'a>(text: &str, cited: &[Span], thread: impl Iterator<Item = &'a str>) -> Vec<Span> {
    if !text.contains(|c: char| c.is_ascii_digit()) {
        return Vec::new();
    }
    let mut known: Option<HashSet<&str>> = None;
    let mut thread = Some(thread);
    let mut found = Vec::new();
    let mut at = 0_u32;
    for line in text.split_inclusive('\n') {
        let body = line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '*' | '>' | '#'));
        let numbered =
            body.split_once(". ").is_some_and(|(n, _)| n.len() <= 2 && n.bytes().all(|b| b.is_ascii_digit()));
        let skip = line.len() - body.len() + if numbered { body.find(' ').map_or(0, |i| i + 1) } else { 0 };
        at += line[..skip].chars().count() as u32;
        for sentence in line[skip..].split_sentence_bounds() {
            let start = at;
            at += sentence.chars().count() as u32;
            let trimmed = sentence.trim_end();
            let end = start + trimmed.chars().count() as u32;
            if trimmed.ends_with('?') || cited.iter().any(|s| s.start < end && start < s.end) {
                continue;
            }
            let mut figures = figures(trimmed).peekable();
            if figures.peek().is_none() {
                continue;
            }
            let known =
                known.get_or_insert_with(|| thread.take().into_iter().flatten().flat_map(self::figures).collect());
            if figures.any(|f| !known.contains(f)) {
                found.push(Span { start, end });
            }
        }
    }
    found
}

/// The runs of digits in a text, with inner points, commas, colons and slashes.
fn figures(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | ':' | '/')))
        .map(|run| run.trim_matches(|c: char| !c.is_ascii_digit()))
        .filter(|run| !run.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, cited: &[Span], thread: &str) -> Vec<String> {
        uncited(text, cited, [thread].into_iter())
            .into_iter()
            .map(|s| text.chars().skip(s.start as usize).take((s.end - s.start) as usize).collect())
            .collect()
    }

    #[test]
    fn a_figure_that_nobody_mentioned_is_a_claim() {
        let text = "Hi Ana,\nyour plan costs €70. You will be refunded within 14 days. Is that fine?";
        assert_eq!(found(text, &[], "plan at 70"), ["You will be refunded within 14 days."]);
        assert_eq!(found(text, &[Span { start: 30, end: 60 }], "plan at 70"), Vec::<String>::new());
    }

    #[test]
    fn list_numbers_and_questions_are_not_claims() {
        assert!(found("1. Choose a seat\n2. Pay\n\nIs 5 fine?", &[], "").is_empty());
        assert_eq!(found("1. Pay 30 now.", &[], ""), ["Pay 30 now."]);
    }
}
