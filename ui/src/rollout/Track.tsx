import type { History, Workflow } from "../api/types";
import { dayName, dayRange } from "../shared/dates";
import { share } from "../shared/numbers";
import { stageName } from "../shared/words";
import { useWords } from "../words";
import { lastStay, STAGES, stageSince } from "./history";
import { shares, WINDOW_DAYS, windowStart } from "./mix";

interface Props {
  workflow: Workflow;
  history: History | undefined;
  pack: unknown;
  now: number;
}

/** The stages in their order, and where the workflow is. */
export function Track({ workflow, history, pack, now }: Props) {
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
              <About workflow={workflow} stage={stage} history={history} pack={pack} now={now} />
            </span>
            {here && workflow.earned === false && (
              <span>{says.notEarned(workflow.version, stageName(stage))}</span>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function About({ workflow, stage, history, pack, now }: Props & { stage: string }) {
  const says = useWords().rollout;
  if (stage === workflow.stage) {
    const since = history && stageSince(history);
    if (!since) return null;
    const { reviewed } = shares(history.days, since.slice(0, 10));
    const whole = since.slice(0, 10) >= windowStart(now);
    return whole
      ? says.sinceReviewed(dayName(since), reviewed)
      : says.sinceLong(dayName(since), reviewed, WINDOW_DAYS);
  }
  const stay = history && lastStay(history, stage);
  if (stay) return dayRange(stay.from, stay.to);
  const rate = rateOf(pack, stage);
  if (rate === null) return null;
  return rate === 1 ? says.reviewsAll : says.reviewsShare(share(rate));
}

/** The share of drafts that the pack has reviewed at a stage. */
function rateOf(pack: unknown, stage: string): number | null {
  const rate = (pack as { review?: { rate?: Record<string, number> } } | undefined)?.review?.rate?.[stage];
  return typeof rate === "number" ? rate : null;
}
