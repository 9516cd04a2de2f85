import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import type { Workflow } from "../api/types";
import type { ScreenProps } from "../frame/Frame";
import { useKeys } from "../kit/keys";
import { go } from "../kit/route";
import { isStep } from "../shared/press";
import { useHubChanges } from "../shared/refresh";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { IncidentPage } from "./incident/IncidentPage";
import { placeOf } from "./place";
import { Shown } from "./Shown";
import "./rollout.css";
import "./gate.css";

/** Where each workflow stands and how it came there. */
export default function Rollout({ host, api, me, id }: ScreenProps) {
  const { rollout: says, frame } = useWords();
  const client = useQueryClient();
  const query = useQuery({ queryKey: ["workflows"], queryFn: api.workflows });
  const all = query.data ?? [];
  const place = placeOf(id);
  const workflow = place.workflow === null ? all[0] : all.find((one) => one.id === place.workflow);
  const { isSuccess, isFetching, refetch } = query;
  // It may have been applied since the list was fetched.
  const missing = isSuccess && place.workflow !== null && !workflow;
  useEffect(() => {
    if (missing && place.workflow !== null) void refetch();
  }, [missing, place.workflow, refetch]);
  useHubChanges(host, () => {
    for (const key of ["workflows", "history", "open-escalations"]) {
      void client.invalidateQueries({ queryKey: [key] });
    }
  });
  const step = (by: number) => (event: KeyboardEvent) => {
    const to = all[all.findIndex((one) => one.id === workflow?.id) + by];
    if (to && place.incident === null && isStep(event)) go("rollout", to.id);
  };
  useKeys({ j: step(1), k: step(-1) });

  if (workflow && place.incident !== null) {
    const { incident } = place;
    return <IncidentPage key={incident} host={host} api={api} me={me} workflow={workflow} id={incident} />;
  }
  if (workflow) {
    return <Shown key={workflow.id} host={host} api={api} me={me} workflow={workflow} all={all} />;
  }
  return (
    <main className="screen wide rollout">
      <div className="screen-main rollout-calm">
        {(!isSuccess || (missing && isFetching)) && <h1 className="unseen">{frame.rollout}</h1>}
        {(query.isPending || (missing && isFetching)) && <p role="status">{says.opening}</p>}
        {query.isError && (
          <p role="alert">
            {says.failed(reasonOf(query.error))}{" "}
            <button type="button" className="link-button" onClick={() => void query.refetch()}>
              {says.retry}
            </button>
          </p>
        )}
        {isSuccess && all.length === 0 && (
          <>
            <h1>{says.none}</h1>
            <p>{says.noneHint}</p>
            <a className="quiet" href="#/review">
              {says.toReview}
            </a>
          </>
        )}
        {all[0] && place.workflow !== null && !isFetching && <Unknown id={place.workflow} first={all[0]} />}
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
