import type { Incident, Workflow } from "../../api/types";
import { capOf, Key } from "../../kit/keys";
import { Inline } from "../../kit/prose/inline";
import type { Saved } from "../../shared/save";
import { named } from "../../shared/words";
import { useWords } from "../../words";
import { Shape } from "../Status";
import type { Acts } from "./useCommands";

interface Props {
  workflow: Workflow;
  incident: Incident;
  acts: Acts;
  saved: Saved | null;
  /** Null for who may neither kill nor resume. */
  onStop: (() => void) | null;
}

/** Whose incident, whether it is open, and what can be done with the whole of it; the kill switch in its corner. */
export function Head({ workflow, incident, acts, saved, onStop }: Props) {
  const { incident: says, rollout } = useWords();
  const { number, state } = incident;
  return (
    <header className="screen-bar">
      <a
        className="incident-back"
        href={`#/rollout/${encodeURIComponent(workflow.id)}`}
        title={`${says.back(workflow.name)} · ${capOf("Esc")}`}
        dir="auto"
      >
        <span>
          <Inline text={workflow.name} />
        </span>
      </a>
      <p className="incident-name">{says.incident(number)}</p>
      <span className={state === "open" ? "pill hold" : "mark neutral"}>
        {state === "open" && <Shape status="hold" />}
        {named(says.states, state)}
      </span>
      <p
        role="status"
        className={saved?.state === "failed" ? "incident-saved fail" : "incident-saved"}
        title={saved?.words}
        dir="auto"
      >
        {saved?.words}
      </p>
      <span className="incident-acts">
        <button type="button" className="quiet" onClick={acts.export}>
          {says.export} <Key press="e" />
        </button>
        {acts.close && (
          <button type="button" className="quiet" onClick={acts.close}>
            {says.close} <Key press="c" />
          </button>
        )}
      </span>
      {onStop && (
        <button type="button" className="rollout-stop" title={capOf("$mod+Shift+K")} onClick={onStop}>
          {workflow.killed ? rollout.resume : rollout.kill}
        </button>
      )}
    </header>
  );
}
