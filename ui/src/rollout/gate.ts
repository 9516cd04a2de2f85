import type { Condition, Drill, EvalResult, Gate, Me, Plan, RateLine, Status, Workflow } from "../api/types";
import { dollars, fixed, limit, percent, times } from "../shared/numbers";
import { maySign } from "../shared/rights";
import { stageName } from "../shared/words";
import { words } from "../words";

/** What a gate says, in words. A component that uses these also calls `useWords`, to follow the language. */

const ORDER: readonly Status[] = ["pass", "hold", "fail"];

/** As its conditions stand. That there is no stage to go to isn't one that anybody could meet. */
export function standing({ conditions }: Gate): Status {
  const worst = Math.max(
    0,
    ...conditions.filter(({ name }) => name !== "last_stage").map(({ status }) => ORDER.indexOf(status)),
  );
  return ORDER[worst] ?? "hold";
}

/** The conditions beside the rates. */
export function others({ conditions }: Gate): Condition[] {
  return conditions.filter(({ name }) => name !== "rate" && name !== "last_stage");
}

export interface Promotion {
  /** Whether this person could sign it if the gate were green. */
  may: boolean;
  /** Whether they can sign it now, as far as anybody here knows. */
  ready: boolean;
  /** Whether somebody has signed first. */
  second: boolean;
}

export function promotionOf(gate: Gate | undefined, workflow: Workflow, me: Me): Promotion {
  const signed = gate?.signed_by ?? null;
  const second = signed !== null && signed !== me.subject;
  // The first signature is the named DRI's; on a hub for one person its owner stands for them.
  const may =
    gate?.to != null && maySign(me, workflow.id) && (second || me.owner || me.subject === workflow.dri);
  const ready = may && gate?.status === "pass" && !workflow.killed && signed !== me.subject;
  return { may, ready, second };
}

export function labelOf({ name, label }: Condition, version: number): string {
  const says = words().gate;
  if (name === "eval_suite") return says.evalSuite(version);
  return (says.labels as Record<string, string>)[name] ?? label;
}

/** Why it isn't green yet, or what it rests on. */
export function planOf(gate: Gate, plan: Plan | undefined, workflow: Workflow, me: string): string {
  const says = words().gate;
  if (workflow.killed) return says.whileKilled;
  if (gate.to == null) return says.lastStage;
  if (gate.status === "pass") {
    if (!gate.signed_by) return says.green(gate.summary.reviewed);
    return gate.signed_by === me ? says.signedByYou : says.signedFirst(gate.signed_by);
  }
  const named = (status: Status) => gate.rates.filter((rate) => rate.status === status);
  const rest = others(gate).filter(
    ({ name, status }) => status !== "pass" && name !== "reviewed" && name !== "days",
  );
  const red = named("fail").map(({ name, lower, limit: most }) =>
    says.redRate(name.replaceAll("_", " "), percent(lower, 1), limit(most)),
  );
  const parts = red.length > 0 ? red : [effort(gate, plan)];
  // What is red is told before what is only missing.
  const blocks = [...rest].sort((a, b) => ORDER.indexOf(b.status) - ORDER.indexOf(a.status));
  if (blocks.length > 0) parts.push(says.blockedBy(blocks.map((one) => blockOf(one, gate))));
  return parts.filter(Boolean).join(" · ");
}

/** What a condition that isn't met keeps the gate closed by. */
function blockOf(one: Condition, gate: Gate): string {
  const { blocks } = words().gate;
  const { name, status, measured, limit: most } = one;
  switch (name) {
    case "unresolved":
      if (gate.summary.selected === 0) return blocks.noneSelected;
      return measured != null && most != null
        ? blocks.leftUndecided(percent(measured, 1), limit(most))
        : one.reason;
    case "eval_suite":
      return (status === "fail" ? blocks.redEval : blocks.noEval)(gate.version);
    case "runbook":
      return blocks.noRunbook;
    case "kill_drill":
      return measured != null && most != null ? blocks.oldDrill(measured, most) : blocks.noDrill;
    case "cost_per_sent":
      return blocks.cost(measuredOf(one, { gate, evals: [], drills: [] }));
    case "failure_budget":
      return blocks.budget(measuredOf(one, { gate, evals: [], drills: [] }));
    case "next_stage":
      return blocks.nextRed;
    default:
      return one.reason;
  }
}

