import { useEffect, useRef, useState } from "react";
import type { ScreenProps } from "../frame/Frame";
import { Key, useKeys } from "../kit/keys";
import { Live } from "../kit/live";
import { go } from "../kit/route";
import { useStore } from "../kit/store";
import { isPress, isStep } from "../shared/press";
import { hasRole } from "../shared/rights";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { CaseSide } from "./CaseSide";
import { useCases, useWorkflows } from "./data";
import { ExportDialog } from "./ExportDialog";
import { FilterBar } from "./Filters";
import { type Filters, filters as filterStore, marked, NO_FILTERS, step } from "./list";
import { CaseTable } from "./Table";
import { useCommands } from "./useCommands";
import "./cases.css";

/** Who may read cases, each in the workflows that the role was given for. */
const READERS = ["dri", "curator", "admin", "auditor"] as const;

export default function Cases(props: ScreenProps) {
  const says = useWords().cases;
  const { me } = props;
  const may = me.owner || me.grants.some(({ role }) => READERS.some((reader) => reader === role));
  if (may) return <Desk {...props} />;
  return (
    <div className="screen wide">
      <header className="screen-bar">
        <h1 className="cases-title">{says.title}</h1>
      </header>
      <main className="cases-main">
        <Calm title={says.barred} text={says.barredText} />
      </main>
    </div>
  );
}

/** Every decision that was taken, as a table; one of them beside it, from draft to delivery. */
function Desk({ host, api, me, id }: ScreenProps) {
  const says = useWords().cases;
  const filters = useStore(filterStore);
  const at = useStore(marked);
  const [exporting, setExporting] = useState(false);
  const [atTop, setAtTop] = useState(true);
  const search = useRef<HTMLInputElement>(null);
  const workflows = useWorkflows(api)?.filter((one) => hasRole(me, one.id, READERS)) ?? [];
  const { rows, query, more, stale, renew } = useCases(api, host, filters);
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
      <header className="screen-bar">
        <h1 className="cases-title">
          {says.title} {query.isSuccess && <span>{says.loaded(rows.length, hasMore)}</span>}
        </h1>
        <SearchField key={filters.q ?? ""} field={search} filters={filters} set={set} />
        <button type="button" className="quiet" onClick={() => setExporting(true)}>
          {says.exportButton} <Key press="E" />
        </button>
      </header>
      <main className="cases-main">
        <Live
          text={filters === NO_FILTERS || query.isFetching ? "" : says.spokenFound(rows.length, hasMore)}
        />
        <FilterBar filters={filters} workflows={workflows} set={set} />
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
        {query.isSuccess && rows.length === 0 && (
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

function Calm({ title, text, children }: { title: string; text: string; children?: React.ReactNode }) {
  return (
    <div className="cases-calm" role="status">
      <h2>{title}</h2>
      <p>{text}</p>
      {children}
    </div>
  );
}
