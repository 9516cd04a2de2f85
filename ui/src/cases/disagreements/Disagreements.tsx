import { useEffect, useMemo, useRef, useState } from "react";
import type { Disagreement } from "../../api/types";
import { Key, useKeys } from "../../kit/keys";
import { Live } from "../../kit/live";
import { useOffer } from "../../kit/offers";
import { useStore } from "../../kit/store";
import { isPress, isStep } from "../../shared/press";
import { hasRole } from "../../shared/rights";
import { ticketName } from "../../shared/words";
import { useWords } from "../../words";
import { Bar } from "../Bar";
import { READERS, useWorkflows } from "../data";
import { labelWords } from "../Outcome";
import { disagreementAt, type SectionProps, sectionAt } from "../place";
import { useDisagreements } from "./data";
import { List, NoRows } from "./List";
import { Open } from "./Open";
import { after, marked, narrowing, step } from "./rows";
import "./disagreements.css";

/** Drafts that two people decided differently: the list, and the one that is being settled. */
export function Disagreements({ host, api, me, id, counts }: SectionProps) {
  const { disagreements: says, settings } = useWords();
  const narrowed = useStore(narrowing);
  const at = useStore(marked);
  const list = useRef<HTMLDivElement>(null);
  const [said, say] = useState("");
  const workflows = useWorkflows(api)?.filter((one) => hasRole(me, one.id, READERS)) ?? [];
  const { rows, query } = useDisagreements(api, narrowed);

  useEffect(() => {
    if (id) marked.set(id);
  }, [id]);

  const open = (one: string) => {
    location.hash = disagreementAt(one);
  };
  const close = () => {
    location.hash = sectionAt("disagreements");
  };
  const move = (by: number) => {
    const to = step(rows, at, by);
    if (!to) return;
    marked.set(to.id);
    if (id) show(to.id);
  };
  const walk = (by: number) => (event: KeyboardEvent) => {
    if (!isStep(event)) return;
    event.preventDefault();
    move(by);
  };
  useKeys({
    j: walk(1),
    k: walk(-1),
    ArrowDown: walk(1),
    ArrowUp: walk(-1),
    Home: walk(Number.NEGATIVE_INFINITY),
    End: walk(Number.POSITIVE_INFINITY),
    Enter: (event) => {
      const onControl = (event.target as HTMLElement).closest?.("button, a, summary");
      if (isPress(event) && !onControl && at) open(at);
    },
    Escape: (event) => {
      if (!id || !isPress(event)) return;
      event.preventDefault();
      close();
    },
  });
  const acts = useRef({ next: () => move(1), previous: () => move(-1), open: () => at && open(at), close });
  acts.current = { next: () => move(1), previous: () => move(-1), open: () => at && open(at), close };
  useOffer(
    useMemo(
      () =>
        (["next", "previous", "open", "close"] as const).map((act) => ({
          id: `disagreements-${act}`,
          title: settings.keys[act],
          press: { next: "J", previous: "K", open: "Enter", close: "Esc" }[act],
          run: () => void acts.current[act](),
        })),
      [settings],
    ),
  );

  /** Settled: the next one takes its place. */
  const settled = (one: Disagreement) => {
    const next = after(rows, one.id);
    const label =
      one.settled &&
      labelWords(
        one.settled,
        workflows.find((w) => w.id === one.workflow),
      );
    say(says.said(ticketName(one.external_id), label ?? "", Math.max(rows.length - 1, 0), query.hasNextPage));
    if (next) show(next.id);
    else location.replace(sectionAt("disagreements"));
    list.current?.focus();
  };

  // The room for it is where one would be read.
  const none = rows.length === 0 ? <NoRows query={query} narrowed={narrowed} /> : null;
  return (
    <div className="screen cases disagreements">
      <Bar section="disagreements" counts={counts} />
      <Live text={said} />
      <List
        field={list}
        rows={rows}
        query={query}
        narrowed={narrowed}
        workflows={workflows}
        at={at}
        now={api.now()}
        onOpen={open}
      >
        {id && none}
      </List>
      {id ? (
        <Open
          key={id}
          id={id}
          rows={rows}
          listed={!query.isPending}
          host={host}
          api={api}
          me={me}
          workflows={workflows}
          onClose={close}
          onSettled={settled}
        />
      ) : (
        <main className="disagreements-main" aria-label={says.beside}>
          {none ?? (
            <div className="cases-calm">
              <h2>{says.choose}</h2>
              <p>
                {says.chooseBefore}
                <Key press="J" />
                {says.chooseBetween}
                <Key press="K" />
                {says.chooseAfter}
                <Key press="Enter" />
              </p>
            </div>
          )}
        </main>
      )}
    </div>
  );
}

/** The next one takes the place of this one in the address, so that going back leaves the screen. */
function show(id: string) {
  location.replace(disagreementAt(id));
}
