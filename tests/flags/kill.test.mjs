import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startHub, until } from "../browser/hub.mjs";
import { ANYONE, OPTED_IN, STAFF } from "./audiences.mjs";
import { closeClients, serverClient, webClient } from "./clients.mjs";
import { rollout } from "./rollout.mjs";

/** A kill, as stock clients see it: how soon they are off, and who the hub says has followed. */

const MOST_MS = 100;
const ROUNDS = 5;

let served, desk;

before(async () => {
  served = await startHub();
  desk = await rollout(served.hub, "reply");
});

after(async () => {
  await closeClients();
  await served?.stop();
});

const off = (client) => until("the client is off", () => !client.isOn("reply"));
const on = (client) => until("the client is on", () => client.isOn("reply"));

/** Milliseconds from the call until the client's own event says that it is off. */
async function followed(client, call) {
  const began = performance.now();
  const told = new Promise((resolve) => {
    const look = () => {
      if (client.isOn("reply")) return;
      client.client.removeHandler("PROVIDER_CONFIGURATION_CHANGED", look);
      resolve(performance.now() - began);
    };
    client.client.addHandler("PROVIDER_CONFIGURATION_CHANGED", look);
  });
  const [took] = await Promise.all([told, call()]);
  return took;
}

// A machine that is busy with something else can hold a client's timer back, so the best round of a few counts.
test(`a web client is off ${MOST_MS} ms after a kill was called, in the best of ${ROUNDS} rounds`, async () => {
  const web = await webClient(desk.program, STAFF);
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) {
    await on(web);
    rounds.push(await followed(web, desk.kill));
    await desk.resume();
  }
  console.log(`a web client was off after ${rounds.map((ms) => ms.toFixed(0)).join(", ")} ms`);
  assert.ok(Math.min(...rounds) <= MOST_MS, `${rounds}`);
});

test("a server's client is off with its next evaluation", async () => {
  const server = await serverClient(desk.program);
  assert.equal(await server.isOn("reply", STAFF), true);
  await desk.kill();
  assert.equal(await server.isOn("reply", STAFF), false);
  await desk.resume();
  assert.equal(await server.isOn("reply", STAFF), true);
});

test("the kill's effect names every client with a stream, each acknowledged once it has followed", async () => {
  const audiences = [STAFF, STAFF, STAFF, OPTED_IN, ANYONE];
  const clients = await Promise.all(audiences.map((who) => webClient(desk.program, who)));
  await Promise.all(clients.map((client) => client.listens()));
  // The client of the first test listens, too.
  const all = clients.length + 1;
  await desk.kill();
  const { flags } = await acknowledged(all);
  console.log(`${flags.acknowledged} of ${flags.of} clients have followed, the slowest after ${flags.slowest_ms.toFixed(0)} ms`);
  assert.equal(flags.of, all);
  for (const client of clients) assert.equal(client.details("reply").variant, "killed");
  await desk.resume();
  await on(clients[0]);
});

test("a client that is told and does not fetch is still on, and is not acknowledged", async () => {
  let deaf = false;
  const parse = ({ data }) => (deaf ? { type: "somethingElse" } : JSON.parse(data));
  const one = await webClient(desk.program, STAFF, { sseEventParser: parse });
  await one.listens();
  deaf = true;
  await desk.kill();
  const { flags } = await acknowledged(6);
  assert.deepEqual([flags.of, flags.acknowledged, one.isOn("reply")], [7, 6, true]);
  // It is told again until it has fetched.
  deaf = false;
  await off(one);
  assert.equal((await acknowledged(7)).flags.of, 7);
});

/** The last kill's effect, once so many clients are acknowledged. */
function acknowledged(clients) {
  return until(`${clients} clients acknowledged`, async () => {
    const effect = await desk.effect();
    return effect.flags.acknowledged >= clients && effect;
  });
}
