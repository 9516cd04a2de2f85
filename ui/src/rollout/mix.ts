import type { Day } from "../api/types";
import { codesOf } from "../shared/words";

/** The better outcomes first; in a bar they stand at the bottom. */
export const SERIES = ["approve", "cosmetic", "material", "wrong", "escalated", "unresolved"] as const;
export type Series = (typeof SERIES)[number];
export type Counts = Record<Series, number>;

export const WINDOW_DAYS = 28;

const DAY_MS = 86_400_000;
const KEYS: Record<string, Series> = {
  approve: "approve",
  "edit.cosmetic": "cosmetic",
  "edit.material": "material",
  "edit.factual": "wrong",
  "edit.citation": "wrong",
  unresolved: "unresolved",
};

/** Which series an outcome's key counts in; null for a key that this console doesn't know. */
export function seriesOf(key: string): Series | null {
  return KEYS[key] ?? (key.startsWith("escalate") ? "escalated" : null);
}

const none = (): Counts => ({ approve: 0, cosmetic: 0, material: 0, wrong: 0, escalated: 0, unresolved: 0 });

export function counts(outcomes: Record<string, number>): Counts {
  const sum = none();
  for (const [key, n] of Object.entries(outcomes)) {
    const series = seriesOf(key);
    if (series) sum[series] += n;
  }
  return sum;
}

export function total(of: Counts): number {
  return SERIES.reduce((sum, series) => sum + of[series], 0);
}

export interface Bar {
  day: string;
  counts: Counts;
  total: number;
}

/** A bar for each of the last days up to the hub's today, those without any outcome too. */
export function bars(days: Day[], now: number, length = WINDOW_DAYS): Bar[] {
  const known = new Map(days.map(({ day, outcomes }) => [day, outcomes]));
  return Array.from({ length }, (_, i) => {
    const day = new Date(now - (length - 1 - i) * DAY_MS).toISOString().slice(0, 10);
    const of = counts(known.get(day) ?? {});
    return { day, counts: of, total: total(of) };
  });
}

/** The chart's top: the next 1, 2, 4, 6 or 8 times a power of ten, so that its half is whole from 2 on. */
export function ceiling(highest: number): number {
  for (let power = 1; ; power *= 10) {
    for (const step of [1, 2, 4, 6, 8]) if (step * power >= highest) return step * power;
  }
}

export interface Shares {
  /** Drafts that a person decided. */
  reviewed: number;
  counts: Counts;
  /** Escalations by their reason's code, the most frequent first; one for several reasons is in each of them. */
  reasons: [code: string, n: number][];
}

/** What came of drafts, by outcome. */
export function shares(outcomes: Record<string, number>): Shares {
  const of = counts(outcomes);
  const byCode: Record<string, number> = {};
  for (const [key, n] of Object.entries(outcomes)) {
    for (const code of codesOf(key)) byCode[code] = (byCode[code] ?? 0) + n;
  }
  const reasons = Object.entries(byCode)
    .filter(([, n]) => n > 0)
    .sort(([, a], [, b]) => b - a);
  return { reviewed: total(of) - of.unresolved, counts: of, reasons };
}
