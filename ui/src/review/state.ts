import type { Action, Draft, Grade, Held, Lease } from "../api/types";
import type { Notice } from "../kit/notices";
import type { Why } from "./words";

/** What is on screen. Without a lease it can be read, not decided, and `why` says why. */
export interface Shown {
  id: string;
  draft: Draft | null;
  lease: Lease | null;
  why: Why | null;
  paintedAt: number | null;
}

export function shownAs(id: string, part: Partial<Shown> = {}): Shown {
  return { id, draft: null, lease: null, why: null, paintedAt: null, ...part };
}

export interface Undo {
  verdict_id: string;
  draft: Draft;
  action: Action;
  /** By the hub's clock; null until the hub has answered. */
  until: number | null;
  final_text?: string;
  grade?: Grade;
}

export interface SessionState {
  shown: Shown | null;
  /** Where Back leads: the draft that was left to read another. */
  back: string | null;
  /** Leased and rendered beforehand. */
  next: Held | null;
  /** The hub has nothing (more) for us. */
  empty: boolean;
  /** Why this person gets nothing at all. */
  barred: Why | null;
  undo: Undo | null;
  /** Decisions that the hub hasn't answered yet. */
  waiting: number;
  /** Decided or skipped here: the queue leaves them out before the hub says so. */
  gone: ReadonlySet<string>;
  notices: Notice[];
}

export const NOTHING_YET: SessionState = {
  shown: null,
  back: null,
  next: null,
  empty: false,
  barred: null,
  undo: null,
  waiting: 0,
  gone: new Set(),
  notices: [],
};
