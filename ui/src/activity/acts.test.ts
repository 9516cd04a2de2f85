import { expect, test } from "vitest";
import type { Entry } from "../api/types";
import { aboutOf, cursorAt, factsOf, rowsOf, shortId } from "./acts";

function anEntry(seq: number, part: Partial<Entry> = {}): Entry {
  return {
    seq,
    at: "2026-11-22T10:00:00Z",
    actor: "dana",
    act: "draft.read",
    detail: "{}",
    prev_hash: "",
    hash: "",
    ...part,
  };
}

const BOTH = { newest: true, first: true };

test("an entry leads to what it is about", () => {
  const about = (act: string, object: string | null, workflow: string | null = "w") =>
    aboutOf(anEntry(1, { act, object, workflow }));
  expect(about("verdict.recorded", "d 1")?.href).toBe("#/review/d%201");
  expect(about("escalation.taken", "d1")?.href).toBe("#/review/d1");
  expect(about("case.read", "c1")?.href).toBe("#/cases/c1");
  expect(about("workflow.killed", null)?.href).toBe("#/rollout/w");
  expect(about("drafts.staged", null)).toEqual({ kind: "workflow", id: "w", href: null });
  expect(about("source.read", "s1")?.href).toBeNull();
  expect(about("key.registered", null, null)).toBeNull();
});

test("facts that can't be read are shown as they are stored", () => {
  expect(factsOf('{"drafts":2}')).toEqual({ drafts: 2 });
  expect(factsOf("[1]")).toEqual({ detail: "[1]" });
  expect(factsOf("{broken")).toEqual({ detail: "{broken" });
  expect(factsOf("")).toEqual({});
});

test("the broken entry is marked where it stands", () => {
  const rows = rowsOf(
    [3, 2, 1].map((seq) => anEntry(seq)),
    2,
    true,
    BOTH,
  );
  expect(rows.map(({ seq, broken }) => [seq, broken])).toEqual([
    [3, false],
    [2, true],
    [1, false],
  ]);
});

test("a missing entry gets a row between those around it, at the top and at the end", () => {
  const of = (seqs: number[], at: number, ends = BOTH) =>
    rowsOf(
      seqs.map((seq) => anEntry(seq)),
      at,
      true,
      ends,
    ).map(({ seq, entry }) => (entry ? seq : -seq));
  expect(of([4, 3, 1], 2)).toEqual([4, 3, -2, 1]);
  expect(of([2, 1], 3)).toEqual([-3, 2, 1]);
  expect(of([3, 2], 1)).toEqual([3, 2, -1]);
});

test("what a filter or a page leaves out is not called missing", () => {
  const seqs = [9, 8, 7].map((seq) => anEntry(seq));
  expect(rowsOf(seqs, 3, false, BOTH)).toHaveLength(3);
  expect(rowsOf(seqs, 3, true, { newest: true, first: false })).toHaveLength(3);
  expect(rowsOf(seqs, 12, true, { newest: false, first: false })).toHaveLength(3);
});

test("a page that begins at an entry has it first", () => {
  expect(cursorAt(812)).toBe("813");
});

test("an id is known by its end", () => {
  expect(shortId("01a20521-d49c-7597-8445-ce544a865d4e")).toBe("…4a865d4e");
  expect(shortId("w")).toBe("w");
});
