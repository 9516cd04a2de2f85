import { memo, useEffect, useState } from "react";
import { Key } from "../kit/keys";
import { useStore } from "../kit/store";
import { stageName } from "../shared/words";
import { useWords } from "../words";
import { show, useDesk, useSession, useView } from "./context";
import { useWorkflow } from "./data";
import { narrowed } from "./filters";

const SEARCH_AFTER_MS = 200;

interface Props {
  workflowId: string | undefined;
  mayKill: boolean;
}

export const TopBar = memo(function TopBar({ workflowId, mayKill }: Props) {
  const { view } = useDesk();
  const says = useWords().review;
  const workflow = useWorkflow(workflowId);
  return (
    <header className="top">
      <button
        type="button"
        className="queue-toggle quiet"
        onClick={() => view.set((now) => ({ ...now, queueOpen: !now.queueOpen }))}
      >
        {says.queue} <Key press="Q" />
      </button>
      {workflow && (
        <p className="workflow">
          <strong title={workflow.name} dir="auto">
            {workflow.name}
          </strong>
          {workflow.killed ? (
            <span className="mark fail">{says.killed}</span>
          ) : (
            <span className="stage">
              {says.stage}
              <em>{stageName(workflow.stage)}</em>
              {says.stageVersion(workflow.version)}
            </span>
          )}
        </p>
      )}
      <Search />
      <Away />
      {mayKill && workflow && (
        <button type="button" className="kill" onClick={() => show(view, { dialog: "kill" })}>
          {workflow.killed ? says.resumeButton : says.killButton}
        </button>
      )}
    </header>
  );
});

function Search() {
  const { view } = useDesk();
  const says = useWords().review;
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
      const filters = narrowed({ ...now.filters, q: words.trim() && words, only: undefined });
      return { ...now, filters, queueOpen: words.trim() !== "" || now.queueOpen };
    });
  };
  return (
    <label className="search">
      <input
        id="search"
        type="search"
        aria-label={says.search}
        placeholder={says.search}
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

/** Said only while it matters: the rail shows that all is well. */
function Away() {
  const { host } = useDesk();
  const words = useWords();
  const connection = useStore(host.connection);
  const waiting = useSession((state) => state.waiting);
  if (connection !== "lost") return null;
  return (
    <span className="away-words" role={waiting > 0 ? "status" : undefined}>
      <span className="dot" aria-hidden="true" />
      {waiting > 0 ? words.review.unsent(waiting) : words.frame.lost}
    </span>
  );
}
