import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { type Api, ApiError } from "../api/client";
import type { Case, Draft, Me } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { exactMoment, shortMoment, wholeMoment } from "../shared/dates";
import { dollars, share } from "../shared/numbers";
import { markName, named, stageName } from "../shared/words";
import { useWords } from "../words";
import { useDraft, useRecord } from "./data";
import { doneName, gradeName, labelWords } from "./Outcome";

/** What happened to one draft, in order. What this person may not see says so where it would stand. */
export function Provenance({ one, api, me }: { one: Case; api: Api; me: Me }) {
  const { cases: says, disagreements } = useWords();
  const draft = useDraft(api, one.draft_id);
  const record = useRecord(api, me, one.draft_id);
  // What the reviewer said, which a curator may have settled otherwise since.
  const said: Said = one.settled ? (one.settled.was as unknown as Said) : one;
  const what = [doneName(said.action), said.grade && gradeName(said.grade)].filter(Boolean).join(", ");
  return (
    <section className="cases-provenance" aria-label={says.provenance}>
      <h3>{says.provenance}</h3>
      <ol>
        <Step title={says.staged} at={one.staged_at}>
          <StagedLines one={one} draft={draft.data} />
        </Step>
        <Step title={says.sources}>
          <SourceLines one={one} draft={draft} />
        </Step>
        <LeaseStep one={one} record={record} />
        <Step title={says.decided} at={one.decided_at}>
          <p dir="auto">{says.decidedBy(what, one.reviewer, says.seconds(one.seconds))}</p>
          {one.round === 2 && <p>{says.second}</p>}
          {said.suggested_grade && said.suggested_grade !== said.grade && (
            <p>{says.suggested(gradeName(said.suggested_grade))}</p>
          )}
          {said.edit_ratio != null && <p>{says.changedWords(share(said.edit_ratio))}</p>}
        </Step>
        {one.settled && (
          <Step title={disagreements.settled} at={one.settled.at}>
            <p>
              <bdi>{disagreements.labelBy(labelWords({ ...one, reasons: [] }), one.settled.by)}</bdi>
            </p>
          </Step>
        )}
        <Step title={says.labelled} at={one.decided_at}>
          <p>
            <bdi>{says.labelLine(one.reviewer)}</bdi>
          </p>
          <Hashes one={one} />
        </Step>
        <RecordStep one={one} record={record} />
        <DeliveryStep draft={draft} />
      </ol>
    </section>
  );
}

type Said = Pick<Case, "action" | "grade" | "suggested_grade" | "edit_ratio">;

type StepTone = "" | "pass" | "hold" | "fail";

interface StepProps {
  title: string;
  at?: string | null;
  tone?: StepTone;
  children: ReactNode;
}

function Step({ title, at, tone = "", children }: StepProps) {
  return (
    <li className={`cases-step ${tone}`}>
      <h4>
        {title}
        {at && (
          <time dateTime={at} title={wholeMoment(at)}>
            {exactMoment(at)}
          </time>
        )}
      </h4>
      {children}
    </li>
  );
}

function StagedLines({ one, draft }: { one: Case; draft: Draft | undefined }) {
  const says = useWords().cases;
  const cost = [
    one.cost_usd && dollars(one.cost_usd),
    one.usage && says.tokens(one.usage.input_tokens ?? 0, one.usage.output_tokens ?? 0),
    draft?.latency_ms != null && says.took(draft.latency_ms),
  ].filter(Boolean);
  return (
    <>
      <p>
        <bdi>{one.model ? says.byModel(`${one.model.provider}/${one.model.name}`) : says.noModel}</bdi>
      </p>
      {cost.length > 0 && <p>{cost.join(" · ")}</p>}
      <p>
        {says.atStage(stageName(one.stage), one.version)}
        {one.probability < 1 && ` · ${says.selected(share(one.probability))}`}
      </p>
      {one.marks.length > 0 && <p className="hold">{one.marks.map(markName).join(", ")}</p>}
      {one.trace_id && (
        <p>
          {says.trace} <code>{one.trace_id}</code>
        </p>
      )}
    </>
  );
}

const GOOD = ["found", "exists"];

