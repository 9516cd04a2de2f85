import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Workflow } from "../api/types";
import { Key, useKeys } from "../kit/keys";
import { NO_FILTERS, show, useDesk, useSession, useView } from "./context";
import { useWorkflows } from "./data";
import { isCommand } from "./guard";
import { count, longSpan, reasonOf } from "./words";

/** What stands in the middle while there is no draft: why, and what to do next. */
export function Empty({ empty }: { empty: boolean }) {
  const { view } = useDesk();
  const workflows = useWorkflows();
  const barred = useSession((state) => state.barred);
  const filtered = useView((now) => now.filters !== NO_FILTERS);
  if (!workflows || !empty) return <Calm title="Looking for the next draft…" />;
  if (workflows.length === 0) return <FirstRun />;
  if (barred) {
    return (
      <Calm title="You can read, not review">
        <p>{barred}</p>
        <p>Choose a draft in the queue, or search, to read it.</p>
      </Calm>
    );
  }
  const killed = workflows.filter((workflow) => workflow.killed);
  if (killed.length === workflows.length) return <Killed workflows={killed} />;
  if (filtered) {
    return (
      <Calm title="Nothing more to review here">
        <p>No draft that matches the search or the filter is free.</p>
        <button type="button" className="primary" onClick={() => show(view, { filters: NO_FILTERS })}>
          Show the whole queue
        </button>
      </Calm>
    );
  }
  return (
    <>
      {killed.length > 0 && <Killed workflows={killed} />}
      <Calm title="All caught up">
        <p>{stillOut(workflows)}</p>
        <p>The next draft shows here by itself as soon as one is staged. You can leave this window open.</p>
      </Calm>
    </>
  );
}

function stillOut(workflows: Workflow[]): string {
  const held = workflows.reduce((sum, workflow) => sum + (workflow.drafts.in_review ?? 0), 0);
  return held > 0
    ? `${count(held, "draft is", "drafts are")} with other reviewers.`
    : "Nothing is waiting for review.";
}

function Calm({ title, children }: { title: string; children?: React.ReactNode }) {
  return (
    <div className="empty" data-testid="empty">
      <h1>{title}</h1>
      {children}
    </div>
  );
}

export function Killed({ workflows }: { workflows: Workflow[] }) {
  const { api } = useDesk();
  return workflows.map((workflow) => (
    <section key={workflow.id} className="killed" aria-label={`${workflow.name} is killed`}>
      <b>{workflow.name} is killed.</b>
      <span>
        {workflow.killed_by}, {longSpan(api.now() - Date.parse(workflow.killed_at ?? ""))} ago: “
        {workflow.killed_reason}”
      </span>
      <span>
        {count(workflow.drafts.frozen ?? 0, "draft is", "drafts are")} frozen; nothing is reviewed or
        delivered until it is resumed.
      </span>
    </section>
  ));
}

function FirstRun() {
  const { api, session, me } = useDesk();
  const client = useQueryClient();
  const [said, say] = useState("");
  const may = me.owner || me.grants.some((grant) => grant.role === "admin");
  const load = async () => {
    say("Loading the demo workflow…");
    try {
      await api.loadDemo();
      await client.invalidateQueries();
      void session.wake();
    } catch (error) {
      say(`The demo could not be loaded. ${reasonOf(error)}`);
    }
  };
  useKeys({ d: (event) => may && isCommand(event) && void load() });
  return (
    <Calm title="No workflow yet">
      {may ? (
        <>
          <p>
            Apply a pack of your own with <code>countersign pack apply DIR</code>, or look around first with
            the demo: a support desk with drafts to review.
          </p>
          <button type="button" className="primary" onClick={() => void load()}>
            Load the demo workflow <Key press="D" />
          </button>
        </>
      ) : (
        <p>An admin applies a workflow pack; its drafts then show here.</p>
      )}
      <p role="status">{said}</p>
    </Calm>
  );
}
