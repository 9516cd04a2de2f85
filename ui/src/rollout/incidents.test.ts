import { expect, test } from "vitest";
import type { Alert, IncidentRow, IncidentStep } from "../api/types";
import { firingOf } from "../shared/alerts";
import { speak } from "../words";
import { budgetAlerts, lastedOf, openedOf, openOf, sectionsOf, unreached } from "./incidents";
import { incidentAt, placeOf } from "./place";

const row = (part: Partial<IncidentRow>) =>
  ({
    state: "closed",
    kind: "manual",
    opened_by: "dana",
    opened_at: "2026-11-22T10:00:00Z",
    ...part,
  }) as IncidentRow;

const alert = (part: Partial<Alert>) =>
  ({
    id: part.rule,
    kind: "budget",
    rule: "1h/5m",
    action: "page",
    detail: {},
    summary: "it burns",
    posts: [],
    ...part,
  }) as Alert;

test("an incident's address names it and its workflow; every other one names a workflow alone", () => {
  expect(incidentAt("refunds", "a b")).toBe("#/rollout/refunds/incidents/a%20b");
  expect(placeOf("refunds/incidents/0192")).toEqual({ workflow: "refunds", incident: "0192" });
  expect(placeOf("refunds")).toEqual({ workflow: "refunds", incident: null });
  expect(placeOf("refunds/incidents/")).toEqual({ workflow: "refunds/incidents/", incident: null });
  expect(placeOf(null)).toEqual({ workflow: null, incident: null });
});

test("the open one is found among the closed ones", () => {
  expect(openOf([row({ id: "1" }), row({ id: "2" })])).toBeUndefined();
  expect(openOf([row({ id: "2", state: "open" }), row({ id: "1" })])?.id).toBe("2");
});

test("it says who opened it and by what; the hub by its name in the language", () => {
  expect(openedOf(row({ kind: "kill" }))).toBe("after dana killed it");
  expect(openedOf(row({}))).toBe("reported by dana");
  expect(openedOf(row({ kind: "demotion", opened_by: "hub" }))).toBe("after the hub sent it back");
  speak("de");
  expect(openedOf(row({ kind: "demotion", opened_by: "hub" }))).toBe("nachdem der Hub ihn zurückgestuft hat");
  speak("en");
});

test("an open one has lasted until now, a closed one until its close", () => {
  const now = Date.parse("2026-11-22T15:00:00Z");
  expect(lastedOf(row({ state: "open" }), now)).toBe("open for 5 h");
  expect(lastedOf(row({ closed_at: "2026-11-22T10:20:00Z" }), now)).toBe("closed after 20 min");
});

test("steps stay in their order, and a heading that comes again stands there again", () => {
  const step = (n: number, section?: string) => ({ n, section }) as IncidentStep;
  const sections = sectionsOf([step(1), step(2, "Stop"), step(3, "Stop"), step(4, "Mend"), step(5, "Stop")]);
  expect(sections.map(({ name, steps }) => [name, steps.map(({ n }) => n)])).toEqual([
    [null, [1]],
    ["Stop", [2, 3]],
    ["Mend", [4]],
    ["Stop", [5]],
  ]);
});

test("the budget's alerts go from the shortest window to the longest, and nothing else is among them", () => {
  const all = [
    alert({ rule: "3d/6h" }),
    alert({ kind: "kill", rule: "" }),
    alert({ rule: "6h/30m" }),
    alert({}),
  ];
  expect(budgetAlerts(all).map(({ rule }) => rule)).toEqual(["1h/5m", "6h/30m", "3d/6h"]);
});

test("an alert tells its figures in the language; the hub's own words where it lacks one", () => {
  const detail = { threshold: 13.44, burn_long: 16, burn_short: 20.04 } as unknown as Alert["detail"];
  expect(firingOf(alert({ detail }))).toBe("Burning at 16× (1 h) and 20× (5 min); alerts above 13.4×");
  expect(firingOf(alert({ detail, rule: "1h" }))).toBe("it burns");
  expect(firingOf(alert({ detail, rule: "1y/5m" }))).toBe("it burns");
  expect(firingOf(alert({}))).toBe("it burns");
});

test("a service that wasn't reached is named with why; one that was is not", () => {
  const post = { channel: "slack", action: "trigger", attempts: 1 };
  const posts = [
    { ...post, state: "sent", last_error: "500 before" },
    { ...post, channel: "pagerduty", state: "failed", last_error: "410 Gone" },
    { ...post, state: "pending" },
  ];
  expect(unreached(alert({ posts }))).toEqual(["PagerDuty wasn't reached: 410 Gone"]);
});
