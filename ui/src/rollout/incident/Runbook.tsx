import type { Incident, IncidentStep } from "../../api/types";
import { Inline } from "../../kit/prose/inline";
import { Prose } from "../../kit/prose/prose";
import { shortMoment, wholeMoment } from "../../shared/dates";
import { useWords } from "../../words";
import { sectionsOf } from "../incidents";

/** The boxes to tick, for the keys that walk them. */
export const STEP_BOX = "incident-box";

interface Props {
  incident: Incident;
  /** Why the last tick didn't come to be. */
  fault: string;
  /** Null for who may not, and once it is closed. */
  onTick: ((step: IncidentStep) => void) | null;
}

/** The runbook of the version that was in force, its steps to tick off. */
export function Runbook({ incident, fault, onTick }: Props) {
  const says = useWords().incident;
  const { steps, steps_done, steps_total } = incident;
  return (
    <section className="incident-runbook">
      <h2>
        {says.runbook} {steps.length > 0 && <span>{says.doneOf(steps_done, steps_total)}</span>}
      </h2>
      <p role="status" className="fail">
        {fault}
      </p>
      {steps.length === 0 && <p className="rollout-note">{says.emptyRunbook}</p>}
      {sectionsOf(steps).map(({ name, steps: here }) => (
        <div key={here[0]?.n}>
          {name && (
            <h3 dir="auto">
              <Inline text={name} />
            </h3>
          )}
          <ol>
            {here.map((step) => (
              <Step key={step.n} step={step} onTick={onTick} />
            ))}
          </ol>
        </div>
      ))}
    </section>
  );
}

function Step({ step, onTick }: { step: IncidentStep; onTick: Props["onTick"] }) {
  const says = useWords().incident;
  const { n, text, done, by, at } = step;
  const id = `incident-step-${n}`;
  return (
    <li className={done ? "done" : undefined}>
      <input
        id={id}
        type="checkbox"
        className={STEP_BOX}
        checked={done}
        disabled={!onTick}
        onChange={() => onTick?.(step)}
      />
      <div>
        <label htmlFor={id}>
          <Prose text={text} format="markdown" />
        </label>
        {by && at && (
          <p className="rollout-note" dir="auto" title={wholeMoment(at)}>
            <Inline text={says.doneBy(by, shortMoment(at))} />
          </p>
        )}
      </div>
    </li>
  );
}
