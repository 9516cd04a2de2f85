import type { Api } from "../api/client";
import type { Gate, History, Workflow } from "../api/types";
import { number, percent } from "../shared/numbers";
import { named, stageName } from "../shared/words";
import { useWords } from "../words";
import { Happened } from "./Happened";
import { SERIES, shares } from "./mix";
import { ReviewBudgetLines, Trust } from "./Trust";
import type { Rollout } from "./useGate";

interface Props {
  workflow: Workflow;
  history: History | undefined;
}

interface SideProps extends Props {
  api: Api;
  rollout: Rollout;
}

export function Side({ api, workflow, history, rollout }: SideProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must by keyboard too
    <aside className="screen-side rollout-side" aria-label={workflow.name} tabIndex={0}>
      {history && <Share workflow={workflow} history={history} gate={rollout.gate.data} />}
      <Trust trust={rollout.trust} />
      <ReviewBudgetLines budget={rollout.budget.data} />
      {history && (
        <Happened api={api} workflow={workflow} history={history} drills={rollout.drills.data ?? []} />
      )}
    </aside>
  );
}

/** What came of the drafts that the present version staged at the present stage: those that its gate counts. */
function Share({ workflow, history, gate }: Props & { history: History; gate: Gate | undefined }) {
  const says = useWords().rollout;
  const { version, stage } = workflow;
  const record = (history.record ?? []).find((row) => row.version === version && row.stage === stage);
  const of = shares(record?.outcomes ?? {});
  const undecided = gate?.conditions.find(({ name }) => name === "unresolved");
  return (
    <section aria-label={says.sharesOf(version, stageName(stage))}>
      <h2>{says.sharesOf(version, stageName(stage))}</h2>
      {of.reviewed === 0 && <p className="rollout-note">{says.noShares}</p>}
      <dl className="shares">
        {of.reviewed > 0 && (
          <>
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
          </>
        )}
        {gate && gate.summary.unconfirmed > 0 && (
          <div className="rollout-note">
            <dt>{says.notConfirmed(gate.summary.unconfirmed)}</dt>
          </div>
        )}
        {gate && undecided?.measured != null && gate.summary.selected > 0 && (
          <>
            <div>
              <dt>{says.undecided}</dt>
              <dd>{percent(undecided.measured, 1)}</dd>
            </div>
            <div className="rollout-note">
              <dt>{says.undecidedOf(gate.summary.selected)}</dt>
            </div>
          </>
        )}
      </dl>
    </section>
  );
}

function labelOf(workflow: Workflow, code: string): string {
  return workflow.reasons.find((reason) => reason.code === code)?.label ?? named({}, code);
}
