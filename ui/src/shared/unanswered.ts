import { useCallback, useEffect, useRef } from "react";
import { ApiError, isPassing } from "../api/client";

const ASK_EVERY_MS = 1_000;
const ASK_FOR_MS = 60_000;

/** No answer came, or none that says no: what was asked for may have been done all the same, or be done yet. */
export function isUnanswered(error: unknown): boolean {
  return isPassing(error) && !(error instanceof ApiError && error.status === 429);
}

/** What became of an act without an answer. `unknown`: nobody could be asked. */
export type Found = "done" | "not_done" | "unknown";

/** Asks `isDone` until it says so, for a minute, and answers how it stands then. */
export async function findOut(isDone: () => Promise<boolean>, stop: AbortSignal): Promise<Found> {
  let found: Found = "unknown";
  for (const end = Date.now() + ASK_FOR_MS; Date.now() < end && !stop.aborted; ) {
    try {
      if (await isDone()) return "done";
      found = "not_done";
    } catch {
      found = "unknown";
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
  }
  return found;
}

/** The same for a dialog: it stops asking when it is closed, or asks for something new. Answers null then. */
export function useFindOut() {
  const asking = useRef(new AbortController());
  useEffect(() => () => asking.current.abort(), []);
  return useCallback(async (isDone: () => Promise<boolean>): Promise<Found | null> => {
    asking.current.abort();
    const mine = new AbortController();
    asking.current = mine;
    const found = await findOut(isDone, mine.signal);
    return mine.signal.aborted ? null : found;
  }, []);
}
