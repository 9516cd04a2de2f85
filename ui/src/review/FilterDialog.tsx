import { type FormEvent, useState } from "react";
import { Dialog } from "../kit/dialog";
import { type Filters, NO_FILTERS, show, useDesk } from "./context";
import { useWorkflows } from "./data";
import { MARKS, STATES } from "./words";

export function FilterDialog() {
  const { view } = useDesk();
  const workflows = useWorkflows() ?? [];
  const [filters, setFilters] = useState<Filters>(view.get().filters);
  const set = (name: keyof Filters) => (value: string) =>
    setFilters(({ [name]: _, ...rest }) => ({ ...rest, ...(value && { [name]: value }) }) as Filters);
  const apply = (event: FormEvent) => {
    event.preventDefault();
    const narrowed = Object.keys(filters).length > 1 || filters.sort !== NO_FILTERS.sort;
    show(view, { dialog: null, filters: narrowed ? filters : NO_FILTERS });
  };
  return (
    <Dialog title="Filter the queue" onClose={() => show(view, { dialog: null })}>
      <form onSubmit={apply}>
        <Choose label="Workflow" all="every workflow" value={filters.workflow} onChange={set("workflow")}>
          {workflows.map(({ id, name }) => [id, name])}
        </Choose>
        <Choose label="State" all="to be reviewed" value={filters.state} onChange={set("state")}>
          {Object.entries(STATES)}
        </Choose>
        <Choose label="Mark" all="any or none" value={filters.mark} onChange={set("mark")}>
          {Object.entries(MARKS).map(([mark, { label }]) => [mark, label])}
        </Choose>
        <label className="field">
          Reviewer
          <input
            value={filters.reviewer ?? ""}
            placeholder="anybody; write me for yourself"
            onChange={(event) => set("reviewer")(event.target.value)}
          />
        </label>
        <div className="dialog-end">
          <button
            type="button"
            className="quiet"
            onClick={() => show(view, { dialog: null, filters: NO_FILTERS })}
          >
            Clear
          </button>
          <button type="submit" className="primary">
            Show
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
