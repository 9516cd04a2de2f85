import type { Draft, Grade } from "../api/types";

const PREFIX = "countersign:text:";
const KEPT_FOR_MS = 30 * 24 * 3600 * 1000;
const WRITE_AFTER_MS = 200;

/** What a person typed over one exact draft. */
export interface Typed {
  text: string;
  /** Chosen by the person; the suggestion isn't kept. */
  grade?: Grade;
  hash: string;
  ticket: string;
  revision: string;
  at: number;
}

type About = Pick<Draft, "content_hash" | "workflow" | "external_id" | "revision">;

/** Keeps typed text by the draft's content, so that it outlives leases, windows and hubs. */
export class Texts {
  private readonly live = new Map<string, Typed>();
  private readonly unwritten = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly storage: Storage,
    private readonly now: () => number,
  ) {
    for (const key of Object.keys(storage)) {
      if (!key.startsWith(PREFIX)) continue;
      const typed = read(storage.getItem(key));
      if (typed && now() - typed.at < KEPT_FOR_MS) this.live.set(typed.hash, typed);
      else storage.removeItem(key);
    }
  }

  save(draft: About, text: string, grade?: Grade) {
    const typed: Typed = {
      text,
      grade,
      hash: draft.content_hash,
      ticket: ticketOf(draft),
      revision: draft.revision,
      at: this.now(),
    };
    this.live.set(typed.hash, typed);
    this.unwritten.add(typed.hash);
    this.timer ??= setTimeout(() => this.flush(), WRITE_AFTER_MS);
  }

  of(draft: About): Typed | undefined {
    return this.live.get(draft.content_hash);
  }

  /** What was typed over another revision of the same ticket, newest first. */
  earlier(draft: About): Typed[] {
    const ticket = ticketOf(draft);
    return [...this.live.values()]
      .filter((typed) => typed.ticket === ticket && typed.hash !== draft.content_hash)
      .sort((a, b) => b.at - a.at);
  }

  forget(hash: string) {
    this.live.delete(hash);
    this.unwritten.delete(hash);
    this.storage.removeItem(PREFIX + hash);
  }

  /** Writes what is still in memory alone; called when the page goes too. */
  flush() {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const hash of this.unwritten) {
      const typed = this.live.get(hash);
      if (typed) this.write(typed);
    }
    this.unwritten.clear();
  }

  private write(typed: Typed) {
    for (;;) {
      try {
        this.storage.setItem(PREFIX + typed.hash, JSON.stringify(typed));
        return;
      } catch {
        // The storage is full: the oldest text makes room.
        const oldest = [...this.live.values()]
          .filter((other) => other.hash !== typed.hash && this.storage.getItem(PREFIX + other.hash) !== null)
          .sort((a, b) => a.at - b.at)[0];
        if (!oldest) return;
        this.storage.removeItem(PREFIX + oldest.hash);
      }
    }
  }
}

function ticketOf(draft: About): string {
  return `${draft.workflow}/${draft.external_id}`;
}

function read(json: string | null): Typed | null {
  try {
    return JSON.parse(json ?? "null");
  } catch {
    return null;
  }
}
