import { ApiError } from "../api/client";
import type { Action, Draft, DraftState, Grade } from "../api/types";
import type { Notice } from "../kit/notices";
import type { Pending } from "./outbox";

/** The words of this screen that depend on data. */

export type Tone = "fail" | "hold" | "neutral";

/** Most pressing first. */
export const MARKS: Record<string, { label: string; tone: Tone }> = {
  no_such_quote: { label: "no such quote", tone: "fail" },
  no_such_source: { label: "no such source", tone: "fail" },
  forbidden_source: { label: "source not allowed", tone: "fail" },
  policy: { label: "policy", tone: "fail" },
  hidden_text: { label: "hidden text", tone: "fail" },
  uncited_claim: { label: "uncited claim", tone: "hold" },
  conflict: { label: "conflict", tone: "hold" },
  low_confidence: { label: "low confidence", tone: "hold" },
  uncited: { label: "uncited", tone: "hold" },
};

export const STATES: Record<DraftState, string> = {
  staged: "waiting for review",
  in_review: "in review",
  approved: "approved",
  edited: "edited",
  escalated: "escalated",
  delivering: "being delivered",
  delivered: "delivered",
  undeliverable: "undeliverable",
  superseded: "superseded by a newer revision",
  expired: "expired",
  frozen: "frozen",
  unreviewed: "not selected for review",
};

export const STAGES: Record<string, string> = { internal: "internal", opt_in: "opt-in", default: "default" };

export const GRADES: { grade: Grade; says: string }[] = [
  { grade: "cosmetic", says: "meaning unchanged" },
  { grade: "material", says: "meaning or completeness changed" },
  { grade: "factual", says: "a claim was wrong" },
  { grade: "citation", says: "a source was missing or wrong" },
];

export const DONE: Record<string, string> = { approve: "approved", edit: "edited", escalate: "escalated" };
const TRIED: Record<Action, string> = { approve: "approval", edit: "edit", escalate: "escalation" };

/** "ticket-1043" and "1043" are both ticket 1043. */
export function ticketName(externalId: string): string {
  return externalId.replace(/^ticket[-_ #]?/i, "");
}

const WHY: Record<string, string> = {
  lease_lost: "Your hold on it had run out and somebody else may have it.",
  draft_superseded: "A newer revision of the ticket came in.",
  content_changed: "The draft changed while you were reading.",
  already_decided: "It had been decided already.",
  workflow_killed: "The workflow was killed.",
};

export function refused({ draft_id, external_id, body }: Pending, error: ApiError): Omit<Notice, "id"> {
  const kept = body.final_text !== undefined || body.comment ? " What you typed is kept." : "";
  return {
    tone: "fail",
    title: `${ticketName(external_id)}: your ${TRIED[body.action]} was not recorded`,
    text: `${WHY[error.code] ?? sentence(error.message)}${kept} Open it to look again.`,
    action: { label: "Open", key: draft_id },
  };
}

export const LAPSED = "Your hold on this draft ran out. It is taken again as soon as you move.";
export const KILLED = "This workflow was killed. Nothing can be decided.";

const READ_ONLY: Record<string, string> = {
  lease_lost: "Somebody else holds this draft. You can read it.",
  already_decided: "This draft has been decided already.",
  draft_superseded: "A newer revision of this ticket came in.",
  workflow_killed: KILLED,
};

/** Why the draft on screen can only be read. */
export function whyReadOnly(error: unknown): string {
  if (error instanceof ApiError) return READ_ONLY[error.code] ?? reasonOf(error);
  return "The hub can't be reached. This draft can't be decided until it is back.";
}

/** Why a person without the right to review sees no draft. */
export function whyBarred(error: unknown): string | null {
  return error instanceof ApiError && error.status === 403 ? reasonOf(error) : null;
}

export function afterUndoFailed(draft: Draft, error: unknown): Omit<Notice, "id"> {
  const late = error instanceof ApiError && error.code === "already_delivered";
  return {
    tone: "fail",
    title: `${ticketName(draft.external_id)} could not be taken back`,
    text: late ? "It had been delivered already. Nothing changed." : reasonOf(error),
  };
}

export function skipFailed(draft: Draft, error: unknown): Omit<Notice, "id"> {
  return {
    tone: "hold",
    title: `${ticketName(draft.external_id)} was not skipped`,
    text: `${reasonOf(error)} It stays in the queue.`,
  };
}

export function reasonOf(error: unknown): string {
  if (!(error instanceof ApiError)) return "The hub can't be reached.";
  return error.hint ? `${sentence(error.message)} ${sentence(error.hint)}` : sentence(error.message);
}

/** The hub's messages also stand after "error:" in a terminal, so they come without a capital and a full stop. */
function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
}

/** "12m": how long ago, or how long until, in the largest whole unit. */
export function span(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return "now";
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}

export function longSpan(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 1) return "less than a minute";
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

/** "4:12" */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}
