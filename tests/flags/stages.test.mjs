import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startHub, until } from "../browser/hub.mjs";
import { ANYONE, OPTED_IN, OPTED_OUT, STAFF } from "./audiences.mjs";
import { closeClients, serverClient, webClient } from "./clients.mjs";
import { rollout } from "./rollout.mjs";

/** Stock OpenFeature clients are on for whom the stage admits, at every stage, and follow each change. */

const AUDIENCES = { STAFF, OPTED_IN, ANYONE, OPTED_OUT };
const NOBODY = { STAFF: false, OPTED_IN: false, ANYONE: false, OPTED_OUT: false };
const INTERNAL = { ...NOBODY, STAFF: true };

let served, desk, server, web;

before(async () => {
  served = await startHub();
  desk = await rollout(served.hub, "reply");
  server = await serverClient(desk.program);
  const clients = Object.entries(AUDIENCES).map(async ([name, who]) => [name, await webClient(desk.program, who)]);
  web = Object.fromEntries(await Promise.all(clients));
});

after(async () => {
  await closeClients();
  await served?.stop();
});

/** Every client of either kind is on for these and off for the others, at this stage. */
async function follow(variant, reason, expected) {
  for (const [name, who] of Object.entries(AUDIENCES)) {
    const single = await server.details("reply", who);
    assert.deepEqual([single.value, single.variant, single.reason], [expected[name], variant, reason], name);
    await until(`the web client of ${name} at ${variant}`, () => web[name].details("reply").variant === variant);
    const bulk = web[name].details("reply");
    assert.deepEqual([bulk.value, bulk.reason, bulk.errorCode], [expected[name], reason, undefined], name);
  }
}

test("at internal they are on for staff alone", () => follow("internal", "TARGETING_MATCH", INTERNAL));

test("at opt_in they are on for whoever opted in", async () => {
  assert.equal(await desk.promote(), "opt_in");
  await follow("opt_in", "TARGETING_MATCH", { ...NOBODY, OPTED_IN: true });
});

test("at default they are on for everyone but whoever opted out", async () => {
  assert.equal(await desk.promote(), "default");
  await follow("default", "TARGETING_MATCH", { STAFF: true, OPTED_IN: true, ANYONE: true, OPTED_OUT: false });
});

test("a kill turns them off for everyone, and a resume begins again at internal", async () => {
  await desk.kill();
  await follow("killed", "DISABLED", NOBODY);
  await desk.resume();
  await follow("internal", "TARGETING_MATCH", INTERNAL);
});

test("a server's client is told the workflow's version", async () => {
  const { version } = await served.hub.workflow("reply");
  assert.deepEqual((await server.details("reply", STAFF)).flagMetadata, { version });
});

test("a token for one workflow sees that one's flag and no other", async () => {
  const other = await rollout(served.hub, "other");
  const grants = [{ role: "service", workflow: "other" }];
  const { token } = await served.hub.call("POST", "/v1/tokens", { name: "their-program", grants });
  const theirs = { url: other.program.url, token };
  const client = await webClient(theirs, STAFF);
  assert.equal(client.isOn("other"), true);
  assert.equal(client.details("reply").errorCode, "FLAG_NOT_FOUND");
  assert.equal((await (await serverClient(theirs)).details("reply", STAFF)).errorCode, "FLAG_NOT_FOUND");
});
