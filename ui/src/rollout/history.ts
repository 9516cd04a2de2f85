import type { Drill, History, Transition, Workflow } from "../api/types";

export const STAGES: readonly string[] = ["internal", "opt_in", "default"];

/** When the present stage began: a resume begins it anew, and the first version began the first one. */
export function stageSince({ transitions, versions }: History): string | null {
  const began = transitions.find(
    ({ kind, from_stage, to_stage }) => kind === "resumed" || from_stage !== to_stage,
  );
  return (
    began?.at ?? [...transitions.map(({ at }) => at), ...versions.map((v) => v.applied_at)].sort()[0] ?? null
  );
}

/** The last time that a stage was in force before the present one, if the record has its beginning and its end. */
export function lastStay(
  { transitions, versions }: History,
  stage: string,
): { from: string; to: string } | null {
  const left = transitions.findIndex(
    ({ from_stage, to_stage }) => from_stage === stage && to_stage !== stage,
  );
  const end = transitions[left];
  if (!end) return null;
  const earlier = transitions.slice(left + 1);
  const begin = earlier.find(({ from_stage, to_stage }) => to_stage === stage && from_stage !== stage);
  const first = [...earlier.map(({ at }) => at), ...versions.map((v) => v.applied_at)].sort()[0];
  const from = begin?.at ?? first;
  return from ? { from, to: end.at } : null;
}

/** The kill that is in force, with its measured time. */
export function killInForce({ transitions }: History, workflow: Workflow): Transition | undefined {
  return workflow.killed ? transitions.find(({ kind }) => kind === "killed") : undefined;
}

/** Something that happened: a transition, or what is told like one. */
export type Happening = Transition & { revision?: number };

/**
 * The timeline: the transitions, the versions that none of them tells of, their revisions, returns to earlier ones, and
 * the kill drills; the latest first.
 */
export function happenings({ transitions, versions, in_force }: History, drills: Drill[] = []): Happening[] {
  const told = new Set(transitions.filter(({ kind }) => kind === "applied").map(({ version }) => version));
  const still = { from_stage: "", to_stage: "", reason: "" };
  const seen = new Set<string>();
  const packs: Happening[] = [...(in_force ?? [])]
    .reverse()
    .flatMap(({ version, revision, at, by, reason }, i) => {
      const [isNew, isFirst] = [!seen.has(`${version}.${revision}`), !seen.has(`${version}`)];
      seen.add(`${version}.${revision}`).add(`${version}`);
      // A version's first coming is told with the versions.
      if (isFirst) return [];
      const kind = isNew ? "revised" : "returned";
      return [{ ...still, id: `f${i}`, kind, version, revision, actor: by, at, reason: reason ?? "" }];
    });
  const others: Happening[] = [
    ...packs,
    ...versions
      .filter(({ version }) => !told.has(version))
      .map(({ version, applied_at, applied_by }) => ({
        ...still,
        id: `v${version}`,
        kind: "applied",
        version,
        actor: applied_by,
        at: applied_at,
      })),
    ...drills.map(({ id, at, actor, version, ok, effect_ms }) => ({
      ...still,
      id,
      kind: ok ? "drill" : "drill_failed",
      version,
      actor,
      at,
      effect_ms: effect_ms ?? null,
    })),
  ];
  if (others.length === 0) return transitions;
  return [...transitions, ...others].sort((a, b) => b.at.localeCompare(a.at));
}
