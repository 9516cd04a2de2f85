import { describe, expect, test } from "vitest";
import type { DiffOp } from "../api/types";
import { sum } from "./ImportSources";
import { chunks } from "./lines";
import { packOf, partsOf, picked, stretches } from "./pack";
import { sectionAfter, sectionOf } from "./sections";
import { EMPTY, requestOf } from "./token";

test("an address that names no section opens the first", () => {
  expect(sectionOf(null)).toBe("packs");
  expect(sectionOf("nonsense")).toBe("packs");
  expect(sectionOf("access")).toBe("access");
});

test("the list of sections has ends", () => {
  expect(sectionAfter("packs", -1)).toBe("packs");
  expect(sectionAfter("packs", 1)).toBe("sources");
  expect(sectionAfter("keys", 1)).toBe("keys");
});

test("a pack is shown by section, and its lists by what tells their entries apart", () => {
  const parts = partsOf({
    hash: "abc",
    delivery: null,
    review: {
      rate: { internal: 1, default: 0.25 },
      reason: [{ code: "unsafe", harm: true, to: "on-call" }],
      models: ["a", "b"],
    },
    pull: [],
  });
  expect(parts).toEqual([
    {
      name: "review",
      settings: [
        { key: "rate.internal", value: 1 },
        { key: "rate.default", value: 0.25 },
        { key: "reason[unsafe].harm", value: true },
        { key: "reason[unsafe].to", value: "on-call" },
        { key: "models", value: ["a", "b"] },
      ],
    },
  ]);
});

describe("a text's diff", () => {
  const line = (tag: DiffOp["tag"]): DiffOp => ({ tag, text: tag });
  const equal = (n: number) => Array.from({ length: n }, () => line("equal"));

  test("folds equal stretches and keeps three lines around a change", () => {
    const found = stretches([...equal(10), line("insert"), ...equal(10)]);
    expect(found.map(({ folded, lines }) => [folded, lines.length])).toEqual([
      [true, 7],
      [false, 7],
      [true, 7],
    ]);
  });

  test("doesn't fold what is no longer than the fold", () => {
    const found = stretches([...equal(5), line("delete")]);
    expect(found.every(({ folded }) => !folded)).toBe(true);
  });
});

test("two versions at most are compared", () => {
  expect(picked([], 3)).toEqual([3]);
  expect(picked([3, 1], 2)).toEqual([1, 2]);
  expect(picked([3, 1], 3)).toEqual([1]);
});

describe("a pack's files", () => {
  const toml = "[workflow]\nguidelines = \"guide.md\"  # one key away\nrunbook = 'run.md'\n";

  test("are workflow.toml and what it names, from its own folder", () => {
    const pack = packOf([
      { path: "mine/old/workflow.toml", text: "old" },
      { path: "mine/workflow.toml", text: toml },
      { path: "mine/guide.md", text: "# Guide" },
      { path: "mine/old/run.md", text: "another's" },
      { path: "mine/drafts.jsonl", text: "{}" },
    ]);
    expect(pack).toEqual({ files: { "workflow.toml": toml, "guide.md": "# Guide" }, missing: ["run.md"] });
  });

  test("are none without workflow.toml", () => {
    expect(packOf([{ path: "guide.md", text: "" }])).toBeNull();
  });
});

describe("an import", () => {
  test("goes in stretches that say where they begin", () => {
    const text = Array.from({ length: 1_001 }, (_, i) => `{"id":${i}}`).join("\r\n");
    const parts = chunks(`${text}\n`);
    expect(parts.map(({ before, lines }) => [before, lines])).toEqual([
      [0, 500],
      [500, 500],
      [1_000, 1],
    ]);
    expect(parts[2]?.text).toBe('{"id":1000}');
  });

  test("ends a stretch early when its lines are long", () => {
    const long = "x".repeat(1_500_000);
    expect(chunks(`${long}\n${long}\n`).map(({ lines }) => lines)).toEqual([1, 1]);
  });

  test("of nothing has no stretch", () => {
    expect(chunks("")).toEqual([]);
    expect(chunks("\n")).toEqual([{ before: 0, lines: 1, text: "" }]);
  });

  test("counts lines as they stand in the file", () => {
    const none = { created: 0, updated: 0, unchanged: 0, rejected: 0, errors: [] };
    const part = { ...none, created: 2, rejected: 1, errors: [{ line: 3, field: "id", message: "empty" }] };
    expect(sum({ ...none, created: 1 }, part, 500)).toEqual({
      ...part,
      created: 3,
      errors: [{ line: 503, field: "id", message: "empty" }],
    });
  });
});

test("a token's form becomes what the hub takes", () => {
  const now = Date.parse("2026-11-22T00:00:00Z");
  expect(
    requestOf(
      {
        name: " Dana ",
        grants: [
          { role: "reviewer", workflow: "refunds" },
          { role: "oncall", workflow: "" },
          { role: "oncall", workflow: "" },
        ],
        routes: "team-lead, billing,, billing",
        expiry: "30",
      },
      now,
    ),
  ).toEqual({
    name: "Dana",
    grants: [{ role: "reviewer", workflow: "refunds" }, { role: "oncall" }],
    routes: ["team-lead", "billing"],
    expires_at: "2026-12-22T00:00:00.000Z",
  });
  expect(requestOf({ ...EMPTY, expiry: "never" }, now)).not.toHaveProperty("expires_at");
});
