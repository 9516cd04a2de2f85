import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { Api } from "../api/client";
import type { Drill, Workflow } from "../api/types";
import { Dialog } from "../kit/dialog";
import { Key } from "../kit/keys";
import { Inline } from "../kit/prose/inline";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";

interface Props {
  workflow: Workflow;
  api: Api;
  onClose: () => void;
}

/** Drills a kill and says what was measured. */
export function DrillDialog({ workflow, api, onClose }: Props) {
  const { incident: says, shared } = useWords();
  const client = useQueryClient();
  const button = useRef<HTMLButtonElement>(null);
  const [busy, setBusy] = useState(false);
  const [ran, setRan] = useState<Drill | null>(null);
  const [fault, setFault] = useState("");
  const run = async () => {
    if (busy) return;
    setBusy(true);
    setFault("");
    try {
      setRan(await api.drill(workflow.id));
      // The gate counts drills too.
      await client.invalidateQueries();
    } catch (error) {
      setFault(says.drillFailed(reasonOf(error)));
    } finally {
      setBusy(false);
    }
  };
  const said = ran && (ran.ok ? says.drillGood(ran.effect_ms ?? 0) : says.drillBad(ran.detail));
  return (
    <Dialog title={says.drillTitle(workflow.name)} onClose={onClose} initialFocus={button}>
      <p className="dialog-lead">{says.drillLead}</p>
      <p className={ran?.ok ? "dialog-result done" : "dialog-result"} role="status" dir="auto">
        {(said || fault) && <Inline text={said || fault} />}
      </p>
      <div className="dialog-end">
        {ran ? (
          <button type="button" className="primary" ref={(close) => close?.focus()} onClick={onClose}>
            {shared.close}
          </button>
        ) : (
          <>
            <button type="button" className="quiet" onClick={onClose}>
              {shared.cancel}
            </button>
            <button
              ref={button}
              type="button"
              className="primary"
              aria-disabled={busy}
              onClick={() => void run()}
            >
              {busy ? says.drilling : says.drillDo} <Key press="Enter" />
            </button>
          </>
        )}
      </div>
    </Dialog>
  );
}
