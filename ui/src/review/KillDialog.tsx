import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { Workflow } from "../api/types";
import { Dialog } from "../kit/dialog";
import { HoldButton } from "../kit/hold-button";
import { show, useDesk } from "./context";
import { count, longSpan, reasonOf, STAGES } from "./words";

/** Two moves: open this, then type the workflow's id or hold the button. Resume stands in the same place. */
export function KillDialog({ workflow }: { workflow: Workflow }) {
  const { api, view } = useDesk();
  const client = useQueryClient();
  const field = useRef<HTMLInputElement>(null);
  // The workflow changes under the dialog once the act is done; what was asked stays on view.
  const [killed] = useState(workflow.killed);
  const [reason, setReason] = useState("");
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState(false);
  const [said, say] = useState<{ words: string; done: boolean } | null>(null);
  const verb = killed ? "Resume" : "Kill";
  const close = () => show(view, { dialog: null });

  const act = async () => {
    if (busy || said?.done) return;
    if (!reason.trim()) {
      say({ words: "Say why first: the reason goes into the record.", done: false });
      field.current?.focus();
      return;
    }
    setBusy(true);
    try {
      say({ words: killed ? await resume() : await kill(), done: true });
      await client.invalidateQueries();
    } catch (error) {
      say({ words: `${verb} failed, nothing changed. ${reasonOf(error)}`, done: false });
    } finally {
      setBusy(false);
    }
  };
  const kill = async () => {
    const answer = await api.kill(workflow.id, reason.trim());
    return [
      `Effective in ${answer.effect_ms < 1 ? answer.effect_ms.toFixed(1) : Math.round(answer.effect_ms)} ms`,
      `${answer.frozen} frozen`,
      `${count(answer.leases_voided, "lease")} void`,
      `${count(answer.deliveries_held, "delivery", "deliveries")} held`,
    ].join(" · ");
  };
  const resume = async () => {
    const answer = await api.resume(workflow.id, reason.trim());
    return `Running again at ${STAGES[answer.stage] ?? answer.stage} · ${answer.returned} back in the queue · ${answer.stayed_out} stayed out, their tickets had moved`;
  };

  return (
    <Dialog title={`${verb} ${workflow.name}`} onClose={close} initialFocus={field}>
      <p className="dialog-lead">
        {killed
          ? `Killed ${longSpan(api.now() - Date.parse(workflow.killed_at ?? ""))} ago by ${workflow.killed_by}: ${workflow.killed_reason}. It starts again at internal.`
          : "At once: no new model call, no lease, no decision, no delivery. Staged drafts freeze."}
      </p>
      <label className="field">
        Why
        <input
          ref={field}
          value={reason}
          disabled={said?.done}
          onChange={(event) => setReason(event.target.value)}
        />
      </label>
      {!said?.done && (
        <>
          <label className="field">
            <span>
              Type <code>{workflow.id}</code> and press Enter, or hold the button for a second
            </span>
            <input
              value={typed}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setTyped(event.target.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter" && !event.repeat && typed.trim() === workflow.id) void act();
              }}
            />
          </label>
          <div className="dialog-end">
            <button type="button" className="quiet" onClick={close}>
              Cancel
            </button>
            <HoldButton
              className={killed ? "hold-button" : "hold-button red"}
              onDone={() => void act()}
              at={typed.trim() === workflow.id}
            >
              {busy
                ? `${verb}ing…`.replace("eing", "ing")
                : typed.trim() === workflow.id
                  ? verb
                  : `Hold to ${verb.toLowerCase()}`}
            </HoldButton>
          </div>
        </>
      )}
      <p className={said?.done ? "dialog-result done" : "dialog-result"} role="status">
        {said?.words}
      </p>
      {said?.done && (
        <div className="dialog-end">
          <button type="button" className="primary" onClick={close}>
            Close
          </button>
        </div>
      )}
    </Dialog>
  );
}
