import type { Alert, Burn, BurnRule, IncidentRow } from "../api/types";
import { Key } from "../kit/keys";
import { Inline } from "../kit/prose/inline";
import { firingOf, ruleOf } from "../shared/alerts";
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

/** A rule as it burns now, and the alert that it opened; either may be missing for a moment, or for good. */
interface Fire {
  name: string;
  action: string;
  rule?: BurnRule;
  alert?: Alert;
}

/** What fires, by the rule's figures of now: the same ones as in the failure budget's own panel. */
function firesOf(alerts: Alert[], burn: Burn | undefined): Fire[] {
  const open = budgetAlerts(alerts);
  const ruleOf = (name: string) => burn?.rules.find((rule) => rule.name === name);
  const unopened = (burn?.rules ?? []).filter(
    ({ firing, name }) => firing && !open.some(({ rule }) => rule === name),
  );
  return [
    ...open.map((alert) => ({ name: alert.rule, action: alert.action, alert, rule: ruleOf(alert.rule) })),
    ...unopened.map((rule) => ({ name: rule.name, action: rule.action, rule })),
  ];
}

/** The failure budget's alerts that fire now, each with whom it didn't reach. */
export function Alerts({ alerts, burn, now }: { alerts: Alert[]; burn: Burn | undefined; now: number }) {
  const says = useWords().incident;
  const fires = firesOf(alerts, burn);
  const tone = fires.some(({ action }) => action === "page") ? "fail" : "hold";
  if (fires.length === 0) return null;
  return (
    <section className={`rollout-strip tone-${tone}`} aria-label={says.alerts}>
      <p>
        <strong>{says.burns}</strong>
      </p>
      <ul>
        {fires.map(({ name, action, rule, alert }) => (
          <li key={name}>
            <span className={action === "page" ? "status fail" : "status hold"}>
              <Shape status={action === "page" ? "fail" : "hold"} />
              {action === "page" ? says.pages : says.notifies}
            </span>{" "}
            <span dir="auto">
              <Inline text={rule ? ruleOf(rule) : alert ? firingOf(alert) : ""} />
            </span>{" "}
            {alert && (
              <span className="rollout-note">
                {says.firingSince(shortMoment(alert.at), longSpan(now - Date.parse(alert.at)))}
              </span>
            )}
            {(alert ? unreached(alert) : []).map((line) => (
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
