import type { DraftRow } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { shortMoment, wholeMoment } from "../shared/dates";
import { stateName, ticketName } from "../shared/words";
import { useWords } from "../words";

interface Props {
  row: DraftRow;
  on?: boolean;
  detail: string;
  onOpen: () => void;
}

/** A draft in a short list: what it is about, where it stands and since when. */
export function DraftLine({ row, on, detail, onOpen }: Props) {
  const says = useWords().review;
  return (
    <li>
      <button
        type="button"
        className={on ? "draft-line on" : "draft-line"}
        aria-current={on ? "true" : undefined}
        onClick={onOpen}
      >
        <span className="draft-line-subject" dir="auto">
          <Inline text={row.subject || says.ticketTitle(ticketName(row.external_id))} />
        </span>
        <span className="draft-line-detail">
          {detail} · {stateName(row.state)}
        </span>
        <time dateTime={row.staged_at} title={wholeMoment(row.staged_at)}>
          {shortMoment(row.staged_at)}
        </time>
      </button>
    </li>
  );
}
