import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Api } from "../api/client";
import type { Me } from "../api/types";
import type { Host } from "../host";
import { Live } from "../kit/live";
import { Notices } from "../kit/notices";
import { nextPaint } from "../kit/paint";
import { Palette } from "../kit/palette";
import { COMMANDS } from "./commands";
import { type Desk, DeskContext, newView, show, useDesk, useSession, useSettled, useView } from "./context";
import { useMe, useWorkflow, useWorkflows } from "./data";
import { Decisions } from "./decisions";
import { Killed } from "./Empty";
import { EscalateDialog } from "./EscalateDialog";
import { FilterDialog } from "./FilterDialog";
import { Footer } from "./Footer";
import { KeysDialog } from "./KeysDialog";
import { KillDialog } from "./KillDialog";
import { Queue, useQueue } from "./Queue";
import { Stage } from "./Stage";
import { Session } from "./session";
import { TopBar } from "./TopBar";
import { Texts } from "./texts";
import { useCommandKeys } from "./useCommandKeys";
import { useHubEvents, useLifetime } from "./useLifetime";
import { DONE, ticketName } from "./words";
import "./review.css";

/** The review screen: the queue, the draft, its sources, and the verbs. */
export function Review({ host, api, me }: { host: Host; api: Api; me: Me }) {
  const client = useQueryClient();
  // Once for each time somebody sits down: a second session would lease a second draft.
  const [desk] = useState<Desk>(() => {
    const view = newView();
    const texts = new Texts(localStorage, Date.now);
    const session = new Session({
      api,
      texts,
      candidates: () => made.list(),
      workflows: () => view.get().filters.workflow?.split(","),
      clock: () => performance.now(),
    });
    const onDecided = () => void client.invalidateQueries({ queryKey: ["me"] });
    const decisions = new Decisions({
      api,
      texts,
      session,
      storage: localStorage,
      painted: nextPaint,
      subject: me.subject,
      onDecided,
    });
    const made: Desk = {
      host,
      api,
      me,
      texts,
      view,
      session,
      decisions,
      inView: { first: 0, last: 0 },
      list: () => undefined,
      move: () => {},
      mayKill: () => false,
    };
    return made;
  });
  return (
    <DeskContext value={desk}>
      <Screen />
    </DeskContext>
  );
}

function Screen() {
  const desk = useDesk();
  const { session } = desk;
  const onScreen = useSettled((state) => state.shown?.draft?.workflow);
  const notices = useSession((state) => state.notices);
  const filtered = useView((view) => view.filters.workflow);
  const queueOpen = useView((view) => view.queueOpen);
  const workflows = useWorkflows();
  const queue = useQueue();
  const workflowId = onScreen ?? filtered ?? workflows?.[0]?.id;
  const workflow = useWorkflow(workflowId);
  const me = useMe();
  const mayKill = workflowId !== undefined && mayStop(me, workflowId);

  useLifetime(queue.rows);
  useHubEvents();
  useCommandKeys(queue.rows, mayKill);

  return (
    <div className={queueOpen ? "app queue-open" : "app"}>
      <TopBar workflowId={workflowId} mayKill={mayKill} />
      <Queue queue={queue} />
      {onScreen && workflow?.killed && (
        <div className="banner">
          <Killed workflows={[workflow]} />
        </div>
      )}
      <Stage />
      <Footer />
      <Dialogs mayKill={mayKill} workflowId={workflowId} />
      <Notices
        notices={notices}
        onAction={(notice) => {
          session.dismiss(notice.id);
          if (notice.action) session.select(notice.action.key);
        }}
        onDismiss={(id) => session.dismiss(id)}
      />
      <Spoken />
    </div>
  );
}

function Dialogs({ mayKill, workflowId }: { mayKill: boolean; workflowId: string | undefined }) {
  const desk = useDesk();
  const dialog = useView((view) => view.dialog);
  const workflow = useWorkflow(workflowId);
  const close = () => show(desk.view, { dialog: null });
  if (dialog === "keys") return <KeysDialog />;
  if (dialog === "escalate") return <EscalateDialog />;
  if (dialog === "filters") return <FilterDialog />;
  if (dialog === "kill" && mayKill && workflow) return <KillDialog workflow={workflow} />;
  if (dialog !== "palette") return null;
  const open = { ...desk, view: { ...desk.view, get: () => ({ ...desk.view.get(), dialog: null }) } };
  const choices = COMMANDS.filter(
    (one) => one.id !== "palette" && (one.id !== "kill" || mayKill) && one.enabled(open),
  );
  return (
    <Palette
      onClose={close}
      choices={choices.map(({ id, title, press, run }) => ({ id, title, press, run: () => run(desk) }))}
    />
  );
}

function mayStop(me: Me, workflow: string): boolean {
  const mine = me.grants.filter((grant) => grant.workflow === null || grant.workflow === workflow);
  return me.owner || mine.some(({ role }) => role === "dri" || role === "admin" || role === "oncall");
}

/** For a screen reader: what was decided, and what is on screen now. */
function Spoken() {
  const draft = useSettled((state) => state.shown?.draft ?? null);
  const empty = useSettled((state) => state.empty);
  const undo = useSettled((state) => state.undo);
  const done = undo ? `${ticketName(undo.draft.external_id)} ${DONE[undo.action]}. ` : "";
  const now = draft
    ? `Ticket ${ticketName(draft.external_id)}: ${draft.subject}`
    : empty
      ? "Nothing to review."
      : "";
  return <Live text={done + now} />;
}
