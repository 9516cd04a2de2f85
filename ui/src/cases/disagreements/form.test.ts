import { describe, expect, test } from "vitest";
import type { Disagreement, SettledLabel } from "../../api/types";
import {
  EMPTY,
  type Form,
  formOf,
  isBlank,
  missing,
  settlingOf,
  startText,
  whoseLabel,
  withBreaksOf,
} from "./form";
import { after, step } from "./rows";

const form = (change: Partial<Form> = {}): Form => ({ ...EMPTY, note: " because ", ...change });
const said = (action: string, more: object = {}) => ({ action, reasons: [], ...more });
const pair = (first: object, second: object) => ({ first, second }) as unknown as Disagreement;

describe("what is missing", () => {
  test("is a note, and nothing else, where one of the two is taken", () => {
    expect(missing(form({ note: " \n" }), "", "draft")).toBe("note");
    expect(missing(form({ pick: "second" }), "", "draft")).toBeNull();
  });

  test("of an own label is what its decision needs", () => {
    const own = (change: Partial<Form>) => form({ pick: "own", ...change });
    expect(missing(own({}), "draft", "draft")).toBe("action");
    expect(missing(own({ action: "approve" }), "draft", "draft")).toBeNull();
    expect(missing(own({ action: "edit" }), " ", "draft")).toBe("text");
    expect(missing(own({ action: "edit" }), "draft", "draft")).toBe("same");
    expect(missing(own({ action: "edit" }), "another", "draft")).toBeNull();
    expect(missing(own({ action: "escalate" }), "draft", "draft")).toBe("reasons");
    expect(missing(own({ action: "escalate", reasons: ["unsafe"], note: "" }), "draft", "draft")).toBe(
      "note",
    );
  });
});

test("the hub gets what belongs to the decision, and nothing that was typed for another", () => {
  const whole = { grade: "factual", reasons: ["unsafe"], text: "x" } as const;
  const own = (action: Form["action"]) =>
    settlingOf(form({ pick: "own", action, ...whole, reasons: ["unsafe"] }), "text").pick;
  expect(settlingOf(form({ pick: "second", ...whole, reasons: [] }), "text")).toEqual({
    pick: "second",
    note: "because",
  });
  expect(own("approve")).toEqual({ action: "approve" });
  expect(own("edit")).toEqual({ action: "edit", final_text: "text", grade: "factual" });
  expect(own("escalate")).toEqual({ action: "escalate", reasons: ["unsafe"] });
  // The hub grades an edit that nobody graded.
  expect(settlingOf(form({ pick: "own", action: "edit" }), "text").pick).toEqual({
    action: "edit",
    final_text: "text",
  });
});

test("a text begins with the edit that is there, the first one before the second", () => {
  const edit = (final_text: string) => said("edit", { final_text });
  expect(startText(pair(edit("a"), edit("b")), "draft")).toBe("a");
  expect(startText(pair(said("approve"), edit("b")), "draft")).toBe("b");
  expect(startText(pair(said("approve"), said("escalate")), "draft")).toBe("draft");
});

test("line breaks stay those of the draft", () => {
  expect(withBreaksOf("a\r\nb", "a\nc\r\nd")).toBe("a\r\nc\r\nd");
  expect(withBreaksOf("a\nb", "a\nc")).toBe("a\nc");
});

test("what was kept comes back; what isn't a form doesn't", () => {
  const kept = form({ pick: "own", action: "edit", text: "x", closed: true });
  expect(formOf({ ...kept })).toEqual(kept);
  for (const other of [null, "", [], { pick: "third", note: "", reasons: [] }, { pick: "own" }])
    expect(formOf(other), JSON.stringify(other)).toBeNull();
  expect([isBlank(EMPTY), isBlank(kept), isBlank(form())]).toEqual([true, false, false]);
});

test("a settled label is recognized as the first's, the second's or neither", () => {
  const one = pair(
    said("edit", { grade: "factual", final_text: "a" }),
    said("escalate", { reasons: ["unsafe"] }),
  );
  const whose = (label: object) => whoseLabel(label as SettledLabel, one);
  expect(whose(said("edit", { grade: "factual", final_text: "a" }))).toBe("first");
  expect(whose(said("escalate", { grade: null, reasons: ["unsafe"], final_text: null }))).toBe("second");
  expect(whose(said("edit", { grade: "factual", final_text: "b" }))).toBe("own");
});

const rows = [..."abc"].map((id) => ({ id }) as Disagreement);

test("once one is settled, the one below it comes, else the one above", () => {
  expect(after(rows, "a")?.id).toBe("b");
  expect(after(rows, "c")?.id).toBe("b");
  expect(after(rows.slice(0, 1), "a")).toBeUndefined();
  // It came by its address and isn't in this list.
  expect(after(rows, "z")?.id).toBe("a");
});

test("a step stays within the list and begins at its top", () => {
  expect(step(rows, null, 1)?.id).toBe("a");
  expect(step(rows, "b", 1)?.id).toBe("c");
  expect(step(rows, "c", 1)?.id).toBe("c");
  expect(step([], null, 1)).toBeUndefined();
});
