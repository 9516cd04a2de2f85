import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import type { Api } from "../api/client";
import type { Workflow } from "../api/types";
import type { Host } from "../host";
import { Dialog } from "../kit/dialog";
import { type Saved, saveAs } from "../shared/save";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";

const PREVIEW = 5;
const DECIDED = ["approved", "edited", "escalated", "delivering", "delivered", "undeliverable"];

interface Props {
  host: Host;
  api: Api;
  workflows: Workflow[];
  /** The workflow to begin with. */
  first: string | undefined;
  onClose: () => void;
}

type Saving = { state: "idle" | "saving" } | Saved;

export function ExportDialog({ host, api, workflows, first, onClose }: Props) {
  const says = useWords().cases;
  const common = useWords().shared;
  const [chosen, choose] = useState(first ?? workflows[0]?.id);
  const [saving, setSaving] = useState<Saving>({ state: "idle" });
  const workflow = workflows.find(({ id }) => id === chosen) ?? workflows[0];
  const decided = DECIDED.reduce((sum, state) => sum + (workflow?.drafts[state] ?? 0), 0);
  const save = async () => {
    if (!workflow) return;
    setSaving({ state: "saving" });
    const path = `/v1/cases/export?workflow=${encodeURIComponent(workflow.id)}&format=jsonl`;
    setSaving(await saveAs(host, path, `${workflow.id}-cases.jsonl`));
  };
  return (
    <Dialog title={says.exportTitle} wide onClose={onClose}>
      <p className="dialog-lead">{says.exportLead}</p>
      <label className="field">
        {says.workflow}
        <select
          value={workflow?.id}
          disabled={saving.state === "saving"}
          onChange={(event) => {
            choose(event.target.value);
            setSaving({ state: "idle" });
          }}
        >
          {workflows.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <p className="dialog-hint">
        {says.exportCount(decided)} {says.exportScope}
      </p>
      {workflow && <Preview key={workflow.id} api={api} workflow={workflow.id} />}
      <p className={saving.state === "failed" ? "dialog-result" : "dialog-result done"} role="status">
        {saving.state === "saving" ? says.saving : "words" in saving && saving.words}
      </p>
      <div className="dialog-end">
        <button type="button" className="quiet" onClick={onClose}>
          {common.close}
        </button>
        <button
          type="button"
          className="primary"
          disabled={!workflow || saving.state === "saving"}
          onClick={() => void save()}
        >
          {says.save}
        </button>
      </div>
    </Dialog>
  );
}

/** The rows as they would be saved: not laid out, not shortened. */
function Preview({ api, workflow }: { api: Api; workflow: string }) {
  const says = useWords().cases;
  const query = useQuery({
    queryKey: ["export-preview", workflow],
    queryFn: async () => firstLines(await api.exportPreview(workflow, PREVIEW)),
  });
  if (query.isError) {
    return (
      <p className="dialog-result" role="status">
        {says.previewFailed} {reasonOf(query.error)}{" "}
        <button type="button" className="link-button" onClick={() => void query.refetch()}>
          {says.retry}
        </button>
      </p>
    );
  }
  return (
    <>
      <h3 className="cases-preview-title">{says.preview}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keys */}
      <section className="cases-preview" tabIndex={0} aria-label={says.preview} data-testid="preview">
        {query.data === undefined && <p role="status">{says.previewing}</p>}
        {query.data?.length === 0 && <p>{says.previewEmpty}</p>}
        {query.data && query.data.length > 0 && <pre>{query.data.join("\n")}</pre>}
      </section>
    </>
  );
}

function firstLines(text: string): string[] {
  return text.split("\n", PREVIEW).filter(Boolean);
}