/** "9.5% (limit 5%)" */
const shareOf = (measured: number, most: number) => words().gate.within(percent(measured, 1), limit(most));

/** How many more reviews and days it takes, if things go on as they are. */
function effort(gate: Gate, plan: Plan | undefined): string {
  const says = words().gate;
  if (gate.summary.reviewed === 0) return says.nothingReviewed;
  if (!plan) return "";
  const { more_reviews: more, days } = plan;
  if (more == null) {
    const never = plan.rates.filter(({ status, more_reviews }) => status !== "pass" && more_reviews == null);
    return says.neverGreen(never.map(({ name }) => name.replaceAll("_", " ")));
  }
  const left = days == null ? null : Math.ceil(days);
  if (more > 0)
    return left === null ? says.moreReviewsNoRate(more) : says.moreReviews(more, Math.max(1, left));
  return left ? says.moreDays(left) : "";
}

/** Which outcomes a rate counts as failures. */
export function countsOf({ counts }: RateLine, reasons: Workflow["reasons"]): string {
  const says = words().gate;
  const known: Record<string, string> = says.counts;
  const said = counts.map((key) => {
    const code = key.replace(/^escalate:/, "");
    return known[key] ?? says.escalatedFor(reasons.find((reason) => reason.code === code)?.label ?? code);
  });
  return said.join(", ");
}

export interface Facts {
  gate: Gate;
  evals: EvalResult[];
  drills: Drill[];
}

/** What was measured against what, in as few words as tell it; the hub's whole sentence stands in the title. */
export function measuredOf(one: Condition, { gate, evals, drills }: Facts): string {
  const says = words().gate;
  const { name, status, measured, limit: most } = one;
  const numbers = measured != null && most != null ? { measured, most } : null;
  switch (name) {
    case "reviewed":
    case "days": {
      if (!numbers) return one.reason;
      const count = fixed(numbers.measured, 0);
      const of =
        numbers.most > 0
          ? says.of(count, fixed(numbers.most, 0))
          : [name === "reviewed" && count, says.noMinimum].filter(Boolean).join(" · ");
      if (name !== "reviewed") return of;
      const { unconfirmed } = gate.summary;
      const elsewhere = (gate.staged_elsewhere ?? []).map((from) =>
        says.stagedElsewhere(
          from.reviewed,
          stageName(from.stage),
          from.version === gate.version ? null : from.version,
        ),
      );
      return [of, unconfirmed > 0 && says.unconfirmed(unconfirmed), ...elsewhere].filter(Boolean).join(" · ");
    }
    case "unresolved":
      if (gate.summary.selected === 0) return says.noneSelected;
      return numbers ? [shareOf(numbers.measured, numbers.most), ...leftOf(gate)].join(" · ") : one.reason;
    case "eval_suite":
      return (
        evalOf(evals, gate.version, one.suite) ??
        { pass: says.evalGreen, fail: says.evalRed, hold: says.noEval }[status]
      );
    case "runbook":
      return status === "pass" ? says.runbookThere : says.runbookEmpty;
    case "kill_drill": {
      if (!numbers) return says.noDrill;
      const took = drills.find(({ ok }) => ok)?.effect_ms;
      return [says.daysAgo(numbers.measured), took != null && says.ms(took)].filter(Boolean).join(", ");
    }
    case "failure_budget":
      return budgetWords(one);
    case "cost_per_sent":
      return numbers ? says.within(dollars(`${numbers.measured}`), dollars(`${numbers.most}`)) : noCost(gate);
    case "next_stage":
      return status === "pass" ? says.nextClean : says.nextRed;
    default:
      return one.reason;
  }
}

