import { randomUUID } from "node:crypto";
import { apply, person, stage } from "../browser/packs.mjs";

const STAGED = 24;

/** The demo's pack with room for a test's few drafts and nothing else to wait for. */
function easy(toml) {
  return toml
    .replace(/^eval_suite = .*$/m, "")
    .replace(/^min_reviewed = .*$/m, `min_reviewed = ${STAGED}`)
    .replace(/^min_days = .*$/m, "min_days = 0\nentry_lag_hours = 0")
    .replace(/^double_rate = .*$/m, "double_rate = 0.0")
    .replace(/^max_per_sent_usd = .*$/m, "")
    .replace(/^max = .*$/gm, "max = 0.5");
}

/** A workflow on its way out, the token of a program that asks for its flag, and what its DRI does. */
export async function rollout(hub, id) {
  await apply(hub, id, easy);
  const reviewer = await person(hub, `reviewer-of-${id}`);
  const program = await person(hub, `program-of-${id}`, { role: "service" });
  const post = (act, body) => hub.call("POST", `/v1/workflows/${id}/${act}`, body);
  let tickets = 0;

  /** Stages drafts and approves each of them. */
  async function review() {
    for (let i = 0; i < STAGED; i++) await stage(hub, id, { external_id: `${id}-${++tickets}` });
    for (let i = 0; i < STAGED; i++) {
      const { draft, lease } = await reviewer.hub.call("POST", "/v1/queue/lease", { workflows: [id] });
      await reviewer.hub.call("POST", `/v1/drafts/${draft.id}/verdicts`, {
        verdict_id: randomUUID(),
        lease_id: lease.id,
        fence: lease.fence,
        content_hash: draft.content_hash,
        action: "approve",
        seconds: 20,
      });
    }
  }

  return {
    id,
    program: program.hub,
    reviewer: reviewer.hub,
    /** Earns the next stage and goes there. */
    async promote() {
      await post("drill", {});
      await review();
      const { hash } = await hub.call("GET", `/v1/workflows/${id}/gate`);
      return (await post("promote", { reason: "the gate is green", report: hash })).stage;
    },
    kill: () => post("kill", { reason: "it went wrong" }),
    resume: () => post("resume", { reason: "mended" }),
    /** How the last change took effect. */
    async effect() {
      const { transitions } = await hub.call("GET", `/v1/workflows/${id}/history`);
      return hub.call("GET", `/v1/workflows/${id}/transitions/${transitions[0].id}/effect`);
    },
  };
}
