import { expect, test } from "vitest";
import type { Condition, Drill, EvalResult, Gate, Me, Plan, RateLine, Status, Workflow } from "../api/types";
import { speak } from "../words";
import {
  countsOf,
  earlier,
  headingOf,
  labelOf,
  loosenedOf,
  measuredOf,
  movedBetween,
  others,
  planOf,
  promotionOf,
  shortHash,
  standing,
} from "./gate";

function condition(name: string, status: Status = "pass", part: Partial<Condition> = {}): Condition {
  return { name, label: name, status, reason: `the hub on ${name}`, ...part };
}

function aRate(name: string, status: Status, part: Partial<RateLine> = {}): RateLine {
  return { name, counts: [], status, estimate: 0.02, lower: 0.01, upper: 0.057, limit: 0.05, ...part };
}

const NOTHING = {
  ...{ staged: 0, selected: 0, reviewed: 0, unconfirmed: 0 },
  ...{ expired: 0, unresolved: 0, overdue: 0 },
} as Gate["summary"];
const SOME = { ...NOTHING, staged: 90, selected: 80, reviewed: 60 };

/** One that holds, on its way to opt-in. */
function aGate(part: Partial<Gate> = {}): Gate {
  return {
    version: 7,
    stage: "internal",
    to: "opt_in",
    status: "hold",
    conditions: [],
    rates: [],
    summary: SOME,
    staged_elsewhere: [],
    loosened: [],
    ...part,
  } as Gate;
}

const workflow = (part: Partial<Workflow> = {}) =>
  ({ id: "refunds", dri: "dana", killed: false, ...part }) as Workflow;
const person = (role: string, subject = "dana") =>
  ({ subject, owner: false, grants: [{ role, workflow: "refunds" }] }) as unknown as Me;
const aPlan = (part: Partial<Plan>) => ({ rates: [], also: [], ...part }) as Plan;
const said = (gate: Partial<Gate>, plan?: Partial<Plan>, of = workflow()) =>
  planOf(aGate(gate), plan && aPlan(plan), of, "dana");

const facts = (part: Partial<Gate> = {}, evals: EvalResult[] = [], drills: Drill[] = []) => ({
  gate: aGate(part),
  evals,
  drills,
});
const result = (version: number, scores: Record<string, number>, suite = "evals/refunds") =>
  ({ version, scores, suite }) as EvalResult;

test("a gate stands as its worst condition; that there is no next stage is none", () => {
  const gate = aGate({ conditions: [condition("rate"), condition("days", "hold"), condition("runbook")] });
  expect(standing(gate)).toBe("hold");
  expect(standing({ ...gate, conditions: [...gate.conditions, condition("rate", "fail")] })).toBe("fail");
  expect(standing(aGate({ conditions: [condition("runbook"), condition("last_stage", "hold")] }))).toBe(
    "pass",
  );
});

test("beside the rates stand all conditions but the missing next stage", () => {
  const conditions = ["rate", "reviewed", "rate", "runbook", "last_stage"].map((name) => condition(name));
  expect(others(aGate({ conditions })).map(({ name }) => name)).toEqual(["reviewed", "runbook"]);
});

test("a DRI can sign a green gate, and nobody a holding, a killed or a last one", () => {
  const green = aGate({ status: "pass" });
  const dri = person("dri");
  expect(promotionOf(green, workflow(), dri)).toEqual({ may: true, ready: true, second: false });
  expect(promotionOf(aGate(), workflow(), dri)).toEqual({ may: true, ready: false, second: false });
  expect(promotionOf(green, workflow({ killed: true }), dri).ready).toBe(false);
  const last = aGate({ status: "pass", to: null });
  expect(promotionOf(last, workflow(), dri)).toEqual({ may: false, ready: false, second: false });
  expect(promotionOf(undefined, workflow(), dri)).toEqual({ may: false, ready: false, second: false });
});

