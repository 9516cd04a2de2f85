import { memo, useMemo, useState } from "react";
import type { Message } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { Prose } from "../kit/prose/prose";
import { useView } from "./context";
import { type Entry, entriesOf, laidOut, summary } from "./tools";

/** So much is drawn at once; what is earlier comes when asked for, a stretch at a time. */
const LATEST = 30;
const STRETCH = 100;
const LONG_TEXT = 6_000;

const WHO: Record<string, string> = { customer: "Customer", agent: "Agent", note: "Note" };

export const Thread = memo(function Thread({
  thread,
  customer,
}: {
  thread: Message[];
  customer: string | null;
}) {
  const entries = useMemo(() => entriesOf(thread), [thread]);
  const [wanted, want] = useState(LATEST);
  const hidden = Math.max(0, entries.length - wanted);
  return (
    <section className="thread" aria-label="Thread">
      {hidden > 0 && (
        <button type="button" className="earlier" onClick={() => want(wanted + STRETCH)}>
          Show {Math.min(hidden, STRETCH)} earlier
          {hidden > STRETCH && ` of ${hidden.toLocaleString("en")}`}
        </button>
      )}
      {entries
        .slice(hidden)
        .map((entry) =>
          entry.kind === "tool" ? (
            <Tool key={entry.key} entry={entry} />
          ) : (
            <Said key={entry.key} message={entry.message} customer={customer} />
          ),
        )}
    </section>
  );
});

const Said = memo(function Said({ message, customer }: { message: Message; customer: string | null }) {
  const [whole, showWhole] = useState(false);
  const long = message.text.length > LONG_TEXT && !whole;
  const fromCustomer = message.role === "customer" && (!message.name || customer?.startsWith(message.name));
  const name = (fromCustomer ? firstName(customer) : message.name) ?? WHO[message.role];
  return (
    <article className={`said ${message.role}`}>
      <div className="who">
        <span className="name" title={message.name ?? name}>
          <Inline text={name ?? ""} />
        </span>
        {message.at && <time dateTime={message.at}>{clock(message.at)}</time>}
      </div>
      <div className="what">
        {/* What people typed is shown letter by letter; only a model's markdown is laid out. */}
        <Prose
          text={long ? message.text.slice(0, LONG_TEXT) : message.text}
          format={message.role === "agent" ? "markdown" : "plain"}
        />
        {long && (
          <button type="button" className="link-button" onClick={() => showWhole(true)}>
            show all {message.text.length.toLocaleString("en")} characters
          </button>
        )}
      </div>
    </article>
  );
});

function Tool({ entry }: { entry: Extract<Entry, { kind: "tool" }> }) {
  const everyOne = useView((view) => view.toolsOpen);
  const [own, setOwn] = useState<{ open: boolean; under: boolean } | null>(null);
  // Opening or folding them all overrules what was done to one before.
  const open = own && own.under === everyOne ? own.open : everyOne;
  return (
    <div className="tool">
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
          aria-label={`${open ? "Hide" : "Show"} ${entry.name}`}
          onClick={() => setOwn({ open: !open, under: everyOne })}
        >
          {open ? "hide" : "show"}
        </button>
      </div>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keys
        <section className="tool-body" tabIndex={0} aria-label={`${entry.name}, in full`}>
          {entry.call !== null && <Prose text={laidOut(entry.call)} format="plain" />}
          {entry.result !== null && <Prose text={laidOut(entry.result)} format="plain" />}
        </section>
      )}
    </div>
  );
}

function firstName(customer: string | null): string | null {
  if (!customer) return null;
  return customer.includes("@") ? customer : (customer.split(/[\s·]+/)[0] ?? null);
}

function clock(at: string): string {
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  return today
    ? date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" })
    : date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
}
