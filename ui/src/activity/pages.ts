import { type InfiniteData, useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";

/** A part of a list that the hub gives in pages, the newest first. */
export interface Part<Row> {
  rows: Row[];
  next: string | null | undefined;
}

type Parts<Row> = InfiniteData<Part<Row>, string>;

interface Options<Row> {
  queryKey: readonly unknown[];
  fetch: (cursor: string) => Promise<Part<Row>>;
  keyOf: (row: Row) => string;
  /** The cursor to begin with; empty for the newest. */
  start?: string;
}

/** A list in pages that follows the hub: its top while that is in view, and whatever else is. */
export function usePaged<Row>({ queryKey, fetch, keyOf, start = "" }: Options<Row>) {
  const client = useQueryClient();
  const inView = useRef({ first: 0, last: 0 });
  const [newer, tellNewer] = useState(false);
  const query = useInfiniteQuery({
    queryKey,
    queryFn: ({ pageParam }) => fetch(pageParam),
    initialPageParam: start,
    getNextPageParam: (part: Part<Row>) => part.next,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const rows = useMemo(() => flat(query.data?.pages ?? [], keyOf), [query.data, keyOf]);

  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage, refetch } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);
  const retry = () => void (isFetchNextPageError ? fetchNextPage() : refetch());

  const refresh = async () => {
    const data = client.getQueryData<Parts<Row>>(queryKey);
    if (!data) return;
    const atTop = inView.current.first === 0 && start === "";
    tellNewer(!atTop);
    const wanted = pagesInView(data.pages, inView.current).filter((i) => i > 0 || atTop);
    const fresh = await Promise.all(
      wanted.map(async (i) => [i, await fetch(data.pageParams[i] ?? "")] as const),
    );
    client.setQueryData<Parts<Row>>(queryKey, (now) => now && withFresh(now, fresh, keyOf));
  };

  const replace = (row: Row) =>
    client.setQueryData<Parts<Row>>(queryKey, (now) => {
      const swap = (one: Row) => (keyOf(one) === keyOf(row) ? row : one);
      return now && { ...now, pages: now.pages.map((part) => ({ ...part, rows: part.rows.map(swap) })) };
    });

  /** What is on screen now; back at the top, what had come meanwhile is fetched. */
  const see = (first: number, last: number) => {
    inView.current = { first, last };
    if (newer && first === 0 && start === "") {
      tellNewer(false);
      void refresh().catch(() => {});
    }
  };

  return { rows, query, more, retry, newer, refresh: () => void refresh().catch(() => {}), replace, see };
}

function flat<Row>(pages: Part<Row>[], keyOf: (row: Row) => string): Row[] {
  const seen = new Set<string>();
  return pages.flatMap((part) => part.rows).filter((row) => !seen.has(keyOf(row)) && seen.add(keyOf(row)));
}

export function pagesInView(pages: Part<unknown>[], { first, last }: { first: number; last: number }) {
  let begin = 0;
  return pages.flatMap((part, i) => {
    const from = begin;
    begin += part.rows.length;
    return from <= last && begin >= first ? [i] : [];
  });
}

/** Puts pages that were fetched again in their places. Nothing may fall between the first one and the next. */
export function withFresh<Row>(
  now: Parts<Row>,
  fresh: readonly (readonly [number, Part<Row>])[],
  keyOf: (row: Row) => string,
): Parts<Row> {
  const pages = [...now.pages];
  for (const [i, part] of fresh) {
    const old = pages[i];
    if (!old) continue;
    // The first page without another one after it is the whole list.
    if (i === 0 && !part.next) return { pages: [part], pageParams: now.pageParams.slice(0, 1) };
    if (i === pages.length - 1) {
      pages[i] = part;
      continue;
    }
    const keys = new Set(part.rows.map(keyOf));
    const common = old.rows.findLastIndex((row) => keys.has(keyOf(row)));
    // So much came that the pages no longer meet: the list begins anew.
    if (i === 0 && common < 0) return { pages: [part], pageParams: now.pageParams.slice(0, 1) };
    const rest = common < 0 ? [] : old.rows.slice(common + 1);
    pages[i] = { rows: [...part.rows, ...rest], next: old.next };
  }
  return { ...now, pages };
}
