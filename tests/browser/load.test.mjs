import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openConsole, ready } from "./browser.mjs";
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

/** Everything that was asked for before the first draft was painted: its name, and how many bytes its body took. */
async function beforeFirstDraft(page) {
  return page.evaluate(() => {
    const [{ startTime: painted }] = performance.getEntriesByName("first-draft");
    return [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
      .filter(({ startTime }) => startTime < painted)
      .map(({ name, encodedBodySize }) => ({ path: new URL(name).pathname, bytes: encodedBodySize }));
  });
}

const kindOf = ({ path }) => path.match(/\.(\w+)$/)?.[1] ?? "html";

test(`the first draft is on screen after at most ${MOST / 1000} kB of console`, async () => {
  const { page, close } = await openConsole(browser, served.console);
  await ready(page);
  const fetched = await beforeFirstDraft(page);
  const [data, own] = [true, false].map((data) => fetched.filter(({ path }) => path.startsWith("/v1/") === data));
  const sum = (some) => some.reduce((total, { bytes }) => total + bytes, 0);
  const kinds = [...new Set(own.map(kindOf))];
  const parts = kinds.map((kind) => `${kind} ${(sum(own.filter((one) => kindOf(one) === kind)) / 1000).toFixed(1)}`);
  console.log(`first load: ${(sum(own) / 1000).toFixed(1)} kB (${parts.join(", ")}); data ${(sum(data) / 1000).toFixed(1)} kB`);
  assert.ok(own.every(({ bytes }) => bytes > 0), JSON.stringify(own));
  assert.ok(sum(own) <= MOST, JSON.stringify(own, null, 1));
  for (const late of [/Editor/, /latin-ext/, /cyrillic/, /Rollout|Cases|Activity|Settings/]) {
    assert.deepEqual(own.filter(({ path }) => late.test(path)), []);
  }
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
  await page.locator("nav a[aria-current=page][href='#/cases']").waitFor();
  await page.getByText("Opening the desk…").waitFor();
  await page.unroute(/Cases-.*\.js/);
  await page.getByRole("heading", { name: "Cases" }).waitFor();
  assert.deepEqual(trouble, []);
  await close();
});
