import type { ReactNode } from "react";
import type { Delivery } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { shortMoment, wholeMoment } from "../shared/dates";
import { number } from "../shared/numbers";
import { named, ticketName } from "../shared/words";
import { useWords, type Words } from "../words";
import { Fact } from "./Entry";

const TONES: Record<string, string> = {
  undeliverable: "fail",
  held: "hold",
  pending: "neutral",
  recalled: "hold",
};

/** A delivery in the columns of its table. */
export function deliveryCells(
  delivery: Delivery,
  says: Words["activity"],
  now: number,
  onRetry: (() => void) | null,
): ReactNode[] {
  const { external_id, state, next_attempt_at: next, last_error: error } = delivery;
  const ticket = ticketName(external_id) || delivery.workflow;
  const tone = TONES[state];
  return [
    delivery.draft_id ? (
      <a href={`#/review/${encodeURIComponent(delivery.draft_id)}`} title={external_id} tabIndex={-1}>
        <Inline text={ticket} />
      </a>
    ) : (
      <span title={external_id}>
        <Inline text={ticket} />
      </span>
    ),
    named(says.kinds, delivery.type),
    tone ? <span className={`mark ${tone}`}>{named(says.states, state)}</span> : named(says.states, state),
    number(delivery.attempts),
    state === "pending" && next ? (Date.parse(next) <= now ? says.due : shortMoment(next)) : "",
    <span key="error" title={error ?? undefined}>
      {delivery.may_have_reached_customer && <span className="mark hold">{says.mayHaveReached}</span>}{" "}
      <Inline text={error ?? ""} />
    </span>,
    <time key="written" dateTime={delivery.created_at} title={wholeMoment(delivery.created_at)}>
      {shortMoment(delivery.created_at)}
    </time>,
    onRetry && (
      <button type="button" className="quiet" tabIndex={-1} onClick={onRetry}>
        {says.retryOne}
      </button>
    ),
  ];
}

export function DeliveryDetail({ delivery }: { delivery: Delivery }) {
  const says = useWords().activity;
  const { fields } = says;
  const { last_error, next_attempt_at: next, delivered_at: delivered, draft_id } = delivery;
  return (
    <div className="entry-facts">
      <dl>
        {delivery.may_have_reached_customer && (
          <Fact name={named(says.states, delivery.state)} value={says.mayHaveReached} />
        )}
        {delivery.waits_for && (
          <Fact name={says.waitsFor} value={named(says.waitsForWhat, delivery.waits_for)} />
        )}
        {last_error && <Fact name={fields.error} value={last_error} />}
        <Fact name={fields.created} value={wholeMoment(delivery.created_at)} />
        {delivered && <Fact name={fields.delivered} value={wholeMoment(delivered)} />}
        {next && delivery.state === "pending" && <Fact name={fields.next} value={wholeMoment(next)} />}
        <Fact name={fields.workflow} value={delivery.workflow} />
        <Fact name={fields.id} value={delivery.id} raw />
        {draft_id && <Fact name={fields.draft} value={draft_id} raw />}
      </dl>
      {draft_id && (
        <p>
          <a className="quiet" href={`#/review/${encodeURIComponent(draft_id)}`}>
            {says.openIn.review}
          </a>
        </p>
      )}
    </div>
  );
}
