import { useState } from "react";
import type { Api } from "../api/client";
import type { Drill, History, Workflow } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { shortMoment, wholeMoment } from "../shared/dates";
import { HUB, named, stageName } from "../shared/words";
import { useWords } from "../words";
import { reachedOf, useEffectOf } from "./effect";
import { shortHash } from "./gate";
import { happenings, type Happening as One } from "./history";

const FIRST = 12;

interface Props {
  api: Api;
  workflow: Workflow;
  history: History;
  drills: Drill[];
}

/** What was done to the workflow, and by whom, the latest first. */
export function Happened({ api, workflow, history, drills }: Props) {
  const says = useWords().rollout;
  const [all, showAll] = useState(false);
  const told = happenings(history, drills);
  const lastKill = told.find(({ kind }) => kind === "killed");
  const effect = useEffectOf(api, workflow.id, lastKill?.id);
  return (
    <section>
      <h2>{says.happened}</h2>
      {told.length === 0 && <p className="rollout-note">{says.nothingHappened}</p>}
      <ol className="happened">
        {(all ? told : told.slice(0, FIRST)).map((one) => (
          <Happening key={one.id} one={one} reached={one === lastKill && effect ? reachedOf(effect) : null} />
        ))}
      </ol>
      {!all && told.length > FIRST && (
        <button type="button" className="link-button" onClick={() => showAll(true)}>
          {says.showAll(told.length)}
        </button>
      )}
    </section>
  );
}

function Happening({ one, reached }: { one: One; reached: string | null }) {
  const says = useWords();
  const moved = one.from_stage !== one.to_stage && one.from_stage !== "" && one.to_stage !== "";
  const title: Record<string, string> = {
    applied: says.rollout.applied(one.version),
    revised: says.rollout.revised(one.version, one.revision ?? 1),
    returned: says.rollout.returned(one.version),
    killed: says.rollout.killed,
    resumed: says.rollout.resumed,
    promoted: says.rollout.promoted,
    demoted: says.rollout.demoted,
    drill: says.gate.drill,
    drill_failed: says.gate.drillFailed,
  };
  const drilled = one.kind === "drill" && one.effect_ms != null;
  const effects = [
    drilled && says.gate.drillTook(one.effect_ms ?? 0),
    !drilled && one.effect_ms != null && says.rollout.effect(one.effect_ms),
    one.frozen != null && says.rollout.frozen(one.frozen),
    one.report && says.gate.onReport(shortHash(one.report)),
    one.second_signer && says.gate.signedSecond(one.second_signer),
  ].filter((part) => typeof part === "string");
  return (
    <li className={["killed", "drill_failed"].includes(one.kind) ? "stopped" : undefined}>
      <p dir="auto">
        <strong>{title[one.kind] ?? named({}, one.kind)}</strong>
        {moved && ` ${says.rollout.fromTo(stageName(one.from_stage), stageName(one.to_stage))}`}
        {!moved && one.kind === "resumed" && ` ${says.rollout.at(stageName(one.to_stage))}`}
        {one.reason && (
          <>
            {" · "}
            <Inline text={one.reason} />
          </>
        )}
      </p>
      {effects.length > 0 && (
        <p className="rollout-note" dir="auto" title={one.report ?? undefined}>
          <Inline text={effects.join(" · ")} />
        </p>
      )}
      {reached && <p className="rollout-note">{reached}</p>}
      <p className="rollout-note" dir="auto">
        <time dateTime={one.at} title={wholeMoment(one.at)}>
          {shortMoment(one.at)}
        </time>
        {" · "}
        {one.actor === HUB ? says.gate.byHub : <Inline text={one.actor} />}
        {!["applied", "revised", "returned"].includes(one.kind) && ` · ${says.rollout.version(one.version)}`}
      </p>
    </li>
  );
}
