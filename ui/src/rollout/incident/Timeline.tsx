import { useQuery } from "@tanstack/react-query";
import type { Api } from "../../api/client";
import type { Incident, IncidentEntry } from "../../api/types";
import { Inline } from "../../kit/prose/inline";
import { Prose } from "../../kit/prose/prose";
import { exactMoment, wholeMoment } from "../../shared/dates";
import { useWords } from "../../words";
import { actorOf, didOf } from "../incidents";

/** Ticks say what was done in the words of the runbook, which are Markdown. */
const STEPS = ["ticked", "unticked"];

/** What happened and what was done about it, the latest last. */
export function Timeline({ entries }: { entries: IncidentEntry[] }) {
  const says = useWords().incident;
  return (
    <section>
      <h2>{says.timeline}</h2>
      <ol className="incident-timeline">
        {entries.map((entry, i) => (
          <Entry key={`${entry.at}-${i}`} entry={entry} />
        ))}
      </ol>
    </section>
  );
}

/** With what happened before the entries that the incident came with. */
export function WholeTimeline({ api, incident, from }: { api: Api; incident: Incident; from: string }) {
  const earlier = useQuery({
    queryKey: ["incident-entries", incident.id, from],
    queryFn: () => api.earlierEntries(incident.id, from),
  });
  return <Timeline entries={[...(earlier.data ?? []), ...incident.entries]} />;
}

function Entry({ entry }: { entry: IncidentEntry }) {
  const { at, actor, kind, text } = entry;
  const step = STEPS.includes(kind);
  return (
    <li className={`did-${step ? "step" : kind}`}>
      <time dateTime={at} title={wholeMoment(at)}>
        {exactMoment(at)}
      </time>
      <div>
        <p dir="auto">
          <strong>
            <Inline text={actorOf(actor)} />
          </strong>{" "}
          {didOf(entry)}
        </p>{" "}
        {text && <Prose text={text} format={step ? "markdown" : "plain"} />}
      </div>
    </li>
  );
}
