import {
  type InfiniteData,
  keepPreviousData,
  type QueryClient,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import { useCallback, useMemo } from "react";
import type { Api } from "../api/client";
import type { Page, Workflow } from "../api/types";
import { type InView, useDesk, useSettled, useView } from "./context";
import type { Filters } from "./filters";
import { refreshed, visibleRows } from "./rows";

const PAGE = 100;
/** How soon a search is asked again of a hub that is still indexing. */
const LOOK_AGAIN_MS = 3_000;
const TO_REVIEW = "staged,in_review";

export function useWorkflows(): Workflow[] | undefined {
  const { api } = useDesk();
  return useQuery({ queryKey: ["workflows"], queryFn: api.workflows }).data;
}

export function useWorkflow(id: string | undefined): Workflow | undefined {
  return useWorkflows()?.find((workflow) => workflow.id === id);
}

export function useGuidelines(id: string | undefined) {
  const { api } = useDesk();
  return useQuery({
    queryKey: ["workflow", id],
    queryFn: () => api.workflow(id ?? ""),
    enabled: id !== undefined,
  });
}

export function useMe() {
  const { api, me } = useDesk();
  return useQuery({ queryKey: ["me"], queryFn: api.me, initialData: me }).data;
}

export function useEscalations() {
  const { api } = useDesk();
  return useQuery({ queryKey: ["escalations"], queryFn: api.escalations }).data ?? [];
}

export const rowsKey = (filters: Filters) => ["rows", filters] as const;

/** The order in which the hub leases by itself: then it chooses what comes next, not the list. */
export function isWholeQueue({ mark, reviewer, q, state, sort, only }: Filters): boolean {
  return !only && !mark && !reviewer && !q && (!state || state === "expired") && sort === "deadline";
}

function fetchRows(api: Api, { only: _, ...filters }: Filters, cursor: string): Promise<Page> {
  return api.rows({ ...filters, state: filters.state ?? TO_REVIEW, limit: PAGE, ...(cursor && { cursor }) });
}

export function useRows() {
  const { api } = useDesk();
  const filters = useView((view) => view.filters);
  const gone = useSettled((state) => state.gone);
  const query = useInfiniteQuery({
    queryKey: rowsKey(filters),
    queryFn: ({ pageParam }) => fetchRows(api, filters, pageParam),
    initialPageParam: "",
    getNextPageParam: (page: Page) => page.next_cursor,
    enabled: !filters.only,
    placeholderData: keepPreviousData,
    staleTime: Number.POSITIVE_INFINITY,
    refetchInterval: (query) => query.state.data?.pages[0]?.indexing === true && LOOK_AGAIN_MS,
  });
  const rows = useMemo(() => visibleRows(query.data?.pages ?? [], gone), [query.data, gone]);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const { total, indexing } = query.data?.pages[0] ?? {};
  return { rows, query, more, total, indexing: indexing === true };
}

/** Fetches the first page and those in view again, and no other, however many are loaded. */
export async function refreshRows(client: QueryClient, api: Api, filters: Filters, inView: InView) {
  const data = client.getQueryData<InfiniteData<Page, string>>(rowsKey(filters));
  if (!data) return;
  let first = 0;
  const wanted = data.pages.flatMap((page, i) => {
    const seen = first <= inView.last && first + page.drafts.length >= inView.first;
    first += page.drafts.length;
    return i === 0 || seen ? [i] : [];
  });
  const fresh = await Promise.all(
    wanted.map(async (i) => [i, await fetchRows(api, filters, data.pageParams[i] ?? "")] as const),
  );
  client.setQueryData<InfiniteData<Page, string>>(rowsKey(filters), (now) => {
    if (!now) return now;
    const pages = [...now.pages];
    for (const [i, page] of fresh) {
      const old = pages[i];
      if (old) pages[i] = refreshed(old, page);
    }
    return { ...now, pages };
  });
}
