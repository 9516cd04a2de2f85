import { useCallback, useRef, useState } from "react";
import type { Api } from "../api/client";
import type { Delivery } from "../api/types";

interface Progress {
  done: number;
  all: number;
}

interface Ended {
  ok: number;
  failed: number;
  /** Why the last of those that failed did. */
  why: unknown;
}

/** Tries deliveries again, one after the other; a long row of them can be stopped. */
export function useRetries(api: Api, onRetried: (delivery: Delivery) => void) {
  const [running, run] = useState<Progress | null>(null);
  const [done, end] = useState<Ended | null>(null);
  const latest = useRef(onRetried);
  latest.current = onRetried;
  const stopped = useRef(true);

  const retry = useCallback(
    async (wanted: Delivery[]) => {
      if (!stopped.current) return;
      stopped.current = false;
      end(null);
      end(
        await retryEach(wanted, api.retryDelivery, {
          isStopped: () => stopped.current,
          onEach: (delivery, count) => {
            if (delivery) latest.current(delivery);
            run({ done: count, all: wanted.length });
          },
        }),
      );
      stopped.current = true;
      run(null);
    },
    [api],
  );
  const stop = useCallback(() => {
    stopped.current = true;
  }, []);
  return { running, done, retry, stop };
}

interface Watch {
  isStopped: () => boolean;
  /** `delivery` as it is now; null when it failed. */
  onEach: (delivery: Delivery | null, count: number) => void;
}

/** A refusal of one, or of all, doesn't lose sight of those that went well. */
export async function retryEach(
  wanted: Delivery[],
  retryDelivery: (id: string) => Promise<Delivery>,
  { isStopped, onEach }: Watch,
): Promise<Ended> {
  const ended: Ended = { ok: 0, failed: 0, why: null };
  for (const { id } of wanted) {
    if (isStopped()) break;
    const answer = await retryDelivery(id).catch((error: unknown) => {
      ended.failed += 1;
      ended.why = error;
      return null;
    });
    if (answer) ended.ok += 1;
    onEach(answer, ended.ok + ended.failed);
  }
  return ended;
}
