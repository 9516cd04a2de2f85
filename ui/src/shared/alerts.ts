import type { Alert, Status } from "../api/types";
import { words } from "../words";
import { fixed } from "./numbers";

/** How fast a failure budget burns, in words. A component that uses these also calls `useWords`. */

/** "6 h" */
export function spanOf(seconds: number): string {
  const { span } = words().gate;
  if (seconds % 86_400 === 0) return span.d(seconds / 86_400);
  return seconds % 3_600 === 0 ? span.h(seconds / 3_600) : span.m(Math.round(seconds / 60));
}

/** "0.8", "13.4" */
export const burnOf = (burn: number) => fixed(burn, 1);

/** "16.0× over 1 h and 20.0× over 5 min, from 13.4× on"; the hub's own words where its figures aren't there. */
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
  const at = (burn: unknown, seconds: unknown) =>
    says.over(burnOf(burn as number), spanOf(seconds as number));
  return says.firing(at(burn_long, long), at(burn_short, short), burnOf(threshold as number));
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
