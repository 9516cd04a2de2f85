import type { UseQueryResult } from "@tanstack/react-query";
import type { Burn } from "../api/types";
import { utcDay } from "../shared/dates";
import { share } from "../shared/numbers";
import { reasonOf, stageName } from "../shared/words";
import { useWords } from "../words";
import { burning, hereOf, impossible, silence, wholeOf } from "./burn";
import { Remaining } from "./Remaining";
import { StatusMark } from "./Status";
import { isNone } from "./useGate";

/** How much may still go wrong, and how fast that is used up. */
export function FailureBudget({ burn }: { burn: UseQueryResult<Burn> }) {
  const says = useWords().gate;
  const retry = useWords().rollout.retry;
  const none = burn.isError && isNone(burn.error);
  return (
    <section className="budget" aria-busy={burn.isPending}>
      <h2>
        {says.budget}{" "}
        {burn.data && (
          <StatusMark
            status={burn.data.status}
            word={burn.data.state === "alerting" ? says.budgetAlerting : undefined}
            quiet={burn.data.status === "pass"}
          />
        )}
      </h2>
      {none && <p className="rollout-note">{says.noBudget}</p>}
      {burn.isError && !none && (
        <p className="rollout-note" role="alert">
          {says.budgetFailed(reasonOf(burn.error))}{" "}
          <button type="button" className="link-button" onClick={() => void burn.refetch()}>
            {retry}
          </button>
        </p>
      )}
      {burn.data && <Spent burn={burn.data} />}
      {burn.data && burn.data.since == null && <p className="rollout-note">{says.noBudgetDays}</p>}
      {burn.data && burn.data.since != null && <Remaining burn={burn.data} />}
      {burn.data && <Rules burn={burn.data} />}
      {burn.data && <Days burn={burn.data} />}
    </section>
  );
}

/** What the gate counts of it, and what the alerts and the chart count: each says whose drafts it means. */
function Spent({ burn }: { burn: Burn }) {
  const says = useWords().gate;
  const { version, stage, here, whole, since, days } = burn;
  const covered = since == null ? 0 : days.filter(([day]) => day >= since).length;
  return (
    <>
      <p
        className={here.state === "overspent" ? "budget-here fail" : "budget-here"}
        data-testid="budget-here"
      >
        {hereOf(burn)}
      </p>
      <p className="rollout-note">
        {says.whose(stageName(stage), version)} · {says.failuresIn(here.failures, here.reviewed)}
      </p>
      <p className={whole.state === "overspent" ? "fail" : undefined} data-testid="budget-whole">
        {wholeOf(burn)}
      </p>
      <p className="rollout-note">
        {says.failuresIn(whole.failures, whole.reviewed)}
        {since != null &&
          covered < days.length &&
          ` · ${says.covers(utcDay(since, false), burn.window_days)}`}
      </p>
    </>
  );
}

/** How fast it burns, and which rules say nothing, with why. What fires stands at the top of the screen. */
function Rules({ burn }: { burn: Burn }) {
  const says = useWords().gate;
  const silent = burn.rules.filter((rule) => rule.silent && !rule.impossible);
  const never = impossible(burn);
  return (
    <>
      <p className="burning">
        {burning(burn)} {burn.state === "alerting" && says.frozenBy}
      </p>
      {never && <p className="rollout-note">{never}</p>}
      {silent.map((rule) => (
        <p key={rule.long} className="rollout-note" dir="auto">
          {silence(rule)}
        </p>
      ))}
    </>
  );
}

/** The chart's days for those who can't see it. */
function Days({ burn }: { burn: Burn }) {
  const says = useWords();
  return (
    <div className="unseen">
      <table aria-label={says.gate.budget}>
        <thead>
          <tr>
            <th>{says.rollout.day}</th>
            <th>{says.gate.left}</th>
          </tr>
        </thead>
        <tbody>
          {burn.days
            .filter(([day]) => day >= (burn.since ?? day))
            .map(([day, left]) => (
              <tr key={day}>
                <th scope="row">{utcDay(day)}</th>
                <td>{share(left)}</td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
