import type { Citation, CitationCheck, Claim, Draft, Signal } from "../api/types";
import { fromCodePoints } from "../kit/prose/offsets";
import type { Span } from "../kit/prose/spans";
import { markName } from "../shared/words";
import { words } from "../words";

type Status = CitationCheck["status"] | "contradicts" | "unused";

/** A source as the pane shows it: what the draft cites first, in the order of citing, then what it leaves unused. */
export interface SourceView {
  id: string;
  number: number;
  title: string;
  text: string | null;
  status: Status;
  /** The span key that lights up with it; the first citation's. */
  key: string | null;
  /** Passages found, in UTF-16 offsets of `text`. */
  spans: Span[];
  /** Its text is another one than what the draft was checked against. */
  changed: boolean;
  /** What the draft claims to quote and the source doesn't say. */
  missing: string[];
}

export const TONES: Record<Status, "pass" | "fail" | "neutral" | "hold"> = {
  contradicts: "fail",
  found: "pass",
  exists: "hold",
  no_such_quote: "fail",
  no_such_source: "fail",
  not_allowed: "fail",
  not_readable: "hold",
  unused: "neutral",
};

const WORST: Status[] = [
  "contradicts",
  "no_such_source",
  "not_allowed",
  "no_such_quote",
  "not_readable",
  "exists",
  "found",
  "unused",
];

/** The key under which a citation and its passage light up together. */
export const citationKey = (draft: Draft, index: number) => `${draft.id}/${index}`;

export const citationsOf = (draft: Draft): Citation[] => draft.draft.citations ?? [];
export const claimsOf = (draft: Draft): Claim[] => draft.checks.claims ?? [];
/** The key under which a claim and its evidence light up together. */
export const claimKey = (draft: Draft, index: number) => `${draft.id}/c${index}`;
/** The keys of what leads somewhere, in reading order of citations, then claims. */
export const leadingKeys = (draft: Draft): string[] => [
  ...citationsOf(draft).map((_, index) => citationKey(draft, index)),
  ...claimsOf(draft).flatMap((claim, index) => (claim.evidence?.length ? [claimKey(draft, index)] : [])),
];
const signalsOf = (draft: Draft) => draft.signals ?? [];
const saidBy = (signal: Signal): string => signal.note || markName(signal.kind);

export function sourceViews(draft: Draft): SourceView[] {
  const cited = citationsOf(draft).map((citation) => citation.source);
  const listed = [...(draft.sources ?? []), ...draft.stored_sources].map((source) => source.id);
  const stored = new Map(draft.stored_sources.map((source) => [source.id, source]));
  const given = new Map((draft.sources ?? []).map((source) => [source.id, source]));
  return [...new Set([...cited, ...listed])].map((id, i) => {
    const checks = draft.checks.citations
      .map((check, index) => ({ check, index }))
      .filter(({ index }) => cited[index] === id);
    const text = stored.get(id)?.text ?? given.get(id)?.text ?? null;
    const against = claimsOf(draft).some(
      ({ status, evidence }) => status === "conflict" && evidence?.some(({ source }) => source === id),
    );
    return {
      id,
      number: i + 1,
      title: stored.get(id)?.title || checks[0]?.check.title || given.get(id)?.title || id,
      text,
      status: against ? "contradicts" : worst(checks.map(({ check }) => check.status)),
      key: checks[0] ? citationKey(draft, checks[0].index) : null,
      spans: [...evidenceIn(draft, text, ({ source }) => source === id), ...passages(draft, checks, text)],
      changed: stored.get(id)?.changed === true,
      missing: checks
        .filter(({ check }) => check.status === "no_such_quote" || check.status === "no_such_source")
        .map(({ index }) => citationsOf(draft)[index]?.quote ?? "")
        .filter(Boolean),
    };
  });
}

/** Where a text holds the evidence of claims, in UTF-16 offsets. Conflicts come first: an excerpt shows the first. */
export function evidenceIn(
  draft: Draft,
  text: string | null,
  here: (place: NonNullable<Claim["evidence"]>[number]) => boolean,
): Span[] {
  const found = claimsOf(draft).flatMap((claim, index) =>
    (claim.evidence ?? []).filter(here).map((place) => ({ claim, index, place })),
  );
  if (text === null || found.length === 0) return [];
  const at = fromCodePoints(text);
  found.sort((a, b) => Number(b.claim.status === "conflict") - Number(a.claim.status === "conflict"));
  return found.map(({ claim, index, place }) => ({
    key: claimKey(draft, index),
    start: at(place.start),
    end: at(place.end),
    className: claim.status === "conflict" ? "evidence against" : "evidence",
  }));
}

function worst(statuses: Status[]): Status {
  return WORST.find((status) => statuses.includes(status)) ?? "unused";
}

function passages(
  draft: Draft,
  checks: { check: CitationCheck; index: number }[],
  text: string | null,
): Span[] {
  if (text === null) return [];
  const at = fromCodePoints(text);
  const inDraft = fromCodePoints(draft.draft.text);
  return checks.flatMap(({ check, index }) =>
    check.start == null || check.end == null
      ? []
      : [
          {
            key: citationKey(draft, index),
            start: at(check.start),
            end: at(check.end),
            className: statusOf(draft, index, inDraft) === "contradicts" ? "evidence against" : "cite",
          },
        ],
  );
}

