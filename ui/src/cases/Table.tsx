import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, useEffect, useRef } from "react";
import type { Workflow } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { shortMoment, wholeMoment } from "../shared/dates";
import { share } from "../shared/numbers";
import { ticketName } from "../shared/words";
import { useWords } from "../words";
import type { Row } from "./data";
import { Outcome } from "./Outcome";

export const ROW_HEIGHT = 33;

interface Props {
  rows: Row[];
  hasMore: boolean;
  more: () => void;
  workflows: Workflow[];
  /** The row in hand, whether or not it is open. */
  at: string | null;
  onOpen: (id: string) => void;
  onStep: (by: number) => void;
  /** Tells whether the first row is in view. */
  onTop: (top: boolean) => void;
}

/** The rows that are in view, and no others, however many there are. */
export function CaseTable({ rows, hasMore, more, workflows, at, onOpen, onStep, onTop }: Props) {
  const says = useWords().cases;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length + (hasMore ? 1 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    scrollPaddingStart: ROW_HEIGHT,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  const index = rows.findIndex(({ id }) => id === at);
  useEffect(() => {
    if (last >= rows.length - 40) more();
  }, [last, rows.length, more]);
  useEffect(() => {
    if (index >= 0) virtual.scrollToIndex(index, { align: "auto" });
  }, [index, virtual]);
  const columns = says.columns;
  // Not every hub lists what a case holds beyond its outcome; what isn't there has no column.
  const full = rows[0]?.reviewer !== undefined;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a real table can't leave out the rows that are not in view
    <div
      ref={scroller}
      role="grid"
      className={full ? "cases-table" : "cases-table short"}
      aria-label={says.table}
      aria-rowcount={hasMore ? -1 : rows.length + 1}
      aria-activedescendant={index >= 0 ? rowId(at) : undefined}
      tabIndex={0}
      data-testid="cases"
      onScroll={(event) => onTop(event.currentTarget.scrollTop < ROW_HEIGHT)}
      onKeyDown={(event) => {
        const by = STEPS[event.key];
        if (by) {
          event.preventDefault();
          onStep(by);
        }
        if (event.key === "Enter" && at) onOpen(at);
      }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see above; the grid is one stop for Tab */}
      <div role="row" className="cases-row cases-head" aria-rowindex={1}>
        {COLUMNS.map((name) => (
          // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see above
          <span key={name} role="columnheader" className={`cases-${name}`}>
            {columns[name]}
          </span>
        ))}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: see above */}
      <div role="rowgroup" className="cases-rows" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          return (
            // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: see above; keys act on the grid
            <div
              key={row?.id ?? "more"}
              id={rowId(row?.id ?? "more")}
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={row !== undefined && row.id === at}
              className={row && row.id === at ? "cases-row on" : "cases-row"}
              style={{ transform: `translateY(${item.start}px)` }}
              onClick={row && (() => onOpen(row.id))}
            >
              {row ? (
                <Cells row={row} workflow={workflows.find(({ id }) => id === row.workflow)} />
              ) : (
                // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see above
                <span role="gridcell" className="cases-more">
                  {says.more}
                </span>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}

const COLUMNS = [
  "when",
  "ticket",
  "subject",
  "outcome",
  "changed",
  "reviewer",
  "workflow",
  "version",
  "seconds",
] as const;

const STEPS: Record<string, number> = {
  ArrowDown: 1,
  ArrowUp: -1,
  PageDown: 20,
  PageUp: -20,
  Home: Number.NEGATIVE_INFINITY,
  End: Number.POSITIVE_INFINITY,
};

const rowId = (id: string | null) => `case-${id}`;

/** The cells in the order of the columns. */
const Cells = memo(function Cells({ row, workflow }: { row: Row; workflow: Workflow | undefined }) {
  const says = useWords().cases;
  const name = workflow?.name ?? row.workflow;
  const cells: Record<(typeof COLUMNS)[number], React.ReactNode> = {
    when: (
      <time dateTime={row.decided_at} title={wholeMoment(row.decided_at)}>
        {shortMoment(row.decided_at)}
      </time>
    ),
    ticket: (
      <bdi title={row.external_id}>
        <Inline text={ticketName(row.external_id)} />
      </bdi>
    ),
    subject: (
      <bdi title={row.subject}>
        <Inline text={row.subject} />
      </bdi>
    ),
    outcome: <Outcome row={row} workflow={workflow} />,
    changed: row.edit_ratio != null && (
      <span title={says.changedTitle(share(row.edit_ratio))}>{share(row.edit_ratio)}</span>
    ),
    reviewer: row.reviewer && (
      <span title={row.reviewer}>
        {row.reviewer.replace(/^reviewer-/, "")}
        {row.round === 2 && ` · ${says.second}`}
      </span>
    ),
    workflow: <bdi title={name}>{name}</bdi>,
    version: row.version !== undefined && `v${row.version}`,
    seconds: row.seconds !== undefined && says.seconds(row.seconds),
  };
  return COLUMNS.map((column) => (
    // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see the table
    <span key={column} role="gridcell" className={`cases-${column}`}>
      {cells[column]}
    </span>
  ));
});
