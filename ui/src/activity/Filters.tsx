import { useEffect, useId, useRef, useState } from "react";
import type { Workflow } from "../api/types";
import { Key, useKeys } from "../kit/keys";
import { isPress } from "../shared/press";
import { named } from "../shared/words";
import { useWords } from "../words";
import type { Group } from "./acts";

const NARROW_AFTER_MS = 300;

export interface Narrowed {
  workflow: string;
  act: string;
  actor: string;
}

interface Props {
  workflows: Workflow[];
  acts: Partial<Record<Group, readonly string[]>>;
  /** Names to suggest. */
  actors: string[];
  narrowed: Narrowed;
  onNarrow: (next: Narrowed) => void;
}

export function LogFilters({ workflows, acts, actors, narrowed, onNarrow }: Props) {
  const says = useWords().activity;
  const on = Object.values(narrowed).some((value) => value !== "");
  const groups = Object.entries(acts) as [Group, readonly string[]][];
  return (
    <search className="activity-filters">
      <WorkflowFilter
        workflows={workflows}
        value={narrowed.workflow}
        onChange={(workflow) => onNarrow({ ...narrowed, workflow })}
      />
      <select
        aria-label={says.act}
        value={narrowed.act}
        onChange={(event) => onNarrow({ ...narrowed, act: event.target.value })}
      >
        <option value="">{says.everyAct}</option>
        {groups.map(([group, members]) => (
          <optgroup key={group} label={says.groups[group]}>
            {members.length > 1 && groups.length > 1 && (
              <option value={group}>{says.allOf(says.groups[group])}</option>
            )}
            {members.map((act) => (
              <option key={act} value={act}>
                {named(says.acts, act)}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      <ActorFilter
        actors={actors}
        value={narrowed.actor}
        onChange={(actor) => onNarrow({ ...narrowed, actor })}
      />
      {on && (
        <button
          type="button"
          className="link-button"
          onClick={() => onNarrow({ workflow: "", act: "", actor: "" })}
        >
          {says.clear}
        </button>
      )}
      <Hints />
    </search>
  );
}

export function Hints({ retry = false }: { retry?: boolean }) {
  const says = useWords().activity;
  return (
    <p className="activity-hints" aria-hidden="true">
      <Key press="J" /> <Key press="K" /> {says.keysMove}
      <Key press="Enter" /> {says.keysOpen}
      <Key press="/" /> {says.keysFilter}
      {retry && (
        <>
          <Key press="R" /> {says.keysRetry}
        </>
      )}
    </p>
  );
}

interface FilterProps {
  value: string;
  onChange: (value: string) => void;
}

export function WorkflowFilter({ workflows, value, onChange }: FilterProps & { workflows: Workflow[] }) {
  const says = useWords().activity;
  const known = value === "" || workflows.some(({ id }) => id === value);
  return (
    <select aria-label={says.workflow} value={value} onChange={(event) => onChange(event.target.value)}>
      <option value="">{says.everyWorkflow}</option>
      {!known && <option value={value}>{value}</option>}
      {workflows.map((workflow) => (
        <option key={workflow.id} value={workflow.id}>
          {workflow.name}
        </option>
      ))}
    </select>
  );
}

function ActorFilter({ actors, value, onChange }: FilterProps & { actors: string[] }) {
  const suggestions = useId();
  const says = useWords().activity;
  const field = useRef<HTMLInputElement>(null);
  const [typed, type] = useState(value);
  useEffect(() => type(value), [value]);
  useEffect(() => {
    if (typed.trim() === value) return;
    const timer = setTimeout(() => onChange(typed.trim()), NARROW_AFTER_MS);
    return () => clearTimeout(timer);
  });
  const focus = (event: KeyboardEvent) => {
    if (!isPress(event)) return;
    event.preventDefault();
    field.current?.select();
  };
  // On some keyboards it needs Shift, on others it doesn't.
  useKeys({ "/": focus, "Shift+/": focus });
  return (
    <label className="activity-actor">
      <span>{says.actor}</span>
      <input
        ref={field}
        list={suggestions}
        value={typed}
        dir="auto"
        autoComplete="off"
        spellCheck={false}
        placeholder={says.actorHint}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter") onChange(typed.trim());
          if (event.key === "Escape") onChange("");
          if (event.key === "Enter" || event.key === "Escape") {
            event.preventDefault();
            event.currentTarget.blur();
          }
        }}
      />
      <datalist id={suggestions}>
        {actors.map((actor) => (
          <option key={actor} value={actor} />
        ))}
      </datalist>
    </label>
  );
}
