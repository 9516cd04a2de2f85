import type { CaseQuery, CaseRow } from "../api/types";
import { createPersonalStore } from "../kit/store";

/** What the list can be narrowed by. */
export type Filters = Pick<CaseQuery, "workflow" | "action" | "grade" | "reason" | "q">;

export const NO_FILTERS: Filters = {};

/** The filters and the row in hand stay while another screen is looked at. */
export const filters = createPersonalStore<Filters>(NO_FILTERS);
export const marked = createPersonalStore<string | null>(null);

export interface Page {
  cases: CaseRow[];
  next_cursor?: string | null;
  /** The hub is still indexing drafts: a search may find more soon. */
  indexing?: boolean;
}

/** Sets one filter. A grade belongs to edits and a reason to escalations, so they go with the outcome they don't fit. */
export function narrowed(now: Filters, name: keyof Filters, value: string): Filters {
  const next: Filters = { ...now, [name]: value || undefined };
  if (name === "grade" && value) Object.assign(next, { action: "edit", reason: undefined });
  if (name === "reason" && value) Object.assign(next, { action: "escalate", grade: undefined });
  if (name === "action" && value !== "edit") next.grade = undefined;
  if (name === "action" && value !== "escalate") next.reason = undefined;
  if (name === "workflow") next.reason = undefined;
  const set = Object.entries(next).filter(([, wanted]) => wanted !== undefined);
  return set.length > 0 ? Object.fromEntries(set) : NO_FILTERS;
}

/**
 * The pages with the first one fetched anew. Later pages were fetched from behind its old last row and still follow
 * on; when the new page doesn't reach down to that row, they don't, and it stands alone.
 */
export function renewed(pages: Page[], fresh: Page): Page[] {
  const [first, ...rest] = pages;
  const last = fresh.cases.at(-1);
  if (!first?.next_cursor || !last || !fresh.next_cursor) return [fresh];
  const at = first.cases.findIndex(({ id }) => id === last.id);
  if (at < 0) return [fresh];
  return [
    {
      cases: [...fresh.cases, ...first.cases.slice(at + 1)],
      next_cursor: first.next_cursor,
      indexing: fresh.indexing,
    },
    ...rest,
  ];
}

/** The row `by` rows further on, or the first. Stays within the list. */
export function step(rows: CaseRow[], from: string | null, by: number): CaseRow | undefined {
  const at = rows.findIndex(({ id }) => id === from);
  if (at < 0) return rows[0];
  return rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
}
