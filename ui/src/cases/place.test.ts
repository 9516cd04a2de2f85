import { expect, test } from "vitest";
import { disagreementAt, placeOf } from "./place";

test("the address names a section, and what is open in it", () => {
  expect(placeOf(null)).toEqual({ section: "decided", open: null });
  expect(placeOf("0192f0c1-0000-7000-8000-000000000000")).toEqual({
    section: "decided",
    open: "0192f0c1-0000-7000-8000-000000000000",
  });
  expect(placeOf("disagreements")).toEqual({ section: "disagreements", open: null });
  expect(placeOf("disagreements/")).toEqual({ section: "disagreements", open: null });
  expect(placeOf("disagreements/0192")).toEqual({ section: "disagreements", open: "0192" });
});

test("a disagreement has an address of its own", () => {
  expect(disagreementAt("0192")).toBe("#/cases/disagreements/0192");
});
