import type { DraftRow, Page } from "../api/types";

/** Still to be decided. */
export function isOpen({ state }: Pick<DraftRow, "state">): boolean {
  return state === "staged" || state === "in_review";
}

/** Still to be decided, or to be judged for its label alone: its time ran out before anybody did. */
export function isJudgeable(row: Pick<DraftRow, "state">): boolean {
  return isOpen(row) || row.state === "expired";
}

/**
 * A page fetched again replaces its old self; old rows that came after its last one stay, since the next page was
 * fetched from behind them. So refreshing what is in view never refetches what is not.
 */
export function refreshed(old: Page, fresh: Page): Page {
  if (!old.next_cursor) return fresh;
  const last = fresh.drafts.at(-1);
  const at = last && fresh.next_cursor ? old.drafts.findIndex((row) => row.id === last.id) : -1;
  const tail = at < 0 ? [] : old.drafts.slice(at + 1);
  return { ...fresh, drafts: [...fresh.drafts, ...tail], next_cursor: old.next_cursor };
}

/** All rows once, in order, without those that were decided here. */
export function visibleRows(pages: Page[], gone: ReadonlySet<string>): DraftRow[] {
  const seen = new Set<string>(gone);
  const rows: DraftRow[] = [];
  for (const page of pages) {
    for (const row of page.drafts) {
      if (seen.has(row.id)) continue;
      seen.add(row.id);
      rows.push(row);
    }
  }
  return rows;
}

/** What to lease after `id` when the reviewer works down this list: what follows it, then what is above. */
export function after(rows: DraftRow[], id: string | undefined): string[] {
  const free = (row: DraftRow) => isJudgeable(row) && (!row.held_by || row.held_by === "you");
  const at = rows.findIndex((row) => row.id === id);
  return [...rows.slice(at + 1), ...rows.slice(0, Math.max(at, 0))].filter(free).map((row) => row.id);
}
