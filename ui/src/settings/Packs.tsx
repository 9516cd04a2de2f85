import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Api } from "../api/client";
import type { PackVersion, Workflow } from "../api/types";
import { shortMoment, wholeMoment } from "../shared/dates";
import { hasRole, mayRollBack } from "../shared/rights";
import { useWords } from "../words";
import { ApplyPack } from "./ApplyPack";
import { useAct } from "./act";
import { Changes } from "./Changes";
import { PackTable } from "./PackTable";
import { picked } from "./pack";
import { RollBackDialog } from "./RollBackDialog";
import { walkRows } from "./rows";
import type { SectionProps } from "./Settings";
import { Calm, Waiting } from "./State";

export function Packs({ api, me }: SectionProps) {
  const says = useWords().settings.packs;
  const query = useQuery({ queryKey: ["workflows"], queryFn: api.workflows });
  const [chosen, choose] = useState<string | null>(null);
  const [applying, setApplying] = useState(false);
  const workflow = query.data?.find(({ id }) => id === chosen) ?? query.data?.[0];
  // Whose admin somebody is, is known of workflows that are there; a new one takes an admin of all.
  const mayApply = hasRole(me, workflow?.id ?? "", ["admin"]);
  useAct("apply", says.apply, mayApply, setApplying);
  return (
    <>
      <div className="settings-tools">
        {query.data && query.data.length > 0 && (
          <select
            aria-label={says.workflow}
            value={workflow?.id}
            onChange={(event) => choose(event.target.value)}
          >
            {query.data.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
        )}
        {mayApply ? (
          <button type="button" className="quiet" onClick={() => setApplying(true)}>
            {says.apply}
          </button>
        ) : (
          <span className="settings-note">{says.applyBarred}</span>
        )}
      </div>
      <Waiting query={query} />
      {query.data?.length === 0 && <Calm title={says.none}>{says.noneText}</Calm>}
      {workflow && (
        <OnePack key={workflow.id} api={api} workflow={workflow} mayReturn={mayRollBack(me, workflow.id)} />
      )}
      {applying && <ApplyPack api={api} onClose={() => setApplying(false)} onApplied={choose} />}
    </>
  );
}

interface OnePackProps {
  api: Api;
  workflow: Workflow;
  mayReturn: boolean;
}

function OnePack({ api, workflow, mayReturn }: OnePackProps) {
  const says = useWords().settings.packs;
  const history = useQuery({
    // A new version has a new key, so that applying shows without asking again by hand.
    queryKey: ["versions", workflow.id, workflow.version, workflow.revision],
    queryFn: () => api.versions(workflow.id),
  });
  const [compared, compare] = useState<number[]>([]);
  const [returning, returnTo] = useState<number | null>(null);
  const [from, to] = [...compared].sort((a, b) => a - b);
  return (
    <>
      <section className="settings-part" aria-label={says.versions}>
        <h3>{says.versions}</h3>
        <Waiting query={history} />
        {history.data && (
          <>
            {history.data.length > 1 && <p className="settings-note">{says.versionsHint}</p>}
            <Versions
              versions={history.data}
              current={workflow.version}
              compared={compared}
              onReturn={mayReturn ? returnTo : null}
              onPick={history.data.length > 1 ? (version) => compare(picked(compared, version)) : null}
            />
          </>
        )}
      </section>
      {from !== undefined && to !== undefined && (
        <Changes key={`${from}-${to}`} api={api} workflow={workflow.id} from={from} to={to} />
      )}
      <PackTable api={api} workflow={workflow} />
      {returning !== null && (
        <RollBackDialog api={api} workflow={workflow.id} to={returning} onClose={() => returnTo(null)} />
      )}
    </>
  );
}

interface VersionsProps {
  versions: PackVersion[];
  current: number;
  compared: number[];
  onPick: ((version: number) => void) | null;
  onReturn: ((version: number) => void) | null;
}

function Versions({ versions, current, compared, onPick, onReturn }: VersionsProps) {
  const says = useWords().settings.packs;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys go from one row's checkbox to the next one's
    <div className="settings-scroll" onKeyDown={walkRows}>
      <table className="settings-table">
        <thead>
          <tr>
            <th>{says.version}</th>
            <th>{says.hash}</th>
            <th>{says.applied}</th>
            <th>{says.by}</th>
            <th>{says.revision}</th>
          </tr>
        </thead>
        <tbody>
          {versions.map((one) => (
            <tr key={one.version} className={compared.includes(one.version) ? "on" : undefined}>
              <td>
                <span className="settings-pick">
                  {onPick && (
                    <input
                      type="checkbox"
                      data-row
                      aria-label={says.pick(one.version)}
                      checked={compared.includes(one.version)}
                      onChange={() => onPick(one.version)}
                    />
                  )}
                  v{one.version}
                  {one.version === current && <span className="mark neutral">{says.current}</span>}
                </span>
              </td>
              <td>
                <code title={one.hash}>{one.hash.slice(0, 12)}</code>
              </td>
              <td>
                <time dateTime={one.applied_at} title={wholeMoment(one.applied_at)}>
                  {shortMoment(one.applied_at)}
                </time>
              </td>
              <td>
                <bdi>{one.applied_by}</bdi>
              </td>
              <td>
                {one.revision}
                {one.revisions.length > 1 &&
                  one.revisions.map(({ revision, changed, applied_at, applied_by }) => (
                    <p key={revision} className="settings-note" title={wholeMoment(applied_at)}>
                      {says.revised(revision, changed)} · <bdi>{applied_by}</bdi>
                    </p>
                  ))}
                {onReturn && one.version !== current && (
                  <button type="button" className="link-button" onClick={() => onReturn(one.version)}>
                    {says.rollBack}
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
