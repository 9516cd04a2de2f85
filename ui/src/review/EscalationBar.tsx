import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { Draft } from "../api/types";
import { Key, useKeys } from "../kit/keys";
import { Inline } from "../kit/prose/inline";
import { longSpan, reasonOf } from "../shared/words";
import { useWords } from "../words";
import { useDesk } from "./context";
import { useEscalations, useWorkflow } from "./data";
import { isCommand } from "./guard";

/** An escalation that is mine to settle, above the draft it is about. */
export function EscalationBar({ draft }: { draft: Draft }) {
  const { api, session } = useDesk();
  const says = useWords().review;
  const client = useQueryClient();
  const escalation = useEscalations().find((one) => one.draft_id === draft.id);
  const workflow = useWorkflow(draft.workflow);
  const field = useRef<HTMLTextAreaElement>(null);
  const [note, setNote] = useState("");
  const [said, say] = useState("");
  const act = async (what: Promise<unknown>) => {
    try {
      await what;
      say("");
      await client.invalidateQueries({ queryKey: ["escalations"] });
    } catch (error) {
      say(says.noteKept(reasonOf(error)));
    }
  };
  const settle = async () => {
    if (!escalation || !note.trim()) return;
    await act(api.settle(escalation.id, note.trim()));
    void session.advance();
  };
  const onScreen = escalation !== undefined;
  useKeys({
    e: (event) => {
      if (!onScreen || !isCommand(event)) return;
      event.preventDefault();
      field.current?.focus();
    },
    "Shift+t": (event) => {
      if (escalation && !escalation.owner && isCommand(event)) void act(api.take(escalation.id));
    },
  });
  if (!escalation) return null;
  const reasons = escalation.reasons.map(
    (code) => workflow?.reasons.find((reason) => reason.code === code)?.label ?? code,
  );
  return (
    <section className="escalation" aria-label={says.escalation}>
      <div className="bar-head">
        <p>
          <b>{says.escalatedTo(escalation.to)}</b>
          {says.escalatedRest(longSpan(api.now() - Date.parse(escalation.opened_at)), reasons.join(", "))}
          {escalation.comment && (
            <span dir="auto">
              . <Inline text={says.quoted(escalation.comment)} />
            </span>
          )}
        </p>
        {escalation.owner ? (
          <span>{says.takenBy(escalation.owner)}</span>
        ) : (
          <button type="button" className="quiet" onClick={() => void act(api.take(escalation.id))}>
            {says.takeIt} <Key press="Shift+T" />
          </button>
        )}
      </div>
      <textarea
        ref={field}
        value={note}
        rows={2}
        aria-label={says.settled}
        placeholder={says.settledHint}
        onChange={(event) => setNote(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
            event.preventDefault();
            event.stopPropagation();
            void settle();
          }
          if (event.key === "Escape") event.currentTarget.blur();
        }}
      />
      <p className="bar-end">
        <span role="status">{said}</span>
        <button type="button" className="primary" disabled={!note.trim()} onClick={() => void settle()}>
          {says.settle} <Key press="$mod+Enter" />
        </button>
      </p>
    </section>
  );
}
