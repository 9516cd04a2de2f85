import type { Gate as GateView, Me, Workflow } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { number } from "../shared/numbers";
import { reasonOf, stageName } from "../shared/words";
import { useWords } from "../words";
import { GateHead } from "./GateHead";
import { loosenedOf } from "./gate";
import { Rates } from "./Rates";
import type { Rollout } from "./useGate";

interface Props {
  workflow: Workflow;
  me: Me;
  rollout: Rollout;
  onPromote: () => void;
  onDemote: (() => void) | null;
}

/** The way to the next stage: how each failure rate stands against its limit, and whether that is enough. */
export function Gate({ workflow, me, rollout, onPromote, onDemote }: Props) {
  const { gate: says, rollout: common } = useWords();
  const { gate, plan, series } = rollout;
  return (
    <section className={workflow.killed ? "gate dull" : "gate"} aria-busy={gate.isPending}>
      <GateHead
        gate={gate.data}
        plan={plan.data}
        workflow={workflow}
        me={me}
        onPromote={onPromote}
        onDemote={onDemote}
      />
      {gate.isError && (
        <p className="rollout-note" role="alert">
          {says.failed(reasonOf(gate.error))}{" "}
          <button type="button" className="link-button" onClick={() => void gate.refetch()}>
            {common.retry}
          </button>
        </p>
      )}
      {gate.isPending && (
        <p className="gate-wait rollout-note" role="status">
          {says.opening}
        </p>
      )}
      {gate.data && gate.data.rates.length === 0 && <p className="rollout-note">{says.noRates}</p>}
      {gate.data && gate.data.rates.length > 0 && (
        <Rates gate={gate.data} series={series.data} workflow={workflow} />
      )}
      {gate.data && gate.data.rates.length > 0 && <Whose gate={gate.data} />}
      {gate.data && <Loosened gate={gate.data} />}
    </section>
  );
}

/** Which drafts the figures count, and from when on. */
function Whose({ gate }: { gate: GateView }) {
  const says = useWords().gate;
  const { version, stage, entry_lag_hours: lag, if_confirmed: other } = gate;
  const parts = [
    says.whose(stageName(stage), version),
    lag > 0 && says.entersAfter(number(lag)),
    other != null && says.ifConfirmed(says.status[other]),
  ];
  return <p className="rollout-note">{parts.filter(Boolean).join(" · ")}</p>;
}

/** What a version asks less for than the one before stands where the numbers do. */
function Loosened({ gate }: { gate: GateView }) {
  useWords();
  if (gate.loosened.length === 0) return null;
  return (
    <ul className="loosened">
      {gate.loosened.map((line) => (
        <li key={line} dir="auto">
          <Inline text={loosenedOf(line)} />
        </li>
      ))}
    </ul>
  );
}
