import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Draft, Outcome } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { Prose } from "../kit/prose/prose";
import { longSpan, named, reasonOf } from "../shared/words";
import { useWords } from "../words";
import { useDesk } from "./context";
import { useWorkflow } from "./data";
import { doneName } from "./words";

/** What was decided about a draft, and where its reply is now. */
export function OutcomeStrip({ draft, outcome }: { draft: Draft; outcome: Outcome }) {
  const { api } = useDesk();
  const words = useWords();
  const says = words.review;
  const workflow = useWorkflow(draft.workflow);
  const reasons = outcome.reasons.map(
    (code) => workflow?.reasons.find((reason) => reason.code === code)?.label ?? code,
  );
  const how = [
    doneName(outcome.action),
    outcome.grade && named(words.shared.grades, outcome.grade),
    ...reasons,
  ]
    .filter(Boolean)
    .join(", ");
  const line = says.outcome(how, outcome.by, longSpan(api.now() - Date.parse(outcome.at)));
  return (
    <div className="outcome">
      <p>
        <b>{line.how}</b>
        {line.rest}
        {outcome.comment && (
          <span dir="auto">
            : <Inline text={says.quoted(outcome.comment)} />
          </span>
        )}
      </p>
      {draft.delivery && (
        <DeliveryLine
          escalation={outcome.action === "escalate"}
          delivery={draft.delivery}
          draftId={draft.id}
        />
      )}
      {outcome.final_text != null && (
        <div className="final">
          <h3>{says.sentInstead}</h3>
          <Prose text={outcome.final_text} format="markdown" />
        </div>
      )}
    </div>
  );
}

interface DeliveryProps {
  escalation: boolean;
  delivery: NonNullable<Draft["delivery"]>;
  draftId: string;
}

function DeliveryLine({ escalation, delivery, draftId }: DeliveryProps) {
  const { api, session } = useDesk();
  const client = useQueryClient();
  const says = useWords().review;
  const [said, say] = useState("");
  if (delivery.state !== "undeliverable") {
    return <p>{named(escalation ? says.escalationDelivery : says.delivery, delivery.state)}</p>;
  }
  const retry = async () => {
    try {
      await api.retryDelivery(delivery.id);
      say(says.triedAgain);
      void client.invalidateQueries({ queryKey: ["workflows"] });
      void session.reread(draftId);
    } catch (error) {
      say(reasonOf(error));
    }
  };
  return (
    <p role="status">
      {says.undeliverable(escalation, delivery.last_error ?? "")}{" "}
      {said || (
        <button type="button" className="link-button" onClick={() => void retry()}>
          {says.tryAgain}
        </button>
      )}
    </p>
  );
}
