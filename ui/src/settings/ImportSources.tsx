import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { Api } from "../api/client";
import type { SourceReport, Workflow } from "../api/types";
import { Dialog } from "../kit/dialog";
import { number } from "../shared/numbers";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { chunks } from "./lines";
import { Picker } from "./Picker";

interface Props {
  api: Api;
  /** Those that this person may bring sources into. */
  workflows: Workflow[];
  /** Whether sources may be for every workflow. */
  everywhere: boolean;
  onClose: () => void;
}

const NOTHING: SourceReport = { created: 0, updated: 0, unchanged: 0, rejected: 0, errors: [] };
const ERRORS_SHOWN = 200;

interface Run {
  done: number;
  of: number;
  report: SourceReport;
  end?: { words: string; failed: boolean };
}

export function ImportSources({ api, workflows, everywhere, onClose }: Props) {
  const says = useWords().settings.import;
  const common = useWords().shared;
  const every = useWords().settings.sources.everyWorkflow;
  const [file, setFile] = useState<File | null>(null);
  const [workflow, setWorkflow] = useState(everywhere ? "" : (workflows[0]?.id ?? ""));
  const { run, start, stop } = useImport(api);
  const running = run !== null && run.end === undefined;
  return (
    <Dialog title={says.title} wide onClose={running ? () => {} : onClose}>
      <p className="dialog-lead">{says.lead}</p>
      <p className="settings-pickers">
        <Picker
          label={says.file}
          accept=".jsonl,.ndjson"
          disabled={running}
          take={([chosen]) => setFile(chosen ?? null)}
        />
        {file && <bdi>{file.name}</bdi>}
      </p>
      <label className="field">
        {says.belongs}
        <select value={workflow} disabled={running} onChange={(event) => setWorkflow(event.target.value)}>
          {everywhere && <option value="">{every}</option>}
          {workflows.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
      {run && <Result run={run} />}
      <div className="dialog-end">
        {running ? (
          <button type="button" className="quiet" onClick={stop}>
            {says.stop}
          </button>
        ) : (
          <button type="button" className="quiet" onClick={onClose}>
            {common.close}
          </button>
        )}
        <button
          type="button"
          className="primary"
          disabled={!file || running}
          onClick={() => file && void start(file, workflow)}
        >
          {says.go}
        </button>
      </div>
    </Dialog>
  );
}

/** Sends a file a stretch at a time; lines are counted as they stand in the file. */
function useImport(api: Api) {
  const says = useWords().settings.import;
  const client = useQueryClient();
  const [run, setRun] = useState<Run | null>(null);
  const stopped = useRef(false);
  const start = async (file: File, workflow: string) => {
    stopped.current = false;
    const now: Run = { done: 0, of: 0, report: NOTHING };
    const end = (words: string, failed = false) => setRun({ ...now, end: { words, failed } });
    setRun({ ...now });
    const text = await file.text().catch(() => null);
    if (text === null) return end(says.unreadable, true);
    const parts = chunks(text);
    now.of = parts.reduce((sum, { lines }) => sum + lines, 0);
    if (now.of === 0) return end(says.empty, true);
    try {
      for (const part of parts) {
        if (stopped.current) break;
        now.report = sum(now.report, await api.importSources(part.text, workflow || undefined), part.before);
        now.done += part.lines;
        setRun({ ...now });
      }
      if (now.done < now.of) end(says.stopped(now.done), true);
      else end(says.done);
    } catch (error) {
      end(says.failed(now.done, reasonOf(error)), true);
    }
    void client.invalidateQueries({ queryKey: ["sources"] });
  };
  const stop = () => {
    stopped.current = true;
  };
  return { run, start, stop };
}

/** What two stretches of a file came to together. */
export function sum(a: SourceReport, b: SourceReport, before: number): SourceReport {
  return {
    created: a.created + b.created,
    updated: a.updated + b.updated,
    unchanged: a.unchanged + b.unchanged,
    rejected: a.rejected + b.rejected,
    errors: [...a.errors, ...b.errors.map((error) => ({ ...error, line: error.line + before }))],
  };
}

function Result({ run: { done, of, report, end } }: { run: Run }) {
  const says = useWords().settings.import;
  const counts = [
    [says.created, report.created],
    [says.updated, report.updated],
    [says.unchanged, report.unchanged],
    [says.rejected, report.rejected],
  ] as const;
  return (
    <div data-testid="import-result">
      {of > 0 && !end && <progress className="settings-progress" value={done} max={of} />}
      <p className={end?.failed ? "dialog-result" : "dialog-result done"} role="status">
        {end ? end.words : says.progress(done, of)}
      </p>
      {done > 0 && (
        <p className="settings-counts">
          {counts.map(([name, count]) => (
            <span key={name}>
              <b>{number(count)}</b> {name}
            </span>
          ))}
        </p>
      )}
      {report.errors.length > 0 && (
        <div className="settings-scroll">
          <table className="settings-table">
            <thead>
              <tr>
                <th>{says.line}</th>
                <th>{says.field}</th>
                <th>{says.problem}</th>
              </tr>
            </thead>
            <tbody>
              {report.errors.slice(0, ERRORS_SHOWN).map((error, i) => (
                <tr key={i}>
                  <td>{number(error.line)}</td>
                  <td>
                    <code>{error.field}</code>
                  </td>
                  <td dir="auto">{error.message}</td>
                </tr>
              ))}
            </tbody>
          </table>
          {report.errors.length > ERRORS_SHOWN && (
            <p className="settings-note">{says.moreErrors(report.errors.length - ERRORS_SHOWN)}</p>
          )}
        </div>
      )}
    </div>
  );
}
