import type { Alert, IncidentEntry, IncidentRow, IncidentStep } from "../api/types";
import { longOf } from "../shared/alerts";
import { HUB, longSpan, named } from "../shared/words";
import { words } from "../words";

/** Incidents, alerts and drills in words. A component that uses these also calls `useWords`. */

/** The one that is open; a workflow has at most one, and it is the latest. */
export function openOf(rows: IncidentRow[]): IncidentRow | undefined {
  return rows.find(({ state }) => state === "open");
}

export function actorOf(actor: string): string {
  return actor === HUB ? words().incident.hub : actor;
}

/** "after dana killed it" */
export function openedOf({ kind, opened_by }: IncidentRow): string {
  const { kill, demotion, manual } = words().incident.openedBy;
  const how = kind === "kill" ? kill : kind === "demotion" ? demotion : manual;
  return how(actorOf(opened_by));
}

/** "open for 2 h", "closed after 3 h" */
export function lastedOf({ state, opened_at, closed_at }: IncidentRow, now: number): string {
  const says = words().incident;
  const lasted = longSpan((closed_at ? Date.parse(closed_at) : now) - Date.parse(opened_at));
  return state === "open" ? says.openFor(lasted) : says.closedAfter(lasted);
}

export interface Section {
  name: string | null;
  steps: IncidentStep[];
}

/** The steps in their order, each run of them under the heading that it stands under. */
export function sectionsOf(steps: IncidentStep[]): Section[] {
  const sections: Section[] = [];
  for (const step of steps) {
    const name = step.section ?? null;
    const last = sections.at(-1);
    if (last?.name === name) last.steps.push(step);
    else sections.push({ name, steps: [step] });
  }
  return sections;
}

/** What an entry of the timeline says was done. */
export function didOf({ kind }: IncidentEntry): string {
  return named(words().incident.did, kind);
}

/** The budget's alerts, from the shortest window to the longest; kills and incidents are told of elsewhere. */
export function budgetAlerts(alerts: Alert[]): Alert[] {
  return alerts.filter(({ kind }) => kind === "budget").sort((a, b) => longOf(a) - longOf(b));
}

/** Which services a message of this alert hasn't reached, and why. */
export function unreached({ posts }: Alert): string[] {
  const says = words().incident;
  return posts
    .filter(({ last_error, state }) => state !== "sent" && last_error)
    .map(({ channel, last_error }) => says.notTold(named(says.channels, channel), last_error ?? ""));
}
