import type { Message } from "../api/types";
import { words } from "../words";

/** A thread's entries: what people wrote, and each tool call with its result as one. */
export type Entry =
  | { kind: "message"; message: Message; key: number }
  | {
      kind: "tool";
      name: string;
      call: string | null;
      result: string | null;
      key: number;
      answer: number | null;
    };

export function entriesOf(thread: Message[]): Entry[] {
  const entries: Entry[] = [];
  thread.forEach((message, key) => {
    if (message.role === "tool_call") {
      entries.push({
        kind: "tool",
        name: nameOf(message),
        call: message.text,
        result: null,
        key,
        answer: null,
      });
    } else if (message.role === "tool") {
      // The hub pairs them in this order too: its evidence names the answer.
      const open = entries.find(
        (entry) => entry.kind === "tool" && entry.result === null && entry.name === nameOf(message),
      );
      if (open?.kind === "tool") {
        open.result = message.text;
        open.answer = key;
      } else
        entries.push({
          kind: "tool",
          name: nameOf(message),
          call: null,
          result: message.text,
          key,
          answer: key,
        });
    } else {
      entries.push({ kind: "message", message, key });
    }
  });
  return entries;
}

function nameOf(message: Message): string {
  return message.name ?? "tool";
}

const MAX = 90;

/** One line that says what a call's arguments or a result are. */
export function summary(text: string): string {
  const value = json(text);
  if (value === undefined) return cut(text.replace(/\s+/g, " ").trim());
  return cut(inWords(value));
}

function inWords(value: unknown): string {
  if (Array.isArray(value))
    return value.length === 1 ? inWords(value[0]) : words().review.results(value.length);
  if (value === null || typeof value !== "object") return String(value);
  return Object.entries(value)
    .map(([key, inner]) => {
      if (Array.isArray(inner)) return `${inner.length} ${key.replaceAll("_", " ")}`;
      if (inner !== null && typeof inner === "object") {
        const parts = Object.values(inner).filter(
          (part) => typeof part === "string" || typeof part === "number",
        );
        return parts.length > 0 && parts.length <= 3 ? parts.join(" ") : key.replaceAll("_", " ");
      }
      return String(inner);
    })
    .join(", ");
}

/** For reading: JSON laid out, anything else as it came. */
export function laidOut(text: string): string {
  const value = json(text);
  return value === undefined || typeof value !== "object" ? text : JSON.stringify(value, null, 2);
}

/** Undefined for what is no JSON, and for what is too long or nested too deeply to be walked or laid out. */
function json(text: string): unknown {
  if (text.length > 200_000) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isDeep(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

const DEEPEST = 32;

/** Goes level by level: a call for each level would itself run out of stack. */
function isDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((one) => (one !== null && typeof one === "object" ? Object.values(one) : []));
  }
  return false;
}

function cut(line: string): string {
  return line.length > MAX ? `${line.slice(0, MAX).trimEnd()}…` : line;
}
