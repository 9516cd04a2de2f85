import { useTick } from "../kit/clock";
import { Key } from "../kit/keys";
import { command } from "./commands";
import { useDesk, useSession, useSettled, useView } from "./context";
import { useMe } from "./data";
import { DONE, ticketName } from "./words";

export function Footer() {
  const desk = useDesk();
  const shown = useSession((state) => state.shown);
  const editing = useView((view) => shown?.draft != null && view.editing === shown.draft.content_hash);
  const { today } = useMe();
  const verbs = !shown
    ? []
    : !shown.lease
      ? [{ id: "next", label: "Next draft" }]
      : editing
        ? [{ id: "approve", label: "Approve as it was" }]
        : [{ id: "edit", label: "Edit" }];
  const rest = shown?.lease
    ? [
        { id: "escalate", label: "Escalate" },
        { id: "skip", label: "Skip" },
      ]
    : [];
  const always = [{ id: "guidelines", label: "Guidelines" }];
  const run = (id: string) => {
    const one = command(id);
    if (one.enabled(desk)) one.run(desk);
  };
  return (
    <footer className="foot">
      {shown?.lease && (
        <button type="button" className="primary" onClick={() => run(editing ? "send" : "approve")}>
          {editing ? "Send edit" : "Approve"} <Key press={editing ? "$mod+Enter" : "A"} />
        </button>
      )}
      {[...verbs, ...rest, ...(shown ? always : [])].map(({ id, label }) => (
        <button key={id} type="button" className="verb" onClick={() => run(id)}>
          <Key press={command(id).press ?? ""} /> {label}
        </button>
      ))}
      <div className="foot-end">
        <Undo onUndo={() => run("undo")} />
        <span className="today">
          today {today.decided}
          {today.median_seconds != null && ` · median ${Math.round(today.median_seconds)} s`}
        </span>
        <button type="button" className="plain-button" aria-label="All keys" onClick={() => run("keys")}>
          <Key press="?" />
        </button>
      </div>
    </footer>
  );
}

function Undo({ onUndo }: { onUndo: () => void }) {
  const { api } = useDesk();
  const undo = useSettled((state) => state.undo);
  useTick(250, undo !== null);
  if (!undo) return null;
  const left = undo.until === null ? null : Math.ceil((undo.until - api.now()) / 1000);
  if (left !== null && left <= 0) return null;
  return (
    <span className="undo" data-testid="footer-undo">
      {ticketName(undo.draft.external_id)} {DONE[undo.action]} ·{" "}
      <button type="button" className="link-button" onClick={onUndo}>
        undo
      </button>{" "}
      <Key press="Z" /> {left !== null && <span className="left">{left} s</span>}
    </span>
  );
}
