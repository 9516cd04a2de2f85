import { memo, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import type { Draft, Message } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { Prose } from "../kit/prose/prose";
import { shortMoment, wholeMoment } from "../shared/dates";
import { useWords, type Words } from "../words";
import { claimKey, claimsOf, evidenceIn } from "./citations";
import { litIn, useView } from "./context";
import { excerptOf } from "./Sources";
import { type Entry, entriesOf, laidOut, summary } from "./tools";

/** So much is drawn at once; what is earlier comes when asked for, a stretch at a time. */
const LATEST = 30;
const STRETCH = 100;
const LONG_TEXT = 6_000;

export const Thread = memo(function Thread({ draft, customer }: { draft: Draft; customer: string | null }) {
  const { thread } = draft;
  const says = useWords().review;
  const entries = useMemo(() => entriesOf(thread), [thread]);
  const [wanted, want] = useState(LATEST);
  // Evidence that was asked for is drawn, however far back it stands.
  const back = useView((view) => entries.length - firstWith(draft, entries, view.sought));
  useEffect(() => want((now) => Math.max(now, back)), [back]);
  const hidden = Math.max(0, entries.length - wanted);
  const section = useRef<HTMLElement>(null);
  const fromEnd = useRef<number | null>(null);
  // What was being read stays where it is; the earlier messages come in above it.
  useLayoutEffect(() => {
    const pane = paneOf(section.current);
    if (wanted > LATEST && pane && fromEnd.current !== null) {
      pane.scrollTop = pane.scrollHeight - fromEnd.current;
    }
    fromEnd.current = null;
  }, [wanted]);
  const more = () => {
    const pane = paneOf(section.current);
    fromEnd.current = pane && pane.scrollHeight - pane.scrollTop;
    want(wanted + STRETCH);
  };
  return (
    <section className="thread" aria-label={says.thread} ref={section}>
      {hidden > 0 && (
        <button type="button" className="earlier" onClick={more}>
          {says.earlier(Math.min(hidden, STRETCH), hidden)}
        </button>
      )}
      {entries
        .slice(hidden)
        .map((entry, i) =>
          entry.kind === "tool" ? (
            <Tool key={entry.key} entry={entry} draft={draft} />
          ) : (
            <Said
              key={entry.key}
              message={entry.message}
              draft={draft}
              at={entry.key}
              customer={customer}
              old={i < entries.length - hidden - LATEST}
            />
          ),
        )}
    </section>
  );
});

/** The first entry with evidence for the claim with this key; else how many entries there are. */
function firstWith(draft: Draft, entries: Entry[], key: string | null): number {
  const claim = key === null ? undefined : claimsOf(draft).find((_, index) => claimKey(draft, index) === key);
  const messages = (claim?.evidence ?? []).flatMap((place) => place.message ?? []);
  const at = entries.findIndex((entry) =>
    messages.includes(entry.kind === "tool" ? (entry.answer ?? -1) : entry.key),
  );
  return at < 0 ? entries.length : at;
}

/** What scrolls: the middle, or in a narrow window the middle and the sources as one. */
function paneOf(element: HTMLElement | null): HTMLElement | null {
  const middle = element?.closest<HTMLElement>(".middle") ?? null;
  return middle && middle.scrollHeight <= middle.clientHeight ? middle.parentElement : middle;
}

interface SaidProps {
  message: Message;
  draft: Draft;
  /** Which message of the thread it is. */
  at: number;
  customer: string | null;
  /** One of those that were asked for: laid out only where it is in view. */
  old: boolean;
}

const Said = memo(function Said({ message, draft, at, customer, old }: SaidProps) {
  const says = useWords().review;
  const [whole, showWhole] = useState(false);
  const { spans, lit, reach, box } = useEvidence<HTMLElement>(draft, at, message.text);
  // Evidence that was asked for is never behind the cut, and what it opened stays open.
  if (reach > LONG_TEXT && !whole) showWhole(true);
  const long = message.text.length > LONG_TEXT && !whole;
  const fromCustomer = message.role === "customer" && (!message.name || customer?.startsWith(message.name));
  const name = (fromCustomer ? firstName(customer) : message.name) ?? whoIs(says, message.role);
  return (
    <article className={`said ${message.role}${old ? " old" : ""}`} ref={box}>
      <div className="who">
        <span className="name" dir="auto" title={message.name ?? name}>
          <Inline text={name ?? ""} />
        </span>
        {message.at && (
          <time dateTime={message.at} title={wholeMoment(message.at)}>
            {shortMoment(message.at)}
          </time>
        )}
      </div>
      <div className="what">
        {/* What people typed is shown letter by letter; only a model's markdown is laid out. */}
        <Prose
          text={long ? message.text.slice(0, LONG_TEXT) : message.text}
          format={message.role === "agent" ? "markdown" : "plain"}
          spans={spans}
          active={lit}
        />
        {long && (
          <button type="button" className="link-button" onClick={() => showWhole(true)}>
            {says.allCharacters(message.text.length)}
          </button>
        )}
      </div>
    </article>
  );
});

function Tool({ entry, draft }: { entry: Extract<Entry, { kind: "tool" }>; draft: Draft }) {
  const says = useWords().review;
  const everyOne = useView((view) => view.toolsOpen);
  const [own, setOwn] = useState<{ open: boolean; under: boolean } | null>(null);
  // Opening or folding them all overrules what was done to one before.
  const open = own && own.under === everyOne ? own.open : everyOne;
  const { spans, lit, sought, box } = useEvidence<HTMLDivElement>(draft, entry.answer, entry.result);
  const passage = sought && entry.result !== null ? excerptOf(entry.result, spans) : null;
  return (
    <div className="tool" ref={box}>
      <div className="tool-line">
        <code>
          <Inline text={entry.name} />
        </code>
        <span className="tool-words">
          {entry.call !== null && <Inline text={summary(entry.call)} />}
          {entry.result !== null && <Inline text={` → ${summary(entry.result)}`} />}
        </span>
        <button
          type="button"
          className="link-button"
          aria-expanded={open}
          aria-label={(open ? says.hideTool : says.showTool)(entry.name)}
          onClick={() => setOwn({ open: !open, under: everyOne })}
        >
          {open ? says.hide : says.show}
        </button>
      </div>
      {passage && (
        <div className="tool-evidence">
          <Prose text={passage.text} format="plain" spans={passage.spans} active={lit} />
        </div>
      )}
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keys
        <section className="tool-body" tabIndex={0} aria-label={says.toolInFull(entry.name)}>
          {entry.call !== null && <Prose text={laidOut(entry.call)} format="plain" />}
          {entry.result !== null && <Prose text={laidOut(entry.result)} format="plain" />}
        </section>
      )}
    </div>
  );
}