test("the named DRI signs first, another DRI second, and nobody twice", () => {
  const green = aGate({ status: "pass" });
  const signed = { ...green, signed_by: "dana" };
  expect(promotionOf(green, workflow(), person("dri", "eve")).may).toBe(false);
  expect(promotionOf(signed, workflow(), person("dri", "eve"))).toEqual({
    may: true,
    ready: true,
    second: true,
  });
  expect(promotionOf(signed, workflow(), person("dri"))).toEqual({ may: true, ready: false, second: false });
  expect(promotionOf(green, workflow(), { ...person("dri", "owner"), owner: true }).ready).toBe(true);
  for (const role of ["admin", "curator"] as const) {
    expect(promotionOf(green, workflow(), person(role, "ben")).may).toBe(false);
    expect(promotionOf(signed, workflow(), person(role, "ben")).may).toBe(false);
  }
});

test("a condition has the console's name, a rate its own, and a new one the hub's", () => {
  expect(labelOf(condition("kill_drill", "hold", { label: "a drill" }), 7)).toBe("kill drill");
  expect(labelOf(condition("eval_suite"), 7)).toBe("eval suite on v7");
  expect(labelOf(condition("rate", "pass", { label: "harm" }), 7)).toBe("harm");
  expect(labelOf(condition("moon", "pass", { label: "phase of the moon" }), 7)).toBe("phase of the moon");
});

test("before anything is reviewed it says so, whatever the plan", () => {
  expect(said({ summary: NOTHING }, { more_reviews: 40, days: 3 })).toBe("Nothing is reviewed yet.");
  const conditions = [condition("kill_drill", "hold"), condition("days", "hold")];
  expect(said({ summary: NOTHING, conditions })).toBe(
    "Nothing is reviewed yet. · Blocked by: no kill drill yet",
  );
});

test("a killed one promises nothing, though its gate be green", () => {
  const killed = workflow({ killed: true });
  const words = "Nothing is promoted until it is resumed; it then starts at internal.";
  expect(said({ status: "pass" }, undefined, killed)).toBe(words);
  expect(said({ to: null }, undefined, killed)).toBe(words);
});

test("the last stage has no plan", () => {
  expect(said({ to: null, stage: "default" })).toBe(
    "The last stage. A rate that goes red sends it back a stage automatically.",
  );
});

test("a green gate says on how much, and who has signed", () => {
  const green = { status: "pass" } as const;
  expect(said(green)).toBe("Every condition is met, on 60 reviews.");
  expect(said({ ...green, summary: { ...SOME, reviewed: 1 } })).toBe("Every condition is met, on 1 review.");
  expect(said({ ...green, signed_by: "dana" })).toBe(
    "You signed first. It takes a second person's signature.",
  );
  expect(said({ ...green, signed_by: "ben" })).toBe("Signed by ben. It takes a second person's signature.");
});

test("what is missing is told in reviews and whole days", () => {
  expect(said({}, { more_reviews: 41, days: 2.2 })).toBe("about 41 more reviews at the current pace, 3 days");
  expect(said({}, { more_reviews: 1, days: 0 })).toBe("about 1 more review at the current pace, 1 day");
  expect(said({}, { more_reviews: 1200, days: null })).toBe(
    "about 1,200 more reviews; no date, because nothing is being reviewed",
  );
  expect(said({}, { more_reviews: 0, days: 0.3 })).toBe("enough is reviewed; 1 more day at this stage");
  expect(said({}, { more_reviews: 0, days: 0 })).toBe("");
  expect(said({})).toBe("");
});

test("a rate that never comes below its limit is named, as the plan has it", () => {
  const rates = [
    { name: "harm", status: "hold", more_reviews: 12 },
    { name: "not sent as is", status: "hold" },
    { name: "tone", status: "pass" },
  ] as const;
  const never = { more_reviews: null, rates: [...rates] };
  const words = "at the current failure rate, not sent as is won't get below its limit";
  expect(said({ rates: rates.map(({ name, status }) => aRate(name, status)) }, never)).toBe(words);
  // The gate was read a moment before, when there still was a way.
  expect(said({ rates: [aRate("not sent as is", "hold", { more_reviews: 900 })] }, never)).toBe(words);
});

