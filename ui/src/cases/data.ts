import {
  type InfiniteData,
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useCallback, useEffect, useMemo, useState } from "react";
import type { Api } from "../api/client";
import type { CaseRow, Me } from "../api/types";
import type { Host } from "../host";
import { useHubChanges } from "../shared/refresh";
import { hasRoleEverywhere } from "../shared/rights";
import { type Filters, type Page, renewed } from "./list";

const PAGE = 200;
/** How soon a search is asked again of a hub that is still indexing. */
const LOOK_AGAIN_MS = 3_000;
/** Walking past a case is not reading it: reading is on record. */
const STAYED_MS = 150;

/** Who may read cases, each in the workflows that the role was given for. */
export const READERS = ["dri", "curator", "admin", "auditor"] as const;

export function useWorkflows(api: Api) {
  return useQuery({ queryKey: ["workflows"], queryFn: api.workflows }).data;
}

/** The list, page by page, and what came in above it since. */
export function useCases(api: Api, host: Host, filters: Filters) {
  const client = useQueryClient();
  const key = useMemo(() => ["cases", filters], [filters]);
  const query = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }): Promise<Page> =>
      api.cases({ ...filters, limit: PAGE, ...(pageParam && { cursor: pageParam }) }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: (query) => query.state.data?.pages[0]?.indexing === true && LOOK_AGAIN_MS,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.cases) ?? [], [query.data]);
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !isError) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isError, fetchNextPage]);

  const [stale, setStale] = useState(false);
  useHubChanges(
    host,
    () => setStale(true),
    ({ type }) => type.startsWith("verdict."),
  );
  const renew = useCallback(async () => {
    setStale(false);
    const fresh = await api.cases({ ...filters, limit: PAGE });
    client.setQueryData<InfiniteData<Page, string>>(key, (now) => {
      if (!now) return now;
      const pages = renewed(now.pages, fresh);
      return { pages, pageParams: now.pageParams.slice(0, pages.length) };
    });
  }, [api, client, filters, key]);
  // A hub that is away says so itself, and its coming back counts as a change.
  const indexing = query.data?.pages[0]?.indexing === true;
  return { rows, query, more, indexing, stale, renew: () => void renew().catch(() => {}) };
}

/** Whether the person has stayed with this one for a moment. */
export function useStayed(id: string): boolean {
  const [stayed, stay] = useState(id);
  useEffect(() => {
    const timer = setTimeout(() => stay(id), STAYED_MS);
    return () => clearTimeout(timer);
  }, [id]);
  return stayed === id;
}

/** One case, once the person has stayed with it. */
export function useCase(api: Api, id: string) {
  return useQuery({
    queryKey: ["case", id],
    queryFn: () => api.case(id),
    enabled: useStayed(id),
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export function useDraft(api: Api, id: string, enabled = true) {
  return useQuery({ queryKey: ["case-draft", id], queryFn: () => api.draft(id), enabled });
}

/** What the audit log holds of a draft, for those who may read it. */
export function useRecord(api: Api, me: Me, draftId: string) {
  // The log is one for all workflows.
  const may = hasRoleEverywhere(me, ["admin", "auditor"]);
  const query = useQuery({
    queryKey: ["case-record", draftId],
    queryFn: async () =>
      (await api.audit({ object: draftId, act: "draft.leased,verdict.", limit: 50 })).entries,
    enabled: may,
  });
  return { may, query };
}

export function useDiff(api: Api, draftId: string, text: string | null) {
  return useQuery({
    queryKey: ["case-diff", draftId, text],
    queryFn: ({ signal }) => api.diff(draftId, text ?? "", signal),
    enabled: text !== null,
    staleTime: Number.POSITIVE_INFINITY,
  });
}

export type Row = CaseRow;
