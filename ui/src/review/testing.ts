import type { Api } from "../api/client";
import type { Draft, Held } from "../api/types";
import { type Keep, keepIn } from "../kit/storage";

/** A draft with what a test doesn't care about filled in. */
export function aDraft(part: Partial<Draft> = {}): Draft {
  const id = part.id ?? "d1";
  return {
    id,
    workflow: "w",
    version: 1,
    external_id: `ticket-${id}`,
    revision: "1",
    state: "staged",
    subject: `About ${id}`,
    customer: null,
    marks: [],
    risk: "normal",
    staged_at: "2026-01-01T00:00:00.000Z",
    waiting_since: "2026-01-01T00:00:00.000Z",
    expires_at: "2026-01-02T00:00:00.000Z",
    held_by: null,
    stage: "internal",
    content_hash: `hash-${id}`,
    probability: 1,
    thread: [],
    draft: { text: "Hello", citations: [] },
    sources: [],
    signals: [],
    metadata: {},
    checks: { citations: [], uncited: [] },
    stored_sources: [],
    kept: [],
    second_review: false,
    ...part,
  };
}

export function held(id: string, part: Partial<Draft> = {}): Held {
  return {
    lease: { id: `lease-${id}`, fence: 1, expires_at: new Date(300_000).toISOString() },
    draft: aDraft({ id, ...part }),
  };
}

/** The part of the hub that a test scripts; a call to anything else fails loudly. */
export function anApi(part: Partial<Api>): Api {
  return new Proxy({ now: () => 0, release: async () => {}, ...part } as Api, {
    get(api, name) {
      if (name in api) return api[name as keyof Api];
      throw new Error(`the test didn't expect api.${String(name)}`);
    },
  });
}

/** A browser's storage with room for so many characters. */
export function memoryStorage(room = Number.POSITIVE_INFINITY): Keep {
  const entries = new Map<string, string>();
  const storage = {
    getItem: (key: string) => entries.get(key) ?? null,
    setItem(key: string, value: string) {
      const used = [...entries].reduce((sum, [k, v]) => sum + (k === key ? 0 : v.length), 0);
      if (used + value.length > room) throw new Error("QuotaExceededError");
      entries.set(key, value);
    },
    removeItem: (key: string) => void entries.delete(key),
  };
  // Like a real Storage, its entries are its own enumerable keys.
  const real = new Proxy(storage, {
    ownKeys: () => [...entries.keys()],
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
  });
  return keepIn(() => real as unknown as Storage);
}
