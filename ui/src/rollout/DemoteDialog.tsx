import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { type Api, ApiError } from "../api/client";
import type { Stage, Workflow } from "../api/types";
import { Dialog } from "../kit/dialog";
import { Key } from "../kit/keys";
import { isUnanswered, useFindOut } from "../shared/unanswered";
import { reasonOf, stageName } from "../shared/words";
import { useWords } from "../words";
import { earlier } from "./gate";
import { STAGES } from "./history";

interface Props {
  workflow: Workflow;
  api: Api;
  onClose: () => void;
}

/** Back to an earlier stage: which, and why. */
export function DemoteDialog({ workflow, api, onClose }: Props) {
  const says = useWords().gate;
  const common = useWords().shared;
  const client = useQueryClient();
  const findOut = useFindOut();
  const field = useRef<HTMLInputElement>(null);
  // The workflow changes under the dialog once the act is done; what was asked stays on view.
  const [from] = useState(workflow.stage);
  const choices = earlier(from, STAGES);
  const [to, setTo] = useState(choices[0] ?? "");
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [said, say] = useState<{ words: string; done: boolean } | null>(null);

  const act = async () => {
    if (busy || said?.done || !to) return;
    if (!reason.trim()) {
      say({ words: says.sayWhy, done: false });
      field.current?.focus();
      return;
    }
    setBusy(true);
    try {
      const moved = await api.demote(workflow.id, { reason: reason.trim(), to: to as Stage });
      say({ words: says.demotedTo(stageName(moved.stage)), done: true });
      await client.invalidateQueries();
    } catch (error) {
      if (isUnanswered(error)) return void lookWhether(reasonOf(error));
      const killed = error instanceof ApiError && error.code === "workflow_killed";
      say({ words: killed ? says.killedMeanwhile : says.demoteFailed(reasonOf(error)), done: false });
    } finally {
      setBusy(false);
    }
  };

  const lookWhether = async (why: string) => {
    say({ words: common.notKnownYet(why), done: false });
    const found = await findOut(async () => (await api.workflow(workflow.id)).stage === to);
    if (found === "unknown") say({ words: common.stillUnknown, done: false });
    if (found === "not_done") say({ words: says.notMoved(stageName(from)), done: false });
    if (found !== "done") return;
    say({ words: says.demotedTo(stageName(to)), done: true });
    await client.invalidateQueries();
  };

  return (
    <Dialog title={says.demoteTitle(workflow.name)} onClose={onClose} initialFocus={field}>
      <p className="dialog-move">{says.fromTo(stageName(from), stageName(to))}</p>
      <p className="dialog-lead">{says.demoteLead}</p>
      {choices.length > 1 && (
        <label className="field">
          {says.to}
          <select value={to} disabled={said?.done} onChange={(event) => setTo(event.target.value)}>
            {choices.map((stage) => (
              <option key={stage} value={stage}>
                {stageName(stage)}
              </option>
            ))}
          </select>
        </label>
      )}
      <label className="field">
        {common.why}
        <input
          ref={field}
          dir="auto"
          maxLength={2000}
          value={reason}
          disabled={said?.done}
          onChange={(event) => setReason(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.repeat || event.nativeEvent.isComposing) return;
            event.preventDefault();
            void act();
          }}
        />
      </label>
      <p className={said?.done ? "dialog-result done" : "dialog-result"} role="status">
        {said?.words}
      </p>
      <div className="dialog-end">
        {said?.done ? (
          <button type="button" className="primary" ref={(button) => button?.focus()} onClick={onClose}>
            {common.close}
          </button>
        ) : (
          <>
            <button type="button" className="quiet" onClick={onClose}>
              {common.cancel}
            </button>
            <button type="button" className="primary" aria-disabled={busy} onClick={() => void act()}>
              {busy ? says.demoting : says.demoteDo} <Key press="Enter" />
            </button>
          </>
        )}
      </div>
    </Dialog>
  );
}