/** Everything that is marked in the draft's own text. */
export function draftSpans(draft: Draft, sources: SourceView[], says = words().review): Span[] {
  const { text } = draft.draft;
  const at = fromCodePoints(text);
  const numbers = new Map(sources.map((source) => [source.id, source]));
  const spans: Span[] = [];
  citationsOf(draft).forEach((citation, index) => {
    const place = placeOf(citation, text, at);
    const status = statusOf(draft, index, at);
    const source = numbers.get(citation.source);
    const bad = TONES[status] === "fail";
    if (!place || !source) return;
    spans.push({
      key: citationKey(draft, index),
      ...place,
      className: bad ? "cite bad" : "cite",
      title: bad ? says.badSource(source.number, says.status[status]) : undefined,
      badge: {
        text: String(source.number),
        label: says.citation(source.number, source.title, says.status[status]),
      },
    });
  });
  const claims = claimsOf(draft);
  claims.forEach((claim, index) => {
    const leads = (claim.evidence?.length ?? 0) > 0;
    const titles = {
      supported: says.supportedClaim(claim.sum),
      unsupported: says.bareClaim,
      conflict: says.conflict,
    };
    const kinds = { supported: "claim backed", unsupported: "claim", conflict: "claim conflict" };
    if (claim.status === "supported" && !leads && !claim.sum) return;
    spans.push({
      key: claimKey(draft, index),
      start: at(claim.start),
      end: at(claim.end),
      className: kinds[claim.status],
      title: titles[claim.status],
      leads,
      badge: claim.status === "conflict" ? { text: says.conflict, label: says.conflictClaim } : undefined,
    });
  });
  // A draft that was staged before claims were held against evidence has only these.
  (claims.length > 0 ? [] : draft.checks.uncited).forEach(({ start, end }, index) => {
    spans.push({
      key: `u${index}`,
      start: at(start),
      end: at(end),
      className: "claim",
      title: says.bareClaim,
    });
  });
  signalsOf(draft).forEach((signal, index) => {
    if (signal.start == null || signal.end == null) return;
    spans.push({
      key: `s${index}`,
      start: at(signal.start),
      end: at(signal.end),
      className: "signal",
      title: saidBy(signal),
    });
  });
  return spans;
}

/**
 * What is said of a citation where it stands; `at` turns the draft's offsets into the text's. A quote that is in its source is no comfort where that source contradicts
 * the very words that cite it, or the quote is what contradicts the draft.
 */
function statusOf(draft: Draft, index: number, at: (offset: number) => number): Status {
  const citation = citationsOf(draft)[index];
  const check = draft.checks.citations[index];
  const status = check?.status ?? "exists";
  if (TONES[status] === "fail") return status;
  const conflicts = claimsOf(draft).filter((claim) => claim.status === "conflict");
  if (!citation || conflicts.length === 0) return status;
  const place = placeOf(citation, draft.draft.text, at);
  const against = conflicts.some((claim) => {
    const cites = overlaps({ start: at(claim.start), end: at(claim.end) }, place);
    const evidence = (claim.evidence ?? []).filter(({ source }) => source === citation.source);
    return evidence.some((found) => cites || overlaps(found, check));
  });
  return against ? "contradicts" : status;
}

interface Stretch {
  start?: number | null;
  end?: number | null;
}

function overlaps(one: Stretch, other: Stretch | null | undefined): boolean {
  if (one.start == null || one.end == null || other?.start == null || other.end == null) return false;
  return one.start < other.end && one.end > other.start;
}

function placeOf(
  { start, end, quote }: Citation,
  text: string,
  at: (offset: number) => number,
): { start: number; end: number } | null {
  if (start != null && end != null && end > start) return { start: at(start), end: at(end) };
  // Sent without a place: the quote itself shows where, when the draft uses its words.
  const found = quote ? text.indexOf(quote) : -1;
  return quote && found >= 0 ? { start: found, end: found + quote.length } : null;
}

/** What the hub and the sender doubt, one line each. */
export function doubts(draft: Draft): string[] {
  const says = words().review.doubts;
  const bare = draft.checks.uncited.length;
  // Beside the hub's count, "unsupported claim" without a note says nothing.
  const lines = signalsOf(draft)
    .filter((signal) => signal.note || signal.kind !== "uncited_claim" || bare === 0)
    .map(saidBy);
  if (bare > 0) lines.push(says.uncited(bare));
  const against = claimsOf(draft).filter(({ status }) => status === "conflict").length;
  if (against > 0) lines.push(says.conflicts(against));
  for (const status of ["no_such_quote", "no_such_source", "not_allowed"] as const) {
    const n = draft.checks.citations.filter((check) => check.status === status).length;
    if (n > 0) lines.push(says[status](n));
  }
  if (draft.marks.includes("hidden_text")) lines.push(says.hidden);
  if (draft.marks.includes("uncited")) lines.push(says.citesNothing);
  return lines;
}
