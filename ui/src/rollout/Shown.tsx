import { useQuery } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import type { Me, Workflow } from "../api/types";
import type { ScreenProps } from "../frame/Frame";
import { useTick } from "../kit/clock";
import { KillDialog } from "../shared/KillDialog";
import {
  mayDemote,
  mayDrill,
  mayKill,
  mayReadGate,
  mayReadIncidents,
  mayReadPacks,
  mayResume,
  mayWatch,
  mayWorkOnIncidents,
} from "../shared/rights";
import { stageName } from "../shared/words";
import { useWords } from "../words";
import { Bar } from "./Bar";
import { Conditions } from "./Conditions";
import { DemoteDialog } from "./DemoteDialog";
import { DrillDialog } from "./DrillDialog";
import { Drills } from "./Drills";
import { Escalations } from "./Escalations";
import { FailureBudget } from "./FailureBudget";
import { Gate } from "./Gate";
import { PROMOTE_BUTTON } from "./GateHead";
import { earlier, promotionOf } from "./gate";
import { STAGES } from "./history";
import { Incidents } from "./Incidents";
import { openOf } from "./incidents";
import { Killed } from "./Killed";
import { Mix } from "./Mix";
import { WINDOW_DAYS } from "./mix";
import { PromoteDialog } from "./PromoteDialog";
import { incidentAt } from "./place";
import { ReportDialog } from "./ReportDialog";
import { Side } from "./Side";
import { Deliveries, Drafts, Pulls } from "./Standing";
import { Alerts, OpenIncident } from "./Strips";
import { Track } from "./Track";
import { useCommands } from "./useCommands";
import { isNone, useGate } from "./useGate";
import { useIncidents } from "./useIncidents";

interface Props {
  host: ScreenProps["host"];
  api: ScreenProps["api"];
  me: Me;
  workflow: Workflow;
  all: Workflow[];
}

type Asked = "stop" | "promote" | "demote" | "report" | "drill" | null;

/** One workflow: how far it is, whether it may go on, and what came of its drafts. */
export function Shown({ host, api, me, workflow, all }: Props) {
  const { gate: says, incident: incidentSays } = useWords();
  const [dialog, open] = useState<Asked>(null);
  const { id } = workflow;
  const history = useQuery({
    queryKey: ["history", id],
    queryFn: () => api.history(id, WINDOW_DAYS),
    enabled: mayReadPacks(me, id),
  });
  // Its guidelines and settings change with its version and revision only.
  const detail = useQuery({
    queryKey: ["workflow", id, workflow.version, workflow.revision],
    queryFn: () => api.workflow(id),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const mayRead = mayReadIncidents(me, id);
  const rollout = useGate(api, host, id, {
    gate: mayReadGate(me, id),
    watch: mayWatch(me, id),
    drills: mayRead,
  });
  const incidents = useIncidents(api, host, id, mayRead);
  const current = openOf(incidents.rows);
  const gate = rollout.gate.data;
  const gated = mayReadGate(me, id) && !(rollout.gate.isError && isNone(rollout.gate.error));
  const { may, ready } = promotionOf(gate, workflow, me);
  const back = mayDemote(me, id) && !workflow.killed && earlier(workflow.stage, STAGES).length > 0;
  const mayAct = workflow.killed ? mayResume(me, id) : mayKill(me, id);

  const stop = useCallback(() => open("stop"), []);
  const demote = () => open("demote");
  const promote = () => {
    // Before it is green the key leads to the button, and that says what is missing.
    if (ready) open("promote");
    else document.getElementById(PROMOTE_BUTTON)?.focus();
  };
  const report = () => open("report");
  const drill = () => open("drill");
  const showCurrent = () => {
    if (current) location.hash = incidentAt(id, current.id);
  };
  const mayReport = mayWorkOnIncidents(me, id) && incidents.incidents.isSuccess;
  const close = () => open(null);
  useCommands({
    workflow,
    all,
    mayAct,
    onAct: stop,
    acts: {
      promote: may && gate?.to != null ? { title: says.promoteTo(stageName(gate.to)), run: promote } : null,
      demote: back ? { title: says.demoteTitle(workflow.name), run: demote } : null,
      incident: current
        ? { title: incidentSays.showOpen(current.number), run: showCurrent }
        : mayReport
          ? { title: incidentSays.report, run: report }
          : null,
      drill: mayDrill(me, id) ? { title: incidentSays.drillTitle(workflow.name), run: drill } : null,
    },
  });
  useTick(30_000);
  const facts = gate && { gate, evals: rollout.evals.data ?? [], drills: rollout.drills.data ?? [] };
  return (
    <div className="screen rollout">
      <Bar workflow={workflow} all={all} history={history.data} mayAct={mayAct} onAct={stop} />
      <main className="screen-main" aria-label={workflow.name} data-workflow={id}>
        <div className="rollout-column">
          <Track workflow={workflow} history={history.data} pack={detail.data?.pack} />
          {workflow.killed && <Killed api={api} workflow={workflow} history={history.data} now={api.now()} />}
          <Alerts alerts={incidents.firing} burn={rollout.burn.data} now={api.now()} />
          {current && <OpenIncident incident={current} now={api.now()} />}
          {gated && (
            <Gate
              workflow={workflow}
              me={me}
              rollout={rollout}
              onPromote={promote}
              onDemote={back ? demote : null}
            />
          )}
          {gated && (
            <div className="rollout-halves">
              {facts && <Conditions facts={facts} workflow={workflow} />}
              <FailureBudget burn={rollout.burn} />
            </div>
          )}
          {mayRead && (
            <div className="rollout-halves">
              <Incidents of={incidents} now={api.now()} onReport={mayReport && !current ? report : null} />
              <Drills drills={rollout.drills} onDrill={mayDrill(me, id) ? drill : null} />
            </div>
          )}
          {mayReadPacks(me, id) && <Mix history={history} now={api.now()} />}
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
      <Side api={api} workflow={workflow} history={history.data} rollout={rollout} />
      {dialog === "stop" && <KillDialog workflow={workflow} api={api} onClose={close} />}
      {dialog === "demote" && <DemoteDialog workflow={workflow} api={api} onClose={close} />}
      {dialog === "report" && <ReportDialog workflow={workflow} api={api} onClose={close} />}
      {dialog === "drill" && <DrillDialog workflow={workflow} api={api} onClose={close} />}
      {dialog === "promote" && gate && (
        <PromoteDialog
          workflow={workflow}
          gate={gate}
          takesTwo={takesTwo(detail.data?.pack)}
          me={me}
          api={api}
          onClose={close}
        />
      )}
    </div>
  );
}

/** Whether a pack asks for a second person's signature. */
function takesTwo(pack: unknown): boolean {
  return (pack as { gate?: { second_signature?: boolean } } | undefined)?.gate?.second_signature === true;
}
