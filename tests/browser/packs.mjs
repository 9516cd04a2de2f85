import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Hub, until } from "./hub.mjs";

const PACK = resolve(import.meta.dirname, "../../packs/support-first-reply");

/**
 * The demo's pack under another id: its files by name, its settings changed. Chance has no part in it: no draft is
 * drawn for a second review unless the change says so.
 */
export async function packOf(id, change = (toml) => toml) {
  const names = ["workflow.toml", "guidelines.md", "runbook.md"];
  const texts = await Promise.all(names.map((name) => readFile(join(PACK, name), "utf8")));
  const files = Object.fromEntries(names.map((name, i) => [name, texts[i]]));
  const own = change(files["workflow.toml"].replace(/^id = .*$/m, `id = "${id}"`));
  files["workflow.toml"] = own.replace(/^double_rate = 0\.05\b/m, "double_rate = 0.0");
  return files;
}

/** Applies a pack; answers the workflow's id. */
export async function apply(hub, id, change, more = {}) {
  await hub.call("POST", "/v1/packs", { files: { ...(await packOf(id, change)), ...more } });
  return id;
}

/** Somebody with a token of their own, and where their console is. */
export async function person(hub, name, { role = "reviewer", routes = [] } = {}) {
  const { token } = await hub.call("POST", "/v1/tokens", { name, grants: [{ role }], routes });
  return { hub: new Hub(hub.url, token), console: `${hub.url}/#token=${token}` };
}

/** Stages a draft; answers its id. */
export async function stage(hub, workflow, draft) {
  const whole = {
    revision: "1",
    thread: [{ role: "customer", text: "Where is my invoice?" }],
    draft: { text: "It is attached." },
    ...draft,
  };
  const { results } = await hub.call("POST", `/v1/drafts?workflow=${workflow}`, whole);
  if (!results[0].id) throw new Error(JSON.stringify(results[0]));
  return results[0].id;
}

/** Stages a draft and has it escalated; answers its id. */
export async function escalate(hub, reviewer, workflow, external_id, reason) {
  const id = await stage(hub, workflow, { external_id });
  const { lease, draft } = await reviewer.call("POST", "/v1/queue/lease", { draft_id: id });
  await reviewer.call("POST", `/v1/drafts/${id}/verdicts`, {
    verdict_id: randomUUID(), lease_id: lease.id, fence: lease.fence, content_hash: draft.content_hash,
    action: "escalate", reasons: [reason], seconds: 20,
  });
  return id;
}

/** Kills a workflow; answers what asks which consoles had to be reached and have been, once that is written down. */
export async function killed(hub, workflow) {
  await hub.call("POST", `/v1/workflows/${workflow}/kill`, { reason: "a test" });
  return reached(hub, workflow);
}

/** The same for the last kill of a workflow, whoever called it. */
export async function reached(hub, workflow) {
  const { transitions } = await hub.call("GET", `/v1/workflows/${workflow}/history?days=1`);
  const { id } = transitions.find(({ kind }) => kind === "killed");
  const consoles = async () =>
    (await hub.call("GET", `/v1/workflows/${workflow}/transitions/${id}/effect`)).consoles;
  await until("the kill to be watched", async () => (await consoles()).of > 0);
  return consoles;
}
