import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { flushSync } from "react-dom";
import type { Api } from "../../api/client";
import type { IncidentStep, Me, Incident as View, Workflow } from "../../api/types";
import type { Host } from "../../host";
import { useTick } from "../../kit/clock";
import { Inline } from "../../kit/prose/inline";
import { go } from "../../kit/route";
import { shortMoment, wholeMoment } from "../../shared/dates";
import { KillDialog } from "../../shared/KillDialog";
import { Kept, useKept } from "../../shared/kept";
import { mayKill, mayResume, mayWorkOnIncidents } from "../../shared/rights";
import { type Saved, saveAs } from "../../shared/save";
import { reasonOf, stageName } from "../../shared/words";
import { useWords } from "../../words";
import { lastedOf, openedOf } from "../incidents";
import { useKillCommand } from "../useKillCommand";
import { AddEntry } from "./AddEntry";
import { CloseDialog } from "./CloseDialog";
import { Head } from "./Head";
import { Messages } from "./Messages";
import { Note } from "./Note";
import { Runbook } from "./Runbook";
import { Timeline, WholeTimeline } from "./Timeline";
import { useCommands } from "./useCommands";

interface Props {
  host: Host;
  api: Api;
  me: Me;
  workflow: Workflow;
  incident: View;
}

/** An incident: what happened, and beside it what to do and what to tell whom. */
export function Incident({ host, api, me, workflow, incident }: Props) {
  const says = useWords().incident;
  const client = useQueryClient();
  const { id, number, title, state } = incident;
  const [dialog, open] = useState<"close" | "stop" | null>(null);
  const [fault, setFault] = useState("");
  const [saved, setSaved] = useState<Saved | null>(null);
  const { storage } = host;
  const entries = useMemo(() => new Kept(storage, me.subject, "entry"), [storage, me.subject]);
  const notes = useMemo(() => new Kept(storage, me.subject, "note"), [storage, me.subject]);
  const [note, keepNote, noteSent] = useKept(notes, id);
  const entryField = useRef<HTMLTextAreaElement>(null);
  const noteField = useRef<HTMLTextAreaElement>(null);
  const mayWork = mayWorkOnIncidents(me, workflow.id);
  const works = mayWork && state === "open";
  const mayAct = workflow.killed ? mayResume(me, workflow.id) : mayKill(me, workflow.id);
  useTick(30_000);

  /** Every act answers with the incident as it is after it. */
  const take = async (answer: Promise<View>) => {
    client.setQueryData(["incident", workflow.id, id], await answer);
    for (const key of ["incidents", "alerts"]) {
      void client.invalidateQueries({ queryKey: [key, workflow.id] });
    }
  };
  const tick = async ({ n, done }: IncidentStep) => {
    setFault("");
    try {
      await take(api.tickStep(id, n, !done));
    } catch (error) {
      setFault(says.tickFailed(reasonOf(error)));
    }
  };
  const writeNote = () => {
    flushSync(() => note === null && keepNote(incident.note ?? ""));
    noteField.current?.focus();
  };
  const saveNote = async (text: string) => {
    await take(api.setNote(id, text));
    noteSent(note ?? "");
  };
  const exportAll = async () => {
    const path = `/v1/incidents/${encodeURIComponent(id)}/export`;
    setSaved(await saveAs(host, path, `${workflow.id}-incident-${number}.md`));
  };
  const stop = useCallback(() => open("stop"), []);
  const acts = {
    entry: works ? () => entryField.current?.focus() : null,
    note: mayWork ? writeNote : null,
    close: works ? () => open("close") : null,
    export: () => void exportAll(),
    back: () => go("rollout", workflow.id),
  };
  useCommands(incident, acts, workflow.name);
  useKillCommand({ workflow, mayAct, onAct: stop });
  return (
    <div className="screen rollout incident">
      <Head workflow={workflow} incident={incident} acts={acts} saved={saved} onStop={mayAct ? stop : null} />
      <main className="screen-main" data-incident={id}>
        <div className="incident-column">
          <header>
            <h1 dir="auto">
              <Inline text={title} />
            </h1>
            <p className="rollout-note" dir="auto">
              <time dateTime={incident.opened_at} title={wholeMoment(incident.opened_at)}>
                {shortMoment(incident.opened_at)}
              </time>
              {" · "}
              <Inline text={`${openedOf(incident)} · ${lastedOf(incident, api.now())}`} />
              {incident.closed_by && (
                <Inline
                  text={` · ${says.closedBy(incident.closed_by, shortMoment(incident.closed_at ?? ""))}`}
                />
              )}
              {` · ${says.version(incident.version, stageName(incident.stage))}`}
            </p>
          </header>
          {incident.entries_cursor ? (
            <WholeTimeline api={api} incident={incident} from={incident.entries_cursor} />
          ) : (
            <Timeline entries={incident.entries} />
          )}
          {works && (
            <AddEntry
              id={id}
              kept={entries}
              field={entryField}
              onAdd={(text) => take(api.addEntry(id, text))}
            />
          )}
          <Note
            incident={incident}
            field={noteField}
            text={note}
            onText={keepNote}
            onBegin={acts.note}
            onSave={saveNote}
          />
        </div>
      </main>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must by keyboard too */}
      <aside className="screen-side incident-side" aria-label={says.runbook} tabIndex={0}>
        <Runbook incident={incident} fault={fault} onTick={works ? (step) => void tick(step) : null} />
        <Messages messages={incident.messages} />
      </aside>
      {dialog === "stop" && <KillDialog workflow={workflow} api={api} onClose={() => open(null)} />}
      {dialog === "close" && (
        <CloseDialog
          incident={incident}
          workflow={workflow}
          onDo={() => take(api.closeIncident(id))}
          onClose={() => open(null)}
        />
      )}
    </div>
  );
}
