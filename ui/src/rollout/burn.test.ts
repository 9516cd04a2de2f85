import { expect, test } from "vitest";
import type { Burn, BurnRule } from "../api/types";
import { speak } from "../words";
import { area, burning, impossible, silence } from "./burn";

const HOUR = 3_600;
const DAY = 24 * HOUR;

const rule = (long: number, action: string, part: Partial<BurnRule> = {}) =>
  ({ long, action, threshold: 5.6, burn_long: 0.84, burn_short: 0, impossible: false, ...part }) as BurnRule;

const RULES = [
  rule(HOUR, "page", { threshold: 13.44, burn_long: 0 }),
  rule(6 * HOUR, "page"),
  rule(DAY, "notify", { threshold: 2.8, burn_long: 1.5 }),
  rule(3 * DAY, "notify", { threshold: 0.9333, burn_long: 1.08 }),
];
const never = (rules: BurnRule[]) => rules.map((one) => ({ ...one, impossible: true }));
const aBurn = (part: Partial<Burn> = {}) => ({ budget: 0.08, rules: RULES, days: [], ...part }) as Burn;

test("it burns as the slowest rule that pages and the slowest that notifies have it", () => {
  expect(burning(aBurn())).toBe("All versions and stages: burning at 0.8× (6 h), 1.1× (3 d). Pages at 5.6×.");
  speak("de");
  expect(burning(aBurn())).toBe(
    "Alle Versionen und Stufen: Verbrauch 0,8× (6 Std.), 1,1× (3 Tage). Ab 5,6× wird alarmiert.",
  );
  speak("en");
});

test("a rule that can never fire is no measure of how it burns", () => {
  const [fast, slow, ...notify] = RULES as [BurnRule, BurnRule, BurnRule, BurnRule];
  expect(burning(aBurn({ rules: [fast, ...never([slow]), ...notify] }))).toBe(
    "All versions and stages: burning at 0× (1 h), 1.1× (3 d). Pages at 13.4×.",
  );
  expect(burning(aBurn({ rules: [...never([fast, slow]), ...notify] }))).toBe(
    "All versions and stages: burning at 1.1× (3 d).",
  );
  expect(burning(aBurn({ rules: never(RULES) }))).toBe("");
});

test("rules that can never fire are named with the most that the budget can burn", () => {
  expect(impossible(aBurn())).toBeNull();
  const [fast, slow, ...notify] = RULES as [BurnRule, BurnRule, BurnRule, BurnRule];
  expect(impossible(aBurn({ rules: [...never([fast]), slow, ...notify] }))).toBe(
    "Can't fire: 1 h at 13.4×. The budget can't burn faster than 12.5×.",
  );
  const burn = aBurn({ budget: 0.2, rules: [...never([fast, slow]), ...notify] });
  expect(impossible(burn)).toBe(
    "Can't fire: 1 h at 13.4×, 6 h at 5.6×. The budget can't burn faster than 5×.",
  );
  speak("de");
  expect(impossible(burn)).toBe(
    "Kann nie auslösen: 1 Std. ab 13,4×, 6 Std. ab 5,6×. Schneller als 5× kann das Budget nicht verbraucht werden.",
  );
  speak("en");
});

test("a silent rule says what it lacks, and in the hub's words what isn't known here", () => {
  const silent = (why?: string) => silence(rule(6 * HOUR, "page", { silent: why }));
  expect(silent("9 reviews in 6h, and it takes 10")).toBe("Silent over 6 h: 9 reviews, it takes 10");
  expect(silent("2 failures in 6h, and it takes 3")).toBe("Silent over 6 h: 2 failures, it takes 3");
  const far = "its long window reaches back further than the budget's 2 days";
  expect(silent(far)).toBe(`Silent over 6 h: ${far}`);
  speak("de");
  expect(silent("9 reviews in 6h, and it takes 10")).toBe("Still über 6 Std.: 9 Prüfungen, nötig sind 10");
  expect(silent("2 failures in 6h, and it takes 3")).toBe("Still über 6 Std.: 2 Fehler, nötig sind 3");
  speak("en");
});

const drawn = (...left: number[]) =>
  area(aBurn({ days: left.map((one, i) => [`2026-11-${10 + i}`, one]) }), 300, 111, 10);

test("what is left falls from the top, where it is all, to the bottom", () => {
  const { line, area, levels, zero } = drawn(1, 0.5, 0.25);
  expect(line).toBe("M0 10.5L150 60.5L300 85.5");
  expect(area).toBe("M0 10.5L150 60.5L300 85.5L300 110.5L0 110.5Z");
  expect(levels).toEqual([
    { left: 1, y: 10.5 },
    { left: 0.5, y: 60.5 },
    { left: 0, y: 110.5 },
  ]);
  expect(zero).toBe(110.5);
});

test("an overdrawn budget makes room below nothing, in halves", () => {
  const { line, levels, zero } = drawn(1, -0.9);
  expect(zero).toBe(60.5);
  expect(line).toBe("M0 10.5L300 105.5");
  expect(levels.at(-1)).toEqual({ left: -1, y: 110.5 });
  expect(drawn(0.2, -0.01).levels.at(-1)?.left).toBe(-0.5);
});

test("what is overdrawn more than twice lies on the bottom", () => {
  const { line, levels } = drawn(1, -7);
  expect(levels.at(-1)).toEqual({ left: -2, y: 110.5 });
  expect(line).toBe("M0 10.5L300 110.5");
});

test("a single day is drawn along the whole width", () => {
  const { line, area } = drawn(0.5);
  expect(line).toBe("M0 60.5L300 60.5");
  expect(area).toBe("M0 60.5L300 60.5L300 110.5L0 110.5Z");
});

test("without a day there are the levels alone", () => {
  const { line, area, levels } = drawn();
  expect([line, area]).toEqual(["", ""]);
  expect(levels.map(({ left }) => left)).toEqual([1, 0.5, 0]);
});
