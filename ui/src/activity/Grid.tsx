// biome-ignore-all lint/a11y/useSemanticElements: a real table can't leave out the rows that are not in view.
// biome-ignore-all lint/a11y/useFocusableInteractive: the grid is one stop for Tab, and says which row is the active one.
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, useEffect, useId, useRef } from "react";
import { useKeys } from "../kit/keys";
import { isPress, isStep } from "../shared/press";
import { useWords } from "../words";

const ROW = 33;
const HEAD = 29;
const NEAR_END = 20;

export interface GridRow {
  key: string;
  cells: ReactNode[];
  /** What stands under the row while it is open. */
  detail?: () => ReactNode;
  tone?: string;
}

interface Props<Row> {
  label: string;
  columns: string[];
  className: string;
  rows: Row[];
  keyOf: (row: Row) => string;
  show: (row: Row, opened: boolean) => GridRow;
  selected: string | null;
  onSelect: (key: string | null) => void;
  opened: string | null;
  onOpen: (key: string | null) => void;
  hasMore: boolean;
  more: () => void;
  see: (first: number, last: number) => void;
  /** Each time that this changes, the list goes to its top. */
  topAt?: number;
}

/** A long list, one row selected, walked by J and K or the arrows, opened by Enter. Only what is in view is on the page. */
export function Grid<Row>(props: Props<Row>) {
  const {
    label,
    columns,
    className,
    rows,
    keyOf,
    show,
    selected,
    opened,
    hasMore,
    more,
    see,
    topAt = 0,
  } = props;
  const says = useWords().activity;
  const name = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length + (hasMore ? 1 : 0),
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey: (i) => (rows[i] ? keyOf(rows[i]) : "more"),
    overscan: 12,
    scrollMargin: HEAD,
    scrollPaddingStart: HEAD,
  });
  const items = virtual.getVirtualItems();
  const { startIndex = 0, endIndex = 0 } = virtual.range ?? {};
  useEffect(() => {
    see(startIndex, endIndex);
    if (endIndex >= rows.length - NEAR_END) more();
  });

  const at = rows.findIndex((row) => keyOf(row) === selected);
  const scrolledTo = useRef<string | null>(null);
  useEffect(() => {
    if (at >= 0 && scrolledTo.current !== selected) virtual.scrollToIndex(at, { align: "auto" });
    scrolledTo.current = at >= 0 ? selected : null;
  }, [at, selected, virtual]);

  useEffect(() => {
    if (topAt > 0) scroller.current?.scrollTo({ top: 0 });
  }, [topAt]);

  useGridKeys(props, at, scroller);
  const idOf = (key: string) => `${name}-${key}`;
  return (
    <div
      ref={scroller}
      className={`grid ${className}`}
      role="treegrid"
      aria-label={label}
      aria-rowcount={hasMore ? -1 : rows.length + 1}
      aria-activedescendant={selected !== null && at >= 0 ? idOf(selected) : undefined}
      tabIndex={0}
      onFocus={(event) => {
        // What has the focus shows where it is.
        if (event.target === event.currentTarget && at < 0 && rows[0]) props.onSelect(keyOf(rows[0]));
      }}
    >
      <div role="rowgroup" className="grid-head">
        <div role="row" className="grid-row" aria-rowindex={1}>
          {columns.map((title) => (
            <span key={title} role="columnheader">
              {title}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" className="grid-body" style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = rows[item.index];
          const place = { transform: `translateY(${item.start - HEAD}px)` };
          if (!row) {
            return (
              <div key={item.key} role="row" className="grid-place" style={place}>
                <span role="gridcell" className="grid-more">
                  {says.loadingMore}
                </span>
              </div>
            );
          }
          const key = keyOf(row);
          return (
            <Placed
              key={key}
              id={idOf(key)}
              row={show(row, key === opened)}
              index={item.index}
              place={place}
              measure={virtual.measureElement}
              selected={key === selected}
              opened={key === opened}
              onPress={() => {
                props.onSelect(key);
                props.onOpen(key === opened ? null : key);
              }}
              columns={columns.length}
            />
          );
        })}
      </div>
    </div>
  );
}

interface PlacedProps {
  id: string;
  row: GridRow;
  index: number;
  place: { transform: string };
  measure: (element: Element | null) => void;
  selected: boolean;
  opened: boolean;
  onPress: () => void;
  columns: number;
}

function Placed({ id, row, index, place, measure, selected, opened, onPress, columns }: PlacedProps) {
  const tones = ["grid-row", selected && "on", row.tone].filter(Boolean).join(" ");
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid's own keys do the same.
    <div
      id={id}
      ref={measure}
      data-index={index}
      data-key={row.key}
      role="row"
      aria-rowindex={index + 2}
      aria-selected={selected}
      aria-expanded={row.detail ? opened : undefined}
      className="grid-place"
      style={place}
      onClick={(event) => {
        // Text in the detail can be marked, and links go where they lead.
        if ((event.target as Element).closest("a, button, .grid-detail") === null) onPress();
      }}
    >
      <div className={tones} role="presentation">
        {row.cells.map((cell, i) => (
          <span key={i} role="gridcell" dir="auto">
            {cell}
          </span>
        ))}
      </div>
      {opened && row.detail && (
        <div role="gridcell" aria-colspan={columns} className="grid-detail">
          {row.detail()}
        </div>
      )}
    </div>
  );
}

function useGridKeys<Row>(
  { rows, keyOf, selected, onSelect, opened, onOpen }: Props<Row>,
  at: number,
  scroller: React.RefObject<HTMLDivElement | null>,
) {
  const goTo = (to: number) => (event: KeyboardEvent) => {
    const row = rows[Math.min(rows.length - 1, Math.max(0, to))];
    if (!row || !isStep(event)) return;
    event.preventDefault();
    onSelect(keyOf(row));
    // From now on the list is what a screen reader follows.
    scroller.current?.focus({ preventScroll: true });
  };
  const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 400) / ROW) - 2);
  useKeys({
    j: goTo(at + 1),
    ArrowDown: goTo(at + 1),
    k: goTo(at - 1),
    ArrowUp: goTo(at - 1),
    PageDown: goTo(at + page),
    PageUp: goTo(at - page),
    Home: goTo(0),
    End: goTo(rows.length - 1),
    Enter: (event) => {
      if (!isPress(event) || selected === null || onControl(event)) return;
      event.preventDefault();
      onOpen(opened === selected ? null : selected);
    },
    Escape: (event) => {
      if (!isPress(event)) return;
      if (opened !== null) onOpen(null);
      else onSelect(null);
    },
  });
}

function onControl(event: KeyboardEvent): boolean {
  return (event.target as Element).closest("a, button, summary") !== null;
}
