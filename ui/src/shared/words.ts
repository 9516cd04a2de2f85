import { ApiError } from "../api/client";
import { words } from "../words";

/** What more than one screen says about data. A component that uses these also calls `useWords`, to follow the language. */

/** The hub's own name in the record. */
export const HUB = "hub";

/** "ticket-1043" and "1043" are both ticket 1043. */
export function ticketName(externalId: string): string {
  return externalId.replace(/^ticket[-_ #]?/i, "");
}

/** A value of the wire in words; one that this console doesn't know yet as it came. */
export function named(names: object, value: string): string {
  return (names as Record<string, string>)[value] ?? value.replaceAll("_", " ");
}

/** The reasons in an escalation's outcome key, `escalate:a+b`; none in any other key. */
export const codesOf = (key: string): string[] =>
  key.startsWith("escalate:") ? key.slice("escalate:".length).split("+") : [];

export const stageName = (stage: string) => named(words().shared.stages, stage);
export const stateName = (state: string) => named(words().shared.states, state);
export const markName = (mark: string) => named(words().shared.marks, mark);

export function reasonOf(error: unknown): string {
  const says = words().shared;
  if (!(error instanceof ApiError)) return says.away;
  const message = error.hint ? `${sentence(error.message)} ${sentence(error.hint)}` : sentence(error.message);
  return says.hubSaid(error.code, message);
}

/** The hub's messages also stand after "error:" in a terminal, so they come without a capital and a full stop. */
export function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");
}

/** "12m": how long ago, or how long until, in the largest whole unit. */
export function span(ms: number): string {
  const says = words().shared;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return says.now;
  if (minutes < 60) return says.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? says.hours(hours) : says.days(Math.floor(hours / 24));
}

export function longSpan(ms: number): string {
  const says = words().shared;
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 1) return says.underAMinute;
  if (minutes < 60) return says.longMinutes(minutes);
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? says.longHours(hours) : says.longDays(Math.floor(hours / 24));
}

/** "4:12" */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
