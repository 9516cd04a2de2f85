import { useInfiniteQuery } from "@tanstack/react-query";
import type { Api } from "../api/client";
import type { Escalation, Workflow } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { wholeMoment } from "../shared/dates";
import { number } from "../shared/numbers";
import { reasonOf, span, ticketName } from "../shared/words";
import { useWords } from "../words";

/** Who has to look at what; the whole answer is a press away in Review. */
export function Escalations({ api, workflow }: { api: Api; workflow: Workflow }) {
  const says = useWords().rollout;
  const query = useInfiniteQuery({
    queryKey: ["open-escalations", workflow.id],
    queryFn: ({ pageParam }) => api.openEscalations(workflow.id, pageParam),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_cursor,
  });
  const open = query.data?.pages.flatMap((page) => page.escalations) ?? [];
  return (
    <section>
      <h2>
        {says.escalations} {workflow.escalations_open > 0 && <span>{number(workflow.escalations_open)}</span>}
      </h2>
      {query.isError && (
        <p className="rollout-note" role="alert">
          {says.escalationsFailed(reasonOf(query.error))}{" "}
          <button type="button" className="link-button" onClick={() => void query.refetch()}>
            {says.retry}
          </button>
        </p>
      )}
      {query.isSuccess && open.length === 0 && <p className="rollout-note">{says.noEscalations}</p>}
      <ul className="rollout-list">
        {open.map((one) => (
          <Row key={one.id} one={one} workflow={workflow} now={api.now()} />
        ))}
      </ul>
      {query.hasNextPage && (
        <button
          type="button"
          className="link-button"
          disabled={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {says.more}
        </button>
      )}
    </section>
  );
}

function Row({ one, workflow, now }: { one: Escalation; workflow: Workflow; now: number }) {
  const says = useWords().rollout;
  const reasons = one.reasons.map(
    (code) => workflow.reasons.find((reason) => reason.code === code)?.label ?? code,
  );
  const about = [
    says.ticket(ticketName(one.external_id)),
    one.owner ? says.takenBy(one.owner, one.to) : says.waitsFor(one.to),
    ...reasons,
  ];
  return (
    <li>
      <a dir="auto" href={`#/review/${encodeURIComponent(one.draft_id)}`} title={one.subject}>
        <Inline text={one.subject} />
      </a>
      <time dateTime={one.opened_at} title={wholeMoment(one.opened_at)}>
        {span(now - Date.parse(one.opened_at))}
      </time>
      <p dir="auto" title={reasons.join(" · ")}>
        <Inline text={about.join(" · ")} />
      </p>
    </li>
  );
}
