import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { Draft, Outcome } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { Prose } from "../kit/prose/prose";
import { useDesk } from "./context";
import { useWorkflow } from "./data";
import { DONE, longSpan, reasonOf } from "./words";

/** What was decided about a draft, and where its reply is now. */
export function OutcomeStrip({ draft, outcome }: { draft: Draft; outcome: Outcome }) {
  const { api } = useDesk();
  const workflow = useWorkflow(draft.workflow);
  const reasons = outcome.reasons.map(
    (code) => workflow?.reasons.find((reason) => reason.code === code)?.label ?? code,
  );
  const how = [DONE[outcome.action], outcome.grade, ...reasons].filter(Boolean).join(", ");
  return (
    <div className="outcome">
      <p>
        <b>{how}</b> by {outcome.by}, {longSpan(api.now() - Date.parse(outcome.at))} ago
        {outcome.comment && (
          <span dir="auto">
            : “<Inline text={outcome.comment} />”
          </span>
        )}
      </p>
      {draft.delivery && (
        <DeliveryLine
          what={outcome.action === "escalate" ? "The escalation" : "The reply"}
          delivery={draft.delivery}
          draftId={draft.id}
        />
      )}
      {outcome.final_text != null && (
        <div className="final">
          <h3>Sent instead</h3>
          <Prose text={outcome.final_text} format="markdown" />
        </div>
      )}
    </div>
  );
}

interface DeliveryProps {
  what: string;
  delivery: NonNullable<Draft["delivery"]>;
  draftId: string;
}

function DeliveryLine({ what, delivery, draftId }: DeliveryProps) {
  const { api, session } = useDesk();
  const client = useQueryClient();
  const [said, say] = useState("");
  if (delivery.state !== "undeliverable") {
    const words: Record<string, string> = {
      pending: "waiting to be delivered",
      held: "held back",
      delivered: "delivered",
    };
    return (
      <p>
        {what} {words[delivery.state]}.
      </p>
    );
  }
  const retry = async () => {
    try {
      await api.retryDelivery(delivery.id);
      say("It is being tried again.");
      void client.invalidateQueries({ queryKey: ["workflows"] });
      void session.reread(draftId);
    } catch (error) {
      say(reasonOf(error));
    }
  };
  return (
    <p role="status">
      {what} could not be delivered{delivery.last_error && `: ${delivery.last_error}`}.{" "}
      {said || (
        <button type="button" className="link-button" onClick={() => void retry()}>
          try again
        </button>
      )}
    </p>
  );
}
