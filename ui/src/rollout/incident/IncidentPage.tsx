import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type Api, ApiError } from "../../api/client";
import type { Me, Workflow } from "../../api/types";
import type { Host } from "../../host";
import { mayReadIncidents } from "../../shared/rights";
import { reasonOf } from "../../shared/words";
import { useWords } from "../../words";
import { useIncidentChanges } from "../useIncidents";
import { Incident } from "./Incident";
import "./incident.css";

interface Props {
  host: Host;
  api: Api;
  me: Me;
  workflow: Workflow;
  id: string;
}

/** An incident, once it is there; else what is wrong, and the way back. */
export function IncidentPage({ host, api, me, workflow, id }: Props) {
  const { incident: says, rollout } = useWords();
  const may = mayReadIncidents(me, workflow.id);
  useIncidentChanges(host, workflow.id, may);
  const { data, error, isError, refetch } = useQuery({
    queryKey: ["incident", workflow.id, id],
    queryFn: () => api.incident(id),
    enabled: may,
  });
  if (may && data && data.workflow === workflow.id) {
    return <Incident host={host} api={api} me={me} workflow={workflow} incident={data} />;
  }
  const none = data !== undefined || (error instanceof ApiError && [403, 404].includes(error.status));
  return (
    <main className="screen wide rollout">
      <div className="screen-main rollout-calm">
        {!may && <Calm workflow={workflow} title={says.barred} />}
        {may && none && <Calm workflow={workflow} title={says.unknown} text={says.unknownHint} />}
        {isError && !none && (
          <Calm workflow={workflow} title={says.openFailed} text={reasonOf(error)}>
            <button type="button" className="quiet" onClick={() => void refetch()}>
              {rollout.retry}
            </button>
          </Calm>
        )}
        {may && !isError && data === undefined && (
          <>
            <h1 className="unseen">{says.incidents}</h1>
            <p role="status">{says.opening}</p>
          </>
        )}
      </div>
    </main>
  );
}

interface CalmProps {
  workflow: Workflow;
  title: string;
  text?: string;
  children?: ReactNode;
}

function Calm({ workflow, title, text, children }: CalmProps) {
  const says = useWords().incident;
  return (
    <div role="alert">
      <h1>{title}</h1>
      {text && <p>{text}</p>}
      <p className="incident-ways">
        {children}
        <a className="quiet" href={`#/rollout/${encodeURIComponent(workflow.id)}`}>
          {says.back(workflow.name)}
        </a>
      </p>
    </div>
  );
}