test("red rates stand in place of the effort, then what else is red, then what is missing", () => {
  const conditions = [
    condition("reviewed", "hold"),
    condition("runbook", "hold"),
    condition("eval_suite", "fail"),
    condition("next_stage", "fail"),
    condition("cost_per_sent"),
  ];
  const rates = [aRate("harm", "fail"), aRate("tone", "hold")];
  expect(said({ status: "fail", conditions, rates }, { more_reviews: 9, days: 1 })).toBe(
    "Harm is at least 1.0%; the limit is 5% · Blocked by: eval suite red on v7; red at the next stage before; it takes a new version; the runbook is empty",
  );
  const both = rates.map((rate) => ({ ...rate, status: "fail" as const }));
  expect(said({ status: "fail", rates: both })).toBe(
    "Harm is at least 1.0%; the limit is 5% · Tone is at least 1.0%; the limit is 5%",
  );
});

test("a plan is told in German too", () => {
  speak("de");
  const conditions = [condition("kill_drill", "hold")];
  expect(said({ conditions }, { more_reviews: 1200, days: 2.2 })).toBe(
    "etwa 1.200 weitere Prüfungen beim jetzigen Tempo, 3 Tage · Es fehlt: noch keine Stopp-Übung",
  );
  expect(said({ status: "pass", signed_by: "ben" })).toBe(
    "Unterschrieben von ben. Es braucht eine zweite Unterschrift.",
  );
  speak("en");
});

test("a rate names what it counts; an escalation by its reason's label, or by its code", () => {
  const reasons = [{ code: "legal", label: "Legal has to look" }] as Workflow["reasons"];
  const counts = ["edit.factual", "escalate", "escalate:harm", "escalate:legal", "escalate:gone"];
  expect(countsOf(aRate("harm", "hold", { counts }), reasons)).toBe(
    "factual, escalated, escalated as harm, escalated: Legal has to look, escalated: gone",
  );
});

test("counts and days stand against what is asked, with those that wait for a second person", () => {
  const reviewed = condition("reviewed", "hold", { measured: 60, limit: 1100 });
  const summary = { ...SOME, unconfirmed: 3 };
  expect(measuredOf(reviewed, facts())).toBe("60 of 1,100");
  expect(measuredOf(reviewed, facts({ summary }))).toBe("60 of 1,100 · 3 unconfirmed");
  const staged_elsewhere = [
    { version: 7, stage: "internal", reviewed: 58 },
    { version: 6, stage: "opt_in", reviewed: 1 },
  ];
  expect(measuredOf(reviewed, facts({ staged_elsewhere }))).toBe(
    "60 of 1,100 · 58 more reviewed here were staged at internal · 1 more reviewed here was staged at opt-in, v6",
  );
  const days = condition("days", "hold", { measured: 0, limit: 7 });
  expect(measuredOf(days, facts({ summary }))).toBe("0 of 7");
  expect(measuredOf({ ...days, limit: 0 }, facts())).toBe("no minimum");
  expect(measuredOf({ ...reviewed, limit: 0 }, facts())).toBe("60 · no minimum");
});

test("what was left undecided is a share, and none before anything was selected", () => {
  const unresolved = condition("unresolved", "hold", { measured: 0.0125, limit: 0.1 });
  expect(measuredOf(unresolved, facts())).toBe("1.3% (limit 10%)");
  const summary = { ...SOME, expired: 2, unresolved: 3, overdue: 4, unconfirmed: 5 };
  expect(measuredOf(unresolved, facts({ summary }))).toBe(
    "1.3% (limit 10%) · 2 expired · 1 overtaken · 4 waiting too long · 5 unconfirmed",
  );
  expect(measuredOf(unresolved, facts({ summary: NOTHING }))).toBe("nothing selected yet");
});

