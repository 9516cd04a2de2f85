import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import type { Draft, Escalation } from "../api/types";
import { Key, useKeys } from "../kit/keys";
import { Inline } from "../kit/prose/inline";
import { useKept } from "../shared/kept";
import { longSpan, reasonOf } from "../shared/words";
import { useWords } from "../words";
import { useDesk } from "./context";
import { useEscalations, useWorkflow } from "./data";
import { isCommand } from "./guard";
import { settleFailed } from "./words";

/** An escalation that is mine to settle, above the draft it is about. */
export function EscalationBar({ draft }: { draft: Draft }) {
  const escalation = useEscalations().find((one) => one.draft_id === draft.id);
  return escalation && <Bar key={escalation.id} draft={draft} escalation={escalation} />;
}

function Bar({ draft, escalation }: { draft: Draft; escalation: Escalation }) {
  const { api, session, notes } = useDesk();
  const says = useWords().review;
  const client = useQueryClient();
  const workflow = useWorkflow(draft.workflow);
  const field = useRef<HTMLTextAreaElement>(null);
  const [kept, keep, sent] = useKept(notes, escalation.id);
  const note = kept ?? "";
  const [busy, setBusy] = useState(false);
  const [said, say] = useState("");
  const isShown = () => session.state.get().shown?.id === draft.id;
  const renew = () => client.invalidateQueries({ queryKey: ["escalations"] });
  const take = async () => {
    try {
      await api.take(escalation.id);
      say("");
      await renew();
    } catch (error) {
      say(reasonOf(error));
    }
  };
  const settle = async () => {
    if (busy || !note.trim()) return;
    setBusy(true);
    say("");
    try {
      await api.settle(escalation.id, note.trim());
      sent(note);
      void renew();
      // Whoever has gone on to another draft meanwhile stays there.
      if (isShown()) void session.advance();
    } catch (error) {
      if (isShown()) say(says.noteKept(reasonOf(error)));
      else session.notify(settleFailed(draft, error));
    } finally {
      setBusy(false);
    }
  };
  useKeys({
    e: (event) => {
      if (!isCommand(event)) return;
      event.preventDefault();
      field.current?.focus();
    },
    "Shift+t": (event) => {
      if (!escalation.owner && isCommand(event)) void take();
    },
  });
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
          <button type="button" className="quiet" onClick={() => void take()}>
            {says.takeIt} <Key press="Shift+T" />
          </button>
        )}
      </div>
      <textarea
        ref={field}
        value={note}
        rows={2}
        readOnly={busy}
        aria-label={says.settled}
        placeholder={says.settledHint}
        onChange={(event) => keep(event.target.value || null)}
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
        <button
          type="button"
          className="primary"
          disabled={busy || !note.trim()}
          onClick={() => void settle()}
        >
          {says.settle} <Key press="$mod+Enter" />
        </button>
      </p>
    </section>
  );
}
