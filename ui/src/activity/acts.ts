import type { Entry } from "../api/types";

/** What an entry of the log is about, apart from any language. */

export const READS = [
  "draft.read",
  "source.read",
  "case.read",
  "disagreement.read",
  "cases.exported",
  "drafts.listed",
  "escalations.listed",
  "cases.listed",
  "disagreements.listed",
];

/** The acts by what they are about, as the filter offers them. */
export const GROUPS = {
  verdicts: [
    "verdict.recorded",
    "verdict.withdrawn",
    "disagreement.opened",
    "disagreement.settled",
    "disagreement.voided",
    "probe.given",
    "probe.decided",
    "probe.withdrawn",
  ],
  drafts: [
    "drafts.staged",
    "drafts.expired",
    "drafts.rescued",
    "drafts.erased",
    "draft.leased",
    "draft.skipped",
    "lease.lapsed",
    "pull.rejected",
  ],
  escalations: ["escalation.taken", "escalation.settled"],
  deliveries: ["delivery.delivered", "delivery.undeliverable", "delivery.retried", "replies.stayed_out"],
  workflows: [
    "pack.applied",
    "pack.revised",
    "pack.returned",
    "pack.rolled_back",
    "version.earned",
    "eval.posted",
    "promotion.signed",
    "workflow.promoted",
    "workflow.demoted",
    "workflow.killed",
    "workflow.resumed",
  ],
  incidents: [
    "budget.alert",
    "budget.resolved",
    "confirmation.alert",
    "confirmation.resolved",
    "alert.failed",
    "incident.opened",
    "incident.step",
    "incident.noted",
    "incident.reviewed",
    "incident.exported",
    "incident.closed",
    "drill.began",
    "drill.ran",
  ],
  reads: READS,
  sources: ["sources.imported"],
  tokens: ["token.created", "token.revoked", "key.registered", "secret.unbound"],
} as const satisfies Record<string, readonly string[]>;

export type Group = keyof typeof GROUPS;

type Kind = "draft" | "case" | "source" | "token" | "delivery" | "incident";

const KINDS: Record<string, Kind> = {
  draft: "draft",
  verdict: "draft",
  lease: "draft",
  escalation: "draft",
  case: "case",
  source: "source",
  token: "token",
  delivery: "delivery",
  probe: "draft",
  disagreement: "draft",
  incident: "incident",
};

export interface About {
  kind: Kind | "workflow";
  id: string;
  /** Where in the console it is seen. */
  href: string | null;
}

const to = (screen: string, ...ids: string[]) => `#/${[screen, ...ids.map(encodeURIComponent)].join("/")}`;

/** The thing that an act was done to; null when it was done to nothing in particular. */
export function aboutOf({ act, object, workflow }: Entry): About | null {
  const kind = KINDS[act.split(".")[0] ?? ""];
  if (object && kind) {
    return { kind, id: object, href: placeOf(kind, object, workflow) };
  }
  if (!workflow) return null;
  const ofWorkflow = act.startsWith("workflow.") || act.startsWith("pack.");
  return { kind: "workflow", id: workflow, href: ofWorkflow ? to("rollout", workflow) : null };
}

function placeOf(kind: Kind, id: string, workflow: string | null | undefined): string | null {
  if (kind === "draft") return to("review", id);
  if (kind === "case") return to("cases", id);
  return kind === "incident" && workflow ? to("rollout", workflow, "incidents", id) : null;
}

/** An entry's facts. What can't be read is shown as it is stored. */
export function factsOf(detail: string): Record<string, unknown> {
  try {
    const facts: unknown = JSON.parse(detail);
    if (facts !== null && typeof facts === "object" && !Array.isArray(facts)) {
      return facts as Record<string, unknown>;
    }
  } catch {
    // Shown as it is.
  }
  return detail === "" ? {} : { detail };
}

/** Ids begin with the time, so their end tells them apart. */
export function shortId(id: string): string {
  return id.length > 14 ? `…${id.slice(-8)}` : id;
}

/** A row of the log: an entry, or the place where one is missing. */
export type LogRow = { seq: number; entry: Entry | null; broken: boolean };

/**
 * The rows to show. `whole`: no filter is on, so a number that is left out is a missing entry. `ends`: these are the
 * first entry and the newest one, too.
 */
export function rowsOf(
  entries: Entry[],
  brokenAt: number | null,
  whole: boolean,
  ends: { newest: boolean; first: boolean },
): LogRow[] {
  const rows: LogRow[] = entries.map((entry) => ({ seq: entry.seq, entry, broken: entry.seq === brokenAt }));
  if (brokenAt === null || !whole || rows.some(({ broken }) => broken)) return rows;
  const below = rows.findIndex(({ seq }) => seq < brokenAt);
  const at = below < 0 ? rows.length : below;
  const inside = (at > 0 || ends.newest) && (at < rows.length || ends.first);
  if (inside) rows.splice(at, 0, { seq: brokenAt, entry: null, broken: true });
  return rows;
}

/** The log's cursors are numbers of entries: a page begins below its cursor. */
export function cursorAt(seq: number): string {
  return String(seq + 1);
}
