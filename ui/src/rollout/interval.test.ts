import { expect, test } from "vitest";
import type { Series } from "../api/types";
import { draw } from "./interval";

type Point = Series["points"][number];
const on = (day: string, part: Partial<Point> = {}): Point => ({
  day: `2026-11-${day}`,
  reviewed: 10,
  estimate: 0.02,
  lower: 0.01,
  upper: 0.1,
  ...part,
});
const drawn = (points: Point[], limit = 0.05) => draw({ name: "harm", limit, points }, 200, 30);

test("the band goes along the upper bounds and back along the lower ones", () => {
  const { band, line, limit, end } = drawn([on("20"), on("22", { lower: 0.05, estimate: 0.075 })]);
  // The last upper bound, 10%, stands at two thirds of the height.
  expect(band).toBe("M0 10L200 10L200 20L0 28Z");
  expect(line).toBe("M0 26L200 15");
  expect(limit).toBe(20);
  expect(end).toEqual({ x: 200, y: 15 });
});

test("a limit above the last interval stays in the drawing; what was wider at first is cut off", () => {
  const { band, limit } = drawn([on("20", { upper: 0.9 }), on("22")], 0.2);
  expect(limit).toBe(10);
  expect(band).toBe("M0 0L200 20L200 29L0 29Z");
});

test("nothing is drawn above all of it", () => {
  expect(drawn([on("20", { upper: 1 })], 0.5).limit).toBe(15);
});

test("a day stands as far along as it came, though days without a review lie between", () => {
  const { line } = drawn([on("11"), on("12"), on("21")]);
  expect(line).toBe("M0 26L20 26L200 26");
});

test("a single day is a stub at the right edge", () => {
  const { band, line, end, places } = drawn([on("20")]);
  expect(band).toBe("M192 10L200 10L200 28L192 28Z");
  expect(line).toBe("M192 26L200 26");
  expect(end).toEqual({ x: 200, y: 26 });
  expect(places).toEqual([{ x: 0, width: 200 }]);
});

test("days without an estimate have a band and no line", () => {
  const { band, line, end } = drawn([on("20", { estimate: null, lower: 0, upper: 1 }), on("21")]);
  expect(band).toBe("M0 0L200 10L200 28L0 30Z");
  expect(line).toBe("M200 26");
  expect(end).toEqual({ x: 200, y: 26 });
  expect(drawn([on("20", { estimate: null })]).end).toBeNull();
});

test("every day has its own place to point at, up to half-way to its neighbours", () => {
  expect(drawn([on("11"), on("12"), on("21")]).places).toEqual([
    { x: 0, width: 10 },
    { x: 10, width: 100 },
    { x: 110, width: 90 },
  ]);
});

test("without a day there is the limit alone", () => {
  expect(drawn([])).toEqual({ band: "", line: "", limit: 10, end: null, places: [] });
});
