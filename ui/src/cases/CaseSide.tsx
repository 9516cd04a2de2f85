import { useMemo, useState } from "react";
import { type Api, ApiError } from "../api/client";
import type { Case, Me, Workflow } from "../api/types";
import { Key, useKeys } from "../kit/keys";
import { useOffer } from "../kit/offers";
import { Inline } from "../kit/prose/inline";
import { go } from "../kit/route";
import { isPress } from "../shared/press";
import { reasonOf, ticketName } from "../shared/words";
import { useWords } from "../words";
import { useCase } from "./data";
import { doneName, reasonLabel, TONES, whyOf } from "./Outcome";
import { Provenance } from "./Provenance";
import { Texts, Thread } from "./Texts";

interface Props {
  id: string;
  api: Api;
  me: Me;
  workflows: Workflow[];
  onClose: () => void;
}

export function CaseSide({ id, api, me, workflows, onClose }: Props) {
  const says = useWords().cases;
  const query = useCase(api, id);
  return (
    <aside className="screen-side cases-side" aria-label={says.beside} data-testid="case">
      <button type="button" className="plain-button cases-close" onClick={onClose}>
        {says.close} <Key press="Esc" />
      </button>
      {query.isPending && !query.isError && <p role="status">{says.opening}</p>}
      {query.isError && (
        <div role="status">
          <h2>{says.caseFailed}</h2>
          <p>
            {reasonOf(query.error)}{" "}
            {query.error instanceof ApiError && query.error.status === 404 && says.gone}
          </p>
          <button type="button" className="quiet" onClick={() => void query.refetch()}>
            {says.retry}
          </button>
        </div>
      )}
      {query.data && (
        <Read
          key={id}
          one={query.data}
          api={api}
          me={me}
          workflow={workflows.find((workflow) => workflow.id === query.data.workflow)}
        />
      )}
    </aside>
  );
}

interface ReadProps {
  one: Case;
  api: Api;
  me: Me;
  workflow: Workflow | undefined;
}

function Read({ one, api, me, workflow }: ReadProps) {
  const { cases: says, disagreements } = useWords();
  const { settled } = disagreements;
  const [thread, showThread] = useState(false);
  const openDraft = () => go("review", one.draft_id);
  const press = (act: () => void) => (event: KeyboardEvent) => {
    if (!isPress(event)) return;
    event.preventDefault();
    act();
  };
  useKeys({ o: press(openDraft), t: press(() => showThread((open) => !open)) });
  const draft = one.draft_id;
  useOffer(
    useMemo(
      () => [
        { id: "case-draft", title: says.keys.draft, press: "O", run: () => go("review", draft) },
        {
          id: "case-thread",
          title: says.keys.thread,
          press: "T",
          run: () => showThread((open) => !open),
        },
      ],
      [says, draft],
    ),
  );
  const { subject, customer } = metadataOf(one);
  const why = whyOf({ grade: one.grade, reasons: [] }, workflow);
  return (
    <article className="cases-read" data-case-id={one.id}>
      <h2 dir="auto">
        <Inline text={subject ?? `${says.columns.ticket} ${ticketName(one.external_id)}`} />
      </h2>
      <p className="cases-sub" dir="auto">
        {customer && (
          <>
            <Inline text={customer} />
            {" · "}
          </>
        )}
        {says.ticketLine(ticketName(one.external_id), one.revision)}
      </p>
      <p className="cases-verdict">
        <span className={`cases-dot ${TONES[one.action] ?? ""}`} aria-hidden="true" />
        <strong>{[doneName(one.action), why].filter(Boolean).join(", ")}</strong>
        <button type="button" className="quiet" onClick={openDraft}>
          {says.openDraft} <Key press="O" />
        </button>
      </p>
      {one.settled && (
        <dl className="cases-said" data-testid="case-settled">
          <dt>{settled}</dt>
          <dd dir="auto">
            <Inline text={one.settled.note} />
          </dd>
        </dl>
      )}
      {one.reasons.length > 0 && (
        <dl className="cases-said">
          <dt>{says.reasons}</dt>
          {one.reasons.map((code) => (
            <dd key={code} dir="auto" title={code}>
              {reasonLabel(code, workflow)}
            </dd>
          ))}
        </dl>
      )}
      {one.comment && (
        <dl className="cases-said">
          <dt>{says.comment}</dt>
          <dd dir="auto">
            <Inline text={one.comment} />
          </dd>
        </dl>
      )}
      <Texts one={one} api={api} />
      <Thread one={one} open={thread} toggle={() => showThread(!thread)} />
      <Provenance one={one} api={api} me={me} />
    </article>
  );
}

/** What senders write beside a draft is theirs: a subject or a customer that isn't text is none. */
function metadataOf({ metadata }: Case) {
  const text = (value: unknown) => (typeof value === "string" && value.trim() ? value : undefined);
  return { subject: text(metadata?.subject), customer: text(metadata?.customer) };
}
