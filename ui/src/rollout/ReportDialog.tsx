import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { Api } from "../api/client";
import type { Workflow } from "../api/types";
import { Dialog } from "../kit/dialog";
import { Key } from "../kit/keys";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { incidentAt } from "./place";

interface Props {
  workflow: Workflow;
  api: Api;
  onClose: () => void;
}

/** What is wrong, in a line; then straight to the incident. */
export function ReportDialog({ workflow, api, onClose }: Props) {
  const { incident: says, shared } = useWords();
  const client = useQueryClient();
  const field = useRef<HTMLInputElement>(null);
  const [title, setTitle] = useState("");
  const [busy, setBusy] = useState(false);
  const [said, say] = useState("");
  const report = async () => {
    if (busy) return;
    if (!title.trim()) {
      say(says.sayWhat);
      field.current?.focus();
      return;
    }
    setBusy(true);
    try {
      const opened = await api.reportIncident(workflow.id, title.trim());
      client.setQueryData(["incident", workflow.id, opened.id], opened);
      void client.invalidateQueries({ queryKey: ["incidents", workflow.id] });
      onClose();
      location.hash = incidentAt(workflow.id, opened.id);
    } catch (error) {
      say(says.reportFailed(reasonOf(error)));
      setBusy(false);
    }
  };
  return (
    <Dialog title={says.reportTitle(workflow.name)} onClose={onClose} initialFocus={field}>
      <p className="dialog-lead">{says.reportLead}</p>
      <label className="field">
        {says.what}
        <input
          ref={field}
          dir="auto"
          maxLength={200}
          value={title}
          onChange={(event) => setTitle(event.target.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || event.repeat || event.nativeEvent.isComposing) return;
            event.preventDefault();
            void report();
          }}
        />
      </label>
      <p className="dialog-result" role="status">
        {said}
      </p>
      <div className="dialog-end">
        <button type="button" className="quiet" onClick={onClose}>
          {shared.cancel}
        </button>
        <button type="button" className="primary" aria-disabled={busy} onClick={() => void report()}>
          {busy ? says.reporting : says.reportDo} <Key press="Enter" />
        </button>
      </div>
    </Dialog>
  );
}
