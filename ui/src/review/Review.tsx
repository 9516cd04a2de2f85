import { useEffect, useState } from "react";
import { useLookChoices, useScreenChoices } from "../frame/commands";
import { Live } from "../kit/live";
import { Notices } from "../kit/notices";
import { Palette } from "../kit/palette";
import { go } from "../kit/route";
import { KillDialog } from "../shared/KillDialog";
import { EXPIRED } from "../shared/places";
import { mayKill as canKill } from "../shared/rights";
import { ticketName } from "../shared/words";
import { useWords } from "../words";
import { ApproveDialog } from "./ApproveDialog";
import { COMMANDS, type Command } from "./commands";
import { type Desk, DeskContext, show, useDesk, useSession, useSettled, useView } from "./context";
import { DayDialog } from "./DayDialog";
import { useMe, useWorkflow, useWorkflows } from "./data";
import { Killed } from "./Empty";
import { EscalateDialog } from "./EscalateDialog";
import { FilterDialog } from "./FilterDialog";
import { Footer } from "./Footer";
import { NO_FILTERS, narrowed } from "./filters";
import { Hints } from "./Hints";
import { KeysDialog } from "./KeysDialog";
import { Queue, useQueue } from "./Queue";
import { SavedDialog } from "./SavedDialog";
import { Stage } from "./Stage";
import { TicketDialog } from "./TicketDialog";
import { TopBar } from "./TopBar";
import { useCommandKeys } from "./useCommandKeys";
import { useHubEvents, useLifetime } from "./useLifetime";
import { doneName } from "./words";
import "./review.css";

/** The review screen: the queue, the draft, its sources, and the verbs. */
export function Review({ desk, id }: { desk: Desk; id: string | null }) {
  return (
    <DeskContext value={desk}>
      <Screen id={id} />
    </DeskContext>
  );
}

function Screen({ id }: { id: string | null }) {
  const desk = useDesk();
  const { session } = desk;
  const onScreen = useSettled((state) => state.shown?.draft?.workflow);
  const notices = useSession((state) => state.notices);
  const filtered = useView((view) => view.filters.workflow);
  const queueOpen = useView((view) => view.queueOpen);
  const workflows = useWorkflows();
  const queue = useQueue();
  const workflowId = onScreen ?? filtered?.split(",")[0] ?? workflows?.[0]?.id;
  const workflow = useWorkflow(workflowId);
  const me = useMe();
  const mayKill = workflowId !== undefined && canKill(me, workflowId);

  useLifetime(queue.rows, id === EXPIRED ? null : id);
  useEffect(() => {
    if (id !== EXPIRED) return;
    show(desk.view, { filters: narrowed({ ...NO_FILTERS, state: "expired" }) });
    go("review", undefined, { replace: true });
  }, [id, desk]);
  useHubEvents();
  useCommandKeys(queue.rows, mayKill);

  return (
    <div className={`app${queueOpen ? " queue-open" : ""}${workflows?.length === 0 ? " first" : ""}`}>
      <TopBar workflowId={workflowId} mayKill={mayKill} />
      <Queue queue={queue} />
      <div className="banner">
        {onScreen && workflow?.killed && <Killed workflows={[workflow]} />}
        <Vigilance />
        <Hints />
      </div>
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
  const { api, view } = useDesk();
  const dialog = useView((now) => now.dialog);
  const workflow = useWorkflow(workflowId);
  const close = () => show(view, { dialog: null });
  switch (dialog) {
    case "keys":
      return <KeysDialog />;
    case "approve":
      return <ApproveDialog />;
    case "escalate":
      return <EscalateDialog />;
    case "filters":
      return <FilterDialog />;
    case "saved":
      return <SavedDialog />;
    case "ticket":
      return <TicketDialog />;
    case "day":
      return <DayDialog />;
    case "kill":
      return mayKill && workflow ? <KillDialog workflow={workflow} api={api} onClose={close} /> : null;
    case "palette":
      return <Commands mayKill={mayKill} onClose={close} />;
    default:
      return null;
  }
}

function Commands({ mayKill, onClose }: { mayKill: boolean; onClose: () => void }) {
  const desk = useDesk();
  const says = useWords().review;
  const screens = useScreenChoices();
  const looks = useLookChoices(desk.host.native);
  // What is chosen by name is meant for the draft that was there then.
  const [about] = useState(() => desk.session.state.get().shown);
  const run = (one: Command) => {
    const { shown } = desk.session.state.get();
    const same = shown?.id === about?.id && shown?.draft?.content_hash === about?.draft?.content_hash;
    if (same && one.enabled(desk)) one.run(desk);
  };
  // What may be run once the palette has closed.
  const closed = { ...desk, view: { ...desk.view, get: () => ({ ...desk.view.get(), dialog: null }) } };
  const own = COMMANDS.filter(
    ({ id, enabled }) => id !== "palette" && (id !== "kill" || mayKill) && enabled(closed),
  );
  return (
    <Palette
      onClose={onClose}
      choices={[
        ...own.map((one) => ({
          id: one.id,
          title: says.commands[one.id],
          press: one.press,
          run: () => run(one),
        })),
        ...screens,
        ...looks,
      ]}
    />
  );
}

/** Told to whoever missed too many of the drafts with a known fault, until they catch them again. */
function Vigilance() {
  const says = useWords().review;
  const workflows = useWorkflows();
  const name = (id: string) => workflows?.find((one) => one.id === id)?.name ?? id;
  return useMe().vigilance?.map(({ workflow, shown, missed }) => (
    <p key={workflow} className="vigilance" role="status" dir="auto">
      {says.missedProbes(name(workflow), missed, shown)}
    </p>
  ));
}

/** For a screen reader: what was decided, and what is on screen now. */
function Spoken() {
  const says = useWords().review;
  const draft = useSettled((state) => state.shown?.draft ?? null);
  const empty = useSettled((state) => state.empty);
  const undo = useSettled((state) => state.undo);
  const done = undo ? says.spokenDone(ticketName(undo.draft.external_id), doneName(undo.action)) : "";
  const now = draft
    ? says.spokenDraft(ticketName(draft.external_id), draft.subject)
    : empty
      ? says.spokenEmpty
      : "";
  return <Live text={done + now} />;
}
