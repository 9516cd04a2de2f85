import { useState } from "react";
import type { Draft } from "../api/types";
import { useTick } from "../kit/clock";
import { Inline } from "../kit/prose/inline";
import { doubts } from "./citations";
import { useDesk, useSession } from "./context";
import { countdown } from "./words";

/** What is known about how the draft came to be, at the foot of the sources. */
export function Facts({ draft }: { draft: Draft }) {
  const worries = doubts(draft);
  const { model, usage, cost_usd, latency_ms, trace_id } = draft;
  const tokens =
    usage &&
    `${(usage.input_tokens ?? 0).toLocaleString("en")} + ${(usage.output_tokens ?? 0).toLocaleString("en")} tokens`;
  const cost = [cost_usd && `$${cost_usd}`, tokens].filter(Boolean).join(" · ");
  return (
    <dl className="facts">
      {worries.length > 0 && (
        <>
          <dt>Doubt</dt>
          <dd className="worry">
            {worries.map((worry) => (
              <div key={worry} dir="auto">
                <Inline text={worry} />
              </div>
            ))}
          </dd>
        </>
      )}
      {model && (
        <>
          <dt>Model</dt>
          <dd>
            {model.provider}/{model.name}
          </dd>
        </>
      )}
      {cost && (
        <>
          <dt>Cost</dt>
          <dd>{cost}</dd>
        </>
      )}
      {(latency_ms != null || trace_id) && (
        <>
          <dt>Took</dt>
          <dd>
            {latency_ms != null && `${(latency_ms / 1000).toFixed(1)} s`}
            {latency_ms != null && trace_id && " · "}
            {trace_id && <Trace id={trace_id} />}
          </dd>
        </>
      )}
      <dt>Held by</dt>
      <dd>
        <Holder draft={draft} />
      </dd>
    </dl>
  );
}

function Trace({ id }: { id: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <button
      type="button"
      className="link-button"
      title={`Copy trace ${id}`}
      onClick={() => void navigator.clipboard?.writeText(id).then(() => setCopied(true))}
    >
      trace {id.slice(0, 4)}…{copied && " copied"}
    </button>
  );
}

function Holder({ draft }: { draft: Draft }) {
  const { api } = useDesk();
  const lease = useSession(({ shown, next }) =>
    shown?.id === draft.id ? shown.lease : next?.draft.id === draft.id ? next.lease : null,
  );
  useTick(1000, lease !== null);
  if (lease) return <>you, {countdown(Date.parse(lease.expires_at) - api.now())} left</>;
  return <>{draft.held_by && draft.held_by !== "you" ? draft.held_by : "nobody"}</>;
}
