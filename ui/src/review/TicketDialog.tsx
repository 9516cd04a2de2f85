import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { Dialog } from "../kit/dialog";
import { reasonOf, ticketName } from "../shared/words";
import { useWords } from "../words";
import { show, useDesk } from "./context";
import { DraftLine } from "./DraftLine";
import { useWorkflows } from "./data";

/** Goes to a ticket by its exact number; every revision of it, in every workflow, is there to choose from. */
export function TicketDialog() {
  const { api, view, session } = useDesk();
  const says = useWords().review;
  const [typed, setTyped] = useState("");
  const [ticket, look] = useState("");
  const [at, setAt] = useState(0);
  const workflows = useWorkflows();
  const nameOf = (id: string) => workflows?.find((workflow) => workflow.id === id)?.name ?? id;
  const field = useRef<HTMLInputElement>(null);
  const { data, isFetching, isError, error } = useQuery({
    queryKey: ["ticket", ticket],
    queryFn: () => api.rows({ ticket, sort: "newest", limit: 50 }),
    enabled: ticket !== "",
    staleTime: 0,
  });
  const rows = (typed.trim() === ticket && data?.drafts) || [];
  const chosen = rows[Math.min(at, rows.length - 1)];
  const open = (id: string) => {
    show(view, { dialog: null });
    session.select(id);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (chosen && !isFetching) open(chosen.id);
    else {
      setAt(0);
      look(typed.trim());
    }
  };
  return (
    <Dialog title={says.ticketGo} onClose={() => show(view, { dialog: null })} initialFocus={field}>
      <form onSubmit={submit}>
        <label className="field">
          {says.ticketNumber}
          <input
            ref={field}
            value={typed}
            autoComplete="off"
            spellCheck={false}
            aria-controls="ticket-drafts"
            onChange={(event) => setTyped(event.target.value)}
            onKeyDown={(event) => {
              const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
              if (!step || rows.length === 0) return;
              event.preventDefault();
              setAt(Math.min(Math.max(at + step, 0), rows.length - 1));
            }}
          />
        </label>
      </form>
      <ul id="ticket-drafts" className="draft-lines">
        {rows.map((row) => (
          <DraftLine
            key={row.id}
            row={row}
            on={row === chosen}
            detail={`${says.revision(row.revision)} · ${nameOf(row.workflow)}`}
            onOpen={() => open(row.id)}
          />
        ))}
      </ul>
      <p className="dialog-hint" role="status">
        {isFetching
          ? says.looking
          : isError
            ? says.lookFailed(reasonOf(error))
            : ticket && ticket === typed.trim() && rows.length === 0
              ? says.noTicket(ticketName(ticket))
              : rows.length > 0
                ? says.ticketOpen
                : says.ticketHint}
      </p>
    </Dialog>
  );
}
