import { type Api, ApiError, isPassing } from "../api/client";
import type { Verdict, VerdictAnswer } from "../api/types";

const PREFIX = "countersign:verdict:";
const RETRY_MAX_MS = 10_000;

/** A decision on its way to the hub. Its id stays the same over every try, so a second arrival changes nothing. */
export interface Pending {
  draft_id: string;
  workflow: string;
  external_id: string;
  by: string;
  body: Verdict;
}

/** How many decisions wait for the hub, whoever took them. */
export function waitingIn(storage: Storage): number {
  return Object.keys(storage).filter((key) => key.startsWith(PREFIX)).length;
}

/** Sends decisions in the background and keeps them in storage until the hub has answered. */
export class Outbox {
  private waiting = 0;
  /** Being sent from here: not left behind, though still in storage. */
  private readonly own = new Set<string>();

  constructor(
    private readonly api: Pick<Api, "decide">,
    private readonly storage: Storage,
    private readonly onWaiting: (count: number) => void,
    private readonly pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
  ) {}

  /** What an earlier window of the same person left behind, and nobody here is sending. */
  leftBy(subject: string): Pending[] {
    return Object.keys(this.storage)
      .filter((key) => key.startsWith(PREFIX))
      .map((key) => JSON.parse(this.storage.getItem(key) ?? "null") as Pending | null)
      .filter((pending) => pending?.by === subject && !this.own.has(pending.body.verdict_id)) as Pending[];
  }

  /** From here on a closed window doesn't lose it. */
  keep(pending: Pending) {
    this.own.add(pending.body.verdict_id);
    try {
      this.storage.setItem(PREFIX + pending.body.verdict_id, JSON.stringify(pending));
    } catch {
      // Full storage: the decision is still in memory and still being sent.
    }
  }

  /** Resolves with the hub's answer, however long that takes; rejects when the hub refuses. */
  async send(pending: Pending): Promise<VerdictAnswer> {
    this.onWaiting(++this.waiting);
    this.own.add(pending.body.verdict_id);
    try {
      for (let tries = 0; ; tries++) {
        try {
          return await this.api.decide(pending.draft_id, pending.body);
        } catch (error) {
          // Signed out is passing too: the person signs in again and the decision goes out.
          if (!isPassing(error) && !(error instanceof ApiError && error.status === 401)) throw error;
          await this.pause(Math.min(500 * 2 ** tries, RETRY_MAX_MS));
        }
      }
    } finally {
      this.storage.removeItem(PREFIX + pending.body.verdict_id);
      this.own.delete(pending.body.verdict_id);
      this.onWaiting(--this.waiting);
    }
  }
}
