import { expect, test } from "vitest";
import { bars, ceiling, counts, seriesOf, shares, total } from "./mix";

const NOW = Date.parse("2026-11-22T13:00:00Z");

test("an outcome's key tells its series; one that is unknown counts nowhere", () => {
  const keys = [
    "approve",
    "edit.cosmetic",
    "edit.factual",
    "edit.citation",
    "escalate:legal",
    "unresolved",
    "new",
  ];
  expect(keys.map(seriesOf)).toEqual([
    "approve",
    "cosmetic",
    "wrong",
    "wrong",
    "escalated",
    "unresolved",
    null,
  ]);
  expect(total(counts({ approve: 3, "edit.factual": 1, "edit.citation": 2, staged: 9 }))).toBe(6);
});

test("every day has a bar, up to the hub's today", () => {
  const shown = bars([{ day: "2026-11-20", outcomes: { approve: 4, unresolved: 1 } }], NOW, 3);
  expect(shown.map(({ day, total }) => [day, total])).toEqual([
    ["2026-11-20", 5],
    ["2026-11-21", 0],
    ["2026-11-22", 0],
  ]);
  expect(bars([], NOW)[0]?.day).toBe("2026-10-26");
});

test("the chart's top is round and not far above the highest bar", () => {
  expect([0, 1, 3, 5, 9, 57, 61, 101].map(ceiling)).toEqual([1, 1, 4, 6, 10, 60, 80, 200]);
});

test("shares count what was decided, reasons by their code", () => {
  const of = shares({ approve: 8, "edit.material": 1, "escalate:b": 3, "escalate:a": 2, "escalate:a+b": 1 });
  expect(of.reviewed).toBe(15);
  expect(of.reasons).toEqual([
    ["b", 4],
    ["a", 3],
  ]);
  expect(of.counts.escalated).toBe(6);
});
