import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { OFREPApiTooManyRequestsError } from "@openfeature/ofrep-core";
import { startHub, until } from "../browser/hub.mjs";
import { stage } from "../browser/packs.mjs";
import { STAFF } from "./audiences.mjs";
import { closeClients, serverClient, webClient } from "./clients.mjs";
import { rollout } from "./rollout.mjs";

/** What stock clients trip over, beyond the text of the protocol. */

const ALL = "/ofrep/v1/evaluate/flags";
const MODES = ["local-cache-first", "network-first", "disabled"];

let served, desk;

before(async () => {
  served = await startHub();
  desk = await rollout(served.hub, "reply");
});

beforeEach(async () => {
  if ((await served.hub.workflow("reply")).killed) await desk.resume();
});

after(async () => {
  await closeClients();
  await served?.stop();
});

/** A request as a client sends it: the answer's status, headers and JSON. */
async function ask(path, context, headers = {}) {
  const response = await fetch(desk.program.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${desk.program.token}`, "content-type": "application/json", ...headers },
    body: typeof context === "string" ? context : JSON.stringify({ context }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text && JSON.parse(text) };
}

/** What a page keeps from one visit to the next. */
function storage() {
  const kept = new Map();
  return {
    kept,
    getItem: (key) => kept.get(key) ?? null,
    setItem: (key, value) => kept.set(key, value),
    removeItem: (key) => kept.delete(key),
  };
}

test("trap 1: value, variant and reason are always there, and what went wrong where something did", async () => {
  const whole = ({ value, variant, reason }) => {
    assert.deepEqual([typeof value, typeof variant, typeof reason], ["boolean", "string", "string"]);
  };
  const one = `${ALL}/reply`;
  whole((await ask(one, STAFF)).body);
  for (const [path, body, code] of [
    [`${ALL}/nowhere`, STAFF, "FLAG_NOT_FOUND"],
    [one, { groups: "staff" }, "INVALID_CONTEXT"],
    [one, "{", "PARSE_ERROR"],
    [ALL, { opted_in: "yes" }, "INVALID_CONTEXT"],
  ]) {
    const { body: answer } = await ask(path, body);
    whole(answer);
    assert.deepEqual([answer.value, answer.reason, answer.errorCode], [false, "ERROR", code], path);
    assert.ok(answer.errorDetails, path);
  }
  await desk.kill();
  const [single, bulk] = [(await ask(one, STAFF)).body, (await ask(ALL, STAFF)).body.flags[0]];
  for (const answer of [single, bulk]) {
    whole(answer);
    assert.deepEqual([answer.reason, typeof answer.errorDetails], ["DISABLED", "string"]);
    // With a code, clients would take it for an error and use their default.
    assert.equal("errorCode" in answer, false);
  }
  const server = await serverClient(desk.program);
  const killed = await server.details("reply", STAFF);
  assert.deepEqual([killed.value, killed.variant, killed.reason], [false, "killed", "DISABLED"]);
  assert.deepEqual(
    await Promise.all(["nowhere", "reply"].map(async (flag) => (await server.details(flag, { groups: 7 })).errorCode)),
    ["INVALID_CONTEXT", "INVALID_CONTEXT"],
  );
  assert.equal((await server.details("nowhere", STAFF)).errorCode, "FLAG_NOT_FOUND");
});

test("trap 2: Retry-After is whole seconds, which clients read as a moment to come", async () => {
  for (let i = 0; i < 21; i++) await stage(served.hub, "reply", { external_id: `held-${i}` });
  const lease = () =>
    fetch(`${desk.reviewer.url}/v1/queue/lease`, {
      method: "POST",
      headers: { authorization: `Bearer ${desk.reviewer.token}`, "content-type": "application/json" },
      body: "{}",
    });
  const refused = await until("a refusal for the time being", async () => {
    const answer = await lease();
    return answer.status === 429 && answer;
  });
  assert.match(refused.headers.get("retry-after"), /^[1-9]\d*$/);
  const wait = new OFREPApiTooManyRequestsError(refused).retryAfterDate - Date.now();
  assert.ok(wait > 0 && wait <= 60_000, `${wait} ms`);
});

test("trap 3: the ETag covers the whole context, since a web client keeps its own as long as the key is the same", async () => {
  const web = await webClient(desk.program, STAFF);
  assert.equal(web.isOn("reply"), true);
  await web.becomes({ ...STAFF, groups: [] });
  assert.equal(web.isOn("reply"), false);
  await web.becomes(STAFF);
  assert.equal(web.isOn("reply"), true);
  await web.listens();
  const before = web.answers.length;
  await web.becomes({ ...STAFF });
  assert.deepEqual([web.isOn("reply"), web.answers.slice(before).map(({ status }) => status)], [true, [304]]);
});

test("trap 4: who was told of a board other than the hub's never hears that nothing has changed", async () => {
  const first = await ask(ALL, STAFF);
  const has = { "if-none-match": first.headers.get("etag") };
  assert.equal((await ask(ALL, STAFF, has)).status, 304);
  assert.equal((await ask(`${ALL}?flagConfigEtag=another-board`, STAFF, has)).status, 200);
  const web = await webClient(desk.program, STAFF);
  await web.listens();
  const before = web.answers.length;
  await desk.kill();
  await until("the client is off", () => !web.isOn("reply"));
  assert.ok(web.answers.slice(before).some(({ status, told }) => told && status === 200));
});

test("trap 5: the stream has one kind of event, message, and it says nothing but to fetch again", async () => {
  const { eventStreams } = (await ask(ALL, STAFF)).body;
  assert.deepEqual(eventStreams.map(({ type }) => type), ["sse"]);
  const { requestUri } = eventStreams[0].endpoint;
  const stop = new AbortController();
  const response = await fetch(desk.program.url + requestUri, { signal: stop.signal });
  let text = "";
  const reading = (async () => {
    for await (const part of response.body) text += Buffer.from(part).toString();
  })().catch(() => {});
  const events = () => text.match(/^event:.*$/gm) ?? [];
  const data = () => (text.match(/^data:.*$/gm) ?? []).map((line) => JSON.parse(line.slice("data:".length)));
  await until("the stream's first event", () => data().length > 0);
  const boards = new Set();
  for (const act of [desk.kill, desk.resume]) {
    const known = data().at(-1).etag;
    // The stream tells of the next change once this one has been fetched.
    await ask(`${ALL}?flagConfigEtag=${known}`, STAFF);
    await act();
    boards.add(await until("an event about another board", () => data().at(-1).etag !== known && data().at(-1).etag));
  }
  stop.abort();
  await reading;
  assert.deepEqual([...new Set(events())], ["event: message"]);
  for (const event of data()) {
    assert.deepEqual(Object.keys(event).sort(), ["etag", "lastModified", "type"]);
    assert.deepEqual([event.type, Number.isInteger(event.lastModified)], ["refetchEvaluation", true]);
  }
  assert.equal(boards.size, 2);
});

test("trap 6: in Node a client follows only with a global EventSource, or else by polling", async () => {
  const { EventSource } = globalThis;
  delete globalThis.EventSource;
  let without, polling;
  try {
    without = await webClient(desk.program, STAFF);
    polling = await webClient(desk.program, STAFF, { pollInterval: 50 });
  } finally {
    globalThis.EventSource = EventSource;
  }
  const web = await webClient(desk.program, STAFF);
  await web.listens();
  await desk.kill();
  await until("those that can follow are off", () => !web.isOn("reply") && !polling.isOn("reply"));
  assert.equal(without.isOn("reply"), true);
  assert.deepEqual([without.answers.length, without.answers[0].status], [1, 200]);
});

test("trap 7: a web client goes on serving a killed flag from its cache unless its cacheMode is disabled", async () => {
  const page = storage();
  globalThis.localStorage = page;
  try {
    const visit = (cacheMode, more) => webClient(desk.program, STAFF, { domain: cacheMode, cacheMode, ...more });
    const first = await Promise.all(MODES.map((mode) => visit(mode)));
    assert.deepEqual(first.map((web) => web.isOn("reply")), [true, true, true]);
    assert.equal(page.kept.size, 2);
    await closeClients();
    await desk.kill();
    // The next visit, while the hub is away.
    const fetchImplementation = () => Promise.reject(new TypeError("the hub is away"));
    const next = await Promise.all(MODES.map((mode) => visit(mode, { fetchImplementation })));
    assert.deepEqual(next.map((web) => web.isOn("reply")), [true, true, false]);
    assert.equal(next[2].details("reply").reason, "ERROR");
  } finally {
    delete globalThis.localStorage;
  }
});
