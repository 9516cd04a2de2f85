import { useVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef, useState } from "react";
import type { Source, Workflow } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { shortMoment, wholeMoment } from "../shared/dates";
import { useWords } from "../words";

const ROW_HEIGHT = 33;
const STEPS: Record<string, number> = { j: 1, ArrowDown: 1, PageDown: 15, k: -1, ArrowUp: -1, PageUp: -15 };

interface Props {
  rows: Source[];
  workflows: Workflow[];
  more: () => void;
  onOpen: (source: Source) => void;
}

/** The rows that are in view, and no others, however many there are. */
export function SourceTable({ rows, workflows, more, onOpen }: Props) {
  const says = useWords().settings.sources;
  const scroller = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState(0);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    scrollPaddingStart: ROW_HEIGHT,
  });
  const items = virtual.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (last >= rows.length - 30) more();
  }, [last, rows.length, more]);
  const move = (by: number) => {
    const to = Math.min(Math.max(at + by, 0), rows.length - 1);
    setAt(to);
    virtual.scrollToIndex(to, { align: "auto" });
  };
  const places = (id: string | null | undefined) =>
    id ? (workflows.find((one) => one.id === id)?.name ?? id) : says.everyWorkflow;
  return (
    // biome-ignore lint/a11y/useSemanticElements: a real table can't leave out the rows that are not in view
    <div
      ref={scroller}
      role="grid"
      className="settings-sources"
      aria-label={says.table}
      aria-rowcount={rows.length + 1}
      aria-activedescendant={rows[at] ? `source-${at}` : undefined}
      tabIndex={0}
      onKeyDown={(event) => {
        const by = STEPS[event.key];
        const row = rows[at];
        if (by && !event.ctrlKey && !event.metaKey) {
          event.preventDefault();
          move(by);
        } else if (event.key === "Enter" && row) onOpen(row);
      }}
    >
      {/* biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see above; the grid is one stop for Tab */}
      <div role="row" className="settings-source settings-source-head" aria-rowindex={1}>
        {[says.name, says.id, says.access, says.workflow, says.updated].map((name) => (
          // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see above
          <span key={name} role="columnheader">
            {name}
          </span>
        ))}
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: see above */}
      <div role="rowgroup" className="settings-source-rows" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          return (
            // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive lint/a11y/useKeyWithClickEvents: see above; keys act on the grid
            <div
              key={`${row.workflow ?? ""}/${row.id}`}
              id={`source-${item.index}`}
              role="row"
              aria-rowindex={item.index + 2}
              aria-selected={item.index === at}
              className={item.index === at ? "settings-source on" : "settings-source"}
              style={{ transform: `translateY(${item.start}px)` }}
              onClick={() => {
                setAt(item.index);
                onOpen(row);
              }}
            >
              <Cells row={row} place={places(row.workflow)} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Cells({ row, place }: { row: Source; place: string }) {
  const says = useWords().settings.sources;
  const cells: [string, string, React.ReactNode][] = [
    ["name", row.title, <Inline key="title" text={row.title} />],
    ["id", row.id, <Inline key="id" text={row.id} />],
    ["access", row.access.join(", "), <Inline key="access" text={row.access.join(", ") || says.noLabel} />],
    ["workflow", place, place],
    ["updated", wholeMoment(row.updated_at), shortMoment(row.updated_at)],
  ];
  return cells.map(([name, title, shown]) => (
    // biome-ignore lint/a11y/useSemanticElements lint/a11y/useFocusableInteractive: see the table
    <span key={name} role="gridcell" className={`settings-source-${name}`} title={title}>
      <bdi>{shown}</bdi>
    </span>
  ));
}
