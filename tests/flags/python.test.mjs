import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { startHub } from "../browser/hub.mjs";
import { ANYONE, OPTED_IN, OPTED_OUT, STAFF } from "./audiences.mjs";
import { rollout } from "./rollout.mjs";

/** The stock Python client of OFREP, in an environment that scripts/setup.sh has made. */

const CACHE = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
const PYTHON = join(CACHE, "countersign/flag-clients/bin/python");

let served, desk, client, answers;

before(async () => {
  served = await startHub();
  desk = await rollout(served.hub, "reply");
  client = spawn(PYTHON, [join(import.meta.dirname, "client.py")], {
    env: { ...process.env, COUNTERSIGN_HUB: desk.program.url, COUNTERSIGN_TOKEN: desk.program.token },
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(client, "spawn");
  answers = createInterface({ input: client.stdout })[Symbol.asyncIterator]();
});

after(async () => {
  client?.stdin.end();
  await served?.stop();
});

/** What the client makes of a flag. */
async function evaluate(context, flag = "reply") {
  client.stdin.write(`${JSON.stringify({ flag, context })}\n`);
  const { value, done } = await answers.next();
  assert.ok(!done, "the client ended");
  return JSON.parse(value);
}

/** For whom it is on, and why. */
async function follows(variant, reason, on) {
  for (const context of [STAFF, OPTED_IN, ANYONE, OPTED_OUT]) {
    const found = await evaluate(context);
    const expected = { value: on.includes(context), variant, reason, error_code: null, version: 1 };
    assert.deepEqual(found, expected, JSON.stringify(context));
  }
}

test("at each stage it is on for whom the stage admits", async () => {
  await follows("internal", "TARGETING_MATCH", [STAFF]);
  await desk.promote();
  await follows("opt_in", "TARGETING_MATCH", [OPTED_IN]);
  await desk.promote();
  await follows("default", "TARGETING_MATCH", [STAFF, OPTED_IN, ANYONE]);
});

test("after a kill its next evaluation is off, and after a resume it is at internal", async () => {
  await desk.kill();
  await follows("killed", "DISABLED", []);
  await desk.resume();
  await follows("internal", "TARGETING_MATCH", [STAFF]);
});

test("what goes wrong is an error with the default value", async () => {
  const outcome = ({ value, reason, error_code }) => [value, reason, error_code];
  assert.deepEqual(outcome(await evaluate(STAFF, "nowhere")), [false, "ERROR", "FLAG_NOT_FOUND"]);
  assert.deepEqual(outcome(await evaluate({ groups: "staff" })), [false, "ERROR", "INVALID_CONTEXT"]);
  await served.stop();
  served = null;
  assert.deepEqual(outcome(await evaluate(STAFF)), [false, "ERROR", "GENERAL"]);
});
