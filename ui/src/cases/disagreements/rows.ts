import type { Disagreement, DisagreementQuery } from "../../api/types";
import { createPersonalStore } from "../../kit/store";

export const STATES = ["open", "settled"] as const;

/** What the list is narrowed to. */
export type Narrowed = { state: (typeof STATES)[number] } & Pick<DisagreementQuery, "workflow">;

export const OPEN: Narrowed = { state: "open" };

/** They stay while another screen is looked at. */
export const narrowing = createPersonalStore<Narrowed>(OPEN);
export const marked = createPersonalStore<string | null>(null);
/** Whether the thread is shown: a way of working, not a fact of one draft. */
export const threadShown = createPersonalStore(true);

/** The row `by` rows further on, or the first. Stays within the list. */
export function step(rows: Disagreement[], from: string | null, by: number): Disagreement | undefined {
  const at = rows.findIndex(({ id }) => id === from);
  if (at < 0) return rows[0];
  return rows[Math.min(Math.max(at + by, 0), rows.length - 1)];
}

/** Which one comes once this is settled: the one below it, else the one above. */
export function after(rows: Disagreement[], id: string): Disagreement | undefined {
  const at = rows.findIndex((row) => row.id === id);
  return at < 0 ? rows[0] : (rows[at + 1] ?? rows[at - 1]);
}
