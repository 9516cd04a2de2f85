import { type ComponentType, lazy } from "react";

const AGAIN_MS = 1_000;

/**
 * A part of the console that is fetched when it is first shown. While the hub is away it is tried again, and whoever
 * waits sees what stands in its place: a part that couldn't be fetched takes nothing else down.
 */
export function later<P>(load: () => Promise<{ default: ComponentType<P> }>) {
  return lazy(async () => {
    for (;;) {
      try {
        return await load();
      } catch {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  });
}

/** Runs when nothing else is to be done; where the system can't tell, soon. */
export function whenIdle(run: () => void) {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(run, { timeout: 2_000 });
  else setTimeout(run, 300);
}
