import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Api, ApiError } from "../api/client";
import type { Fault, PackCheck } from "../api/types";
import { Dialog } from "../kit/dialog";
import { isUnanswered } from "../shared/unanswered";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import { appliedOf, effectOf } from "./effect";
import { Picker } from "./Picker";
import { type FileText, packOf } from "./pack";

interface Props {
  api: Api;
  onClose: () => void;
  onApplied: (workflow: string) => void;
}

type Said = { words: string; done?: boolean; faults?: Fault[] };

/** A pack from this computer's files. The hub says all that is wrong with it, not only the first thing. */
export function ApplyPack({ api, onClose, onApplied }: Props) {
  const says = useWords().settings.apply;
  const common = useWords().shared;
  const client = useQueryClient();
  const [pack, setPack] = useState<ReturnType<typeof packOf>>(null);
  const [busy, setBusy] = useState(false);
  const [said, say] = useState<Said | null>(null);
  const [check, setCheck] = useState<PackCheck | null>(null);

  const take = async (files: File[]) => {
    try {
      const found = packOf(await readAll(files));
      setPack(found);
      setCheck(null);
      say(found ? null : { words: says.noToml });
      if (found && found.missing.length === 0) await compare(found.files);
    } catch {
      say({ words: says.unreadable });
    }
  };
  // What it does is said before anybody does it.
  const compare = async (files: Record<string, string>) => {
    try {
      setCheck(await api.checkPack(files));
    } catch (error) {
      say(refused(error, says.notChecked));
    }
  };
  const refused = (error: unknown, failed: (why: string) => string): Said => {
    const faults = error instanceof ApiError ? error.faults : [];
    return faults.length > 0
      ? { words: says.refused(faults.length), faults }
      : { words: failed(reasonOf(error)) };
  };
  const mayBeDone = useWords().shared.mayBeDone;
  const apply = async () => {
    if (!pack || busy) return;
    setBusy(true);
    say(null);
    try {
      const applied = await api.applyPack(pack.files);
      say({ words: appliedOf(applied), done: true });
      setCheck(null);
      await client.invalidateQueries({ queryKey: ["workflows"] });
      onApplied(applied.workflow);
    } catch (error) {
      say(refused(error, isUnanswered(error) ? mayBeDone : says.failed));
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={says.title} wide onClose={onClose}>
      <p className="dialog-lead">{says.lead}</p>
      <div className="settings-pickers">
        <Picker label={says.files} take={(files) => void take(files)} accept=".toml,.md,.txt" multiple />
        <Picker label={says.folder} take={(files) => void take(files)} folder />
      </div>
      <p className="dialog-hint">{says.needed}</p>
      {pack && (
        <ul className="settings-files">
          {Object.entries(pack.files).map(([name, text]) => (
            <li key={name}>
              <code>{name}</code>
              <span>{says.size(text.length)}</span>
            </li>
          ))}
          {pack.missing.map((name) => (
            <li key={name} className="fail">
              {says.missing(name)}
            </li>
          ))}
        </ul>
      )}
      {check && <Effect check={check} />}
      <p className={said?.done ? "dialog-result done" : "dialog-result"} role="status">
        {said?.words}
      </p>
      {said?.faults && <Faults faults={said.faults} />}
      <div className="dialog-end">
        <button type="button" className="quiet" onClick={onClose}>
          {common.close}
        </button>
        <button type="button" className="primary" disabled={!pack || busy} onClick={() => void apply()}>
          {busy ? says.going : says.go}
        </button>
      </div>
    </Dialog>
  );
}

/** What applying the pack would do to the evidence, and what would be different. */
function Effect({ check }: { check: PackCheck }) {
  const says = useWords().settings.apply;
  const changed = [...check.settings.map(({ key }) => key), ...check.texts];
  return (
    <div data-testid="effect">
      <p className="dialog-lead">{effectOf(check)}</p>
      <ul className="settings-files">
        {changed.length > 0 && check.change !== "new_workflow" && (
          <li dir="auto">{says.effects.changes(changed)}</li>
        )}
        {check.loosened.map(({ limit, from, to }) => (
          <li key={limit} className="fail" dir="auto">
            {says.effects.loosens(limit, from, to)}
          </li>
        ))}
        {check.secrets.map(({ key, name, why }) => (
          <li key={key} className="fail" dir="auto">
            {says.effects.secret(key, name, why)}
          </li>
        ))}
        {check.needs_team_hub && <li className="fail">{says.effects.teamHub}</li>}
        {check.not_enforced.length > 0 && <li dir="auto">{says.effects.notEnforced(check.not_enforced)}</li>}
      </ul>
    </div>
  );
}

function Faults({ faults }: { faults: Fault[] }) {
  const says = useWords().settings.apply;
  return (
    <div className="settings-scroll">
      <table className="settings-table settings-faults" data-testid="faults">
        <thead>
          <tr>
            <th>{says.where}</th>
            <th>{says.key}</th>
            <th>{says.expected}</th>
            <th>{says.found}</th>
          </tr>
        </thead>
        <tbody>
          {faults.map((fault, i) => (
            <tr key={i}>
              <td>
                <code>
                  {fault.file}:{fault.line}
                </code>
              </td>
              <td>
                <code>{fault.key}</code>
              </td>
              <td>{fault.expected}</td>
              <td>
                <bdi>{fault.found}</bdi>
                {fault.did_you_mean && <p className="settings-note">{says.meant(fault.did_you_mean)}</p>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const MAX_BYTES = 1_000_000;

/** A folder may hold drafts and sources beside the pack; what is too large to be a part of it isn't read. */
function readAll(files: File[]): Promise<FileText[]> {
  const small = files.filter(({ size }) => size <= MAX_BYTES);
  return Promise.all(
    small.map(async (file) => ({ path: file.webkitRelativePath || file.name, text: await file.text() })),
  );
}
