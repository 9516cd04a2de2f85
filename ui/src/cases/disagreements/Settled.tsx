import type { Api } from "../../api/client";
import type { Disagreement, SettledLabel, Workflow } from "../../api/types";
import { Inline } from "../../kit/prose/inline";
import { shortMoment, wholeMoment } from "../../shared/dates";
import { useWords } from "../../words";
import { labelWords, TONES } from "../Outcome";
import { Sent } from "../Texts";
import { whoseLabel } from "./form";

interface Props {
  one: Disagreement;
  label: SettledLabel;
  api: Api;
  workflow: Workflow | undefined;
}

/** The label, whose it was, who settled on it and why. */
export function Settled({ one, label, api, workflow }: Props) {
  const { disagreements: says } = useWords();
  const whose = whoseLabel(label, one);
  return (
    <section className="disagreements-settled" aria-label={says.settled} data-testid="settled">
      <h3>
        <b>{says.settled}</b>
        <span>
          <bdi>{says.settledBy(label.by)}</bdi>
          {" · "}
          <time dateTime={label.at} title={wholeMoment(label.at)}>
            {shortMoment(label.at)}
          </time>
        </span>
      </h3>
      <p className="disagreements-action">
        <span className={`cases-dot ${TONES[label.action] ?? ""}`} aria-hidden="true" />
        <strong>{labelWords(label, workflow)}</strong>
        <span>{says.whose[whose]}</span>
      </p>
      <dl className="cases-said">
        <dt>{says.note}</dt>
        <dd dir="auto" className="disagreements-words">
          <Inline text={label.note} />
        </dd>
      </dl>
      {whose === "own" && label.final_text != null && (
        <section className="disagreements-text" aria-label={says.changed}>
          <Sent draftId={one.draft_id} text={label.final_text} api={api} />
        </section>
      )}
    </section>
  );
}
