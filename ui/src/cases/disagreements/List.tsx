import { type ReactNode, type RefObject, useEffect } from "react";
import type { Disagreement, Workflow } from "../../api/types";
import { useTick } from "../../kit/clock";
import { Inline } from "../../kit/prose/inline";
import { wholeMoment } from "../../shared/dates";
import { reasonOf, span, ticketName } from "../../shared/words";
import { useWords } from "../../words";
import { Calm } from "../Calm";
import { Choose } from "../Filters";
import { labelWords, TONES } from "../Outcome";
import type { useDisagreements } from "./data";
import { whoseLabel } from "./form";
import { type Narrowed, narrowing, STATES } from "./rows";

interface Props {
  field: RefObject<HTMLDivElement | null>;
  rows: Disagreement[];
  query: ReturnType<typeof useDisagreements>["query"];
  narrowed: Narrowed;
  workflows: Workflow[];
  /** The row in hand, whether or not it is open. */
  at: string | null;
  now: number;
  onOpen: (id: string) => void;
  /** What stands there instead of rows. */
  children: ReactNode;
}

export function List({ field, rows, query, narrowed, workflows, at, now, onOpen, children }: Props) {
  const { disagreements: says, cases } = useWords();
  useTick(30_000);
  const here = rows.some(({ id }) => id === at);
  useEffect(() => {
    if (here && at) document.getElementById(rowId(at))?.scrollIntoView({ block: "nearest" });
  }, [here, at]);
  return (
    <aside className="disagreements-list" aria-label={says.list}>
      <section className="disagreements-filters" aria-label={cases.filters}>
        <Choose
          label={says.state}
          value={narrowed.state}
          onChange={(state) => narrowing.set({ ...narrowed, state: state as Narrowed["state"] })}
          options={STATES.map((state) => [state, says.states[state]])}
        />
        <Choose
          label={cases.workflow}
          every={cases.everyWorkflow}
          value={narrowed.workflow ?? undefined}
          onChange={(workflow) => narrowing.set({ state: narrowed.state, ...(workflow && { workflow }) })}
          options={workflows.map(({ id, name }) => [id, name])}
        />
      </section>
      {children}
      {rows.length > 0 && (
        <div
          ref={field}
          role="listbox"
          className="disagreements-rows"
          aria-label={says.list}
          aria-activedescendant={here && at ? rowId(at) : undefined}
          tabIndex={0}
          data-testid="disagreements"
        >
          {rows.map((row) => (
            <Row
              key={row.id}
              row={row}
              on={row.id === at}
              now={now}
              workflow={workflows.find(({ id }) => id === row.workflow)}
              onOpen={() => onOpen(row.id)}
            />
          ))}
        </div>
      )}
      {query.hasNextPage && (
        <p className="disagreements-more">
          {query.isError && <span role="status">{says.moreFailed(reasonOf(query.error))} </span>}
          <button
            type="button"
            className="link-button"
            aria-disabled={query.isFetchingNextPage}
            onClick={() => query.isFetchingNextPage || void query.fetchNextPage()}
          >
            {query.isFetchingNextPage ? says.fetchingMore : says.more}
          </button>
        </p>
      )}
    </aside>
  );
}

/** Why there are no rows: not yet, not to be had, or none. */
export function NoRows({ query, narrowed: { state, workflow } }: Pick<Props, "query" | "narrowed">) {
  const { disagreements: says, cases } = useWords();
  if (query.isError) {
    return (
      <Calm title={says.failed} text={reasonOf(query.error)}>
        <button type="button" className="quiet" onClick={() => void query.refetch()}>
          {cases.retry}
        </button>
      </Calm>
    );
  }
  if (query.isPending) {
    return (
      <p className="cases-calm" role="status">
        {says.fetching}
      </p>
    );
  }
  if (workflow) return <Calm title={says.noneHere} text={says.noneHereText} />;
  if (state === "settled") return <Calm title={says.noneSettled} text={says.noneSettledText} />;
  return <Calm title={says.noneOpen} text={says.noneOpenText} />;
}

interface RowProps {
  row: Disagreement;
  on: boolean;
  now: number;
  workflow: Workflow | undefined;
  onOpen: () => void;
}

/** Two lines: what the customer wants, and what was decided. */
function Row({ row, on, now, workflow, onOpen }: RowProps) {
  const { disagreements: says, cases } = useWords();
  const since = row.settled?.at ?? row.opened_at;
  const shown = row.settled ? [row.settled] : [row.first, row.second];
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: J and K move the selection; the rows are one stop for Tab
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    <div
      id={rowId(row.id)}
      role="option"
      aria-selected={on}
      className={on ? "disagreements-row on" : "disagreements-row"}
      data-disagreement-id={row.id}
      onClick={onOpen}
    >
      <div className="disagreements-subject">
        <bdi title={row.subject}>
          <Inline text={row.subject || `${cases.columns.ticket} ${ticketName(row.external_id)}`} />
        </bdi>
        <time dateTime={since} title={wholeMoment(since)}>
          {span(now - Date.parse(since))}
        </time>
      </div>
      <div className="disagreements-said">
        {shown.map((label, i) => {
          const words = labelWords(label, workflow);
          return (
            <span key={i} title={words}>
              <span className={`cases-dot ${TONES[label.action] ?? ""}`} aria-hidden="true" />
              {words}
            </span>
          );
        })}
        {row.settled && <i>{says.whoseShort[whoseLabel(row.settled, row)]}</i>}
      </div>
    </div>
  );
}

const rowId = (id: string) => `disagreement-${id}`;
