import type { Alert, BurnRule, Status } from "../api/types";
import { words } from "../words";
import { times } from "./numbers";

/** How fast a failure budget burns, in words. A component that uses these also calls `useWords`. */

/** "6 h" */
export function spanOf(seconds: number): string {
  const { span } = words().gate;
  if (seconds % 86_400 === 0) return span.d(seconds / 86_400);
  return seconds % 3_600 === 0 ? span.h(seconds / 3_600) : span.m(Math.round(seconds / 60));
}

/** "4× (3 d and 6 h)", or each window's own where they differ. */
export function burnsOf(long: number, longS: number, short: number, shortS: number): string {
  const says = words().gate;
  if (times(long) === times(short)) return says.over(times(long), says.both(spanOf(longS), spanOf(shortS)));
  return says.both(says.over(times(long), spanOf(longS)), says.over(times(short), spanOf(shortS)));
}

/** "Burning at 4× (3 d and 6 h); alerts above 0.9×" */
export function ruleOf({ long, short, burn_long, burn_short, threshold }: BurnRule): string {
  return words().gate.firing(burnsOf(burn_long, long, burn_short, short), times(threshold));
}

/** The figures with which an alert began; the hub's own words where they aren't there. */
export function firingOf({ kind, rule, detail, summary }: Alert): string {
  const says = words().gate;
  if (kind === "confirmation") {
    const { unconfirmed, status } = detail as { unconfirmed?: number; status?: Status };
    return unconfirmed && status ? says.awaited(unconfirmed, says.status[status]) : summary;
  }
  const { threshold, burn_long, burn_short } = detail as Record<string, unknown>;
  const [long, short] = windowsOf(rule);
  const figures = [threshold, burn_long, burn_short, long, short];
  if (!figures.every((figure) => typeof figure === "number")) return summary;
  const [of, at] = [burn_long as number, burn_short as number];
  return says.firing(burnsOf(of, long as number, at, short as number), times(threshold as number));
}

const UNITS: Record<string, number> = { m: 60, h: 3_600, d: 86_400 };

/** "1h/5m" in seconds, the longer one first. */
const windowsOf = (rule: string) => rule.split("/").map(secondsOf);

/** How far back a budget's alert looks at the most, in seconds. */
export function longOf({ rule }: Alert): number {
  return windowsOf(rule)[0] ?? 0;
}

function secondsOf(span: string): number | undefined {
  const [, figure, unit = ""] = /^(\d+)([mhd])$/.exec(span) ?? [];
  const seconds = UNITS[unit];
  return figure && seconds ? Number(figure) * seconds : undefined;
}
