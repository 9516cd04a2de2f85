import { useRef } from "react";
import type { Draft } from "../api/types";
import { Dialog } from "../kit/dialog";
import { useKeys } from "../kit/keys";
import { Inline } from "../kit/prose/inline";
import { useKept } from "../shared/kept";
import { ticketName } from "../shared/words";
import { useWords } from "../words";
import { useBound } from "./bound";
import { markKey } from "./commands";
import { show, useDesk, useSession } from "./context";
import { useWorkflow } from "./data";
import { isCommand } from "./guard";

/** A reason's letter escalates at once; who wants to say more goes to the comment first. */
export function EscalateDialog() {
  const { about, held } = useBound();
  return about && <Escalate about={about} held={held} />;
}

function Escalate({ about, held }: { about: Draft; held: boolean }) {
  const { decisions, comments, view } = useDesk();
  const says = useWords().review;
  const workflow = useWorkflow(about.workflow);
  const why = useSession(({ shown }) => (shown?.id === about.id ? shown.why : null));
  const holder = useSession(({ shown }) => (shown?.id === about.id ? shown.draft?.held_by : null));
  const [kept, keep] = useKept(comments, about.id);
  const comment = kept ?? "";
  const first = useRef<HTMLButtonElement>(null);
  const close = () => show(view, { dialog: null });
  const escalate = (code: string) => {
    if (!held) return;
    markKey();
    const said = comment.trim();
    if (!decisions.decide({ action: "escalate", reasons: [code], ...(said && { comment: said }) }, about))
      return;
    keep(null);
    show(view, { dialog: null, editing: null });
  };
  const reasons = workflow?.reasons ?? [];
  useKeys(
    Object.fromEntries(
      reasons.map(({ key, code }) => [key, (event: KeyboardEvent) => isCommand(event) && escalate(code)]),
    ),
  );
  return (
    <Dialog title={says.escalateTitle(ticketName(about.external_id))} onClose={close} initialFocus={first}>
      <p className="dialog-lead" dir="auto">
        <Inline text={about.subject} />
      </p>
      <p className="dialog-result" role="status">
        {!held && says.notHere(why?.(holder) ?? "")}
      </p>
      <div className="reasons">
        {reasons.map(({ code, label, to, key, harm }, i) => (
          <button
            key={code}
            ref={i === 0 ? first : undefined}
            type="button"
            className="reason"
            aria-disabled={!held}
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
          onChange={(event) => keep(event.target.value || null)}
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
