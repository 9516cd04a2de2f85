import { type FormEvent, useState } from "react";
import { Dialog } from "../kit/dialog";
import { markName } from "../shared/words";
import { useWords } from "../words";
import { show, useDesk } from "./context";
import { useWorkflows } from "./data";
import { type Filters, NO_FILTERS, narrowed } from "./filters";
import { MARKS } from "./words";

export function FilterDialog() {
  const { view } = useDesk();
  const words = useWords();
  const says = words.review;
  const workflows = useWorkflows() ?? [];
  const [filters, setFilters] = useState<Filters>(view.get().filters);
  const chosen = filters.workflow?.split(",") ?? [];
  const set = (name: keyof Filters) => (value: string) => setFilters({ ...filters, [name]: value });
  const pick = (id: string, on: boolean) =>
    set("workflow")((on ? [...chosen, id] : chosen.filter((one) => one !== id)).join(","));
  const leave = (to: Filters) => show(view, { dialog: null, filters: to });
  const apply = (event: FormEvent) => {
    event.preventDefault();
    leave(narrowed({ ...filters, only: undefined }));
  };
  return (
    <Dialog title={says.filterTitle} onClose={() => show(view, { dialog: null })}>
      <form onSubmit={apply}>
        <fieldset className="picks">
          <legend>{says.workflows}</legend>
          {workflows.map(({ id, name }) => (
            <label key={id} title={name}>
              <input
                type="checkbox"
                checked={chosen.includes(id)}
                onChange={(event) => pick(id, event.target.checked)}
              />
              <bdi>{name}</bdi>
            </label>
          ))}
          {chosen.length === 0 && <p className="dialog-hint">{says.everyWorkflow}</p>}
        </fieldset>
        <Choose label={says.state} all={says.toReview} value={filters.state} onChange={set("state")}>
          {Object.entries(words.shared.states)}
        </Choose>
        <Choose label={says.mark} all={says.anyMark} value={filters.mark} onChange={set("mark")}>
          {Object.keys(MARKS).map((mark) => [mark, markName(mark)])}
        </Choose>
        <label className="field">
          {says.reviewerField}
          <input
            value={filters.reviewer ?? ""}
            placeholder={says.reviewerHint}
            onChange={(event) => set("reviewer")(event.target.value)}
          />
        </label>
        <div className="dialog-end">
          <button type="button" className="quiet" onClick={() => leave(NO_FILTERS)}>
            {says.clearFilters}
          </button>
          <button type="submit" className="primary">
            {says.showFiltered}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface ChooseProps {
  label: string;
  all: string;
  value: string | undefined;
  onChange: (value: string) => void;
  children: (readonly [string, string] | string[])[];
}

function Choose({ label, all, value, onChange, children }: ChooseProps) {
  return (
    <label className="field">
      {label}
      <select value={value ?? ""} onChange={(event) => onChange(event.target.value)}>
        <option value="">{all}</option>
        {children.map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
