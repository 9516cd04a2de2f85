import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bytesOf, firstLoad, launch, openConsole, ready } from "./browser.mjs";
import { startHub, until } from "./hub.mjs";

/** What a browser fetches before it shows the first draft, as it comes over the wire. */

const MOST = 350_000;

let served, browser;

before(async () => {
  served = await startHub("--demo");
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await served?.stop();
});

const kindOf = ({ path }) => path.match(/\.(\w+)$/)?.[1] ?? "html";

test(`the first draft is on screen after at most ${MOST / 1000} kB of console`, async () => {
  const { page, close } = await openConsole(browser, served.console);
  const { own, data } = await firstLoad(page);
  const kinds = [...new Set(own.map(kindOf))];
  const parts = kinds.map((kind) => `${kind} ${(bytesOf(own.filter((one) => kindOf(one) === kind)) / 1000).toFixed(1)}`);
  console.log(`first load: ${(bytesOf(own) / 1000).toFixed(1)} kB (${parts.join(", ")}); data ${(bytesOf(data) / 1000).toFixed(1)} kB`);
  assert.ok(own.every(({ bytes }) => bytes > 0), JSON.stringify(own));
  assert.ok(bytesOf(own) <= MOST, JSON.stringify(own, null, 1));
  assert.deepEqual(own.filter(({ path }) => /Editor|Rollout|Cases|Activity|Settings/.test(path)), []);
  await close();
});

test("the editor is fetched after that by itself, so that it is there when it is wanted", async () => {
  const { page, close } = await openConsole(browser, served.console);
  await ready(page);
  await until("the editor's code", () =>
    page.evaluate(() => performance.getEntriesByType("resource").some(({ name }) => /Editor-.*\.js/.test(name))),
  );
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await close();
});

test("a part of the console that can't be fetched is tried again, and takes nothing else down", async () => {
  const { page, trouble, close } = await openConsole(browser, served.console);
  await ready(page);
  await page.route(/Cases-.*\.js/, (route) => route.abort());
  await page.keyboard.press("Control+3");
  await page.locator("nav.rail a[aria-current=page][href='#/cases']").waitFor();
  await page.getByText("Opening the desk…").waitFor();
  await page.unroute(/Cases-.*\.js/);
  await page.getByRole("heading", { name: "Cases" }).waitFor();
  assert.deepEqual(trouble, []);
  await close();
});
