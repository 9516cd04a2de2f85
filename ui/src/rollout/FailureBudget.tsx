import type { UseQueryResult } from "@tanstack/react-query";
import type { Burn, BurnRule } from "../api/types";
import { burnOf, spanOf } from "../shared/alerts";
import { utcDay } from "../shared/dates";
import { share } from "../shared/numbers";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { burning, impossible, silence } from "./burn";
import { Remaining } from "./Remaining";
import { Shape } from "./Status";
import { isNone } from "./useGate";

/** How much may still go wrong, and how fast that is used up. */
export function FailureBudget({ burn }: { burn: UseQueryResult<Burn> }) {
  const says = useWords().gate;
  const retry = useWords().rollout.retry;
  const none = burn.isError && isNone(burn.error);
  return (
    <section className="budget" aria-busy={burn.isPending}>
      <h2>
        {says.budget} {burn.data && <Left burn={burn.data} />}
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
      {burn.data && burn.data.days.length === 0 && <p className="rollout-note">{says.noBudgetDays}</p>}
      {burn.data && burn.data.days.length > 0 && <Remaining burn={burn.data} />}
      {burn.data && <Rules burn={burn.data} />}
      {burn.data && <Days burn={burn.data} />}
    </section>
  );
}

function Left({ burn }: { burn: Burn }) {
  const says = useWords().gate;
  const { remaining, window_days: days } = burn;
  return (
    <span className={remaining < 0 ? "fail" : undefined}>
      {remaining < 0 ? says.budgetOver(days, share(-remaining)) : says.budgetLeft(days, share(remaining))}{" "}
      {says.budgetOf(burn.rate.replaceAll("_", " "))}
    </span>
  );
}

/** Which rules fire, how fast it burns, and which say nothing, with why. */
function Rules({ burn }: { burn: Burn }) {
  const says = useWords().gate;
  const firing = burn.rules.filter((rule) => rule.firing);
  const silent = burn.rules.filter((rule) => rule.silent && !rule.impossible);
  const never = impossible(burn);
  return (
    <>
      {firing.length > 0 && (
        <ul className="firing">
          {firing.map((rule) => (
            <Firing key={rule.long} rule={rule} />
          ))}
        </ul>
      )}
      <p className="burning">
        {burning(burn)} {firing.some(({ action }) => action === "page") && says.frozenBy}
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

function Firing({ rule }: { rule: BurnRule }) {
  const says = useWords().gate;
  const at = (burn: number, seconds: number) => says.over(burnOf(burn), spanOf(seconds));
  return (
    <li className="fail">
      <Shape status="fail" />
      <strong>{rule.action === "page" ? says.paging : says.notifying}</strong>{" "}
      {says.firing(at(rule.burn_long, rule.long), at(rule.burn_short, rule.short), burnOf(rule.threshold))}
    </li>
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
          {burn.days.map(([day, left]) => (
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
