import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type Api, ApiError } from "../api/client";
import type { Host } from "../host";
import { useHubChanges } from "../shared/refresh";

const KEYS = [
  "gate",
  "gate-plan",
  "gate-series",
  "evals",
  "drills",
  "burn",
  "trust",
  "review-budget",
] as const;

/** What changes no gate: it is worth no second look. */
const PASSING = ["draft.leased", "draft.released", "delivery.updated", "escalation.updated"];

interface May {
  gate: boolean;
  watch: boolean;
  drills: boolean;
}

/** Everything about a workflow's gate. What somebody may not read isn't asked for. */
export function useGate(api: Api, host: Host, id: string, may: May) {
  const client = useQueryClient();
  const ask = <T>(key: (typeof KEYS)[number], queryFn: () => Promise<T>, enabled = may.gate) => ({
    queryKey: [key, id],
    queryFn,
    enabled,
  });
  useHubChanges(
    host,
    () => {
      for (const key of KEYS) void client.invalidateQueries({ queryKey: [key, id] });
    },
    (event) => (may.gate || may.watch) && event.workflow === id && !PASSING.includes(event.type),
  );
  return {
    gate: useQuery(ask("gate", () => api.gate(id))),
    plan: useQuery(ask("gate-plan", () => api.gatePlan(id))),
    series: useQuery(ask("gate-series", () => api.gateSeries(id))),
    evals: useQuery(ask("evals", () => api.evalResults(id))),
    drills: useQuery(ask("drills", () => api.drills(id), may.drills)),
    burn: useQuery(ask("burn", () => api.burn(id), may.watch)),
    trust: useQuery(ask("trust", () => api.trust(id))),
    budget: useQuery(ask("review-budget", () => api.reviewBudget(id))),
  };
}

export type Rollout = ReturnType<typeof useGate>;

/** Whether the hub said that this isn't for this person, or that there is none. */
export function isNone(error: unknown): boolean {
  return error instanceof ApiError && [403, 404, 422].includes(error.status);
}
