import { useId } from "react";
import type { Gate, Me, Plan, Workflow } from "../api/types";
import { Key } from "../kit/keys";
import { Inline } from "../kit/prose/inline";
import { stageName } from "../shared/words";
import { useWords } from "../words";
import { headingOf, planOf, promotionOf, standing } from "./gate";
import { Shape } from "./Status";

/** Where the key for a promotion that isn't due leads: to the button, which says why. */
export const PROMOTE_BUTTON = "rollout-promote";

interface Props {
  gate: Gate | undefined;
  plan: Plan | undefined;
  workflow: Workflow;
  me: Me;
  onPromote: () => void;
  onDemote: (() => void) | null;
}

export function GateHead({ gate, plan, workflow, me, onPromote, onDemote }: Props) {
  const says = useWords().gate;
  const why = useId();
  const { may, ready, second } = promotionOf(gate, workflow, me);
  const status = gate && standing(gate);
  const tone = workflow.killed ? "killed" : (status ?? "");
  return (
    <header className="gate-head">
      <h2>{headingOf(gate)}</h2>
      {status && (
        <span className={`pill ${tone}`}>
          {!workflow.killed && <Shape status={status} />}
          {workflow.killed ? says.killed : says.status[status]}
        </span>
      )}
      <p id={why} className="gate-plan" dir="auto">
        <Inline text={gate ? planOf(gate, plan, workflow, me.subject) : ""} />
      </p>
      {onDemote && (
        <button type="button" className="quiet" onClick={onDemote}>
          {says.demote} <Key press="d" />
        </button>
      )}
      {may && gate?.to != null && (
        <button
          id={PROMOTE_BUTTON}
          type="button"
          className="promote"
          aria-disabled={!ready}
          aria-describedby={why}
          onClick={() => ready && onPromote()}
        >
          {second ? says.signSecond : says.promoteTo(stageName(gate.to))} <Key press="p" />
        </button>
      )}
    </header>
  );
}
