import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import type { Api } from "../api/client";
import type { Host } from "../host";
import { useHubChanges } from "../shared/refresh";

const CHANGING = [
  "incident.updated",
  "budget.alert",
  "workflow.killed",
  "workflow.resumed",
  "workflow.demoted",
] as const;

/** Reads a workflow's incidents and alerts again when one of them changed. */
export function useIncidentChanges(host: Host, workflow: string, on: boolean) {
  const client = useQueryClient();
  useHubChanges(
    host,
    () => {
      for (const key of ["incidents", "alerts", "incident"]) {
        void client.invalidateQueries({ queryKey: [key, workflow] });
      }
    },
    (event) => on && event.workflow === workflow && CHANGING.some((type) => type === event.type),
  );
}

/** A workflow's incidents and the alerts that fire. `on` is false for who may not read them: then nothing is asked. */
export function useIncidents(api: Api, host: Host, workflow: string, on: boolean) {
  useIncidentChanges(host, workflow, on);
  const incidents = useInfiniteQuery({
    queryKey: ["incidents", workflow],
    queryFn: ({ pageParam }) => api.incidents(workflow, pageParam),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    enabled: on,
  });
  const alerts = useQuery({
    queryKey: ["alerts", workflow],
    queryFn: () => api.firing(workflow),
    enabled: on,
  });
  // What somebody else read here before is nothing for who may not.
  const pages = on ? (incidents.data?.pages ?? []) : [];
  return {
    incidents,
    rows: pages.flatMap((page) => page.incidents),
    firing: on ? (alerts.data ?? []) : [],
  };
}

export type IncidentsOf = ReturnType<typeof useIncidents>;
