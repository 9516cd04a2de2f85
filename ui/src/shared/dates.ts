import { language } from "../words";

/** Dates and times in the chosen language. A component that shows one also calls `useWords`, to follow the language. */

const made = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = language.get() + JSON.stringify(options);
  const one = made.get(key) ?? new Intl.DateTimeFormat(LOCALES[language.get()], options);
  made.set(key, one);
  return one;
}

/** Day before month and a clock of 24 hours, as everywhere in the console. */
const LOCALES = { en: "en-GB", de: "de" };
const DAY = { day: "numeric", month: "short" } as const;
const CLOCK = { hour: "2-digit", minute: "2-digit" } as const;

/** "18 Nov", with the year when it isn't this one. */
export function dayName(iso: string, now = Date.now()): string {
  return format({ ...DAY, ...yearOf(iso, now) }).format(new Date(iso));
}

/** "4–18 Nov" */
export function dayRange(from: string, to: string, now = Date.now()): string {
  return format({ ...DAY, ...yearOf(from, now) }).formatRange(new Date(from), new Date(to));
}

/** "Sat, 21 Nov": a day of the hub's count, which runs by UTC. */
export function utcDay(day: string, weekday = true): string {
  const options = { ...DAY, ...(weekday && { weekday: "short" as const }), timeZone: "UTC" };
  return format(options).format(new Date(`${day}T00:00:00Z`));
}

/** "18 Nov, 09:02" */
export function shortMoment(iso: string, now = Date.now()): string {
  return format({ ...DAY, ...yearOf(iso, now), ...CLOCK }).format(new Date(iso));
}

/** Everything about a moment, for a title. */
export function wholeMoment(iso: string): string {
  return format({ dateStyle: "full", timeStyle: "long" }).format(new Date(iso));
}

/** "18 Nov, 09:02:41": where the second matters. */
export function exactMoment(iso: string, now = Date.now()): string {
  return format({ ...DAY, ...yearOf(iso, now), ...CLOCK, second: "2-digit" }).format(new Date(iso));
}

function yearOf(iso: string, now: number): Intl.DateTimeFormatOptions {
  return new Date(iso).getFullYear() === new Date(now).getFullYear() ? {} : { year: "numeric" };
}