test("a kill drill says when it was, and how fast the last good one", () => {
  const drills = [
    { ok: false, effect_ms: 900 },
    { ok: true, effect_ms: 0.44 },
    { ok: true, effect_ms: 70 },
  ] as Drill[];
  const drilled = (measured: number) => condition("kill_drill", "pass", { measured, limit: 30 });
  expect(measuredOf(drilled(0), facts({}, [], drills))).toBe("today, 0.4 ms");
  expect(measuredOf(drilled(1), facts({}, [], drills))).toBe("1 day ago, 0.4 ms");
  expect(measuredOf(drilled(12), facts())).toBe("12 days ago");
  expect(measuredOf(condition("kill_drill", "hold"), facts({}, [], drills))).toBe("none yet");
});

test("a cost is in dollars; without one it says why", () => {
  const cost = condition("cost_per_sent", "fail", { measured: 0.00421, limit: 0.004 });
  expect(measuredOf(cost, facts())).toBe("$0.00421 (limit $0.004)");
  const without = (summary: Partial<Gate["summary"]>) =>
    measuredOf(condition("cost_per_sent", "hold"), facts({ summary: { ...SOME, ...summary } }));
  expect(without({ costed: 0 })).toBe("no draft said what it cost");
  expect(without({ costed: 3, sent: 0 })).toBe("no reply has been sent yet");
  expect(without({ staged: 0 })).toBe("no draft has come in yet");
});

test("a yes or no is said in its own words, and what is unknown in the hub's", () => {
  const shown = (name: string, status: Status) => measuredOf(condition(name, status), facts());
  expect([shown("runbook", "pass"), shown("runbook", "hold")]).toEqual(["present", "empty"]);
  expect([shown("next_stage", "pass"), shown("next_stage", "fail")]).toEqual([
    "nothing was red there",
    "red there; it takes a new version",
  ]);
  expect(shown("moon", "hold")).toBe("the hub on moon");
  expect(shown("reviewed", "hold")).toBe("the hub on reviewed");
});

test("a failure budget stands as the hub's one word for it says", () => {
  const budget = (state: Condition["budget"], measured: number) =>
    measuredOf(condition("failure_budget", "hold", { budget: state, measured, limit: 1 }), facts());
  expect(budget("within", 0.42)).toBe("42.0% spent");
  expect(budget("within", 1.34)).toBe("too few failures to judge");
  expect(budget("overspent", 3.8)).toBe("overspent: 3.8× the limit");
  expect(budget("alerting", 0.1)).toBe("an alert is firing");
  expect(budget("unknown", 0)).toBe("nothing reviewed in its window");
});

test("what blocks is told with its figure and its limit", () => {
  const blocked = (one: Condition) => said({ conditions: [one] }, { more_reviews: 0, days: 0 });
  expect(blocked(condition("unresolved", "hold", { measured: 0.095, limit: 0.05 }))).toBe(
    "Blocked by: too many left undecided (9.5%, limit 5%)",
  );
  expect(blocked(condition("eval_suite", "hold"))).toBe("Blocked by: no eval result for v7");
  expect(blocked(condition("kill_drill", "hold", { measured: 40, limit: 30 }))).toBe(
    "Blocked by: last kill drill 40 days ago (limit 30 days)",
  );
  expect(blocked(condition("failure_budget", "hold", { budget: "alerting", measured: 0.2, limit: 1 }))).toBe(
    "Blocked by: failure budget (an alert is firing)",
  );
});

const ran = (status: Status) => {
  const reason = { pass: "evals/refunds was green on", fail: "evals/refunds was red on" };
  return condition("eval_suite", status, {
    reason: status === "hold" ? "no result of evals/refunds on version 7 yet" : reason[status],
    suite: "evals/refunds",
  });
};

test("an eval suite shows its score beside the version's before", () => {
  const shown = (...evals: EvalResult[]) => measuredOf(ran("pass"), facts({}, evals));
  expect(shown(result(7, { accuracy: 0.962 }))).toBe("96.2%");
  expect(shown(result(7, { accuracy: 0.962 }), result(6, { accuracy: 0.965 }))).toBe("96.2%, −0.3 vs v6");
  expect(shown(result(7, { accuracy: 0.97 }), result(5, { accuracy: 0.95 }))).toBe("97.0%, +2.0 vs v5");
  expect(shown(result(7, { accuracy: 0.9 }), result(6, { accuracy: 0.9003 }))).toBe("90.0%, 0.0 vs v6");
  expect(shown(result(7, { accuracy: 0.0005 }), result(6, { accuracy: 0 }))).toBe("0.1%, +0.1 vs v6");
  expect(shown(result(7, { accuracy: 0.9 }), result(6, { tone: 0.8 }))).toBe("90.0%");
  expect(shown(result(7, { accuracy: 0.9 }), result(6, { accuracy: 0.8 }, "other"))).toBe("90.0%");
});

