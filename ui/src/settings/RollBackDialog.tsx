import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { Api } from "../api/client";
import { Dialog } from "../kit/dialog";
import { Key } from "../kit/keys";
import { isUnanswered } from "../shared/unanswered";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";

interface Props {
  api: Api;
  workflow: string;
  to: number;
  onClose: () => void;
}

/** Back to an earlier version, and why. */
export function RollBackDialog({ api, workflow, to, onClose }: Props) {
  const says = useWords().settings.packs;
  const common = useWords().shared;
  const client = useQueryClient();
  const field = useRef<HTMLInputElement>(null);
  const [reason, setReason] = useState("");
  const [busy, setBusy] = useState(false);
  const [said, say] = useState<{ words: string; done: boolean } | null>(null);
  const act = async () => {
    if (busy || said?.done) return;
    if (!reason.trim()) {
      say({ words: says.sayWhy, done: false });
      field.current?.focus();
      return;
    }
    setBusy(true);
    try {
      await api.rollBack(workflow, to, reason.trim());
      say({ words: says.rolledBack(to), done: true });
      await client.invalidateQueries();
    } catch (error) {
      const failed = isUnanswered(error) ? common.mayBeDone : says.rollBackFailed;
      say({ words: failed(reasonOf(error)), done: false });
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={says.rollBackTitle(to)} onClose={onClose} initialFocus={field}>
      <p className="dialog-lead">{says.rollBackLead}</p>
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
        <button type="button" className="quiet" onClick={onClose}>
          {said?.done ? common.close : common.cancel}
        </button>
        {!said?.done && (
          <button type="button" className="primary" aria-disabled={busy} onClick={() => void act()}>
            {busy ? says.rollingBack : says.rollBackDo} <Key press="Enter" />
          </button>
        )}
      </div>
    </Dialog>
  );
}
