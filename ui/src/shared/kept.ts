import { useState } from "react";
import type { Keep } from "../kit/storage";

const ROOT = "countersign:typed:";
/** What was kept before it was known whose it is: nobody may be shown it any more. */
const NOBODYS = ["countersign:text:", "countersign:incident:", "countersign:settling:"];
const KEPT_FOR_MS = 30 * 24 * 3600 * 1000;

interface Entry<T> {
  at: number;
  value: T;
}

/** What one person typed and the hub doesn't have yet. Nobody else who signs in here finds it. */
export class Kept<T = string> {
  private readonly prefix: string;

  constructor(
    private readonly storage: Keep,
    subject: string,
    kind: string,
  ) {
    this.prefix = `${ROOT}${encodeURIComponent(subject)}:${kind}:`;
  }

  ids(): string[] {
    return this.storage.keys(this.prefix).map((key) => key.slice(this.prefix.length));
  }

  of(id: string): T | null {
    return entryIn<T>(this.storage, this.prefix + id)?.value ?? null;
  }

  keep(id: string, value: T | null) {
    if (value === null) this.storage.remove(this.prefix + id);
    else this.storage.set(this.prefix + id, JSON.stringify({ at: Date.now(), value }));
  }

  /** The hub has it: it goes, unless it was changed since. Answers what is left. */
  sent(id: string, sent: T): T | null {
    const now = this.of(id);
    if (JSON.stringify(now) !== JSON.stringify(sent)) return now;
    this.keep(id, null);
    return null;
  }
}

/** What is typed about one thing, null where nobody is typing. `kept` and `id` must not change. */
export function useKept<T>(kept: Kept<T>, id: string) {
  const [value, set] = useState(() => kept.of(id));
  const keep = (next: T | null) => {
    set(next);
    kept.keep(id, next);
  };
  return [value, keep, (sent: T) => set(kept.sent(id, sent))] as const;
}

/** Forgets what has been kept for a month, whoever typed it. */
export function sweep(storage: Keep, now: number) {
  for (const key of NOBODYS.flatMap((prefix) => storage.keys(prefix))) storage.remove(key);
  for (const key of storage.keys(ROOT)) {
    const entry = entryIn(storage, key);
    if (!entry || now - entry.at >= KEPT_FOR_MS) storage.remove(key);
  }
}

function entryIn<T>(storage: Keep, key: string): Entry<T> | null {
  try {
    const entry = JSON.parse(storage.get(key) ?? "null") as Entry<T> | null;
    return typeof entry?.at === "number" && entry.value != null ? entry : null;
  } catch {
    return null;
  }
}
