import type { History, Workflow } from "../api/types";
import { capOf } from "../kit/keys";
import { Inline } from "../kit/prose/inline";
import { go } from "../kit/route";
import { dayName } from "../shared/dates";
import { useWords } from "../words";

interface Props {
  workflow: Workflow;
  all: Workflow[];
  history: History | undefined;
  mayAct: boolean;
  onAct: () => void;
}

/** Which workflow, since when, who answers for it, and how it is stopped. */
export function Bar({ workflow, all, history, mayAct, onAct }: Props) {
  const says = useWords().rollout;
  const applied = history?.versions.find(({ version }) => version === workflow.version)?.applied_at;
  return (
    <header className="screen-bar">
      <Choice workflow={workflow} all={all} />
      <p className="rollout-about">
        <span>
          {says.version(workflow.version)}
          {applied && ` ${says.since(dayName(applied))}`}
        </span>
        <span dir="auto" title={workflow.dri}>
          <Inline text={says.dri(workflow.dri)} />
        </span>
      </p>
      {mayAct && (
        <button type="button" className="rollout-stop" title={capOf("$mod+Shift+K")} onClick={onAct}>
          {workflow.killed ? says.resume : says.kill}
        </button>
      )}
    </header>
  );
}

function Choice({ workflow, all }: { workflow: Workflow; all: Workflow[] }) {
  const says = useWords().rollout;
  if (all.length < 2) {
    return (
      <h1 className="rollout-name" dir="auto" title={workflow.name}>
        <Inline text={workflow.name} />
      </h1>
    );
  }
  return (
    <h1 className="rollout-choice">
      <span className="unseen">{workflow.name}</span>
      <select
        aria-label={says.workflow}
        title={says.workflowHint}
        value={workflow.id}
        onChange={(event) => {
          go("rollout", event.target.value);
          // So that J and K go on from here.
          event.target.blur();
        }}
      >
        {all.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name}
          </option>
        ))}
      </select>
    </h1>
  );
}
