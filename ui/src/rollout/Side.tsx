import type { Api } from "../api/client";
import type { History, Workflow } from "../api/types";
import { dayName } from "../shared/dates";
import { number, percent } from "../shared/numbers";
import { named } from "../shared/words";
import { useWords } from "../words";
import { Happened } from "./Happened";
import { stageSince } from "./history";
import { SERIES, shares, WINDOW_DAYS, windowStart } from "./mix";
import { ReviewBudgetLines, Trust } from "./Trust";
import type { Rollout } from "./useGate";

interface Props {
  workflow: Workflow;
  history: History | undefined;
  now: number;
}

interface SideProps extends Props {
  api: Api;
  rollout: Rollout;
}

export function Side({ api, workflow, history, rollout, now }: SideProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must by keyboard too
    <aside className="screen-side rollout-side" aria-label={workflow.name} tabIndex={0}>
      {history && <Share workflow={workflow} history={history} now={now} />}
      <Trust trust={rollout.trust} />
      <ReviewBudgetLines budget={rollout.budget.data} />
      {history && (
        <Happened api={api} workflow={workflow} history={history} drills={rollout.drills.data ?? []} />
      )}
    </aside>
  );
}

/** What came of the drafts since the present stage began, as far back as the window goes. */
function Share({ workflow, history, now }: Props & { history: History }) {
  const says = useWords().rollout;
  const since = stageSince(history);
  const start = windowStart(now);
  const whole = since !== null && since.slice(0, 10) >= start;
  const of = shares(history.days, whole ? since.slice(0, 10) : start);
  return (
    <section>
      <h2>{whole ? says.sharesSince(dayName(since)) : says.sharesIn(WINDOW_DAYS)}</h2>
      {of.selected === 0 ? (
        <p className="rollout-note">{says.noShares}</p>
      ) : (
        <dl className="shares">
          {SERIES.filter((series) => series !== "unresolved").map((series) => (
            <div key={series}>
              <dt>{says.series[series]}</dt>
              <dd title={number(of.counts[series])}>{percent(of.counts[series], of.reviewed)}</dd>
            </div>
          ))}
          {of.reasons.map(([code, n]) => (
            <div key={code} className="by-reason">
              <dt dir="auto" title={labelOf(workflow, code)}>
                {labelOf(workflow, code)}
              </dt>
              <dd>{number(n)}</dd>
            </div>
          ))}
          <div className="rollout-note">
            <dt>{says.ofReviewed(of.reviewed)}</dt>
          </div>
          <div>
            <dt>{says.series.unresolved}</dt>
            <dd title={number(of.counts.unresolved)}>{percent(of.counts.unresolved, of.selected)}</dd>
          </div>
          <div className="rollout-note">
            <dt>{says.undecidedOf(of.selected)}</dt>
          </div>
        </dl>
      )}
    </section>
  );
}

function labelOf(workflow: Workflow, code: string): string {
  return workflow.reasons.find((reason) => reason.code === code)?.label ?? named({}, code);
}
