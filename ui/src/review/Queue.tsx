import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { DraftRow } from "../api/types";
import { useTick } from "../kit/clock";
import { Live } from "../kit/live";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { show, useDesk, useSettled, useView } from "./context";
import { useEscalations, useRows, useWorkflows } from "./data";
import { NO_FILTERS, narrowed } from "./filters";
import { Row } from "./Row";
import { filterWords } from "./words";

export const ROW_HEIGHT = 59;

/** The rows to show: what was escalated to me first, then the queue in its order. */
export function useQueue() {
  const { rows, query, more, total, indexing } = useRows();
  const filters = useView((view) => view.filters);
  const escalations = useEscalations();
  const only = filters.only === "escalated";
  const top: DraftRow[] =
    filters !== NO_FILTERS && !only
      ? []
      : escalations.map((one) => ({
          id: one.draft_id,
          workflow: one.workflow,
          version: 0,
          external_id: one.external_id,
          revision: "",
          state: "escalated",
          subject: one.subject,
          customer: one.customer,
          marks: [],
          risk: "normal",
          staged_at: one.opened_at,
          waiting_since: one.waiting_since,
          expires_at: "",
          held_by: null,
          escalation: { id: one.id, to: one.to, owner: one.owner, state: one.state },
        }));
  if (only) return { rows: top, query, more: () => {}, total: top.length, hasMore: false, indexing: false };
  const all = top.length > 0 ? [...top, ...rows] : rows;
  return { rows: all, query, more, total, hasMore: query.hasNextPage, indexing };
}

export function Queue({ queue }: { queue: ReturnType<typeof useQueue> }) {
  const desk = useDesk();
  const { session, view, inView, api } = desk;
  const { review: says, shared } = useWords();
  const { rows, query, more, total, hasMore, indexing } = queue;
  const shownId = useSettled((state) => state.shown?.id);
  const filters = useView((now) => now.filters);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length + (hasMore ? 1 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  inView.first = items[0]?.index ?? 0;
  inView.last = last;
  useTick(30_000);
  useEffect(() => {
    if (last >= rows.length - 10) more();
  }, [last, rows.length, more]);

  // The row of the draft on screen stays in view.
  const at = rows.findIndex((row) => row.id === shownId);
  useEffect(() => {
    if (at >= 0) virtual.scrollToIndex(at, { align: "auto" });
  }, [at, virtual]);

  const now = api.now();
  return (
    <aside className="queue" aria-label={says.queue}>
      <header className="queue-head">
        <h2>
          {filters === NO_FILTERS ? (
            <>
              {says.queue}
              <span> · {says.count(total ?? rows.length, total == null && hasMore)}</span>
            </>
          ) : (
            says.foundCount(total ?? rows.length, total == null && hasMore)
          )}
        </h2>
        <button type="button" className="plain-button" onClick={() => show(view, { dialog: "filters" })}>
          {says.filter}
        </button>
        <button
          type="button"
          className="plain-button"
          aria-label={filters.sort === "deadline" ? says.sortedByDeadline : says.sortedByNewest}
          onClick={() =>
            show(view, {
              filters: narrowed({ ...filters, sort: filters.sort === "deadline" ? "newest" : "deadline" }),
            })
          }
        >
          {filters.sort === "deadline" ? says.byDeadline : says.byNewest}
        </button>
      </header>
      <Mine />
      <FilterLine />
      <Live
        text={
          filters === NO_FILTERS || query.isFetching
            ? ""
            : says.spokenFound(total ?? rows.length, total == null && hasMore)
        }
      />
      {query.isError && (
        <p className="calm">
          {says.queueFailed(reasonOf(query.error))}{" "}
          <button type="button" className="link-button" onClick={() => void query.refetch()}>
            {says.tryAgain}
          </button>
        </p>
      )}
      {indexing && (
        <p className="calm" role="status">
          {shared.indexing}
        </p>
      )}
      {(query.isSuccess || filters.only) && rows.length === 0 && !indexing && (
        <p className="calm">{filters === NO_FILTERS ? says.noneWaiting : says.noneMatch}</p>
      )}
      <div
        className="rows"
        ref={scroller}
        role="listbox"
        aria-label={says.drafts}
        tabIndex={0}
        aria-activedescendant={at >= 0 ? rowId(shownId) : undefined}
        onKeyDown={(event) => {
          if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
          event.preventDefault();
          desk.move(event.key === "ArrowDown" ? 1 : -1);
        }}
      >
        <div className="rows-inner" role="presentation" style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = rows[item.index];
            return (
              <div
                key={row?.id ?? "more"}
                role="presentation"
                className="row-place"
                style={{ transform: `translateY(${item.start}px)` }}
              >
                {row ? (
                  <Row
                    id={rowId(row.id)}
                    row={row}
                    on={row.id === shownId}
                    now={now}
                    onSelect={() => session.select(row.id)}
                  />
                ) : (
                  <p className="calm">{says.more}</p>
                )}
              </div>
            );
          })}
        </div>
      </div>
    </aside>
  );
}

const rowId = (id: string | undefined) => `row-${id}`;

/** What waits for me in particular, with how much of it there is. */
function Mine() {
  const { view } = useDesk();
  const says = useWords().review;
  const escalations = useEscalations();
  const on = useView((now) => now.filters.only === "escalated");
  if (escalations.length === 0 && !on) return null;
  return (
    <p className="mine">
      <button
        type="button"
        className={on ? "chip on" : "chip"}
        aria-pressed={on}
        onClick={() => show(view, { filters: on ? NO_FILTERS : { ...NO_FILTERS, only: "escalated" } })}
      >
        {says.toMe(escalations.length)}
      </button>
    </p>
  );
}

function FilterLine() {
  const { view } = useDesk();
  const says = useWords().review;
  const filters = useView((now) => now.filters);
  const workflows = useWorkflows();
  if (filters === NO_FILTERS || filters.only) return null;
  const line = filterWords(filters, (id) => workflows?.find((workflow) => workflow.id === id)?.name);
  return (
    <p className="filter-line">
      <span role="status" title={line}>
        {line}
      </span>
      <button type="button" className="link-button" onClick={() => show(view, { filters: NO_FILTERS })}>
        {says.clear}
      </button>
    </p>
  );
}
