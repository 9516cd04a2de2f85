//! Fields of tools' answers that a draft repeats with another value.

use super::find::{self, Found};
use super::stem::Stem;
use super::{Behind, Claim, ClaimKind, ClaimStatus, FromThread, Place, scan, sentence, thread};

/// A value named like a field that has another one.
pub struct Named {
    said: Stem,
    name: Stem,
    is: Stem,
    span: (u32, u32),
    place: Place,
}

/// Lines that repeat what was asked for where the answer has another value.
pub fn fields(
    tokens: &[scan::Token],
    sentences: &[sentence::Sentence],
    mismatches: &[thread::Mismatch],
    claims: &mut Vec<(Found, FromThread)>,
) {
    if mismatches.is_empty() {
        return;
    }
    for sentence in sentences.iter().filter(|s| !s.question) {
        let about = sentence.stems(tokens);
        let has = |stems: &[Stem]| stems.iter().all(|stem| about.binary_search(stem).is_ok());
        let span = (tokens[sentence.tokens.start].start, tokens[sentence.tokens.end - 1].end);
        let known =
            claims.iter().any(|(c, b)| matches!(b, FromThread::Otherwise(_)) && c.span.0 < span.1 && span.0 < c.span.1);
        let told = mismatches.iter().find(|m| has(&m.field) && has(&m.asked));
        if let Some(mismatch) = told.filter(|_| !known) {
            let found = Found { span, about, ..Found::of(ClaimKind::Action) };
            claims.push((found, FromThread::Otherwise(vec![mismatch.place.clone()])));
        }
    }
}

/// The values of a sentence that stand by the name of a field with another value.
pub fn named(
    text: &str,
    tokens: &[scan::Token],
    sentence: &sentence::Sentence,
    thread: &thread::Thread<'_>,
    settled: &[(Stem, Stem, usize, &str)],
) -> Vec<Named> {
    if settled.is_empty() {
        return Vec::new();
    }
    let pairs = find::named_values(text, tokens, sentence).into_iter();
    pairs
        .filter_map(|pair| {
            let (said, name) = (&tokens[pair.start], &tokens[pair.end - 1]);
            let (_, is, at, field) = settled.iter().find(|(field, is, ..)| *field == name.stem && *is != said.stem)?;
            Some(Named {
                said: said.stem,
                name: name.stem,
                is: *is,
                span: (said.start, name.end),
                place: thread.field(*at, field),
            })
        })
        .collect()
}

/// A name that the sources use like the field's own value, and that isn't it.
pub fn contradicted(named: &Named, sources: &[Behind<'_>]) -> Option<Claim> {
    let both = |stem| sources.iter().any(|s| s.known.pairs(stem, named.name));
    (both(named.said) && both(named.is)).then(|| Claim {
        start: named.span.0,
        end: named.span.1,
        kind: ClaimKind::Code,
        status: ClaimStatus::Conflict,
        evidence: vec![named.place.clone()],
        sum: None,
    })
}
