import { memo, useEffect, useState } from "react";
import { Key } from "../kit/keys";
import { useStore } from "../kit/store";
import { NO_FILTERS, show, useDesk, useSession, useView } from "./context";
import { useWorkflow } from "./data";
import { count, STAGES } from "./words";

const SEARCH_AFTER_MS = 200;

interface Props {
  workflowId: string | undefined;
  mayKill: boolean;
}

export const TopBar = memo(function TopBar({ workflowId, mayKill }: Props) {
  const { view } = useDesk();
  const workflow = useWorkflow(workflowId);
  return (
    <header className="top">
      <span className="brand" aria-hidden="true">
        C
      </span>
      <button
        type="button"
        className="queue-toggle quiet"
        onClick={() => view.set((now) => ({ ...now, queueOpen: !now.queueOpen }))}
      >
        Queue <Key press="Q" />
      </button>
      {workflow && (
        <p className="workflow">
          <strong title={workflow.name}>{workflow.name}</strong>
          {workflow.killed ? (
            <span className="mark fail">killed</span>
          ) : (
            <span className="stage">
              stage <em>{STAGES[workflow.stage]}</em> · v{workflow.version}
            </span>
          )}
        </p>
      )}
      <Search />
      <Place />
      {mayKill && workflow && (
        <button type="button" className="kill" onClick={() => show(view, { dialog: "kill" })}>
          {workflow.killed ? "Resume…" : "Kill…"}
        </button>
      )}
    </header>
  );
});

function Search() {
  const { view } = useDesk();
  const q = useView((now) => now.filters.q ?? "");
  const [typed, type] = useState(q);
  useEffect(() => type(q), [q]);
  useEffect(() => {
    if (typed === q) return;
    const timer = setTimeout(() => search(typed), SEARCH_AFTER_MS);
    return () => clearTimeout(timer);
  });
  const search = (words: string) => {
    view.set((now) => {
      const { q: _, ...rest } = now.filters;
      const filters = words.trim()
        ? { ...rest, q: words }
        : Object.keys(rest).length > 1 || rest.sort !== "deadline"
          ? rest
          : NO_FILTERS;
      return { ...now, filters, queueOpen: words.trim() !== "" || now.queueOpen };
    });
  };
  return (
    <label className="search">
      <input
        id="search"
        type="search"
        aria-label="Search tickets, people, text"
        placeholder="Search tickets, people, text"
        value={typed}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            type("");
            search("");
            event.currentTarget.blur();
          }
          if (event.key === "Enter") {
            search(typed);
            event.currentTarget.blur();
          }
        }}
      />
      <Key press="/" />
    </label>
  );
}

/** Where the hub is and whether it answers. */
function Place() {
  const { host, me } = useDesk();
  const connection = useStore(host.connection);
  const waiting = useSession((state) => state.waiting);
  const lost = connection === "lost";
  const place = host.kind === "desktop" && me.owner ? "embedded hub" : host.place;
  const unsent = lost && waiting > 0 ? ` · ${count(waiting, "decision")} waiting` : "";
  return (
    <span className={lost ? "place lost" : "place"} role="status" title={place}>
      <span className="dot" aria-hidden="true" />
      {lost ? `hub unreachable, trying again${unsent}` : place}
    </span>
  );
}
