import type { Burn, BurnRule } from "../api/types";
import { burnOf, spanOf } from "../shared/alerts";
import { words } from "../words";

/** How fast a failure budget burns, in words. A component that uses these also calls `useWords`. */

/** "Burning 0.8× over 6 h, 1.1× over 3 d. Pages at 5.6×.": by the slowest rule of each kind that can fire. */
export function burning({ rules }: Burn): string {
  const says = words().gate;
  const can = rules.filter(({ impossible }) => !impossible);
  const slowest = (action: string) => can.filter((rule) => rule.action === action).at(-1);
  const [page, notify] = [slowest("page"), slowest("notify")];
  const parts = [page, notify]
    .filter((rule) => rule !== undefined)
    .map((rule) => says.over(burnOf(rule.burn_long), spanOf(rule.long)));
  const sentences = [parts.length > 0 && says.burning(parts), page && says.pagesAt(burnOf(page.threshold))];
  return sentences.filter(Boolean).join(" ");
}

/** Rules that could never fire, in one line; null when all can. */
export function impossible({ rules, budget }: Burn): string | null {
  const says = words().gate;
  const never = rules.filter((rule) => rule.impossible);
  if (never.length === 0) return null;
  return says.impossible(
    never.map(({ long, threshold }) => says.needs(spanOf(long), burnOf(threshold))),
    burnOf(1 / budget),
  );
}

/** Why a rule that could fire says nothing; the hub's own words where they aren't known here. */
export function silence({ long, silent }: BurnRule): string {
  const says = words().gate;
  const told = /^(\d+) (reviews|failures) in \w+, and it takes (\d+)$/.exec(silent ?? "");
  if (!told) return says.silent(spanOf(long), silent ?? "");
  const [, found = "", of, least = ""] = told;
  return says.silent(
    spanOf(long),
    (of === "reviews" ? says.tooFewReviews : says.tooFewFailures)(found, least),
  );
}

export interface Area {
  /** Under the line, down to where nothing is left. */
  area: string;
  line: string;
  /** Where all, a half, and nothing is left, from the top. */
  levels: { left: number; y: number }[];
  /** Where nothing is left. */
  zero: number;
}

/** The share that was left, day by day, in a drawing of this size. Overdrawn goes below the zero, as far as twice. */
export function area({ days }: Burn, width: number, height: number, headroom: number): Area {
  const least = Math.max(-2, Math.min(0, ...days.map(([, left]) => left)));
  const bottom = least < 0 ? Math.floor(least * 2) / 2 : 0;
  const y = (left: number) =>
    Math.round(
      headroom + ((1 - Math.max(bottom, Math.min(1, left))) / (1 - bottom)) * (height - headroom - 1),
    ) + 0.5;
  const step = days.length > 1 ? width / (days.length - 1) : 0;
  const at = days.map(([, left], i) => `${Math.round(i * step * 100) / 100} ${y(left)}`);
  if (at.length === 1 && at[0]) at.push(at[0].replace(/^0 /, `${width} `));
  const line = at.length > 0 ? `M${at.join("L")}` : "";
  const levels = [1, 0.5, 0, ...(bottom < 0 ? [bottom] : [])].map((left) => ({ left, y: y(left) }));
  return { line, area: line && `${line}L${width} ${y(0)}L0 ${y(0)}Z`, levels, zero: y(0) };
}
