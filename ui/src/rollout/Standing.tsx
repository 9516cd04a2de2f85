import type { Pull, Workflow } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { shortMoment } from "../shared/dates";
import { number } from "../shared/numbers";
import { stateName } from "../shared/words";
import { useWords } from "../words";

/** The way of a draft; what is always worth a look stands there with a 0 too. */
const STATES = [
  "staged",
  "in_review",
  "frozen",
  "approved",
  "edited",
  "escalated",
  "delivering",
  "delivered",
  "undeliverable",
  "superseded",
  "expired",
  "unreviewed",
];
const ALWAYS = ["staged", "in_review"];

export function Drafts({ workflow }: { workflow: Workflow }) {
  const says = useWords().rollout;
  const known: Record<string, number> = workflow.drafts;
  const sum = Object.values(known).reduce((all, n) => all + n, 0);
  const states = [...STATES, ...Object.keys(known).filter((state) => !STATES.includes(state))];
  const rows = states.filter((state) => known[state] || (ALWAYS.includes(state) && !workflow.killed));
  return (
    <section>
      <h2>
        {says.drafts} <span>{says.everyVersion}</span>
      </h2>
      {sum === 0 ? (
        <p className="rollout-note">{says.noDrafts}</p>
      ) : (
        <table className="rollout-table" aria-label={says.drafts}>
          <thead className="unseen">
            <tr>
              <th>{says.state}</th>
              <th>{says.count}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((state) => (
              <tr key={state} className={state === "undeliverable" ? "fail" : undefined}>
                <th scope="row">{stateName(state)}</th>
                <td>{number(known[state] ?? 0)}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row">{says.all}</th>
              <td>{number(sum)}</td>
            </tr>
          </tfoot>
        </table>
      )}
    </section>
  );
}

export function Deliveries({ workflow }: { workflow: Workflow }) {
  const says = useWords().rollout;
  const { deliveries_waiting: waiting, deliveries_undeliverable: failed, delivers, killed } = workflow;
  const to = (state: string) =>
    `#/activity/deliveries?state=${state}&workflow=${encodeURIComponent(workflow.id)}`;
  return (
    <section>
      <h2>{says.deliveries}</h2>
      {waiting > 0 && (
        <p>
          <a href={to(killed ? "held" : "pending")}>
            {killed ? says.heldBack(waiting) : says.waiting(waiting)}
          </a>
        </p>
      )}
      {failed > 0 && (
        <p>
          <a className="fail" href={to("undeliverable")}>
            {says.undeliverable(failed)}
          </a>
        </p>
      )}
      {waiting + failed === 0 && (
        <p className="rollout-note">{delivers ? says.deliveredAll : says.noDeliveries}</p>
      )}
    </section>
  );
}

export function Pulls({ workflow, now }: { workflow: Workflow; now: number }) {
  const says = useWords().rollout;
  const pulls = workflow.pulls ?? [];
  if (pulls.length === 0) return null;
  const next = (pull: Pull) => {
    if (!pull.next_at) return says.notYet;
    return Date.parse(pull.next_at) <= now ? says.due : shortMoment(pull.next_at);
  };
  return (
    <section>
      <h2>{says.pulls}</h2>
      <table className="rollout-table rollout-pulls" aria-label={says.pulls}>
        <thead>
          <tr>
            <th>{says.address}</th>
            <th>{says.next}</th>
            <th>{says.lastError}</th>
          </tr>
        </thead>
        <tbody>
          {pulls.map((pull) => (
            <tr key={pull.url}>
              <td dir="auto">{pull.url}</td>
              <td>{next(pull)}</td>
              <td dir="auto" className={pull.last_error ? "fail" : "rollout-note"}>
                <Inline text={pull.last_error ?? says.noError} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