test("an eval suite without a share to show is green, red, or not there yet", () => {
  const shown = (status: Status, ...evals: EvalResult[]) => measuredOf(ran(status), facts({}, evals));
  expect(shown("pass", result(6, { accuracy: 0.9 }))).toBe("green");
  expect(shown("fail", result(7, { seconds: 12 }))).toBe("red");
  expect(shown("pass", result(7, {}))).toBe("green");
  expect(shown("hold")).toBe("no result yet");
});

test("another suite's score never stands for the one that the gate asks for", () => {
  const other = result(7, { accuracy: 0.4 }, "evals/other");
  const shown = (status: Status, ...evals: EvalResult[]) => measuredOf(ran(status), facts({}, evals));
  expect(shown("hold", other)).toBe("no result yet");
  expect(shown("pass", other, result(7, { accuracy: 0.9 }))).toBe("90.0%");
});

test("what moved between two looks is told with the figure that moved it", () => {
  const before = aGate({
    conditions: [
      condition("rate", "pass", { label: "harm" }),
      condition("rate", "hold", { label: "tone" }),
      condition("failure_budget"),
      condition("days", "hold", { measured: 2, limit: 7 }),
    ],
  });
  const after = aGate({
    conditions: [
      condition("rate", "hold", { label: "harm" }),
      condition("rate", "hold", { label: "tone" }),
      condition("failure_budget", "hold", { budget: "alerting", measured: 0, limit: 1 }),
      condition("days"),
      condition("next_stage", "fail"),
    ],
    rates: [aRate("harm", "hold"), aRate("tone", "hold")],
  });
  expect(movedBetween(before, after)).toEqual([
    "harm: green → not yet, upper bound 5.7% (limit 5%)",
    "failure budget: green → not yet, an alert is firing",
    "earlier stay at the next stage: not yet → red, red there; it takes a new version",
  ]);
  expect(movedBetween(after, after)).toEqual([]);
  speak("de");
  expect(movedBetween(before, after)[0]).toBe(
    "harm: grün → noch nicht, Obergrenze 5,7\u00a0% (Grenze 5\u00a0%)",
  );
  speak("en");
});

test("a loosened limit is told in the language, and an unknown sentence as the hub said it", () => {
  const line = "limit of harm loosened from .05 to .08 in version 7 by dana";
  expect(loosenedOf(line)).toBe("Limit of harm loosened from .05 to .08 in v7 by dana");
  expect(loosenedOf("gate.min_days loosened from 7 to 3 in version 12 by ben by night")).toBe(
    "gate.min_days loosened from 7 to 3 in v12 by ben by night",
  );
  expect(loosenedOf("something else happened")).toBe("something else happened");
  speak("de");
  expect(loosenedOf(line)).toBe("Grenze von harm gelockert von .05 auf .08 in v7 von dana");
  speak("en");
});

test("a hash is known by its beginning", () => {
  expect(shortHash("5b1e9a3c77d0")).toBe("5b1e9a3c…");
});

test("it can be sent back to any earlier stage, the nearest first, and from the first to none", () => {
  const stages = ["internal", "opt_in", "default"];
  expect(earlier("default", stages)).toEqual(["opt_in", "internal"]);
  expect(earlier("internal", stages)).toEqual([]);
  expect(earlier("canary", stages)).toEqual([]);
});

test("the heading names where it leads; at the last stage, where it is", () => {
  expect(headingOf(aGate())).toBe("Gate to opt-in");
  expect(headingOf(aGate({ to: null, stage: "default" }))).toBe("Limits at default");
  expect(headingOf(undefined)).toBe("Gate");
});
