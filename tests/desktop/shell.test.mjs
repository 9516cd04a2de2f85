import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { test } from "node:test";
import { program } from "../browser/hub.mjs";
import { makeHome, openApp } from "./app.mjs";

/** What the window must never do, tried from inside it. */

const painted = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));

test("the window leads nowhere but to its own console", async (t) => {
  const reached = [];
  const elsewhere = createServer((request, response) => {
    reached.push(request.url);
    response.setHeader("access-control-allow-origin", "*").end("<title>elsewhere</title>");
  }).listen(0, "127.0.0.1");
  await once(elsewhere, "listening");
  const url = `http://127.0.0.1:${elsewhere.address().port}`;
  const home = await makeHome();
  const { page, close } = await openApp(home);
  t.after(async () => {
    await close();
    await home.remove();
    elsewhere.close();
  });
  await page.until("the console", () => document.querySelector("[data-testid=empty]"));
  const place = await page.run(() => location.href);

  await t.test("a navigation is refused", async () => {
    await page.run((to) => location.assign(`${to}/navigation`), url);
    await page.run((to) => {
      const link = Object.assign(document.createElement("a"), { href: `${to}/link` });
      document.body.append(link);
      link.click();
      link.remove();
    }, url);
    await page.runAsync(painted);
    assert.equal(await page.run(() => location.href), place);
  });

  await t.test("a new window is refused", async () => {
    assert.equal(await page.run((to) => window.open(`${to}/window`), url), null);
  });

  await t.test("nothing is fetched, framed or shown from elsewhere", async () => {
    assert.match(await page.runAsync((to) => fetch(`${to}/fetch`).then(() => "fetched"), url), /TypeError/);
    await page.runAsync(async (to) => {
      const broken = (tag, attributes) =>
        new Promise((done) => {
          const element = Object.assign(document.createElement(tag), attributes, { onload: done, onerror: done });
          document.body.append(element);
          addEventListener("securitypolicyviolation", done, { once: true });
        });
      await broken("img", { src: `${to}/image` });
      await broken("script", { src: `${to}/script` });
      await broken("iframe", { src: `${to}/frame` });
    }, url);
  });

  await t.test("the page can do what the console needs and nothing else", async () => {
    const invoke = (name, args) => window.__TAURI_INTERNALS__.invoke(name, args).then((answer) => JSON.stringify(answer));
    const request = { method: "GET", path: "/v1/me", headers: { authorization: "Bearer of-somebody-else" }, body: null };
    const ask = async (path) => JSON.parse(await page.runAsync(invoke, "hub_request", { request: { ...request, path } }));
    assert.equal(await page.run(() => typeof window.__TAURI__), "undefined");
    assert.match(await page.runAsync(invoke, "plugin:app|version", {}), /not allowed/);
    assert.match(await page.runAsync(invoke, "plugin:window|close", { label: "main" }), /not allowed/);
    assert.equal(JSON.parse((await ask("/v1/me")).body).owner, true);
    for (const path of ["/metrics", "/v1/../metrics", `${url}/v1/me`]) assert.equal((await ask(path)).status, 400, path);
  });

  await t.test("a second start ends and leaves the first its window", async () => {
    const second = spawn(program("countersign-desktop"), { env: home.env, stdio: "ignore" });
    const limit = setTimeout(() => second.kill("SIGKILL"), 20_000);
    const [code] = await once(second, "exit");
    clearTimeout(limit);
    assert.equal(code, 0);
    assert.equal(await page.run(() => location.href), place);
  });

  assert.deepEqual(reached, []);
});

test("a database that can't be opened is said in the window", async (t) => {
  const home = await makeHome();
  await writeFile(home.database, "this is not a database ".repeat(100));
  const { page, close } = await openApp(home);
  t.after(async () => {
    await close();
    await home.remove();
  });
  const said = await page.until("the reason", () => /.*not a database.*/.exec(document.body.innerText)?.[0]);
  assert.ok(said);
});
