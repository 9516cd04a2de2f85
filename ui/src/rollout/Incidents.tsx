import type { IncidentRow } from "../api/types";
import { Key } from "../kit/keys";
import { Inline } from "../kit/prose/inline";
import { shortMoment, wholeMoment } from "../shared/dates";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { lastedOf, openedOf } from "./incidents";
import { incidentAt } from "./place";
import type { IncidentsOf } from "./useIncidents";

interface Props {
  of: IncidentsOf;
  now: number;
  /** Null for who may not, and while one is open. */
  onReport: (() => void) | null;
}

/** The workflow's incidents, the latest first. */
export function Incidents({ of: { incidents, rows }, now, onReport }: Props) {
  const { incident: says, rollout } = useWords();
  return (
    <section aria-busy={incidents.isPending}>
      <header className="rollout-head">
        <h2>{says.incidents}</h2>
        {onReport && (
          <button type="button" className="quiet" onClick={onReport}>
            {says.report} <Key press="i" />
          </button>
        )}
      </header>
      {incidents.isError && (
        <p className="rollout-note" role="alert">
          {says.failed(reasonOf(incidents.error))}{" "}
          <button type="button" className="link-button" onClick={() => void incidents.refetch()}>
            {rollout.retry}
          </button>
        </p>
      )}
      {incidents.isSuccess && rows.length === 0 && <p className="rollout-note">{says.none}</p>}
      <ul className="rollout-list">
        {rows.map((row) => (
          <Row key={row.id} row={row} now={now} />
        ))}
      </ul>
      {incidents.hasNextPage && (
        <button
          type="button"
          className="link-button"
          disabled={incidents.isFetchingNextPage}
          onClick={() => void incidents.fetchNextPage()}
        >
          {rollout.more}
        </button>
      )}
    </section>
  );
}

function Row({ row, now }: { row: IncidentRow; now: number }) {
  const says = useWords().incident;
  const steps = row.steps_total > 0 ? says.steps(row.steps_done, row.steps_total) : says.noSteps;
  return (
    <li>
      <a href={incidentAt(row.workflow, row.id)} dir="auto" title={row.title}>
        <span className="rollout-number">{row.number}</span> <Inline text={row.title} />
      </a>
      <time dateTime={row.opened_at} title={wholeMoment(row.opened_at)}>
        {shortMoment(row.opened_at)}
      </time>
      <p dir="auto">
        <span className={row.state === "open" ? "hold" : undefined}>{lastedOf(row, now)}</span>
        {" · "}
        <Inline text={openedOf(row)} />
        {` · ${steps}`}
      </p>
    </li>
  );
}
