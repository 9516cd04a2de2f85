import type { Draft, Grade } from "../api/types";
import type { Kept } from "../shared/kept";

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
  /** Offers that somebody wants to see no more. */
  private readonly dropped = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly kept: Kept<Typed>,
    private readonly now: () => number,
  ) {
    for (const hash of kept.ids()) {
      const typed = kept.of(hash);
      if (typed) this.live.set(hash, typed);
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
    this.dropped.delete(typed.hash);
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

  /** Whether what is offered under this id was put aside: a text by its hash, or what the hub kept by its own id. */
  isDropped(id: string): boolean {
    return this.dropped.has(id);
  }

  drop(id: string) {
    this.dropped.add(id);
    this.forget(id);
  }

  forget(hash: string) {
    this.live.delete(hash);
    this.unwritten.delete(hash);
    this.kept.keep(hash, null);
  }

  /** Writes what is still in memory alone; called when the page goes too. */
  flush() {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const hash of this.unwritten) {
      const typed = this.live.get(hash);
      if (typed) this.kept.keep(hash, typed);
    }
    this.unwritten.clear();
  }
}

function ticketOf(draft: About): string {
  return `${draft.workflow}/${draft.external_id}`;
}
