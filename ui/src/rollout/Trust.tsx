import type { UseQueryResult } from "@tanstack/react-query";
import type { ReviewBudget, Trust as TrustView } from "../api/types";
import { Hint } from "../kit/hint";
import { fixed, percent, share } from "../shared/numbers";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { FIGURES, figuresOf } from "./trust";
import { isNone } from "./useGate";

/** Whether two people say the same, and whether they look at all. */
export function Trust({ trust }: { trust: UseQueryResult<TrustView> }) {
  const says = useWords().gate;
  if (trust.isError && !isNone(trust.error)) {
    return (
      <section>
        <h2>{says.agreement}</h2>
        <p className="rollout-note" role="alert">
          {says.trustFailed(reasonOf(trust.error))}
        </p>
      </section>
    );
  }
  if (!trust.data) return null;
  const { agreement, probes, too_fast, unconfirmed } = trust.data;
  return (
    <>
      <section>
        <h2>{says.agreement}</h2>
        <p className="rollout-note">{says.everyVersion}</p>
        {agreement.pairs === 0 ? (
          <p className="rollout-note">{says.noPairs}</p>
        ) : (
          <dl className="shares">
            <div>
              <dt>{says.agreed}</dt>
              <dd>{says.agreedOf(percent(agreement.raw ?? 0, 1), agreement.pairs)}</dd>
            </div>
            <div className="with-hint">
              <dt>
                <Hint text={says.figuresHint}>{FIGURES}</Hint>
              </dt>
              <dd>{figuresOf(agreement)}</dd>
            </div>
          </dl>
        )}
      </section>
      <section>
        <h2>{says.trust}</h2>
        <p className="rollout-note">{says.everyVersion}</p>
        <dl className="shares">
          <div>
            <dt>{says.probes}</dt>
            <dd>{probes.shown > 0 ? says.ofMany(probes.missed, probes.shown) : says.noneYet}</dd>
          </div>
          <div>
            <dt>{says.tooFast}</dt>
            <dd>{too_fast.of > 0 ? says.ofMany(too_fast.n, too_fast.of) : says.noneYet}</dd>
          </div>
          <div>
            <dt>{says.waitingForSecond}</dt>
            <dd>{fixed(unconfirmed, 0)}</dd>
          </div>
        </dl>
      </section>
    </>
  );
}

/** How many a day are read, and what that costs in time. */
export function ReviewBudgetLines({ budget }: { budget: ReviewBudget | undefined }) {
  const says = useWords().gate;
  if (budget?.per_day == null) return null;
  const { rates, base, days_to_green: days } = budget;
  const same = rates.low === base.low && rates.high === base.high;
  const said = (x: number | null | undefined) => (x == null ? says.cantSay : fixed(Math.ceil(x), 0));
  return (
    <section>
      <h2>{says.reviewBudget}</h2>
      <dl className="shares">
        <div>
          <dt>{says.perDay}</dt>
          <dd>{says.perDayNow(fixed(budget.selected_per_day, 0), fixed(budget.per_day, 0))}</dd>
        </div>
        <div>
          <dt>{says.ratesNow}</dt>
          <dd>
            {share(rates.low)} · {share(rates.high)}
          </dd>
        </div>
        {!same && (
          <div className="rollout-note">
            <dt>{says.ratesWere(share(base.low), share(base.high))}</dt>
          </div>
        )}
        <div>
          <dt>{says.daysToGreen}</dt>
          <dd>{said(days.now)}</dd>
        </div>
        {!same && (
          <div className="rollout-note">
            <dt>{says.daysWithout(said(days.without_budget))}</dt>
          </div>
        )}
      </dl>
    </section>
  );
}
