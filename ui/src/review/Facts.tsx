import { useState } from "react";
import type { Draft } from "../api/types";
import { useTick } from "../kit/clock";
import { Inline } from "../kit/prose/inline";
import { countdown } from "../shared/words";
import { useWords } from "../words";
import { doubts } from "./citations";
import { useDesk, useSession } from "./context";
import { othersName } from "./words";

/** What is known about how the draft came to be, at the foot of the sources. */
export function Facts({ draft }: { draft: Draft }) {
  const says = useWords().review;
  const worries = doubts(draft);
  const { model, usage, cost_usd, latency_ms, trace_id } = draft;
  const tokens = usage && says.tokens(usage.input_tokens ?? 0, usage.output_tokens ?? 0);
  const cost = [cost_usd && says.dollars(Number(cost_usd)), tokens].filter(Boolean).join(" · ");
  return (
    <dl className="facts">
      {worries.length > 0 && (
        <>
          <dt>{says.doubt}</dt>
          <dd className="worry">
            {worries.map((worry) => (
              <div key={worry} dir="auto">
                <Inline text={worry} />
              </div>
            ))}
          </dd>
        </>
      )}
      {draft.figures_only && (
        <>
          <dt>{says.checked}</dt>
          <dd>{says.figuresOnly}</dd>
        </>
      )}
      {model && (
        <>
          <dt>{says.model}</dt>
          <dd>
            {model.provider}/{model.name}
          </dd>
        </>
      )}
      {cost && (
        <>
          <dt>{says.cost}</dt>
          <dd>{cost}</dd>
        </>
      )}
      {(latency_ms != null || trace_id) && (
        <>
          <dt>{says.took}</dt>
          <dd>
            {latency_ms != null && says.seconds(latency_ms / 1000)}
            {latency_ms != null && trace_id && " · "}
            {trace_id && <Trace id={trace_id} />}
          </dd>
        </>
      )}
      <dt>{says.heldBy}</dt>
      <dd>
        <Holder draft={draft} />
      </dd>
    </dl>
  );
}

function Trace({ id }: { id: string }) {
  const says = useWords().review;
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      className="link-button"
      title={says.copyTrace(id)}
      onClick={() => void navigator.clipboard?.writeText(id).then(() => setCopied(true))}
    >
      {says.trace(id.slice(0, 4))}
      {copied && ` ${says.copied}`}
    </button>
  );
}

function Holder({ draft }: { draft: Draft }) {
  const { api } = useDesk();
  const says = useWords().review;
  const lease = useSession(({ shown, next }) =>
    shown?.id === draft.id ? shown.lease : next?.draft.id === draft.id ? next.lease : null,
  );
  useTick(1000, lease !== null);
  if (lease) return <>{says.youLeft(countdown(Date.parse(lease.expires_at) - api.now()))}</>;
  return <>{othersName(draft.held_by) ?? says.nobody}</>;
}
