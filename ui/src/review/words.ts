import { ApiError } from "../api/client";
import type { Draft, Grade } from "../api/types";
import type { Notice } from "../kit/notices";
import { markName, named, reasonOf, sentence, stateName, ticketName } from "../shared/words";
import { words } from "../words";
import type { Filters } from "./filters";
import type { Pending } from "./outbox";

/** The words of this screen that depend on data. */

export type Tone = "fail" | "hold" | "neutral";

/** Most pressing first. */
export const MARKS: Record<string, Tone> = {
  no_such_quote: "fail",
  no_such_source: "fail",
  forbidden_source: "fail",
  policy: "fail",
  conflict: "fail",
  hidden_text: "fail",
  uncited_claim: "hold",
  low_confidence: "hold",
  uncited: "hold",
};

export const GRADES: Grade[] = ["cosmetic", "material", "factual", "citation"];

/** Said when it is drawn, in the language that is spoken then, with the name of whoever holds the draft. */
export type Why = (holder?: string | null) => string;

const readOnly = () => words().review.readOnly;
export const LAPSED: Why = () => readOnly().lapsed;
export const KILLED: Why = () => readOnly().killed;
export const READING: Why = () => readOnly().reading;

const READ_ONLY: Record<string, Why> = {
  lease_lost: (holder) => readOnly().held(othersName(holder)),
  already_decided: () => readOnly().decided,
  draft_superseded: () => readOnly().superseded,
  workflow_killed: KILLED,
};

/** The name of somebody else; none where that isn't said, or it is one's own. */
export function othersName(holder?: string | null): string | null {
  return holder && holder !== "you" ? holder : null;
}

/** Why the draft on screen can only be read. */
export function whyReadOnly(error: unknown): Why {
  if (error instanceof ApiError) return READ_ONLY[error.code] ?? (() => reasonOf(error));
  return () => readOnly().away;
}

/** Why a person without the right to review sees no draft. */
export function whyBarred(error: unknown): Why | null {
  return error instanceof ApiError && error.status === 403 ? () => reasonOf(error) : null;
}

export function refused(
  { draft_id, external_id, body }: Pending,
  error: ApiError,
  holder: string | null,
): Omit<Notice, "id"> {
  const says = words().review;
  const why = holder
    ? says.lostTo(holder)
    : ((says.refused as Record<string, string>)[error.code] ?? sentence(error.message));
  const kept = body.final_text !== undefined || Boolean(body.comment);
  return {
    tone: "fail",
    title: says.notRecorded[body.action](ticketName(external_id)),
    text: says.refusedText(why, kept),
    action: { label: says.open, key: draft_id },
  };
}

export function afterUndoFailed(draft: Draft, error: unknown): Omit<Notice, "id"> {
  const says = words().review;
  const late = error instanceof ApiError && error.code === "already_delivered";
  return {
    tone: "fail",
    title: says.notTakenBack(ticketName(draft.external_id)),
    text: late ? says.deliveredAlready : reasonOf(error),
  };
}

/** A decision was taken back while its reviewer was busy with another draft. */
export function cameBack({ id, external_id }: Draft): Omit<Notice, "id"> {
  const says = words().review;
  return {
    tone: "pass",
    title: says.takenBack(ticketName(external_id)),
    text: says.takenBackNext,
    action: { label: says.open, key: id },
  };
}

export function settleFailed({ id, external_id }: Draft, error: unknown): Omit<Notice, "id"> {
  const says = words().review;
  return {
    tone: "fail",
    title: says.notSettled(ticketName(external_id)),
    text: says.noteKept(reasonOf(error)),
    action: { label: says.open, key: id },
  };
}

export function skipFailed(draft: Draft, error: unknown): Omit<Notice, "id"> {
  const says = words().review;
  return {
    tone: "hold",
    title: says.notSkipped(ticketName(draft.external_id)),
    text: says.staysInQueue(reasonOf(error)),
  };
}

export const doneName = (action: string) => named(words().shared.done, action);

/** What a filter narrows the queue to, in a line. */
export function filterWords(filters: Filters, nameOf: (workflow: string) => string | undefined): string {
  const says = words().review;
  return [
    filters.only === "escalated" && says.escalatedToMe,
    filters.q && says.quoted(filters.q),
    filters.workflow
      ?.split(",")
      .map((id) => nameOf(id) ?? id)
      .join(", "),
    filters.state?.split(",").map(stateName).join(", "),
    filters.mark && markName(filters.mark),
    filters.reviewer && says.reviewer(filters.reviewer),
    filters.sort === "newest" && says.newestFirst,
  ]
    .filter(Boolean)
    .join(" · ");
}
