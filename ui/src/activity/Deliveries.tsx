import { useRef, useState } from "react";
import { type Api, ApiError } from "../api/client";
import type { Delivery, Workflow } from "../api/types";
import type { Host } from "../host";
import { useKeys } from "../kit/keys";
import { isPress } from "../shared/press";
import { useHubChanges } from "../shared/refresh";
import { named, reasonOf } from "../shared/words";
import { useWords } from "../words";
import { DeliveryDetail, deliveryCells } from "./Delivery";
import { Hints, WorkflowFilter } from "./Filters";
import { Grid } from "./Grid";
import { Listing } from "./Listing";
import { usePaged } from "./pages";
import { useRetries } from "./retries";

const PAGE = 100;
const STATES = ["pending", "held", "delivered", "undeliverable", "recalled"];

interface Props {
  host: Host;
  api: Api;
  workflows: Workflow[];
  initial: URLSearchParams;
}

/** What was sent, what is on its way, and what gave up. */
export function Deliveries({ host, api, workflows, initial }: Props) {
  const says = useWords().activity;
  const [workflow, chooseWorkflow] = useState(initial.get("workflow") ?? "");
  const [state, chooseState] = useState(initial.get("state") ?? "");
  const [topAt, goTop] = useState(0);
  const [selected, select] = useState<string | null>(null);
  const [opened, open] = useState<string | null>(null);
  const list = usePaged<Delivery>({
    queryKey: ["deliveries", workflow, state],
    keyOf,
    fetch: async (cursor) => {
      const page = await api.deliveries({
        limit: PAGE,
        ...(cursor && { cursor }),
        ...(workflow && { workflow }),
        ...(state && { state }),
      });
      return { rows: page.deliveries, next: page.next_cursor };
    },
  });
  useHubChanges(host, list.refresh);
  const { rows, query } = list;
  const failed = rows.filter(mayRetry);
  const retries = useRetries(api, list.replace);
  const { retry } = retries;

  const filter = useRef<HTMLSelectElement>(null);
  const focus = (event: KeyboardEvent) => {
    if (!isPress(event)) return;
    event.preventDefault();
    filter.current?.focus();
  };
  useKeys({
    r: (event) => {
      const row = rows.find((one) => one.id === selected);
      if (isPress(event) && row && mayRetry(row)) void retry([row]);
    },
    "/": focus,
    "Shift+/": focus,
  });
  const now = api.now();
  const show = (row: Delivery) => ({
    key: row.id,
    cells: deliveryCells(row, says, now, mayRetry(row) ? () => void retry([row]) : null),
    detail: () => <DeliveryDetail delivery={row} />,
  });

  if (query.error instanceof ApiError && query.error.status === 403) {
    return <p className="activity-calm">{reasonOf(query.error)}</p>;
  }
  const filtered = workflow !== "" || state !== "";
  return (
    <>
      <search className="activity-filters">
        <WorkflowFilter workflows={workflows} value={workflow} onChange={chooseWorkflow} />
        <select
          ref={filter}
          aria-label={says.state}
          value={state}
          onChange={(event) => chooseState(event.target.value)}
        >
          <option value="">{says.everyState}</option>
          {STATES.map((one) => (
            <option key={one} value={one}>
              {named(says.states, one)}
            </option>
          ))}
        </select>
        {filtered && (
          <button
            type="button"
            className="link-button"
            onClick={() => {
              chooseWorkflow("");
              chooseState("");
            }}
          >
            {says.clear}
          </button>
        )}
        {failed.length > 0 && retries.running === null && (
          <button type="button" className="quiet" onClick={() => void retry(failed)}>
            {says.retryAll(failed.length)}
          </button>
        )}
        <Retries retries={retries} />
        <Hints retry />
      </search>
      <Listing
        query={query}
        onRetry={list.retry}
        failed={says.deliveriesFailed}
        empty={rows.length === 0 && (filtered ? says.noMatch : says.noDeliveries)}
        newer={list.newer}
        onNewest={() => goTop((times) => times + 1)}
      >
        <Grid
          label={says.deliveryList}
          className="deliveries"
          columns={[
            says.ticket,
            says.kind,
            says.state,
            says.attempts,
            says.next,
            says.lastError,
            says.written,
            says.action,
          ]}
          rows={rows}
          keyOf={keyOf}
          show={show}
          selected={selected}
          onSelect={select}
          opened={opened}
          onOpen={open}
          hasMore={query.hasNextPage}
          more={list.more}
          see={list.see}
          topAt={topAt}
        />
      </Listing>
    </>
  );
}

const keyOf = (delivery: Delivery) => delivery.id;
const mayRetry = ({ state }: Delivery) => state === "undeliverable";

/** How far the retries are, and how they ended. */
function Retries({ retries }: { retries: ReturnType<typeof useRetries> }) {
  const says = useWords().activity;
  const { running, done } = retries;
  return (
    <p className="activity-said" role="status">
      {running && (
        <>
          {says.retrying(running.done, running.all)}{" "}
          <button type="button" className="link-button" onClick={retries.stop}>
            {says.stop}
          </button>
        </>
      )}
      {!running && done && (
        <>
          {done.ok > 0 && says.retried(done.ok)}{" "}
          {done.failed > 0 && (
            <span className="fail">{says.retryFailed(done.failed, reasonOf(done.why))}</span>
          )}
        </>
      )}
    </p>
  );
}
