import { expect, test } from "vitest";
import type { History, Transition, Workflow } from "../api/types";
import { happenings, killInForce, lastStay, stageSince } from "./history";

function moved(kind: string, from: string, to: string, at: string, version = 1): Transition {
  return {
    id: `${kind}-${at}`,
    kind,
    from_stage: from,
    to_stage: to,
    version,
    actor: "dana",
    reason: "",
    at,
  };
}

function aHistory(transitions: Transition[], versions: [number, string][] = []): History {
  return {
    days: [],
    record: [],
    transitions,
    versions: versions.map(([version, applied_at]) => ({
      version,
      hash: "",
      guideline_hash: "",
      applied_at,
      applied_by: "owner",
      revision: 1,
      revisions: [],
    })),
    in_force: [],
  };
}

test("a stage began with the move into it, a resume, or the first version", () => {
  const applied = moved("applied", "internal", "internal", "2026-11-01T00:00:00Z");
  const promoted = moved("promoted", "internal", "opt_in", "2026-11-05T00:00:00Z");
  const killed = moved("killed", "opt_in", "opt_in", "2026-11-08T00:00:00Z");
  const resumed = moved("resumed", "internal", "internal", "2026-11-09T00:00:00Z");
  expect(stageSince(aHistory([applied]))).toBe(applied.at);
  expect(stageSince(aHistory([], [[1, "2026-10-30T00:00:00Z"]]))).toBe("2026-10-30T00:00:00Z");
  expect(stageSince(aHistory([killed, promoted, applied]))).toBe(promoted.at);
  expect(stageSince(aHistory([resumed, killed, applied]))).toBe(resumed.at);
  expect(stageSince(aHistory([]))).toBeNull();
});

test("the last stay at a stage has its beginning and its end", () => {
  const history = aHistory([
    moved("promoted", "internal", "opt_in", "2026-11-12T00:00:00Z"),
    moved("demoted", "opt_in", "internal", "2026-11-08T00:00:00Z"),
    moved("promoted", "internal", "opt_in", "2026-11-05T00:00:00Z"),
    moved("applied", "internal", "internal", "2026-11-01T00:00:00Z"),
  ]);
  expect(lastStay(history, "internal")).toEqual({ from: "2026-11-08T00:00:00Z", to: "2026-11-12T00:00:00Z" });
  expect(lastStay(history, "default")).toBeNull();
});

test("versions that no transition tells of stand in the timeline too, once", () => {
  const history = aHistory(
    [
      moved("killed", "internal", "internal", "2026-11-03T00:00:00Z", 1),
      moved("applied", "internal", "internal", "2026-11-02T00:00:00Z", 2),
    ],
    [
      [2, "2026-11-02T00:00:00Z"],
      [1, "2026-11-01T00:00:00Z"],
    ],
  );
  expect(happenings(history).map(({ kind, version }) => [kind, version])).toEqual([
    ["killed", 1],
    ["applied", 2],
    ["applied", 1],
  ]);
});

test("revisions and returns to earlier versions stand in the timeline, a version's first coming once", () => {
  const came = (version: number, revision: number, day: number, reason?: string) => ({
    version,
    revision,
    at: `2026-11-0${day}T00:00:00Z`,
    by: "dana",
    ...(reason && { reason }),
  });
  const history = {
    ...aHistory(
      [],
      [
        [2, "2026-11-03T00:00:00Z"],
        [1, "2026-11-01T00:00:00Z"],
      ],
    ),
    in_force: [came(1, 2, 4, "worse"), came(2, 1, 3), came(1, 2, 2), came(1, 1, 1)],
  };
  expect(happenings(history).map(({ kind, version, reason }) => [kind, version, reason])).toEqual([
    ["returned", 1, "worse"],
    ["applied", 2, ""],
    ["revised", 1, ""],
    ["applied", 1, ""],
  ]);
});

test("a kill is in force only while the workflow is killed", () => {
  const history = aHistory([moved("killed", "internal", "internal", "2026-11-03T00:00:00Z")]);
  expect(killInForce(history, { killed: true } as Workflow)?.kind).toBe("killed");
  expect(killInForce(history, { killed: false } as Workflow)).toBeUndefined();
});
