import { useState } from "react";
import type { History, Transition, Workflow } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { dayName, shortMoment, wholeMoment } from "../shared/dates";
import { number, percent } from "../shared/numbers";
import { named, stageName } from "../shared/words";
import { useWords } from "../words";
import { happenings, stageSince } from "./history";
import { SERIES, shares, WINDOW_DAYS, windowStart } from "./mix";

const FIRST = 12;

interface Props {
  workflow: Workflow;
  history: History | undefined;
  now: number;
}

export function Side({ workflow, history, now }: Props) {
  return (
    <aside className="screen-side rollout-side" aria-label={workflow.name}>
      {history && <Share workflow={workflow} history={history} now={now} />}
      {history && <Happened history={history} />}
    </aside>
  );
}

/** What came of the drafts since the present stage began, as far back as the window goes. */
function Share({ workflow, history, now }: Props & { history: History }) {
  const says = useWords().rollout;
  const since = stageSince(history);
  const start = windowStart(now);
  const whole = since !== null && since.slice(0, 10) >= start;
  const of = shares(history.days, whole ? since.slice(0, 10) : start);
  return (
    <section>
      <h2>{whole ? says.sharesSince(dayName(since)) : says.sharesIn(WINDOW_DAYS)}</h2>
      {of.selected === 0 ? (
        <p className="rollout-note">{says.noShares}</p>
      ) : (
        <dl className="shares">
          {SERIES.filter((series) => series !== "unresolved").map((series) => (
            <div key={series}>
              <dt>{says.series[series]}</dt>
              <dd title={number(of.counts[series])}>{percent(of.counts[series], of.reviewed)}</dd>
            </div>
          ))}
          {of.reasons.map(([code, n]) => (
            <div key={code} className="by-reason">
              <dt dir="auto" title={labelOf(workflow, code)}>
                {labelOf(workflow, code)}
              </dt>
              <dd>{number(n)}</dd>
            </div>
          ))}
          <div className="rollout-note">
            <dt>{says.ofReviewed(of.reviewed)}</dt>
          </div>
          <div>
            <dt>{says.series.unresolved}</dt>
            <dd title={number(of.counts.unresolved)}>{percent(of.counts.unresolved, of.selected)}</dd>
          </div>
          <div className="rollout-note">
            <dt>{says.undecidedOf(of.selected)}</dt>
          </div>
        </dl>
      )}
    </section>
  );
}

function labelOf(workflow: Workflow, code: string): string {
  return workflow.reasons.find((reason) => reason.code === code)?.label ?? named({}, code);
}

function Happened({ history }: { history: History }) {
  const says = useWords().rollout;
  const [all, showAll] = useState(false);
  const told = happenings(history);
  return (
    <section>
      <h2>{says.happened}</h2>
      {told.length === 0 && <p className="rollout-note">{says.nothingHappened}</p>}
      <ol className="happened">
        {(all ? told : told.slice(0, FIRST)).map((one) => (
          <Happening key={one.id} one={one} />
        ))}
      </ol>
      {!all && told.length > FIRST && (
        <button type="button" className="link-button" onClick={() => showAll(true)}>
          {says.showAll(told.length)}
        </button>
      )}
    </section>
  );
}

function Happening({ one }: { one: Transition }) {
  const says = useWords().rollout;
  const moved = one.from_stage !== one.to_stage && one.from_stage !== "" && one.to_stage !== "";
  const title: Record<string, string> = {
    applied: says.applied(one.version),
    killed: says.killed,
    resumed: says.resumed,
    promoted: says.promoted,
    demoted: says.demoted,
  };
  const effects = [
    one.effect_ms != null && says.effect(one.effect_ms),
    one.frozen != null && says.frozen(one.frozen),
  ].filter(Boolean);
  return (
    <li className={one.kind === "killed" ? "stopped" : undefined}>
      <p dir="auto">
        <strong>{title[one.kind] ?? named({}, one.kind)}</strong>
        {moved && ` ${says.fromTo(stageName(one.from_stage), stageName(one.to_stage))}`}
        {!moved && one.kind === "resumed" && ` ${says.at(stageName(one.to_stage))}`}
        {one.reason && (
          <>
            {" · "}
            <Inline text={one.reason} />
          </>
        )}
      </p>
      {effects.length > 0 && <p className="rollout-note">{effects.join(" · ")}</p>}
      <p className="rollout-note" dir="auto">
        <time dateTime={one.at} title={wholeMoment(one.at)}>
          {shortMoment(one.at)}
        </time>
        {" · "}
        <Inline text={one.actor} />
        {one.kind !== "applied" && ` · ${says.version(one.version)}`}
      </p>
    </li>
  );
}