/** What of a message is evidence for the claim that is lit; what was asked for comes into view. */
function useEvidence<T extends HTMLElement>(draft: Draft, at: number | null, text: string | null) {
  const box = useRef<T>(null);
  const spans = useMemo(
    () => (at === null ? [] : evidenceIn(draft, text, (place) => place.message === at)),
    [draft, at, text],
  );
  const has = (key: string | null) => spans.some((span) => span.key === key);
  const lit = useView((view) => (has(litIn(view)) ? litIn(view) : null));
  const sought = useView((view) => (has(view.sought) ? view.sought : null));
  useEffect(() => {
    // A long message is higher than the pane: its middle may be far from the passage.
    const passage = box.current?.querySelector(".evidence") ?? box.current;
    if (sought !== null) passage?.scrollIntoView({ block: "center" });
  }, [sought]);
  const reach = Math.max(0, ...spans.filter(({ key }) => key === sought).map(({ end }) => end));
  // A tool's answer shows what was asked for, even while something else is pointed at.
  const shown = lit ?? sought;
  const mine = useMemo(() => spans.filter((span) => span.key === shown), [spans, shown]);
  return { spans: mine, lit, sought: sought !== null, reach, box };
}

function whoIs(says: Words["review"], role: Message["role"]): string | undefined {
  return role === "customer" || role === "agent" || role === "note" ? says[role] : undefined;
}

function firstName(customer: string | null): string | null {
  if (!customer) return null;
  return customer.includes("@") ? customer : (customer.split(/[\s·]+/)[0] ?? null);
}
