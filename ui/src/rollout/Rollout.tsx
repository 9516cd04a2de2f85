import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import type { Workflow } from "../api/types";
import type { ScreenProps } from "../frame/Frame";
import { useTick } from "../kit/clock";
import { useKeys } from "../kit/keys";
import { go } from "../kit/route";
import { KillDialog } from "../shared/KillDialog";
import { isStep } from "../shared/press";
import { useHubChanges } from "../shared/refresh";
import { mayKill, mayResume } from "../shared/rights";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { Bar } from "./Bar";
import { Escalations } from "./Escalations";
import { Killed } from "./Killed";
import { Mix } from "./Mix";
import { WINDOW_DAYS } from "./mix";
import { Side } from "./Side";
import { Deliveries, Drafts, Pulls } from "./Standing";
import { Track } from "./Track";
import { useCommands } from "./useCommands";
import "./rollout.css";

/** Where each workflow stands and how it came there. */
export default function Rollout({ host, api, me, id }: ScreenProps) {
  const { rollout: says, frame } = useWords();
  const client = useQueryClient();
  const query = useQuery({ queryKey: ["workflows"], queryFn: api.workflows });
  const all = query.data ?? [];
  const workflow = id === null ? all[0] : all.find((one) => one.id === id);
  useHubChanges(host, () => {
    for (const key of ["workflows", "history", "open-escalations"]) {
      void client.invalidateQueries({ queryKey: [key] });
    }
  });
  const step = (by: number) => (event: KeyboardEvent) => {
    const to = all[all.findIndex((one) => one.id === workflow?.id) + by];
    if (to && isStep(event)) go("rollout", to.id);
  };
  useKeys({ j: step(1), k: step(-1) });

  if (workflow) {
    const may = workflow.killed ? mayResume(me, workflow.id) : mayKill(me, workflow.id);
    return <Shown key={workflow.id} api={api} workflow={workflow} all={all} mayAct={may} />;
  }
  return (
    <main className="screen wide rollout">
      <div className="screen-main rollout-calm">
        {!query.isSuccess && <h1 className="unseen">{frame.rollout}</h1>}
        {query.isPending && <p role="status">{says.opening}</p>}
        {query.isError && (
          <p role="alert">
            {says.failed(reasonOf(query.error))}{" "}
            <button type="button" className="link-button" onClick={() => void query.refetch()}>
              {says.retry}
            </button>
          </p>
        )}
        {query.isSuccess && all.length === 0 && (
          <>
            <h1>{says.none}</h1>
            <p>{says.noneHint}</p>
            <a className="quiet" href="#/review">
              {says.toReview}
            </a>
          </>
        )}
        {all[0] && id !== null && <Unknown id={id} first={all[0]} />}
      </div>
    </main>
  );
}

function Unknown({ id, first }: { id: string; first: Workflow }) {
  const says = useWords().rollout;
  return (
    <>
      <h1 dir="auto">{says.unknown(id)}</h1>
      <p>{says.unknownHint}</p>
      <a className="quiet" href={`#/rollout/${encodeURIComponent(first.id)}`}>
        {says.show(first.name)}
      </a>
    </>
  );
}

interface ShownProps {
  api: ScreenProps["api"];
  workflow: Workflow;
  all: Workflow[];
  mayAct: boolean;
}

function Shown({ api, workflow, all, mayAct }: ShownProps) {
  const [dialog, open] = useState(false);
  const history = useQuery({
    queryKey: ["history", workflow.id],
    queryFn: () => api.history(workflow.id, WINDOW_DAYS),
  });
  // Its guidelines and settings change with its version only.
  const detail = useQuery({
    queryKey: ["workflow", workflow.id, workflow.version],
    queryFn: () => api.workflow(workflow.id),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const act = useCallback(() => open(true), []);
  useCommands({ workflow, all, mayAct, onAct: act });
  useTick(30_000);
  return (
    <div className="screen rollout">
      <Bar workflow={workflow} all={all} history={history.data} mayAct={mayAct} onAct={act} />
      <main className="screen-main" aria-label={workflow.name} data-workflow={workflow.id}>
        <div className="rollout-column">
          <Track workflow={workflow} history={history.data} pack={detail.data?.pack} now={api.now()} />
          {workflow.killed && <Killed workflow={workflow} history={history.data} now={api.now()} />}
          <Mix history={history} now={api.now()} />
          <div className="rollout-pair">
            <Drafts workflow={workflow} />
            <div>
              <Escalations api={api} workflow={workflow} />
              <Deliveries workflow={workflow} />
            </div>
          </div>
          <Pulls workflow={workflow} now={api.now()} />
        </div>
      </main>
      <Side workflow={workflow} history={history.data} now={api.now()} />
      {dialog && <KillDialog workflow={workflow} api={api} onClose={() => open(false)} />}
    </div>
  );
}
