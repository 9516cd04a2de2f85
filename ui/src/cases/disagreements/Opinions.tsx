import type { Api } from "../../api/client";
import type { Disagreement, Opinion, Workflow } from "../../api/types";
import { Inline } from "../../kit/prose/inline";
import { shortMoment, wholeMoment } from "../../shared/dates";
import { useWords } from "../../words";
import { doneName, gradeName, reasonLabel, TONES } from "../Outcome";
import { Sent } from "../Texts";
import type { Whose } from "./form";

interface Props {
  one: Disagreement;
  api: Api;
  workflow: Workflow | undefined;
  /** The one whose label is about to be taken. */
  picked: Whose | null;
}

/** Both decisions side by side. Who decided isn't told: the words are to count, not the person. */
export function Opinions({ one, api, workflow, picked }: Props) {
  const says = useWords().disagreements;
  return (
    <section className="disagreements-pair disagreements-opinions" aria-label={says.two}>
      {(["first", "second"] as const).map((side) => (
        <section
          key={side}
          className={picked === side ? "disagreements-opinion on" : "disagreements-opinion"}
          aria-label={says.names[side]}
          data-side={side}
        >
          <h3>
            <b>{says.names[side]}</b>
            <time dateTime={one[side].decided_at} title={wholeMoment(one[side].decided_at)}>
              {shortMoment(one[side].decided_at)}
            </time>
          </h3>
          <Said opinion={one[side]} draftId={one.draft_id} api={api} workflow={workflow} />
        </section>
      ))}
    </section>
  );
}

interface SaidProps {
  opinion: Opinion;
  draftId: string;
  api: Api;
  workflow: Workflow | undefined;
}

function Said({ opinion, draftId, api, workflow }: SaidProps) {
  const { disagreements: says, cases } = useWords();
  const { action, grade, reasons, comment, final_text: text } = opinion;
  return (
    <>
      <p className="disagreements-action">
        <span className={`cases-dot ${TONES[action] ?? ""}`} aria-hidden="true" />
        <strong>{doneName(action)}</strong>
      </p>
      <dl className="cases-said">
        {grade && (
          <>
            <dt>{says.grade}</dt>
            <dd>{gradeName(grade)}</dd>
          </>
        )}
        {reasons.length > 0 && <dt>{cases.reasons}</dt>}
        {reasons.map((code) => (
          <dd key={code} dir="auto" title={code}>
            {reasonLabel(code, workflow)}
          </dd>
        ))}
        {comment && (
          <>
            <dt>{cases.comment}</dt>
            <dd dir="auto" className="disagreements-words">
              <Inline text={comment} />
            </dd>
          </>
        )}
      </dl>
      {action === "edit" && text != null && (
        <section className="disagreements-text" aria-label={says.changed}>
          <Sent draftId={draftId} text={text} api={api} />
        </section>
      )}
      {action === "approve" && <p className="cases-note">{says.wholeDraft}</p>}
    </>
  );
}
