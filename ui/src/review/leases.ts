import { type Api, ApiError } from "../api/client";
import type { Held, Lease } from "../api/types";

const MAX_EXCLUDED = 50; // Older ones the hub knows of itself.
const MAX_TRIES = 5;

/** Knows how long each lease was given for, so that it is renewed in time and not sooner. */
export class Leases {
  /** False while the screen isn't there to be looked at: then nothing is leased. */
  open = false;
  private readonly spans = new Map<string, number>();
  private readonly leaving = new Set<Promise<void>>();

  constructor(private readonly api: Pick<Api, "now" | "lease" | "release">) {}

  /** The next draft: the first of `list` that is free, or without a list the one that the hub chooses. */
  async next(
    exclude: Set<string>,
    list: string[] | undefined,
    workflows: string[] | undefined,
    expired = false,
  ): Promise<Held | undefined> {
    const asked = expired ? { expired } : {};
    if (!list) return this.ask({ workflows, exclude: [...exclude].slice(-MAX_EXCLUDED), ...asked });
    for (const draft_id of list.filter((id) => !exclude.has(id)).slice(0, MAX_TRIES)) {
      try {
        return await this.take(draft_id, expired);
      } catch (error) {
        // Somebody else has it: the one after it will do.
        if (!(error instanceof ApiError && error.status === 409)) throw error;
      }
    }
    return undefined;
  }

  take(draft_id: string, expired = false): Promise<Held | undefined> {
    return this.ask(expired ? { draft_id, expired } : { draft_id });
  }

  private async ask(wanted: Parameters<Api["lease"]>[0]): Promise<Held | undefined> {
    // A lease asked for before the old one has gone back would be the old one, and go with it.
    await Promise.all(this.leaving);
    if (!this.open) return undefined;
    const held = await this.api.lease(wanted);
    if (held) this.granted(held.lease);
    return held;
  }

  granted(lease: Lease) {
    this.spans.set(lease.id, this.leftMs(lease));
  }

  leftMs(lease: Lease): number {
    return Date.parse(lease.expires_at) - this.api.now();
  }

  /** After a third of its time, while the person did something within one. */
  isDue(lease: Lease, idleMs: number): boolean {
    const span = this.spans.get(lease.id) ?? this.leftMs(lease);
    return this.leftMs(lease) < (span * 2) / 3 && idleMs < span;
  }

  forget(lease: Lease) {
    this.spans.delete(lease.id);
  }

  /** A lease that can't be given back runs out by itself. */
  release(lease: Lease, leaving = false) {
    this.forget(lease);
    const left = this.api.release(lease.id, { leaving }).catch(() => {});
    this.leaving.add(left);
    void left.finally(() => this.leaving.delete(left));
  }
}
