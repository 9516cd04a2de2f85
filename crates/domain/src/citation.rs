//! Does a citation hold? Checked against the sources that the hub keeps, never against what the draft says of them.

use crate::draft::{DraftBody, Span};
use crate::mark::{Mark, Marks};
use crate::pack::Pack;
use crate::text::{Normal, has_hidden};
use crate::{claims, draft::SignalKind};
use serde::{Deserialize, Serialize};
use std::cell::OnceCell;
use std::collections::HashMap;

/// A source as the hub keeps it, as far as a check needs it.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Its whole text.
    pub text: String,
    /// The labels of those who may read it.
    pub access: Vec<String>,
    /// SHA-256 of title and text, hex.
    pub hash: String,
}

/// What became of one citation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CitationStatus {
    /// The quote is in the source.
    Found,
    /// The source is there; nothing was quoted.
    Exists,
    /// The source is there, the quote isn't in it.
    NoSuchQuote,
    /// No such source.
    NoSuchSource,
    /// The pack doesn't let drafts cite it.
    NotAllowed,
    /// This workflow's readers don't hold its access labels.
    NotReadable,
}

/// One citation with its check, in the order of `draft.citations`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CheckedCitation {
    /// The cited source's id.
    pub source: String,
    /// The stored title, for those who may see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whether it holds.
    pub status: CitationStatus,
    /// Where the passage starts in the stored text, in Unicode scalars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<u32>,
    /// Where it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<u32>,
    /// Hash of the stored source that this was checked against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_hash: Option<String>,
}

/// What the hub itself found about a draft.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Checks {
    /// Each citation.
    pub citations: Vec<CheckedCitation>,
    /// Sentences with nothing behind them.
    pub uncited: Vec<Span>,
}

/// Whether readers with the labels `held` may see something labelled `access`. No labels: everyone in the house,
/// so it takes the label `internal`.
pub fn readable(access: &[String], held: &[String]) -> bool {
    if access.is_empty() {
        return held.iter().any(|l| l == "internal");
    }
    access.iter().any(|l| held.contains(l))
}

/// What tells a stored source from what it was before.
#[derive(Clone, Debug)]
pub struct Stamp {
    /// Its hash.
    pub hash: String,
    /// The labels of those who may read it.
    pub access: Vec<String>,
}

/// Whether a draft was checked against other sources than those that are there now, by id.
pub fn is_stale(checks: &Checks, pack: &Pack, now: &HashMap<String, Stamp>) -> bool {
    checks.citations.iter().any(|c| {
        let source = now.get(&c.source);
        match c.status {
            // However the source has changed: it may not be cited.
            CitationStatus::NotAllowed => false,
            // Its hash was left out, too.
            CitationStatus::NotReadable => source.is_none_or(|s| readable(&s.access, &pack.sources.access)),
            _ => source.map(|s| &s.hash) != c.source_hash.as_ref(),
        }
    })
}

/// Sources that drafts are checked against, each normalised once, when it is first looked into.
#[derive(Default)]
pub struct Shelf {
    sources: HashMap<String, (Source, OnceCell<Normal>)>,
}

impl From<HashMap<String, Source>> for Shelf {
    fn from(sources: HashMap<String, Source>) -> Self {
        Self { sources: sources.into_iter().map(|(id, source)| (id, (source, OnceCell::new()))).collect() }
    }
}

/// Checks a draft's citations and collects its marks. It takes a while with long sources.
pub fn check(body: &DraftBody, pack: &Pack, stored: &Shelf) -> (Checks, Marks) {
    let mut marks = Marks::default();
    let mut checks = Checks::default();
    let mut covered: Vec<Span> = Vec::new();
    for citation in &body.draft.citations {
        let (source, normal) = stored.sources.get(&citation.source).map(|(source, normal)| (source, normal)).unzip();
        let (status, passage) = match source {
            _ if !pack.may_cite(&citation.source) => (CitationStatus::NotAllowed, None),
            None => (CitationStatus::NoSuchSource, None),
            Some(source) if !readable(&source.access, &pack.sources.access) => (CitationStatus::NotReadable, None),
            Some(source) => match citation.quote.as_deref().filter(|q| !q.trim().is_empty()) {
                None => (CitationStatus::Exists, None),
                Some(quote) => {
                    let passage =
                        normal.and_then(|n| n.get_or_init(|| Normal::of(&source.text)).find(&Normal::of(quote)));
                    match passage {
                        Some((start, end)) => (CitationStatus::Found, Some(Span { start, end })),
                        None => (CitationStatus::NoSuchQuote, None),
                    }
                }
            },
        };
        match status {
            CitationStatus::Found | CitationStatus::Exists => covered.extend(citation.span()),
            CitationStatus::NoSuchQuote => marks.insert(Mark::NoSuchQuote),
            CitationStatus::NoSuchSource => marks.insert(Mark::NoSuchSource),
            CitationStatus::NotAllowed | CitationStatus::NotReadable => marks.insert(Mark::ForbiddenSource),
        }
        let shown = source.filter(|_| !matches!(status, CitationStatus::NotReadable | CitationStatus::NotAllowed));
        checks.citations.push(CheckedCitation {
            source: citation.source.clone(),
            title: shown.map(|s| s.title.clone()),
            status,
            start: passage.map(|p| p.start),
            end: passage.map(|p| p.end),
            source_hash: shown.map(|s| s.hash.clone()),
        });
    }
    if !checks.citations.iter().any(|c| matches!(c.status, CitationStatus::Found | CitationStatus::Exists)) {
        marks.insert(Mark::Uncited);
    }
    checks.uncited = claims::uncited(&body.draft.text, &covered, body.thread.iter().map(|m| m.text.as_ref()));
    if !checks.uncited.is_empty() {
        marks.insert(Mark::UncitedClaim);
    }
    for signal in &body.signals {
        marks.insert(match signal.kind {
            SignalKind::UncitedClaim => Mark::UncitedClaim,
            SignalKind::LowConfidence => Mark::LowConfidence,
            SignalKind::Conflict => Mark::Conflict,
            SignalKind::Policy => Mark::Policy,
        });
    }
    if has_hidden(&body.draft.text) {
        marks.insert(Mark::HiddenText);
    }
    (checks, marks)
}
