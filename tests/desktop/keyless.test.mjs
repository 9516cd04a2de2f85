import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startHub, until } from "../browser/hub.mjs";
import { invoke, makeHome, openApp, ready, said } from "./app.mjs";
import { openWire } from "./wire.mjs";

/** A team's hub on a system without a keychain: nothing secret is written anywhere, and the console says what that means. */

const WORKFLOW = "support-first-reply";

let team, wire, token, home, app;

before(async () => {
  team = await startHub("--demo");
  wire = await openWire(team.hub.url);
  const grants = [{ role: "reviewer", workflow: WORKFLOW }];
  ({ token } = await team.hub.call("POST", "/v1/tokens", { name: "ana", grants }));
  home = await makeHome();
  delete home.env.DBUS_SESSION_BUS_ADDRESS;
  app = await openApp(home);
  await app.page.until("the console", said, "Load the demo");
});

after(async () => {
  await app?.close();
  await home?.remove();
  wire?.close();
  await team?.stop();
});

/** Everything that the program has written, as one text. */
async function written() {
  const files = await readdir(home.dir, { recursive: true, withFileTypes: true });
  const texts = files.filter((one) => one.isFile()).map((one) => readFile(join(one.parentPath, one.name), "latin1"));
  return (await Promise.all(texts)).join("\n");
}

test("a team's hub is used without its token being written anywhere", async () => {
  const { page } = app;
  assert.equal(await page.runAsync(invoke, "use_remote", { url: wire.url, token }), "null");
  await page.run(() => location.reload());
  await page.until("a draft of the team's", ready, null);
  assert.equal(JSON.parse(await page.runAsync(invoke, "hub_choice", {})).keychain, false);
  assert.ok(!(await written()).includes(token), "the token is in a file");
});

test("a decision waits in the window while the hub is away, which is said, and arrives", async () => {
  const { page } = app;
  const current = await page.run(ready, null);
  wire.cut();
  await page.press("a");
  await page.until("what isn't kept to be said", said, "This system has no keychain: what you decide while the hub is away");
  await page.until("the next draft", ready, current);
  wire.mend();
  await until("the outcome", async () => (await team.hub.draft(current)).outcome?.by === "ana", 30_000);
  assert.ok(!(await written()).includes(current), "what was decided is in a file");
});

test("at the next start the token has to be typed again", async () => {
  await app.close();
  app = await openApp(home);
  await app.page.until("the way back in", () => document.querySelector("input[type=password], .elsewhere button") !== null);
  assert.equal(await app.page.run(ready, null), null);
});
