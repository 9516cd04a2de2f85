//! Does a citation hold? Checked against the sources that the hub keeps, never against what the draft says of them.

use crate::claims::{Behind, Cited, Claim, ClaimStatus, Known, Place, Reading};
use crate::draft::{DraftBody, SignalKind, Span};
use crate::mark::{Mark, Marks};
use crate::pack::Pack;
use crate::text::{Normal, has_hidden};
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
    /// Claims with nothing behind them.
    pub uncited: Vec<Span>,
    /// What the draft claims, with what is behind it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims: Vec<Claim>,
    /// The sources besides the cited ones that the claims were held against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rests_on: Vec<RestsOn>,
}

impl Checks {
    /// Whether a source is another one than what was checked: `hash` is what it has now.
    pub fn is_changed(&self, source: &str, hash: &str) -> bool {
        let cited = self.citations.iter().filter(|c| c.source == source).filter_map(|c| c.source_hash.as_deref());
        let named = self.rests_on.iter().filter(|r| r.source == source).filter_map(|r| r.hash.as_deref());
        cited.chain(named).any(|checked| checked != hash)
    }

    /// Takes out where something stands in these sources: their texts are other ones now. What was found stays.
    pub fn leave_out_places(&mut self, sources: &[&str]) {
        for citation in self.citations.iter_mut().filter(|c| sources.contains(&c.source.as_str())) {
            (citation.start, citation.end) = (None, None);
        }
        for claim in &mut self.claims {
            claim.evidence.retain(|place| place.source.as_deref().is_none_or(|id| !sources.contains(&id)));
        }
    }
}

/// A source that a draft names, as it was when the draft's claims were held against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RestsOn {
    /// Its id.
    pub source: String,
    /// Its hash, if it was there and could be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
}

/// A checked draft.
pub struct Checked {
    /// What was found.
    pub checks: Checks,
    /// Why a reviewer should look twice.
    pub marks: Marks,
    /// Whether it is high risk: with any mark, or without a citation that holds.
    pub high_risk: bool,
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
    let cited = checks.citations.iter().any(|c| {
        let source = now.get(&c.source);
        match c.status {
            // However the source has changed: it may not be cited.
            CitationStatus::NotAllowed => false,
            // Its hash was left out, too.
            CitationStatus::NotReadable => source.is_none_or(|s| readable(&s.access, &pack.sources.access)),
            _ => source.map(|s| &s.hash) != c.source_hash.as_ref(),
        }
    });
    let usable = |id: &str| now.get(id).filter(|s| pack.may_cite(id) && readable(&s.access, &pack.sources.access));
    cited || checks.rests_on.iter().any(|r| usable(&r.source).map(|s| &s.hash) != r.hash.as_ref())
}

/// Sources that drafts are checked against, each read once, when it is first looked into.
#[derive(Default)]
pub struct Shelf {
    sources: HashMap<String, Stored>,
}

struct Stored {
    source: Source,
    normal: OnceCell<Normal>,
    known: OnceCell<Known>,
}

impl Stored {
    fn normal(&self) -> &Normal {
        self.normal.get_or_init(|| Normal::of(&self.source.text))
    }

    fn known(&self) -> &Known {
        self.known.get_or_init(|| Known::of(&self.source.text))
    }

    fn usable(&self, pack: &Pack) -> bool {
        pack.may_cite(&self.source.id) && readable(&self.source.access, &pack.sources.access)
    }
}

impl From<HashMap<String, Source>> for Shelf {
    fn from(sources: HashMap<String, Source>) -> Self {
        let stored = |source| Stored { source, normal: OnceCell::new(), known: OnceCell::new() };
        Self { sources: sources.into_iter().map(|(id, source)| (id, stored(source))).collect() }
    }
}

/// Checks a draft's citations and claims, and collects its marks. It takes a while with long threads and sources.
pub fn check(body: &DraftBody, pack: &Pack, stored: &Shelf) -> Checked {
    let mut marks = Marks::default();
    let mut checks = Checks::default();
    let covered = check_citations(body, pack, stored, &mut checks, &mut marks);
    check_claims(body, pack, stored, &covered, &mut checks);
    if !checks.uncited.is_empty() {
        marks.insert(Mark::UncitedClaim);
    }
    if checks.claims.iter().any(|c| c.status == ClaimStatus::Conflict) {
        marks.insert(Mark::Conflict);
    }
    let held = checks.citations.iter().any(|c| matches!(c.status, CitationStatus::Found | CitationStatus::Exists));
    // Who asks or thanks has nothing to cite, nor who only says what the tools say.
    if !held && (!body.draft.citations.is_empty() || !checks.uncited.is_empty()) {
        marks.insert(Mark::Uncited);
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
    let high_risk = marks.any() || !held;
    Checked { checks, marks, high_risk }
}

/// Holds the draft's claims against its thread and the sources that it names.
fn check_claims(body: &DraftBody, pack: &Pack, stored: &Shelf, covered: &[Cited], checks: &mut Checks) {
    let usable = |id: &str| stored.sources.get(id).filter(|s| s.usable(pack));
    let named = body.named_sources();
    let uncited = named.iter().filter(|id| !body.draft.citations.iter().any(|c| c.source == **id));
    let rests_on = |id: &&str| RestsOn { source: (*id).to_owned(), hash: usable(id).map(|s| s.source.hash.clone()) };
    checks.rests_on = uncited.map(rests_on).collect();
    let reading = Reading::of(body);
    if reading.is_empty() {
        return;
    }
    // What the sender says a source says counts only where the hub keeps none of that id.
    let given = |id: &str| reading.given(id).filter(|_| pack.may_cite(id) && !stored.sources.contains_key(id));
    let known = |id| usable(id).map(Stored::known).or_else(|| given(id));
    let behind: Vec<Behind<'_>> = named.iter().filter_map(|id| Some(Behind { id, known: known(id)? })).collect();
    checks.claims = reading.against(&behind, covered);
    let spans = |c: &Claim| (c.status == ClaimStatus::Unsupported).then_some(Span { start: c.start, end: c.end });
    checks.uncited = checks.claims.iter().filter_map(spans).collect();
}

fn check_citations(
    body: &DraftBody,
    pack: &Pack,
    stored: &Shelf,
    checks: &mut Checks,
    marks: &mut Marks,
) -> Vec<Cited> {
    let mut covered: Vec<Cited> = Vec::new();
    for citation in &body.draft.citations {
        let kept = stored.sources.get(&citation.source);
        let source = kept.map(|s| &s.source);
        let (status, passage) = match source {
            _ if !pack.may_cite(&citation.source) => (CitationStatus::NotAllowed, None),
            None => (CitationStatus::NoSuchSource, None),
            Some(source) if !readable(&source.access, &pack.sources.access) => (CitationStatus::NotReadable, None),
            Some(_) => match citation.quote.as_deref().filter(|q| !q.trim().is_empty()) {
                None => (CitationStatus::Exists, None),
                Some(quote) => match kept.and_then(|s| s.normal().find(&Normal::of(quote))) {
                    Some((start, end)) => (CitationStatus::Found, Some(Span { start, end })),
                    None => (CitationStatus::NoSuchQuote, None),
                },
            },
        };
        match status {
            CitationStatus::Found | CitationStatus::Exists => covered.extend(citation.span().map(|span| Cited {
                span,
                passage: passage.map(|p| Place::in_source(&citation.source, (p.start, p.end))),
            })),
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
    covered
}