/** How the failure budget stands: in the hub's one word for it, never worked out here. */
function budgetWords({ budget, measured, reason }: Condition): string {
  const says = words().gate;
  if (budget == null || measured == null) return reason;
  if (budget === "unknown") return says.budgetUnknown;
  if (budget === "alerting") return says.budgetAlerting;
  if (budget === "overspent") return says.budgetOverspent(times(measured));
  return measured > 1 ? says.fewFailures : says.budgetSpent(percent(measured, 1));
}

/** Why there is no cost to hold against the limit. */
function noCost({ summary }: Gate): string {
  const says = words().gate;
  if (summary.staged === 0) return says.noneStaged;
  return summary.costed > 0 ? says.noneSent : says.noCost;
}

/** Of what the share of undecided drafts is made up. */
function leftOf({ summary }: Gate): string[] {
  const says = words().gate;
  const { expired, unresolved, overdue, unconfirmed } = summary;
  const parts = [
    expired > 0 && says.expired(expired),
    unresolved > expired && says.overtaken(unresolved - expired),
    overdue > 0 && says.overdue(overdue),
    unconfirmed > 0 && says.unconfirmed(unconfirmed),
  ];
  return parts.filter((part) => part !== false);
}

/**
 * "96.2%, −0.3 vs v6": the first score of this version's latest result, beside the version's before. Other suites than
 * the one that the gate asks for may have run, too.
 */
function evalOf(results: EvalResult[], version: number, suite: Condition["suite"]): string | null {
  const says = words().gate;
  const now = results.find((one) => one.version === version && one.suite === suite);
  const [first] = Object.entries(now?.scores ?? {});
  if (!now || !first || first[1] < 0 || first[1] > 1) return null;
  const [name, score] = first;
  const shown = percent(score, 1);
  const before = results.find(
    (one) => one.version < version && one.suite === now.suite && one.scores[name] !== undefined,
  );
  const was = before?.scores[name];
  if (!before || was === undefined) return shown;
  const points = (score - was) * 100;
  const change = `${points >= 0.05 ? "+" : ""}${fixed(Math.abs(points) < 0.05 ? 0 : points, 1)}`;
  return `${shown}, ${says.against(change, before.version)}`;
}

/** "harm: green → holding, surely below 5.7% of 5%": what moved between two looks at a gate. */
export function movedBetween(before: Gate, after: Gate): string[] {
  const says = words().gate;
  const key = ({ name, label }: Condition) => `${name} ${name === "rate" ? label : ""}`;
  const was = new Map(before.conditions.map((one) => [key(one), one.status]));
  const facts = { gate: after, evals: [], drills: [] };
  return after.conditions
    .filter((one) => one.status !== "pass" && was.get(key(one)) !== one.status)
    .map((one) => {
      const rate = one.name === "rate" && after.rates.find(({ name }) => name === one.label);
      const now = rate ? `${says.upperBound} ${shareOf(rate.upper, rate.limit)}` : measuredOf(one, facts);
      const from = says.status[was.get(key(one)) ?? "hold"];
      return says.statusMoved(labelOf(one, after.version), from, says.status[one.status], now);
    });
}

/** The hub's line on a limit that a version loosened. */
export function loosenedOf(line: string): string {
  const says = words().gate;
  const told = /^(.+) loosened from (.+) to (.+) in version (\d+) by (.+)$/.exec(line);
  if (!told) return line;
  const [, what = "", from = "", to = "", version = "", by = ""] = told;
  return says.loosened(
    what.replace(/^limit of (.+)$/, (_, rate) => says.limitOf(rate)),
    from,
    to,
    version,
    by,
  );
}

/** "5b1e9a3c…" */
export function shortHash(hash: string): string {
  return `${hash.slice(0, 8)}…`;
}

/** The stages that it can be sent back to, the nearest first. */
export function earlier(stage: string, stages: readonly string[]): string[] {
  return stages.slice(0, Math.max(0, stages.indexOf(stage))).reverse();
}

export function headingOf(gate: Gate | undefined): string {
  const says = words().gate;
  if (!gate) return says.gate;
  return gate.to != null ? says.gateTo(stageName(gate.to)) : says.gateAt(stageName(gate.stage));
}
