import { type Api, ApiError, isPassing } from "../api/client";
import type { Verdict, VerdictAnswer } from "../api/types";
import type { Keep } from "../kit/storage";

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
export function waitingIn(storage: Keep): number {
  return storage.keys(PREFIX).length;
}

/**
 * Sends one person's decisions in the background and keeps them in storage until the hub has answered. It ends when the
 * person goes: what waits then is sent when they come back, and never in anybody else's name.
 */
export class Outbox {
  private waiting = 0;
  private ended = false;
  /** Being sent from here: not left behind, though still in storage. */
  private readonly own = new Set<string>();

  constructor(
    private readonly api: Pick<Api, "decide">,
    private readonly storage: Keep,
    private readonly subject: string,
    private readonly onWaiting: (count: number) => void,
    private readonly pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)),
  ) {}

  /** What an earlier window of the same person left behind, and nobody here is sending. */
  left(): Pending[] {
    return this.storage
      .keys(PREFIX)
      .map((key) => pendingOf(this.storage.get(key)))
      .filter((pending) => pending !== null)
      .filter(({ by, body }) => by === this.subject && !this.own.has(body.verdict_id));
  }

  /** From here on a closed window doesn't lose it. */
  keep(pending: Pending) {
    this.own.add(pending.body.verdict_id);
    this.storage.set(PREFIX + pending.body.verdict_id, JSON.stringify(pending));
  }

  end() {
    this.ended = true;
  }

  /** Resolves with the hub's answer, however long that takes; with null once this has ended. Rejects when it refuses. */
  async send(pending: Pending): Promise<VerdictAnswer | null> {
    this.onWaiting(++this.waiting);
    this.own.add(pending.body.verdict_id);
    try {
      for (let tries = 0; !this.ended; tries++) {
        try {
          const answer = await this.api.decide(pending.draft_id, pending.body);
          this.forget(pending);
          return answer;
        } catch (error) {
          // Signed out is passing too: the person signs in again and the decision goes out.
          if (!isPassing(error) && !(error instanceof ApiError && error.status === 401)) {
            this.forget(pending);
            throw error;
          }
          await this.pause(Math.min(500 * 2 ** tries, RETRY_MAX_MS));
        }
      }
      return null;
    } finally {
      this.own.delete(pending.body.verdict_id);
      this.onWaiting(--this.waiting);
    }
  }

  private forget(pending: Pending) {
    this.storage.remove(PREFIX + pending.body.verdict_id);
  }
}

function pendingOf(json: string | null): Pending | null {
  try {
    const pending = JSON.parse(json ?? "null") as Pending | null;
    return pending?.body?.verdict_id ? pending : null;
  } catch {
    return null;
  }
}
