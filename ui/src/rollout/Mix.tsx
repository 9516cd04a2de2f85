import type { UseQueryResult } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import type { History } from "../api/types";
import { Key, useKeys } from "../kit/keys";
import { useOffer } from "../kit/offers";
import { utcDay } from "../shared/dates";
import { number } from "../shared/numbers";
import { isPress, isStep } from "../shared/press";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { Bars } from "./Bars";
import { type Bar, bars, SERIES, WINDOW_DAYS } from "./mix";

/** What came of the drafts, day by day. */
export function Mix({ history, now }: { history: UseQueryResult<History>; now: number }) {
  const says = useWords().rollout;
  const [asTable, tabulate] = useState(false);
  const [at, point] = useState<number | null>(null);
  const days = history.data?.days;
  const today = new Date(now).toISOString().slice(0, 10);
  const shown = useMemo(() => bars(days ?? [], Date.parse(today)), [days, today]);
  const decided = shown.reduce((sum, bar) => sum + bar.total - bar.counts.unresolved, 0);
  const empty = shown.every((bar) => bar.total === 0);
  const step = (by: number) => (event: KeyboardEvent) => {
    if (!isStep(event)) return;
    event.preventDefault();
    point((from) => Math.min(shown.length - 1, Math.max(0, (from ?? (by < 0 ? shown.length : -1)) + by)));
  };
  useKeys({
    ArrowLeft: step(-1),
    ArrowRight: step(1),
    t: (event) => isPress(event) && tabulate((was) => !was),
  });
  const title = asTable ? says.asBars : says.asTable;
  useOffer(
    useMemo(
      () => (empty ? [] : [{ id: "rollout-table", title, press: "T", run: () => tabulate((was) => !was) }]),
      [title, empty],
    ),
  );
  const pointed = at === null ? undefined : shown[at];
  return (
    <section className="mix">
      <header>
        <h2>
          {says.outcomes} {!empty && <span>{says.outcomesOver(WINDOW_DAYS, decided)}</span>}
        </h2>
        {!empty && (
          <button type="button" className="quiet" onClick={() => tabulate(!asTable)}>
            {asTable ? says.asBars : says.asTable} <Key press="T" />
          </button>
        )}
      </header>
      {history.isError && (
        <p className="rollout-note" role="alert">
          {says.outcomesFailed(reasonOf(history.error))}{" "}
          <button type="button" className="link-button" onClick={() => void history.refetch()}>
            {says.retry}
          </button>
        </p>
      )}
      {history.isSuccess && empty && <p className="rollout-note">{says.noOutcomes}</p>}
      {!empty && !asTable && <Bars shown={shown} at={at} onPoint={point} />}
      {!empty && <Table shown={shown} unseen={!asTable} />}
      {!empty && !asTable && (
        <ul className="mix-legend">
          {SERIES.map((series) => (
            <li key={series}>
              <i className={series} aria-hidden="true" />
              {says.series[series]}
            </li>
          ))}
        </ul>
      )}
      {!empty && !asTable && <Readout bar={pointed} />}
    </section>
  );
}

/** The day under the pointer, or the one that the arrow keys went to. */
function Readout({ bar }: { bar: Bar | undefined }) {
  const says = useWords().rollout;
  const parts = bar
    ? SERIES.filter((series) => bar.counts[series] > 0).map((series) =>
        says.part(bar.counts[series], says.series[series]),
      )
    : [];
  return (
    <p className="mix-readout" role="status">
      {bar && says.dayOf(utcDay(bar.day), parts)}
    </p>
  );
}

function Table({ shown, unseen }: { shown: Bar[]; unseen: boolean }) {
  const says = useWords().rollout;
  const rows = shown.filter((bar) => bar.total > 0).reverse();
  return (
    <div className={unseen ? "unseen" : "mix-table"}>
      <table className="rollout-table" aria-label={says.outcomes}>
        <thead>
          <tr>
            <th>{says.day}</th>
            {SERIES.map((series) => (
              <th key={series}>{says.series[series]}</th>
            ))}
            <th>{says.sum}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((bar) => (
            <tr key={bar.day}>
              <th scope="row">{utcDay(bar.day)}</th>
              {SERIES.map((series) => (
                <td key={series} className={bar.counts[series] === 0 ? "zero" : undefined}>
                  {number(bar.counts[series])}
                </td>
              ))}
              <td>{number(bar.total)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
