import { describe, expect, test } from "vitest";
import type { CaseRow } from "../api/types";
import { NO_FILTERS, narrowed, renewed, step } from "./list";

const row = (id: string) => ({ id }) as CaseRow;
const page = (ids: string, next?: string) => ({
  cases: [...ids].map(row),
  ...(next && { next_cursor: next }),
});
const ids = (pages: { cases: CaseRow[] }[]) => pages.map(({ cases }) => cases.map(({ id }) => id).join(""));

describe("filters", () => {
  test("a grade asks for edits and a reason for escalations", () => {
    expect(narrowed(NO_FILTERS, "grade", "factual")).toEqual({ grade: "factual", action: "edit" });
    expect(narrowed({ grade: "factual", action: "edit" }, "reason", "unsafe")).toEqual({
      reason: "unsafe",
      action: "escalate",
    });
  });

  test("what the outcome has no use for goes with it", () => {
    expect(narrowed({ action: "edit", grade: "factual" }, "action", "approve")).toEqual({
      action: "approve",
    });
    expect(narrowed({ action: "escalate", reason: "unsafe" }, "workflow", "refunds")).toEqual({
      action: "escalate",
      workflow: "refunds",
    });
  });

  test("the last filter taken away leaves none", () => {
    expect(narrowed({ workflow: "refunds" }, "workflow", "")).toBe(NO_FILTERS);
  });
});

describe("a first page fetched anew", () => {
  test("brings what came in above and lets the later pages follow on", () => {
    const pages = [page("cdef", "f"), page("ghi", "i")];
    expect(ids(renewed(pages, page("abcd", "d")))).toEqual(["abcdef", "ghi"]);
  });

  test("leaves out what was withdrawn", () => {
    expect(ids(renewed([page("abcd", "d"), page("ef")], page("acd", "d")))).toEqual(["acd", "ef"]);
  });

  test("stands alone when more came in than it holds", () => {
    expect(ids(renewed([page("cdef", "f"), page("ghi")], page("wxyz", "z")))).toEqual(["wxyz"]);
  });

  test("is all there is when it is the only one", () => {
    expect(ids(renewed([page("bc")], page("abc")))).toEqual(["abc"]);
  });
});

test("a step stays within the list and begins at its top", () => {
  const rows = [..."abc"].map(row);
  expect(step(rows, null, 1)?.id).toBe("a");
  expect(step(rows, "a", 1)?.id).toBe("b");
  expect(step(rows, "a", -1)?.id).toBe("a");
  expect(step(rows, "b", Number.POSITIVE_INFINITY)?.id).toBe("c");
  expect(step([], null, 1)).toBeUndefined();
});
