import { useRef } from "react";
import { Dialog } from "../kit/dialog";
import { useKeys } from "../kit/keys";
import { Inline } from "../kit/prose/inline";
import { ticketName } from "../shared/words";
import { useWords } from "../words";
import { markKey } from "./commands";
import { show, useDesk, useSession, useView } from "./context";
import { useWorkflow } from "./data";
import { isCommand } from "./guard";

/** A reason's letter escalates at once; who wants to say more goes to the comment first. */
export function EscalateDialog() {
  const { decisions, view } = useDesk();
  const says = useWords().review;
  const shown = useSession((state) => state.shown);
  const workflow = useWorkflow(shown?.draft?.workflow);
  const comment = useView((now) => (now.comment?.draft === shown?.id ? (now.comment?.text ?? "") : ""));
  const setComment = (text: string) => shown && show(view, { comment: { draft: shown.id, text } });
  const first = useRef<HTMLButtonElement>(null);
  const close = () => show(view, { dialog: null });
  const escalate = (code: string) => {
    markKey();
    show(view, { dialog: null, editing: null, comment: null });
    decisions.decide({
      action: "escalate",
      reasons: [code],
      ...(comment.trim() && { comment: comment.trim() }),
    });
  };
  const reasons = workflow?.reasons ?? [];
  useKeys(
    Object.fromEntries(
      reasons.map(({ key, code }) => [key, (event: KeyboardEvent) => isCommand(event) && escalate(code)]),
    ),
  );
  if (!shown?.draft) return null;
  return (
    <Dialog
      title={says.escalateTitle(ticketName(shown.draft.external_id))}
      onClose={close}
      initialFocus={first}
    >
      <p className="dialog-lead" dir="auto">
        <Inline text={shown.draft.subject} />
      </p>
      <div className="reasons">
        {reasons.map(({ code, label, to, key, harm }, i) => (
          <button
            key={code}
            ref={i === 0 ? first : undefined}
            type="button"
            className="reason"
            onClick={() => escalate(code)}
          >
            <kbd>{key.toUpperCase()}</kbd>
            <span>{label}</span>
            {harm && <span className="mark fail">{says.harm}</span>}
            <span className="to">{says.to(to)}</span>
          </button>
        ))}
      </div>
      <label className="field">
        {says.comment}
        <textarea
          rows={2}
          value={comment}
          onChange={(event) => setComment(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            event.stopPropagation();
            first.current?.focus();
          }}
        />
      </label>
      <p className="dialog-hint">{reasons.length > 0 ? says.escalateHint : says.noReasons}</p>
    </Dialog>
  );
}