function SourceLines({ one, draft }: { one: Case; draft: UseQueryResult<Draft> }) {
  const says = useWords().cases;
  const cited = one.draft.citations ?? [];
  if (draft.isError) {
    return (
      <>
        {cited.map((citation, i) => (
          <p key={i}>
            <bdi>
              <Inline text={citation.source} />
            </bdi>
          </p>
        ))}
        <Unread error={draft.error} />
      </>
    );
  }
  const { citations = [], uncited = [] } = draft.data?.checks ?? {};
  return (
    <>
      {cited.length === 0 && <p>{says.noSources}</p>}
      {citations.map((check, i) => (
        <p key={i} className="cases-source">
          <bdi title={check.source}>
            <Inline text={check.title ?? check.source} />
          </bdi>
          <span className={GOOD.includes(check.status) ? "pass" : "fail"}>
            {named(says.checks, check.status)}
          </span>
        </p>
      ))}
      {uncited.length > 0 && <p className="hold">{says.uncited(uncited.length)}</p>}
    </>
  );
}

/** Why the draft behind the case can't be read by this person. */
function Unread({ error }: { error: Error }) {
  const says = useWords().cases;
  const barred = error instanceof ApiError && (error.status === 403 || error.status === 404);
  return <p>{barred ? says.draftBarred : says.draftFailed}</p>;
}

type Kept = ReturnType<typeof useRecord>;

function LeaseStep({ one, record: { may, query } }: { one: Case; record: Kept }) {
  const says = useWords().cases;
  // Newest first: the last lease before the decision is the one that led to it.
  const lease = query.data?.find(({ act, at }) => act === "draft.leased" && at <= one.decided_at);
  return (
    <Step title={says.leased} at={lease?.at}>
      {!may && <p>{says.leaseUnknown}</p>}
      {query.isError && <p>{says.auditFailed}</p>}
      {/* By whom isn't said: a case knows its reviewer by a pseudonym, and a name beside it would lift that. */}
      {query.data && !lease && <p>{says.leaseNone}</p>}
    </Step>
  );
}

function RecordStep({ one, record: { may, query } }: { one: Case; record: Kept }) {
  const says = useWords().cases;
  const entry = query.data?.find(
    ({ act, detail }) => act === "verdict.recorded" && detail.includes(one.verdict_id),
  );
  return (
    <Step title={says.audited} at={entry?.at}>
      {!may && <p>{says.auditBarred}</p>}
      {query.isError && <p>{says.auditFailed}</p>}
      {query.data && !entry && <p>{says.auditNone}</p>}
      {entry && (
        <p>
          {says.auditEntry(entry.seq)} <code title={entry.hash}>{entry.hash.slice(0, 12)}</code>
        </p>
      )}
    </Step>
  );
}

function Hashes({ one }: { one: Case }) {
  const says = useWords().cases;
  const hashes = [
    [says.hashes.content, one.content_hash],
    [says.hashes.pack, one.pack_hash],
    [says.hashes.guidelines, one.guideline_hash],
  ];
  return (
    <p className="cases-hashes">
      {hashes.map(([name, hash]) => (
        <span key={name}>
          {name} <code title={hash}>{hash?.slice(0, 8)}</code>
        </span>
      ))}
    </p>
  );
}

const DELIVERY_TONES: Record<string, StepTone> = { delivered: "pass", held: "hold", undeliverable: "fail" };

function DeliveryStep({ draft }: { draft: UseQueryResult<Draft> }) {
  const says = useWords().cases;
  const delivery = draft.data?.delivery;
  const details = delivery && [
    delivery.attempts > 0 && says.attempts(delivery.attempts),
    delivery.next_attempt_at &&
      delivery.state === "pending" &&
      says.nextTry(shortMoment(delivery.next_attempt_at)),
    delivery.last_error && says.lastError(delivery.last_error),
  ];
  return (
    <Step title={says.delivery} at={delivery?.delivered_at} tone={DELIVERY_TONES[delivery?.state ?? ""]}>
      {draft.isError && <Unread error={draft.error} />}
      {draft.data && !delivery && <p>{says.deliveryNone}</p>}
      {delivery && (
        <>
          <p>{named(says.deliveries, delivery.state)}</p>
          <p dir="auto">{(details ?? []).filter(Boolean).join(" · ")}</p>
        </>
      )}
    </Step>
  );
}
