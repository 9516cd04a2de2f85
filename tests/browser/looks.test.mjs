import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { launch, openConsole, READY } from "./browser.mjs";
import { RESULTS, startHub, until } from "./hub.mjs";

/**
 * What every screen looks like, in both themes at two sizes, against pictures that somebody has looked at. The hub's
 * answers are those that were recorded with the pictures, and it is the same moment again. `LOOKS=record` records both
 * anew, from the demo.
 */

const KEPT = join(import.meta.dirname, "looks");
const RECORD = process.env.LOOKS === "record";
const SIZES = [[1280, 800], [1920, 1080]];
/** The part of a picture that may differ: text is drawn a little differently by another release of the browser. */
const MAY_DIFFER = 0.002;

const SCREENS = {
  review: { at: (page) => page.locator(READY).waitFor() },
  rollout: { at: (page) => page.getByRole("heading", { name: /^Gate/ }).waitFor() },
  cases: { at: (page) => page.locator("main [role=row] >> nth=3").waitFor() },
  activity: { at: (page) => page.locator(".seal-state.ok").waitFor() },
  settings: { at: (page) => page.locator("main:visible h2").first().waitFor() },
};

let served, browser, kept;

before(async () => {
  served = await startHub(...(RECORD ? ["--demo"] : []));
  browser = await launch();
  kept = RECORD ? { now: new Date().toISOString(), answers: {} } : JSON.parse(await readFile(join(KEPT, "answers.json")));
  await mkdir(KEPT, { recursive: true });
});

after(async () => {
  await browser?.close();
  await served?.stop();
  if (RECORD) await writeFile(join(KEPT, "answers.json"), `${JSON.stringify(kept, null, 1)}\n`);
});

const keyOf = (request) => {
  const { pathname, search } = new URL(request.url());
  return `${request.method()} ${pathname}${search}`;
};

/** Answers as it was recorded, or records how the hub answers; the first answer counts. */
async function answer(route) {
  const key = keyOf(route.request());
  if (/\/v1\/(events|seen)/.test(key)) return route.fallback();
  if (RECORD && !kept.answers[key]) {
    const response = await route.fetch();
    kept.answers[key] = { status: response.status(), body: await response.text() };
  }
  const { status, body } = kept.answers[key] ?? { status: 404, body: `{"error":{"code":"not_found","message":"not recorded: ${key}"}}` };
  await route.fulfill({ status, body, headers: { "content-type": "application/json", date: new Date(kept.now).toUTCString() } });
}

for (const [width, height] of SIZES) {
  for (const colorScheme of ["light", "dark"]) {
    describe(`${width}×${height}, ${colorScheme}`, () => {
      let desk, page;

      before(async () => {
        desk = await openConsole(browser, served.console, {
          viewport: { width, height },
          colorScheme,
          reducedMotion: "reduce",
          prepare: async (page) => {
            await page.clock.setFixedTime(kept.now);
            await page.route(/\/v1\//, answer);
          },
        });
        page = desk.page;
      });

      after(() => desk?.close());

      for (const [i, [screen, { at }]] of Object.entries(SCREENS).entries()) {
        test(screen, async () => {
          await page.locator("nav [aria-current=page]").first().waitFor();
          await page.keyboard.press(`Control+${i + 1}`);
          await at(page);
          await same(page, `${screen}-${colorScheme}-${width}`);
        });
      }
    });
  }
}

/** The page looks like its picture, as soon as everything has arrived. What doesn't match is kept to be looked at. */
async function same(page, name) {
  const file = join(KEPT, `${name}.png`);
  const look = async () => {
    await page.evaluate(() => document.fonts.ready);
    return page.screenshot({ animations: "disabled", caret: "hide" });
  };
  if (RECORD) {
    let last;
    await until("a page that stands still", async () => {
      const now = await look();
      const still = last?.equals(now);
      last = now;
      return still;
    });
    await writeFile(file, last);
    return;
  }
  const wanted = PNG.sync.read(await readFile(file));
  const { width, height } = wanted;
  const difference = new PNG({ width, height });
  let found, share;
  const matches = async () => {
    found = PNG.sync.read(await look());
    assert.deepEqual([found.width, found.height], [width, height]);
    share = pixelmatch(wanted.data, found.data, difference.data, width, height, { threshold: 0.15 }) / (width * height);
    return share <= MAY_DIFFER;
  };
  await until("the page to look like its picture", matches, 8_000).catch(async () => {
    await mkdir(RESULTS, { recursive: true });
    await writeFile(join(RESULTS, `looks-${name}.png`), PNG.sync.write(found));
    await writeFile(join(RESULTS, `looks-${name}-difference.png`), PNG.sync.write(difference));
    assert.fail(`${name}: ${(share * 100).toFixed(2)}% of it differs; see test-results/looks-${name}-difference.png`);
  });
}
