import { v7 as uuid } from "uuid";
import type { Draft, Grade } from "../api/types";
import type { Kept } from "../shared/kept";

const WRITE_AFTER_MS = 200;

/** What a person typed over one exact draft. */
export interface Typed {
  text: string;
  /** Chosen by the person; the suggestion isn't kept. */
  grade?: Grade;
  hash: string;
  /** Its own id, once another text took its place over the same draft. */
  aside?: string;
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
    for (const id of kept.ids()) {
      const typed = kept.of(id);
      if (typed) this.live.set(id, typed);
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
    this.put(typed);
  }

  /** Puts another text over the draft. What was typed there is put aside, unless it is kept elsewhere already. */
  replace(draft: About, text: string, grade?: Grade) {
    const here = this.of(draft);
    const others = this.earlier(draft);
    if (here && here.text !== text && !others.some((other) => other.text === here.text)) {
      this.put({ ...here, aside: `${here.hash}:${uuid()}` });
    }
    for (const other of others) if (other.aside && other.text === text) this.forget(idOf(other));
    this.save(draft, text, grade);
  }

  of(draft: About): Typed | undefined {
    return this.live.get(draft.content_hash);
  }

  /** What was typed over another revision of the same ticket, or put aside over this one, newest first. */
  earlier(draft: About): Typed[] {
    const ticket = ticketOf(draft);
    return [...this.live.values()]
      .filter((typed) => typed.ticket === ticket && idOf(typed) !== draft.content_hash)
      .sort((a, b) => b.at - a.at);
  }

  /** Whether what is offered under this id was put away: a text by its id, or what the hub kept by its own id. */
  isDropped(id: string): boolean {
    return this.dropped.has(id);
  }

  drop(id: string) {
    this.dropped.add(id);
    this.forget(id);
  }

  forget(id: string) {
    this.live.delete(id);
    this.unwritten.delete(id);
    this.kept.keep(id, null);
  }

  /** Writes what is still in memory alone; called when the page goes too. */
  flush() {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const id of this.unwritten) {
      const typed = this.live.get(id);
      if (typed) this.kept.keep(id, typed);
    }
    this.unwritten.clear();
  }

  private put(typed: Typed) {
    const id = idOf(typed);
    this.live.set(id, typed);
    this.dropped.delete(id);
    this.unwritten.add(id);
    this.timer ??= setTimeout(() => this.flush(), WRITE_AFTER_MS);
  }
}

/** What it is kept under, and dropped by. */
export function idOf(typed: Typed): string {
  return typed.aside ?? typed.hash;
}

function ticketOf(draft: About): string {
  return `${draft.workflow}/${draft.external_id}`;
}
