import { useRef, useState } from "react";
import type { Incident, Workflow } from "../../api/types";
import { Dialog } from "../../kit/dialog";
import { Key } from "../../kit/keys";
import { reasonOf } from "../../shared/words";
import { useWords } from "../../words";

interface Props {
  incident: Incident;
  workflow: Workflow;
  /** Closes it at the hub. */
  onDo: () => Promise<void>;
  onClose: () => void;
}

/** What isn't done yet, and the close, which nobody takes back. */
export function CloseDialog({ incident, workflow, onDo, onClose }: Props) {
  const { incident: says, shared } = useWords();
  const button = useRef<HTMLButtonElement>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const left = incident.steps_total - incident.steps_done;
  const act = async () => {
    if (busy) return;
    setBusy(true);
    try {
      await onDo();
      onClose();
    } catch (error) {
      setFault(says.closeFailed(reasonOf(error)));
      setBusy(false);
    }
  };
  return (
    <Dialog title={says.closeTitle(incident.number)} onClose={onClose} initialFocus={button}>
      <p className="dialog-lead">{says.closeLead}</p>
      {(left > 0 || workflow.killed) && (
        <ul className="dialog-moved">
          {left > 0 && <li>{says.stepsLeft(left)}</li>}
          {workflow.killed && <li>{says.stillKilled}</li>}
        </ul>
      )}
      <p className="dialog-result" role="status">
        {fault}
      </p>
      <div className="dialog-end">
        <button type="button" className="quiet" onClick={onClose}>
          {shared.cancel}
        </button>
        <button
          ref={button}
          type="button"
          className="primary"
          aria-disabled={busy}
          onClick={() => void act()}
        >
          {busy ? says.closing : says.closeDo} <Key press="Enter" />
        </button>
      </div>
    </Dialog>
  );
}
