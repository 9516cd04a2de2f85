import { useEffect, useRef } from "react";
import type { HubEvent } from "../api/types";
import type { Host } from "../host";

/** However fast the hub changes, a screen asks it again no more often. */
const REFRESH_MS = 1_500;

/** Calls back soon after something that concerns the screen changed in the hub, once for all that came meanwhile. */
export function useHubChanges(
  host: Host,
  refresh: () => void,
  concerns: (event: HubEvent) => boolean = () => true,
) {
  const latest = useRef({ refresh, concerns });
  latest.current = { refresh, concerns };
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = host.events((event) => {
      if (event !== "reconnected" && !latest.current.concerns(event)) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        latest.current.refresh();
      }, REFRESH_MS);
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [host]);
}
