import type { Api } from "../api/client";
import type { History, Workflow } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { shortMoment } from "../shared/dates";
import { longSpan } from "../shared/words";
import { useWords } from "../words";
import { reachedOf, useEffectOf } from "./effect";
import { killInForce } from "./history";

interface Props {
  api: Api;
  workflow: Workflow;
  history: History | undefined;
  now: number;
}

/** Who stopped it, when and why, and what that did. */
export function Killed({ api, workflow, history, now }: Props) {
  const says = useWords().rollout;
  const at = workflow.killed_at ?? "";
  const kill = history && killInForce(history, workflow);
  const reached = useEffectOf(api, workflow.id, kill?.id);
  const effects = [
    kill?.effect_ms != null && says.effect(kill.effect_ms),
    says.frozen(workflow.drafts.frozen ?? kill?.frozen ?? 0),
    reached && reachedOf(reached),
  ].filter(Boolean);
  return (
    <section className="rollout-killed" aria-label={says.killed}>
      <p dir="auto">
        <strong>{says.killed}</strong>{" "}
        <Inline
          text={says.killedBy(workflow.killed_by ?? "", shortMoment(at), longSpan(now - Date.parse(at)))}
        />
      </p>
      <p dir="auto" className="rollout-why">
        <Inline text={workflow.killed_reason ?? ""} />
      </p>
      <p className="rollout-note">
        {effects.join(" · ")}. {says.killedHint}
      </p>
    </section>
  );
}
