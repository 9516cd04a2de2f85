import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import { type Api, ApiError } from "../api/client";
import type { Source } from "../api/types";
import { Key, useKeys } from "../kit/keys";
import { isPress } from "../shared/press";
import { hasRole, hasRoleEverywhere } from "../shared/rights";
import { useWords } from "../words";
import { useAct } from "./act";
import { ImportSources } from "./ImportSources";
import type { SectionProps } from "./Settings";
import { SourceDialog } from "./SourceDialog";
import { SourceTable } from "./SourceTable";
import { Calm, Waiting } from "./State";

export function Sources({ api, me }: SectionProps) {
  const says = useWords().settings.sources;
  const [wanted, want] = useState("");
  const [open, setOpen] = useState<Source | null>(null);
  const [importing, setImporting] = useState(false);
  const search = useRef<HTMLInputElement>(null);
  const { rows, query, more } = useSources(api, wanted);
  const workflows = useQuery({ queryKey: ["workflows"], queryFn: api.workflows }).data ?? [];
  const everywhere = hasRoleEverywhere(me, ["admin", "service"]);
  const mine = workflows.filter(({ id }) => hasRole(me, id, ["admin", "service"]));
  const focusSearch = (event: KeyboardEvent) => {
    if (!isPress(event)) return;
    event.preventDefault();
    search.current?.focus();
  };
  useKeys({ "/": focusSearch, "Shift+/": focusSearch });
  const mayImport = everywhere || mine.length > 0;
  useAct("import", says.import, mayImport, setImporting);
  const barred = query.error instanceof ApiError && query.error.status === 403;
  const read = query.data?.pages.reduce((sum, page) => sum + page.sources.length, 0) ?? 0;
  return (
    <>
      <div className="settings-tools">
        <span className="settings-search">
          <input
            ref={search}
            type="search"
            dir="auto"
            aria-label={says.search}
            placeholder={says.search}
            value={wanted}
            onChange={(event) => want(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Escape") return;
              want("");
              event.currentTarget.blur();
            }}
          />
          <Key press="/" />
        </span>
        {query.data && (
          <span className="settings-note" role="status">
            {wanted === ""
              ? says.count(read, query.hasNextPage)
              : query.hasNextPage
                ? says.searching(read)
                : says.found(rows.length, read)}
          </span>
        )}
        {mayImport ? (
          <button type="button" className="quiet" onClick={() => setImporting(true)}>
            {says.import}
          </button>
        ) : (
          <span className="settings-note">{says.importBarred}</span>
        )}
      </div>
      {barred ? <Calm>{says.barred}</Calm> : <Waiting query={query} />}
      {query.data && read === 0 && <Calm title={says.none}>{says.noneText}</Calm>}
      {read > 0 && rows.length === 0 && !query.hasNextPage && <Calm>{says.noneFound}</Calm>}
      {rows.length > 0 && <SourceTable rows={rows} workflows={workflows} more={more} onOpen={setOpen} />}
      {open !== null && (
        <SourceDialog api={api} id={open.id} workflow={open.workflow ?? null} onClose={() => setOpen(null)} />
      )}
      {importing && (
        <ImportSources
          api={api}
          workflows={mine}
          everywhere={everywhere}
          onClose={() => setImporting(false)}
        />
      )}
    </>
  );
}

/** The sources that match. The hub lists them by id alone, so looking for words reads the list to its end. */
function useSources(api: Api, wanted: string) {
  const query = useInfiniteQuery({
    queryKey: ["sources"],
    queryFn: ({ pageParam }) => api.sources(pageParam),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
  const { hasNextPage, isFetchingNextPage, isError, fetchNextPage } = query;
  const more = () => {
    if (hasNextPage && !isFetchingNextPage && !isError) void fetchNextPage();
  };
  const looking = wanted !== "" && hasNextPage && !isFetchingNextPage && !isError;
  useEffect(() => {
    if (looking) void fetchNextPage();
  }, [looking, fetchNextPage]);
  const rows = useMemo(() => {
    const all = query.data?.pages.flatMap((page) => page.sources) ?? [];
    return all.filter((source) => matches(source, wanted));
  }, [query.data, wanted]);
  return { rows, query, more };
}

function matches({ id, title, access }: Source, wanted: string): boolean {
  const text = [id, title, ...access].join("\n").toLowerCase();
  return wanted
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
