import type { History, Workflow } from "../api/types";
import { dayName, dayRange } from "../shared/dates";
import { share } from "../shared/numbers";
import { stageName } from "../shared/words";
import { useWords } from "../words";
import { lastStay, STAGES, stageSince } from "./history";

interface Props {
  workflow: Workflow;
  history: History | undefined;
  pack: unknown;
}

/** The stages in their order, and where the workflow is. */
export function Track({ workflow, history, pack }: Props) {
  const says = useWords().rollout;
  const at = STAGES.indexOf(workflow.stage);
  return (
    <ol className="track" aria-label={says.track}>
      {STAGES.map((stage, i) => {
        const here = i === at;
        const tone = here ? (workflow.killed ? "here stopped" : "here") : i < at ? "past" : "ahead";
        return (
          <li key={stage} className={tone} aria-current={here ? "step" : undefined}>
            <strong>
              {stageName(stage)}
              {here && <em>{workflow.killed ? says.killedHere : says.here}</em>}
            </strong>
            <span>
              <About workflow={workflow} stage={stage} history={history} pack={pack} />
            </span>
            <Reviewed workflow={workflow} stage={stage} history={history} />
            {here && workflow.earned === false && (
              <span>{says.notEarned(workflow.version, stageName(stage))}</span>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function About({ workflow, stage, history, pack }: Props & { stage: string }) {
  const says = useWords().rollout;
  if (stage === workflow.stage) {
    const since = history && stageSince(history);
    return since ? says.sinceDay(dayName(since)) : null;
  }
  const stay = history && lastStay(history, stage);
  if (stay) return dayRange(stay.from, stay.to);
  const rate = rateOf(pack, stage);
  if (rate === null) return null;
  return rate === 1 ? says.reviewsAll : says.reviewsShare(share(rate));
}

/** How many of a stage's drafts are reviewed: those that the present version staged, and the earlier ones' apart. */
function Reviewed({ workflow, stage, history }: Omit<Props, "pack"> & { stage: string }) {
  const says = useWords().rollout;
  const here = (history?.record ?? []).filter((row) => row.stage === stage);
  const own = here.find(({ version }) => version === workflow.version);
  const others = here.filter(({ version, reviewed }) => version !== workflow.version && reviewed > 0);
  const sum = others.reduce((all, { reviewed }) => all + reviewed, 0);
  const [other, ...more] = others;
  const parts = [
    (own || stage === workflow.stage) && history && says.reviewedOf(workflow.version, own?.reviewed ?? 0),
    other && (more.length === 0 ? says.reviewedOf(other.version, other.reviewed) : says.reviewedEarlier(sum)),
  ].filter(Boolean);
  return parts.length > 0 && <span>{parts.join(" · ")}</span>;
}

/** The share of drafts that the pack has reviewed at a stage. */
function rateOf(pack: unknown, stage: string): number | null {
  const rate = (pack as { review?: { rate?: Record<string, number> } } | undefined)?.review?.rate?.[stage];
  return typeof rate === "number" ? rate : null;
}
