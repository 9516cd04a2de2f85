import {
  type InfiniteData,
  keepPreviousData,
  useInfiniteQuery,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { type Api, ApiError } from "../../api/client";
import type { Disagreement, Me, Settling } from "../../api/types";
import type { Host } from "../../host";
import { Kept } from "../../shared/kept";
import { useHubChanges } from "../../shared/refresh";
import { useWords } from "../../words";
import { type Form, formOf, isBlank } from "./form";
import { type Narrowed, OPEN } from "./rows";

const PAGE = 100;
const KEY = "disagreements";
const TYPED_MS = 120;

type Pages = InfiniteData<{ disagreements: Disagreement[]; next_cursor?: string | null }, string>;

export function useDisagreements(api: Api, narrowed: Narrowed) {
  const query = useInfiniteQuery({
    queryKey: [KEY, narrowed],
    queryFn: ({ pageParam }) =>
      api.disagreements({ ...narrowed, limit: PAGE, ...(pageParam && { cursor: pageParam }) }),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
    placeholderData: keepPreviousData,
  });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.disagreements) ?? [], [query.data]);
  return { rows, query };
}

/** How many are open, in words; and whatever comes or goes in the hub is fetched. */
export function useOpenCount(api: Api, host: Host): string | undefined {
  const client = useQueryClient();
  const says = useWords().disagreements;
  const { rows, query } = useDisagreements(api, OPEN);
  useHubChanges(
    host,
    () => void client.invalidateQueries({ queryKey: [KEY] }),
    ({ type }) => type.startsWith("verdict."),
  );
  if (rows.length === 0) return undefined;
  return says.openCount(rows.length, query.hasNextPage);
}

/** One disagreement: from the list, or from wherever it is now. `null` is none. */
export function useOne(api: Api, id: string, rows: Disagreement[], listed: boolean) {
  const here = rows.find((row) => row.id === id);
  const query = useQuery({
    queryKey: [KEY, "one", id],
    queryFn: () => seek(api, id),
    enabled: listed && !here,
  });
  return { one: here ?? query.data, query };
}

/** Where a verdict was withdrawn there is none any more. */
async function seek(api: Api, id: string): Promise<Disagreement | null> {
  try {
    return await api.disagreement(id);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** Settles one at the hub; the lists know at once, the hub's answer follows. */
export function useSettle(api: Api) {
  const client = useQueryClient();
  const renew = () => client.invalidateQueries({ queryKey: [KEY] });
  const settle = async (one: Disagreement, body: Settling) => {
    const settled = await api.settleDisagreement(one.id, body);
    client.setQueryData([KEY, "one", one.id], settled);
    client.setQueriesData<Pages>(
      { queryKey: [KEY], predicate: isOpenList },
      (now) => now && without(now, one.id),
    );
    void renew();
    // Its label stands in the first case, and in the table.
    void client.invalidateQueries({ queryKey: ["case", one.first.case_id] });
    void client.invalidateQueries({ queryKey: ["cases"] });
    return settled;
  };
  return { settle, renew };
}

function isOpenList({ queryKey }: { queryKey: readonly unknown[] }): boolean {
  return (queryKey[1] as Partial<Narrowed>)?.state === "open";
}

function without({ pages, pageParams }: Pages, id: string): Pages {
  const left = pages.map((page) => ({
    ...page,
    disagreements: page.disagreements.filter((one) => one.id !== id),
  }));
  return { pages: left, pageParams };
}

/** What is typed for one disagreement, null where nobody is. It is kept until the hub has it, over a closed window too. */
export function useForm({ storage }: Host, { subject }: Me, id: string) {
  const kept = useMemo(() => new Kept<Form>(storage, subject, "settling"), [storage, subject]);
  const [form, setForm] = useState<Form | null>(() => {
    // Whoever comes back finds it put aside: no field takes the keys that walk the list.
    const form = formOf(kept.of(id));
    return form && { ...form, closed: true };
  });
  const keep = (next: Form | null) => {
    setForm(next);
    kept.keep(id, next && isBlank(next) ? null : next);
  };
  return [form, keep] as const;
}

/** The hub's word diff of what is being typed; the last one stays until the next is there. */
export function useTypedDiff(api: Api, draftId: string, text: string, enabled: boolean) {
  const [typed, settle] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => settle(text), TYPED_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return useQuery({
    queryKey: ["typed-diff", draftId, typed],
    queryFn: ({ signal }) => api.diff(draftId, typed, signal),
    enabled,
    placeholderData: keepPreviousData,
    gcTime: 10_000,
    staleTime: Number.POSITIVE_INFINITY,
  });
}
