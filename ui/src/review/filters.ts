import type { RowQuery } from "../api/types";
import type { Keep } from "../kit/storage";

/** What of the queue is in view. */
export interface Filters extends Omit<RowQuery, "sort" | "cursor" | "limit"> {
  sort: "deadline" | "newest";
  /** The escalations that are mine to settle, and no other row. */
  only?: "escalated";
}

export const NO_FILTERS: Filters = { sort: "deadline" };

/** The whole queue is always the same object, so that what depends on it rests. */
export function narrowed(filters: Filters): Filters {
  const set = Object.entries(filters).filter(([, value]) => value !== undefined && value !== "");
  const tidy = Object.fromEntries(set) as unknown as Filters;
  return set.length === 1 && tidy.sort === NO_FILTERS.sort ? NO_FILTERS : tidy;
}

/** A filter with a name, as one person keeps it on this machine. */
export interface SavedFilter {
  name: string;
  filters: Filters;
}

const PREFIX = "countersign:filters:";
/** As many as there are digits to recall them with. */
export const MAX_SAVED = 9;

export class SavedFilters {
  constructor(
    private readonly storage: Keep,
    private readonly subject: string,
  ) {}

  list(): SavedFilter[] {
    try {
      const kept: unknown = JSON.parse(this.storage.get(PREFIX + this.subject) ?? "[]");
      return Array.isArray(kept) ? kept.filter(isSaved) : [];
    } catch {
      return [];
    }
  }

  /** The same name again takes the place of the old one. */
  save(saved: SavedFilter): SavedFilter[] {
    return this.write([...this.list().filter(({ name }) => name !== saved.name), saved].slice(-MAX_SAVED));
  }

  remove(name: string): SavedFilter[] {
    return this.write(this.list().filter((saved) => saved.name !== name));
  }

  private write(list: SavedFilter[]): SavedFilter[] {
    this.storage.set(PREFIX + this.subject, JSON.stringify(list));
    return this.list();
  }
}

function isSaved(value: unknown): value is SavedFilter {
  const saved = value as Partial<SavedFilter> | null;
  return typeof saved?.name === "string" && typeof saved.filters?.sort === "string";
}
