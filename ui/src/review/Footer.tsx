import { useTick } from "../kit/clock";
import { Key } from "../kit/keys";
import { ticketName } from "../shared/words";
import { useWords, type Words } from "../words";
import { command } from "./commands";
import { useDesk, useSession, useSettled, useView } from "./context";
import { useMe } from "./data";
import { isJudgeable, isOpen } from "./rows";
import type { Shown } from "./state";
import { doneName } from "./words";

type Verb = keyof Words["review"]["verbs"] & keyof Words["review"]["commands"];

/** What can be done with the draft besides sending it on. */
function verbsFor(shown: Shown | null, editing: boolean, back: boolean): Verb[] {
  if (!shown) return [];
  const read: Verb[] = back ? ["back", "guidelines"] : ["guidelines"];
  if (shown.lease || isComing(shown)) return [editing ? "approve" : "edit", "escalate", "skip", ...read];
  const free = shown.draft && isJudgeable(shown.draft) && !shown.draft.held_by;
  return free ? ["take", "next", ...read] : ["next", ...read];
}

/** Its lease is on the way: the verbs stand where they will be, so that nothing jumps. */
function isComing({ lease, why, draft }: Shown): boolean {
  return !lease && !why && (!draft || (isOpen(draft) && (!draft.held_by || draft.held_by === "you")));
}

export function Footer() {
  const desk = useDesk();
  const says = useWords().review;
  const shown = useSession((state) => state.shown);
  const back = useSession((state) => state.back !== null);
  const editing = useView((view) => shown?.draft != null && view.editing === shown.draft.content_hash);
  const { today } = useMe();
  const coming = shown !== null && isComing(shown);
  const run = (id: Verb | "send" | "day" | "keys") => {
    const one = command(id);
    if (one.enabled(desk)) one.run(desk);
  };
  return (
    <footer className="foot">
      {(shown?.lease || coming) && (
        <button
          type="button"
          className="primary"
          aria-disabled={coming}
          onClick={() => run(editing ? "send" : "approve")}
        >
          {editing ? says.verbs.send : says.verbs.approve} <Key press={editing ? "$mod+Enter" : "A"} />
        </button>
      )}
      {verbsFor(shown, editing, back).map((id) => (
        <button key={id} type="button" className="verb" onClick={() => run(id)}>
          <Key press={command(id).press ?? ""} />{" "}
          {id === "approve" ? says.verbs.approveAsWas : says.verbs[id]}
        </button>
      ))}
      <div className="foot-end">
        <Undo onUndo={() => run("undo")} />
        <button
          type="button"
          className="plain-button today"
          title={says.commands.day}
          onClick={() => run("day")}
        >
          {says.today(today.decided, today.median_seconds == null ? null : Math.round(today.median_seconds))}{" "}
          <Key press="M" />
        </button>
        <button type="button" className="plain-button" aria-label={says.keys} onClick={() => run("keys")}>
          <Key press="?" />
        </button>
      </div>
    </footer>
  );
}

function Undo({ onUndo }: { onUndo: () => void }) {
  const { api } = useDesk();
  const says = useWords().review;
  const undo = useSettled((state) => state.undo);
  useTick(250, undo !== null);
  if (!undo) return null;
  const left = undo.until === null ? null : Math.ceil((undo.until - api.now()) / 1000);
  if (left !== null && left <= 0) return null;
  return (
    <span className="undo" data-testid="footer-undo">
      <span className="undo-of">
        {says.undoOf(ticketName(undo.draft.external_id), doneName(undo.action))}
      </span>
      <button type="button" className="link-button" onClick={onUndo}>
        {says.verbs.undo}
      </button>{" "}
      <Key press="Z" /> {left !== null && <span className="left">{says.secondsLeft(left)}</span>}
    </span>
  );
}
