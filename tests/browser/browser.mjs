import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { RESULTS, startHub } from "./hub.mjs";

/** Debian's Chromium. As root it has no sandbox of its own. */
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-networking", "--disable-component-update"],
  });
}

/** A hub and a browser for all tests of a file; `begin` is given them before the first, and they end after the last. */
export function world(begin, ...options) {
  let served, browser;
  before(async () => {
    served = await startHub(...options);
    browser = await launch();
    await begin({ served, hub: served.hub, browser });
  });
  after(async () => {
    await browser?.close();
    await served?.stop();
  });
}

export const READY = "[data-testid=draft][data-ready=true]";

/**
 * The console in a window of its own; `trouble` collects what must never happen in it. `prepare` gets the page before
 * anything is loaded.
 */
export async function openConsole(browser, address, { prepare, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const { origin } = new URL(address);
  const trouble = [];
  page.on("dialog", (dialog) => {
    trouble.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("popup", (popup) => trouble.push(`popup: ${popup.url()}`));
  page.on("download", (download) => trouble.push(`download: ${download.url()}`));
  page.on("pageerror", (error) => trouble.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== "data:" && url.protocol !== "blob:") trouble.push(`request: ${url}`);
  });
  await prepare?.(page);
  await page.goto(address);
  return { page, trouble, close: () => context.close() };
}

/** The id of the draft that is on screen and may be decided on; `not` waits for another one. */
export async function ready(page, not) {
  const wanted = not ? `${READY}:not([data-draft-id="${not}"])` : READY;
  return page.locator(wanted).getAttribute("data-draft-id");
}

export async function screenshot(page, name) {
  await mkdir(RESULTS, { recursive: true });
  await page.screenshot({ path: join(RESULTS, `browser-${name}.png`) });
}

/** Goes to a place in the console as a link would: `go(page, "cases")`. */
export function go(page, place) {
  return page.evaluate((to) => {
    location.hash = `#/${to}`;
  }, place);
}

/**
 * Everything that a browser asked for before it painted the first draft: each path, and how many bytes its body took on
 * the wire. What is the console's own apart from data; letters beyond English are fetched for a name that has them, and
 * count as data.
 */
export async function firstLoad(page) {
  await ready(page);
  const fetched = await page.evaluate(() => {
    const [{ startTime: painted }] = performance.getEntriesByName("first-draft");
    return [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
      .filter(({ startTime }) => startTime < painted)
      .map(({ name, encodedBodySize }) => ({ path: new URL(name).pathname, bytes: encodedBodySize }));
  });
  const isData = ({ path }) => path.startsWith("/v1/") || /-(latin-ext|cyrillic|greek)-.*\.woff2$/.test(path);
  return { own: fetched.filter((one) => !isData(one)), data: fetched.filter(isData) };
}

export const bytesOf = (fetched) => fetched.reduce((total, { bytes }) => total + bytes, 0);
