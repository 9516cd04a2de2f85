import type { Api } from "../api/client";
import type { Lease } from "../api/types";

/** Knows how long each lease was given for, so that it is renewed in time and not sooner. */
export class Leases {
  private readonly spans = new Map<string, number>();

  constructor(private readonly api: Pick<Api, "now" | "release">) {}

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
    void this.api.release(lease.id, { leaving }).catch(() => {});
  }
}
