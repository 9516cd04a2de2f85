import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { after, before, test } from "node:test";
import { findHub, program, until } from "../browser/hub.mjs";
import { makeHome, openApp, ready, said } from "./app.mjs";

/** The window over another process's hub on the same database, which is started again under it. */

let home, hub, port, app;

before(async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  ({ port } = server.address());
  await new Promise((closed) => server.close(closed));
  home = await makeHome();
  hub = await start("--demo");
  app = await openApp(home);
});

after(async () => {
  await app?.close();
  await hub?.stop();
  await home?.remove();
});

/** Always at the same address, as a service is. */
async function start(...options) {
  const child = spawn(
    program("countersign"),
    ["hub", "--listen", `127.0.0.1:${port}`, "--database", `sqlite://${home.database}`, ...options],
    { env: home.env, stdio: ["ignore", "pipe", "inherit"] },
  );
  await once(child.stdout.setEncoding("utf8"), "data");
  const found = await findHub(home.database);
  return Object.assign(found, {
    stop: async () => {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  });
}

test("a hub that is started again leaves the window where it was, and what is decided then arrives", async () => {
  const { page } = app;
  let current = await page.until("a draft", ready, null);
  for (let round = 0; round < 2; round++) {
    const before = hub.token;
    await hub.stop();
    // While there is none, the window decides on.
    await page.press("a");
    const decided = current;
    current = await page.until("the next draft", ready, decided);
    hub = await start();
    assert.notEqual(hub.token, before);
    await until("the verdict at the hub", async () => (await hub.draft(decided)).outcome?.action === "approve", 40_000);
    assert.equal(await page.run(said, "Sign in"), false);
    current = await page.until("a draft that may be decided on", ready, decided);
  }
  await page.press("a");
  await until("the last verdict", async () => (await hub.draft(current)).outcome?.action === "approve", 40_000);
});
