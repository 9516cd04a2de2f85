import { useQuery } from "@tanstack/react-query";
import type { Api } from "../api/client";
import type { Effect, Reached } from "../api/types";
import { words } from "../words";

/** How often it is asked again while somebody hasn't said that they know, and for how long. */
const AGAIN_MS = 2_000;
const TRIES = 30;

/** Whom a kill has reached by now. Nothing is asked without a kill. */
export function useEffectOf(api: Api, workflow: string, transition: string | undefined) {
  return useQuery({
    queryKey: ["effect", workflow, transition],
    queryFn: () => api.effect(workflow, transition ?? ""),
    enabled: transition !== undefined,
    retry: false,
    refetchInterval: ({ state }) =>
      state.data && !reachedAll(state.data) && state.dataUpdateCount < TRIES ? AGAIN_MS : false,
  }).data;
}

function reachedAll({ flags, consoles, hubs, sends_running }: Effect): boolean {
  return sends_running === 0 && [flags, consoles, hubs].every(({ of, acknowledged }) => acknowledged >= of);
}

/** "reached 43 of 43 clients, slowest 61 ms; 2 of 2 consoles; 1 of 1 other hubs"; null when there was nobody to reach. */
export function reachedOf(effect: Effect): string | null {
  const says = words().gate;
  const told = ({ of }: Reached) => of > 0;
  const slowest = effect.flags.slowest_ms;
  const parts = [
    told(effect.flags) &&
      says.clients(effect.flags.acknowledged, effect.flags.of, slowest == null ? null : says.ms(slowest)),
    told(effect.consoles) && says.consoles(effect.consoles.acknowledged, effect.consoles.of),
    effect.sends_running > 0 && says.sending(effect.sends_running),
    told(effect.hubs) && says.hubs(effect.hubs.acknowledged, effect.hubs.of),
  ].filter((part) => part !== false);
  return parts.length > 0 ? says.reached(parts) : null;
}
