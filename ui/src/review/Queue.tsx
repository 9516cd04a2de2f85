import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import type { DraftRow } from "../api/types";
import { useTick } from "../kit/clock";
import { NO_FILTERS, show, useDesk, useSettled, useView } from "./context";
import { useEscalations, useRows, useWorkflow } from "./data";
import { Row } from "./Row";
import { count, reasonOf } from "./words";

export const ROW_HEIGHT = 59;

/** The rows to show: what was escalated to me first, then the queue in its order. */
export function useQueue() {
  const { rows, query, more, total } = useRows();
  const filtered = useView((view) => view.filters !== NO_FILTERS);
  const escalations = useEscalations();
  const top: DraftRow[] = filtered
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
        expires_at: "",
        held_by: null,
        escalation: { id: one.id, to: one.to, owner: one.owner, state: one.state },
      }));
  return { rows: top.length > 0 ? [...top, ...rows] : rows, query, more, total };
}

export function Queue({ queue }: { queue: ReturnType<typeof useQueue> }) {
  const desk = useDesk();
  const { session, view, inView, api } = desk;
  const { rows, query, more, total } = queue;
  const shownId = useSettled((state) => state.shown?.id);
  const filters = useView((now) => now.filters);
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length + (query.hasNextPage ? 1 : 0),
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
    <aside className="queue" aria-label="Queue">
      <header className="queue-head">
        <h2>
          {filters === NO_FILTERS ? "Mine and next" : "Found"}
          <span>{heading(total, rows.length, query.hasNextPage)}</span>
        </h2>
        <button type="button" className="plain-button" onClick={() => show(view, { dialog: "filters" })}>
          filter
        </button>
        <button
          type="button"
          className="plain-button"
          aria-label={`Sorted by ${filters.sort}; press to change`}
          onClick={() =>
            show(view, { filters: { ...filters, sort: filters.sort === "deadline" ? "newest" : "deadline" } })
          }
        >
          {filters.sort === "deadline" ? "deadline ↑" : "newest ↓"}
        </button>
      </header>
      <FilterLine />
      {query.isError && (
        <p className="calm">
          The queue could not be fetched. {reasonOf(query.error)}{" "}
          <button type="button" className="link-button" onClick={() => void query.refetch()}>
            try again
          </button>
        </p>
      )}
      {query.isSuccess && rows.length === 0 && (
        <p className="calm">{filters === NO_FILTERS ? "No drafts are waiting." : "No draft matches."}</p>
      )}
      <div
        className="rows"
        ref={scroller}
        role="listbox"
        aria-label="Drafts"
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
                  <p className="calm">Fetching more…</p>
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

function heading(total: number | null | undefined, loaded: number, hasMore: boolean): string {
  if (total != null) return ` · ${total.toLocaleString("en")}`;
  return ` · ${loaded.toLocaleString("en")}${hasMore ? "+" : ""}`;
}

function FilterLine() {
  const { view } = useDesk();
  const { workflow, state, mark, reviewer, q } = useView((now) => now.filters);
  const name = useWorkflow(workflow)?.name;
  const parts = [
    q && `“${q}”`,
    workflow && (name ?? workflow),
    state?.replaceAll("_", " "),
    mark?.replaceAll("_", " "),
    reviewer && `reviewer ${reviewer}`,
  ].filter(Boolean);
  if (parts.length === 0) return null;
  return (
    <p className="filter-line">
      <span>{parts.join(" · ")}</span>
      <button type="button" className="link-button" onClick={() => show(view, { filters: NO_FILTERS })}>
        clear
      </button>
      <span className="unseen" role="status">
        {count(parts.length, "filter")} on
      </span>
    </p>
  );
}
