import type { Alert, IncidentRow } from "../api/types";
import { Key } from "../kit/keys";
import { Inline } from "../kit/prose/inline";
import { firingOf } from "../shared/alerts";
import { shortMoment } from "../shared/dates";
import { longSpan } from "../shared/words";
import { useWords } from "../words";
import { budgetAlerts, openedOf, unreached } from "./incidents";
import { incidentAt } from "./place";
import { Shape } from "./Status";

/** The incident that is open: what, since when, who; and the way to it. */
export function OpenIncident({ incident, now }: { incident: IncidentRow; now: number }) {
  const says = useWords().incident;
  const { id, workflow, number, title, opened_at, steps_done, steps_total } = incident;
  const ago = longSpan(now - Date.parse(opened_at));
  return (
    <section className="rollout-strip tone-hold" aria-label={says.openNow(number)}>
      <p dir="auto">
        <strong>{says.openNow(number)}</strong>{" "}
        <a href={incidentAt(workflow, id)}>
          <Inline text={title} />
        </a>{" "}
        <Key press="i" />
      </p>
      <p className="rollout-note" dir="auto">
        <Inline text={says.sinceBy(shortMoment(opened_at), ago, openedOf(incident))} />
        {steps_total > 0 && ` · ${says.steps(steps_done, steps_total)}`}
      </p>
    </section>
  );
}

/** The failure budget's alerts that fire now, each with whom it didn't reach. */
export function Alerts({ alerts, now }: { alerts: Alert[]; now: number }) {
  const says = useWords().incident;
  const burning = budgetAlerts(alerts);
  const tone = burning.some(({ action }) => action === "page") ? "fail" : "hold";
  if (burning.length === 0) return null;
  return (
    <section className={`rollout-strip tone-${tone}`} aria-label={says.alerts}>
      <p>
        <strong>{says.burns}</strong>
      </p>
      <ul>
        {burning.map((alert) => (
          <li key={alert.id}>
            <span className={alert.action === "page" ? "status fail" : "status hold"}>
              <Shape status={alert.action === "page" ? "fail" : "hold"} />
              {alert.action === "page" ? says.pages : says.notifies}
            </span>{" "}
            <span dir="auto">
              <Inline text={firingOf(alert)} />
            </span>{" "}
            <span className="rollout-note">
              {says.firingSince(shortMoment(alert.at), longSpan(now - Date.parse(alert.at)))}
            </span>
            {unreached(alert).map((line) => (
              <p key={line} className="rollout-note fail" dir="auto">
                <Inline text={line} />
              </p>
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}
