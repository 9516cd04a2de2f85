import type { Burn, BurnRule } from "../api/types";
import { spanOf } from "../shared/alerts";
import { share, times } from "../shared/numbers";
import { words } from "../words";

/** How fast a failure budget burns, in words. A component that uses these also calls `useWords`. */

/** "…burning at 0.8× (6 h), 1.1× (3 d). Pages at 5.6×.": by the slowest rule of each kind that can fire. */
export function burning({ rules }: Burn): string {
  const says = words().gate;
  const can = rules.filter(({ impossible }) => !impossible);
  const slowest = (action: string) => can.filter((rule) => rule.action === action).at(-1);
  const [page, notify] = [slowest("page"), slowest("notify")];
  const parts = [page, notify]
    .filter((rule) => rule !== undefined)
    .map((rule) => says.over(times(rule.burn_long), spanOf(rule.long)));
  const sentences = [parts.length > 0 && says.burning(parts), page && says.pagesAt(times(page.threshold))];
  return sentences.filter(Boolean).join(" ");
}

/** Rules that could never fire, in one line; null when all can. */
export function impossible({ rules, budget }: Burn): string | null {
  const says = words().gate;
  const never = rules.filter((rule) => rule.impossible);
  if (never.length === 0) return null;
  return says.impossible(
    never.map(({ long, threshold }) => says.needs(spanOf(long), times(threshold))),
    times(1 / budget),
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

/** "Harm budget: 49% left (28 days)": the drafts that the gate counts. */
export function hereOf({ rate, here, window_days: days }: Burn): string {
  const says = words().gate;
  const name = rate.replaceAll("_", " ");
  if (here.state === "unknown") return says.budgetSays(name, says.budgetUnknown, days);
  if (here.state === "overspent") return says.budgetOver(name, times(here.spent), days);
  if (here.spent > 1) return says.budgetSays(name, says.budgetTooFew(here.failures, here.reviewed), days);
  return says.budgetLeft(name, share(1 - here.spent), days);
}

/** The same of the whole workflow, which the chart and the alerts count. */
export function wholeOf({ whole }: Burn): string {
  const says = words().gate;
  if (whole.state === "unknown") return says.wholeSays(says.budgetUnknown);
  if (whole.state === "overspent") return says.wholeOver(times(whole.spent));
  if (whole.spent > 1) return says.wholeSays(says.budgetTooFew(whole.failures, whole.reviewed));
  return says.wholeLeft(share(1 - whole.spent));
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
export function area({ days, since }: Burn, width: number, height: number, headroom: number): Area {
  const least = Math.max(-2, Math.min(0, ...days.map(([, left]) => left)));
  const bottom = least < 0 ? Math.floor(least * 2) / 2 : 0;
  const y = (left: number) =>
    Math.round(
      headroom + ((1 - Math.max(bottom, Math.min(1, left))) / (1 - bottom)) * (height - headroom - 1),
    ) + 0.5;
  const step = days.length > 1 ? width / (days.length - 1) : 0;
  const x = (i: number) => Math.round(i * step * 100) / 100;
  // Before the first review there is nothing to draw but where it began.
  const began = since == null ? 0 : Math.max(0, days.findIndex(([day]) => day >= since) - 1);
  const at = days.map(([, left], i) => `${x(i)} ${y(left)}`).slice(began);
  if (at.length === 1 && at[0]) at.push(at[0].replace(/^0 /, `${width} `));
  const line = at.length > 0 ? `M${at.join("L")}` : "";
  const levels = [1, 0.5, 0, ...(bottom < 0 ? [bottom] : [])].map((left) => ({ left, y: y(left) }));
  return { line, area: line && `${line}L${width} ${y(0)}L${x(began)} ${y(0)}Z`, levels, zero: y(0) };
}
