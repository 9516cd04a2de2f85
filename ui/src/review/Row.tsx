import { memo } from "react";
import type { DraftRow } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { wholeMoment } from "../shared/dates";
import { markName, span, stateName, ticketName } from "../shared/words";
import { useWords, words } from "../words";
import { useDesk } from "./context";
import { useWorkflow, useWorkflows } from "./data";
import { isOpen } from "./rows";
import { MARKS, type Tone } from "./words";

const DUE_MS = 15 * 60_000;
interface Props {
  id: string;
  row: DraftRow;
  on: boolean;
  now: number;
  onSelect: () => void;
}

export const Row = memo(
  function Row({ id, row, on, now, onSelect }: Props) {
    const { view } = useDesk();
    const says = useWords().review;
    const workflow = useWorkflow(row.workflow);
    const queued = useWorkflows()?.filter(({ drafts }) => drafts.staged || drafts.in_review) ?? [];
    const chosen = view.get().filters.workflow;
    const several = chosen ? chosen.includes(",") : queued.length > 1;
    const who = row.customer ?? says.ticket(ticketName(row.external_id));
    const [first, ...others] = marksOf(row, now);
    return (
      // biome-ignore lint/a11y/useFocusableInteractive: J and K move the selection; the rows are one stop for Tab
      // biome-ignore lint/a11y/useKeyWithClickEvents: see above
      <div
        id={id}
        role="option"
        aria-selected={on}
        className={on ? "row on" : "row"}
        data-draft-id={row.id}
        onClick={onSelect}
      >
        <div className="row-1">
          <span dir="auto">
            <Inline text={row.subject || says.ticketTitle(ticketName(row.external_id))} />
          </span>
          <span title={says.waitingSince(wholeMoment(row.waiting_since))}>
            {span(now - Date.parse(row.waiting_since))}
          </span>
        </div>
        <div className="row-2">
          <span dir="auto">
            <span className="own">
              <Inline text={who} />
            </span>
            {several && workflow && (
              <>
                {" · "}
                <span className="own">{workflow.name}</span>
              </>
            )}
          </span>
          {first && <span className={`mark ${first.tone}`}>{first.label}</span>}
          {others.length > 0 && (
            <span className="mark neutral" title={others.map(({ label }) => label).join(", ")}>
              {says.moreMarks(others.length)}
            </span>
          )}
        </div>
      </div>
    );
  },
  (a, b) => a.row === b.row && a.on === b.on && Math.floor(a.now / 30_000) === Math.floor(b.now / 30_000),
);

/** Most pressing first. */
function marksOf(row: DraftRow, now: number): { label: string; tone: Tone }[] {
  const says = words().review;
  const marks: { label: string; tone: Tone }[] = [];
  if (row.escalation?.state === "open")
    marks.push({ label: row.escalation.to ? says.escalatedToMe : says.escalated, tone: "neutral" });
  else if (!isOpen(row)) marks.push({ label: stateName(row.state), tone: "neutral" });
  if (row.held_by && row.held_by !== "you")
    marks.push({ label: says.heldByName(row.held_by), tone: "neutral" });
  const left = Date.parse(row.expires_at) - now;
  if (left < DUE_MS && isOpen(row)) {
    marks.push({ label: left > 0 ? says.due(span(left)) : says.overdue, tone: "hold" });
  }
  for (const [mark, tone] of Object.entries(MARKS)) {
    if (row.marks.includes(mark)) marks.push({ label: markName(mark), tone });
  }
  return marks;
}
