import type { ReactNode } from "react";
import type { Entry } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { exactMoment, wholeMoment } from "../shared/dates";
import { number } from "../shared/numbers";
import { codesOf, named } from "../shared/words";
import { useWords, type Words } from "../words";
import { type About, aboutOf, factsOf, type LogRow, shortId } from "./acts";

type Says = Words["activity"];

/** An entry in the columns of the log. */
export function entryCells({ seq, entry, broken }: LogRow, says: Says): ReactNode[] {
  const mark = broken && <span className="mark fail">{says.brokenMark}</span>;
  if (!entry) return [number(seq), "", "", <strong key="missing">{says.missing(seq)}</strong>, mark];
  return [
    number(seq),
    <time key="at" dateTime={entry.at} title={wholeMoment(entry.at)}>
      {exactMoment(entry.at)}
    </time>,
    <span key="who" title={entry.actor}>
      <Inline text={entry.actor} />
    </span>,
    <span key="act" title={entry.act}>
      {named(says.acts, entry.act)}
    </span>,
    <span key="what">
      {mark} <What entry={entry} says={says} />
    </span>,
  ];
}

function What({ entry, says }: { entry: Entry; says: Says }) {
  const about = aboutOf(entry);
  const more = extraOf(entry, says);
  if (!about) return <>{more}</>;
  const label = about.kind === "workflow" ? about.id : says[about.kind](shortId(about.id));
  const inWorkflow = about.kind !== "workflow" && entry.workflow;
  return (
    <>
      {about.href ? (
        <a href={about.href} title={about.id} tabIndex={-1}>
          {label}
        </a>
      ) : (
        <span title={about.id}>{label}</span>
      )}
      {more && ` · ${more}`}
      {inWorkflow && <i> · {inWorkflow}</i>}
    </>
  );
}

/** The one fact of an entry that is worth a place in its row. */
function extraOf({ act, detail }: Entry, says: Says): string {
  const facts = factsOf(detail);
  if (typeof facts.outcome === "string") {
    const reasons = codesOf(facts.outcome).map((code) => named({}, code));
    return reasons.length > 0 ? says.escalated(reasons.join(", ")) : named(says.outcomes, facts.outcome);
  }
  if (act.startsWith("drafts.") && typeof facts.drafts === "number") return says.draftsOf(facts.drafts);
  if (act === "pack.rolled_back" && typeof facts.to === "number") return says.version(facts.to);
  if ((act.startsWith("pack.") || act === "version.earned") && typeof facts.version === "number")
    return says.version(facts.version);
  return "";
}

const SCREEN_OF: Partial<Record<About["kind"], "rollout" | "cases">> = {
  workflow: "rollout",
  incident: "rollout",
  case: "cases",
};

/** All of an entry, as it is stored and hashed. */
export function EntryDetail({ entry }: { entry: Entry }) {
  const says = useWords().activity;
  const about = aboutOf(entry);
  return (
    <div className="entry-facts">
      <dl>
        <Fact name={says.fields.at} value={`${wholeMoment(entry.at)} (${entry.at})`} />
        <Fact name={says.fields.actor} value={entry.actor} />
        <Fact name={says.fields.act} value={entry.act} />
        {entry.workflow && <Fact name={says.fields.workflow} value={entry.workflow} />}
        {entry.object && <Fact name={says.fields.object} value={entry.object} />}
      </dl>
      <dl>
        {Object.entries(factsOf(entry.detail)).map(([name, value]) => (
          <Fact key={name} name={name} value={value} raw />
        ))}
        <Fact name={says.fields.hash} value={entry.hash} raw />
        <Fact name={says.fields.prev_hash} value={entry.prev_hash} raw />
      </dl>
      {about?.href && (
        <p>
          <a className="quiet" href={about.href}>
            {says.openIn[SCREEN_OF[about.kind] ?? "review"]}
          </a>
        </p>
      )}
    </div>
  );
}

/** A fact by its name; what holds more facts folds. */
export function Fact({ name, value, raw = false }: { name: string; value: unknown; raw?: boolean }) {
  const folds = value !== null && typeof value === "object" && Object.keys(value).length > 0;
  return (
    <div>
      <dt>{name}</dt>
      <dd dir="auto">
        {folds ? (
          <details>
            <summary>{Array.isArray(value) ? `[${value.length}]` : `{${Object.keys(value).length}}`}</summary>
            <pre>{JSON.stringify(value, null, 2)}</pre>
          </details>
        ) : raw ? (
          <code>
            <Inline text={typeof value === "string" ? value : JSON.stringify(value)} />
          </code>
        ) : (
          <Inline text={String(value)} />
        )}
      </dd>
    </div>
  );
}
