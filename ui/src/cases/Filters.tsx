import type { Workflow } from "../api/types";
import { Key } from "../kit/keys";
import { useWords } from "../words";
import { type Filters, NO_FILTERS, narrowed } from "./list";
import { doneName, gradeName } from "./Outcome";

interface Props {
  filters: Filters;
  workflows: Workflow[];
  set: (next: Filters) => void;
}

/** The bar above the table. What an outcome has no use for is not offered with it. */
export function FilterBar({ filters, workflows, set }: Props) {
  const says = useWords().cases;
  const choose = (name: keyof Filters) => (value: string) => set(narrowed(filters, name, value));
  const chosen = workflows.filter(({ id }) => !filters.workflow || id === filters.workflow);
  const reasons = new Map(chosen.flatMap((one) => one.reasons.map(({ code, label }) => [code, label])));
  return (
    <section className="cases-filters" aria-label={says.filters}>
      <Choose
        label={says.workflow}
        every={says.everyWorkflow}
        value={filters.workflow}
        onChange={choose("workflow")}
        options={workflows.map(({ id, name }) => [id, name])}
      />
      <Choose
        label={says.outcome}
        every={says.everyOutcome}
        value={filters.action}
        onChange={choose("action")}
        options={["approve", "edit", "escalate"].map((action) => [action, doneName(action)])}
      />
      <Choose
        label={says.grade}
        every={says.everyGrade}
        value={filters.grade}
        onChange={choose("grade")}
        options={["cosmetic", "material", "factual", "citation"].map((grade) => [grade, gradeName(grade)])}
      />
      <Choose
        label={says.reason}
        every={says.everyReason}
        value={filters.reason}
        onChange={choose("reason")}
        options={[...reasons]}
      />
      {filters !== NO_FILTERS && (
        <button type="button" className="plain-button cases-clear" onClick={() => set(NO_FILTERS)}>
          {says.clear} <Key press="C" />
        </button>
      )}
    </section>
  );
}

interface ChooseProps {
  label: string;
  every?: string;
  value: string | undefined;
  onChange: (value: string) => void;
  options: string[][];
}

/** One filter; without `every` something is always chosen. */
export function Choose({ label, every, value, onChange, options }: ChooseProps) {
  return (
    <select
      aria-label={label}
      className={value && every ? "cases-filter on" : "cases-filter"}
      value={value ?? ""}
      onChange={(event) => onChange(event.target.value)}
    >
      {every && <option value="">{every}</option>}
      {options.map(([id, name]) => (
        <option key={id} value={id}>
          {name}
        </option>
      ))}
    </select>
  );
}
