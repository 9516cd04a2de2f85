import { type FormEvent, useState } from "react";
import type { Api } from "../api/client";
import type { Role, Workflow } from "../api/types";
import { Dialog } from "../kit/dialog";
import { reasonOf } from "../shared/words";
import { useWords } from "../words";
import type { Made } from "./Access";
import { EMPTY, EXPIRIES, type Expiry, type Form, ROLES, requestOf } from "./token";

interface Props {
  api: Api;
  workflows: Workflow[];
  onMade: (made: Made) => void;
  onClose: () => void;
}

export function NewTokenDialog({ api, workflows, onMade, onClose }: Props) {
  const says = useWords().settings.access;
  const common = useWords().shared;
  const [form, setForm] = useState<Form>(EMPTY);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState("");
  const set = (part: Partial<Form>) => setForm({ ...form, ...part });
  const known = [...new Set(workflows.flatMap(({ reasons }) => reasons.map(({ to }) => to)))].sort();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setFailed("");
    try {
      const { token } = await api.createToken(requestOf(form, api.now()));
      onMade({ name: form.name.trim(), token });
    } catch (error) {
      setFailed(says.notMade(reasonOf(error)));
      setBusy(false);
    }
  };
  return (
    <Dialog title={says.newTitle} wide onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <label className="field">
          {says.name}
          <input
            dir="auto"
            required
            maxLength={100}
            autoComplete="off"
            value={form.name}
            onChange={(event) => set({ name: event.target.value })}
          />
        </label>
        <p className="settings-hint">{says.nameHint}</p>
        <Grants form={form} set={set} workflows={workflows} />
        <label className="field">
          {says.routesLabel}
          <input
            autoComplete="off"
            value={form.routes}
            onChange={(event) => set({ routes: event.target.value })}
          />
        </label>
        <p className="settings-hint">{says.routesHint(known.join(", "))}</p>
        <label className="field">
          {says.expiry}
          <select value={form.expiry} onChange={(event) => set({ expiry: event.target.value as Expiry })}>
            {EXPIRIES.map((expiry) => (
              <option key={expiry} value={expiry}>
                {says.expiries[expiry]}
              </option>
            ))}
          </select>
        </label>
        <p className="dialog-result" role="status">
          {failed}
        </p>
        <div className="dialog-end">
          <button type="button" className="quiet" onClick={onClose}>
            {common.cancel}
          </button>
          <button type="submit" className="primary" disabled={busy || !form.name.trim()}>
            {busy ? says.making : says.make}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface GrantsProps {
  form: Form;
  set: (part: Partial<Form>) => void;
  workflows: Workflow[];
}

function Grants({ form: { grants }, set, workflows }: GrantsProps) {
  const says = useWords().settings.access;
  const change = (at: number, part: Partial<Form["grants"][number]>) =>
    set({ grants: grants.map((grant, i) => (i === at ? { ...grant, ...part } : grant)) });
  return (
    <fieldset className="settings-grants">
      <legend>{says.roles}</legend>
      {grants.map(({ role, workflow }, at) => (
        <div key={at}>
          <select
            aria-label={says.roleLabel(at + 1)}
            value={role}
            onChange={(event) => change(at, { role: event.target.value as Role })}
          >
            {ROLES.map((one) => (
              <option key={one} value={one}>
                {says.role[one]}: {says.roleSays[one]}
              </option>
            ))}
          </select>
          <select
            aria-label={says.whereLabel(at + 1)}
            value={workflow}
            onChange={(event) => change(at, { workflow: event.target.value })}
          >
            <option value="">{says.everywhere}</option>
            {workflows.map(({ id, name }) => (
              <option key={id} value={id}>
                {name}
              </option>
            ))}
          </select>
          {grants.length > 1 && (
            <button
              type="button"
              className="link-button"
              aria-label={says.removeRole(at + 1)}
              onClick={() => set({ grants: grants.filter((_, i) => i !== at) })}
            >
              {says.remove}
            </button>
          )}
        </div>
      ))}
      <button
        type="button"
        className="link-button"
        onClick={() => set({ grants: [...grants, { role: "reviewer", workflow: "" }] })}
      >
        {says.addRole}
      </button>
    </fieldset>
  );
}
