import type { UseQueryResult } from "@tanstack/react-query";
import { useState } from "react";
import type { Drill } from "../api/types";
import { Key } from "../kit/keys";
import { Inline } from "../kit/prose/inline";
import { shortMoment, wholeMoment } from "../shared/dates";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { StatusMark } from "./Status";

const FIRST = 5;

interface Props {
  drills: UseQueryResult<Drill[]>;
  /** Null for who may not. */
  onDrill: (() => void) | null;
}

/** The kill drills that were run, the latest first, and the way to run one. */
export function Drills({ drills, onDrill }: Props) {
  const { incident: says, rollout } = useWords();
  const [all, showAll] = useState(false);
  const ran = drills.data ?? [];
  const good = ran.find(({ ok }) => ok);
  return (
    <section aria-busy={drills.isPending}>
      <header className="rollout-head">
        <h2>
          {says.drills}{" "}
          {ran.length > 0 && <span>{good ? says.lastGood(shortMoment(good.at)) : says.neverPassed}</span>}
        </h2>
        {onDrill && (
          <button type="button" className="quiet" onClick={onDrill}>
            {says.drill} <Key press="Shift+D" />
          </button>
        )}
      </header>
      {drills.isError && (
        <p className="rollout-note" role="alert">
          {says.drillsFailed(reasonOf(drills.error))}{" "}
          <button type="button" className="link-button" onClick={() => void drills.refetch()}>
            {rollout.retry}
          </button>
        </p>
      )}
      {drills.isSuccess && ran.length === 0 && <p className="rollout-note">{says.noDrills}</p>}
      {ran.length > 0 && <Table drills={all ? ran : ran.slice(0, FIRST)} />}
      {!all && ran.length > FIRST && (
        <button type="button" className="link-button" onClick={() => showAll(true)}>
          {says.showAll(ran.length)}
        </button>
      )}
    </section>
  );
}

function Table({ drills }: { drills: Drill[] }) {
  const says = useWords().incident;
  return (
    <table className="rollout-table drills" aria-label={says.drills}>
      <thead>
        <tr>
          <th>{says.drilled}</th>
          <th>{says.result}</th>
          <th>{says.refusedAfter}</th>
          <th>{says.who}</th>
        </tr>
      </thead>
      <tbody>
        {drills.map((drill) => (
          <tr key={drill.id}>
            <th scope="row">
              <time dateTime={drill.at} title={wholeMoment(drill.at)}>
                {shortMoment(drill.at)}
              </time>
            </th>
            <td title={drill.detail}>
              <StatusMark
                status={drill.ok ? "pass" : "fail"}
                word={drill.ok ? says.passed : says.notPassed}
              />
              {!drill.ok && (
                <p className="rollout-note" dir="auto">
                  <Inline text={drill.detail} />
                </p>
              )}
            </td>
            <td>{drill.effect_ms != null && says.ms(drill.effect_ms)}</td>
            <td dir="auto" title={drill.actor}>
              <Inline text={drill.actor} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
