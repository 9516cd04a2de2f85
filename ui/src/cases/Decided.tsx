import { useEffect, useRef, useState } from "react";
import { Key, useKeys } from "../kit/keys";
import { Live } from "../kit/live";
import { go } from "../kit/route";
import { useStore } from "../kit/store";
import { isPress, isStep } from "../shared/press";
import { hasRole } from "../shared/rights";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { Bar } from "./Bar";
import { Calm } from "./Calm";
import { CaseSide } from "./CaseSide";
import { READERS, useCases, useWorkflows } from "./data";
import { ExportDialog } from "./ExportDialog";
import { FilterBar } from "./Filters";
import { type Filters, filters as filterStore, marked, NO_FILTERS, step } from "./list";
import type { SectionProps } from "./place";
import { CaseTable } from "./Table";
import { useCommands } from "./useCommands";

/** Every decision that was taken, as a table; one of them beside it, from draft to delivery. */
export function Decided({ host, api, me, id, counts }: SectionProps) {
  const { cases: says, shared } = useWords();
  const filters = useStore(filterStore);
  const at = useStore(marked);
  const [exporting, setExporting] = useState(false);
  const [atTop, setAtTop] = useState(true);
  const search = useRef<HTMLInputElement>(null);
  const workflows = useWorkflows(api)?.filter((one) => hasRole(me, one.id, READERS)) ?? [];
  const { rows, query, more, indexing, stale, renew } = useCases(api, host, filters);
  const set = (next: Filters) => filterStore.set(next);
  const hasMore = query.hasNextPage;

  useEffect(() => {
    if (id) marked.set(id);
  }, [id]);
  // While somebody reads further down, nothing moves under them.
  useEffect(() => {
    if (stale && atTop) renew();
  }, [stale, atTop, renew]);

  const move = (by: number) => {
    const to = step(rows, at, by);
    if (!to) return;
    marked.set(to.id);
    if (id) show(to.id);
  };
  const clear = () => {
    set(NO_FILTERS);
    if (search.current) search.current.value = "";
  };
  const press = (act: () => void) => (event: KeyboardEvent) => {
    if (!isPress(event)) return;
    event.preventDefault();
    act();
  };
  const walk = (by: number) => (event: KeyboardEvent) => {
    if (!isStep(event)) return;
    event.preventDefault();
    move(by);
  };
  useKeys({
    j: walk(1),
    k: walk(-1),
    ArrowDown: walk(1),
    ArrowUp: walk(-1),
    Home: walk(Number.NEGATIVE_INFINITY),
    End: walk(Number.POSITIVE_INFINITY),
    "/": press(() => search.current?.focus()),
    "Shift+/": press(() => search.current?.focus()),
    Enter: (event) => {
      const onControl = (event.target as HTMLElement).closest?.("button, a, summary");
      if (isPress(event) && !onControl && at) go("cases", at);
    },
    c: press(clear),
    e: press(() => setExporting(true)),
    Escape: press(() => id && go("cases")),
  });

  useCommands({
    search: () => search.current?.focus(),
    next: () => move(1),
    previous: () => move(-1),
    open: () => at && go("cases", at),
    close: () => id && go("cases"),
    clear,
    export: () => setExporting(true),
  });

  return (
    <div className={id ? "screen cases" : "screen wide cases"}>
      <Bar
        section="decided"
        counts={{ ...counts, ...(query.isSuccess && { decided: says.loaded(rows.length, hasMore) }) }}
      >
        <SearchField key={filters.q ?? ""} field={search} filters={filters} set={set} />
        <button type="button" className="quiet" onClick={() => setExporting(true)}>
          {says.exportButton} <Key press="E" />
        </button>
      </Bar>
      <main className="cases-main">
        <Live
          text={filters === NO_FILTERS || query.isFetching ? "" : says.spokenFound(rows.length, hasMore)}
        />
        <FilterBar filters={filters} workflows={workflows} set={set} />
        {indexing && (
          <p className={rows.length === 0 ? "cases-calm" : "cases-newer"} role="status">
            {shared.indexing}
          </p>
        )}
        {stale && !atTop && (
          <button type="button" className="cases-newer link-button" onClick={renew}>
            {says.newer}
          </button>
        )}
        {query.isError && <Failed error={query.error} retry={() => void query.refetch()} />}
        {query.isPending && !query.isError && (
          <p className="cases-calm" role="status">
            {says.fetching}
          </p>
        )}
        {query.isSuccess && rows.length === 0 && !indexing && (
          <Calm
            title={filters === NO_FILTERS ? says.noneYet : says.noneFound}
            text={filters === NO_FILTERS ? says.noneYetText : says.noneFoundText}
          />
        )}
        {rows.length > 0 && (
          <CaseTable
            key={JSON.stringify(filters)}
            rows={rows}
            hasMore={hasMore}
            more={more}
            workflows={workflows}
            at={at}
            onOpen={(open) => go("cases", open)}
            onStep={move}
            onTop={setAtTop}
          />
        )}
      </main>
      {id && <CaseSide id={id} api={api} me={me} workflows={workflows} onClose={() => go("cases")} />}
      {exporting && (
        <ExportDialog
          host={host}
          api={api}
          workflows={workflows}
          first={filters.workflow}
          onClose={() => setExporting(false)}
        />
      )}
    </div>
  );
}

/** The next case takes the place of this one in the address, so that going back leaves the screen. */
function show(id: string) {
  location.replace(`#/cases/${encodeURIComponent(id)}`);
}

interface SearchProps {
  field: React.RefObject<HTMLInputElement | null>;
  filters: Filters;
  set: (next: Filters) => void;
}

function SearchField({ field, filters, set }: SearchProps) {
  const says = useWords().cases;
  return (
    <search className="cases-search">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          const { q: _, ...others } = filters;
          const words = field.current?.value.trim();
          const next = words ? { ...others, q: words } : others;
          set(Object.keys(next).length > 0 ? next : NO_FILTERS);
        }}
      >
        <input
          ref={field}
          type="search"
          dir="auto"
          aria-label={says.search}
          placeholder={says.search}
          defaultValue={filters.q ?? ""}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.preventDefault();
            event.stopPropagation();
            event.currentTarget.blur();
          }}
        />
        <Key press="/" />
      </form>
    </search>
  );
}

function Failed({ error, retry }: { error: Error; retry: () => void }) {
  const says = useWords().cases;
  return (
    <Calm title={says.failed} text={reasonOf(error)}>
      <button type="button" className="quiet" onClick={retry}>
        {says.retry}
      </button>
    </Calm>
  );
}
