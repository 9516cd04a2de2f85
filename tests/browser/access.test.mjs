import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { AxeBuilder } from "@axe-core/playwright";
import { launch, openConsole, ready, screenshot } from "./browser.mjs";
import { startHub } from "./hub.mjs";

/** Every state of the review screen in both themes, as axe sees it: nothing serious, nothing critical. */

let browser, demo, bare;

before(async () => {
  browser = await launch();
  demo = await startHub("--demo");
  bare = await startHub();
});

after(async () => {
  await browser?.close();
  await Promise.all([demo?.stop(), bare?.stop()]);
});

/** Each state: how to come into it, and how to leave it. */
const STATES = {
  list: [async () => {}, async () => {}],
  editing: [
    async (page) => {
      await page.keyboard.press("e");
      await page.locator("[data-testid=editor] :focus").waitFor();
      await page.keyboard.type(" We refunded it on Monday.");
      await page.locator("[data-testid=grade-chips] [aria-checked=true]").waitFor();
    },
    async (page) => {
      await page.keyboard.press("Escape");
      await page.locator("[data-testid=editor]").waitFor({ state: "detached" });
    },
  ],
  escalate: opens("x"),
  kill: opens("Control+Shift+K"),
  keys: opens("?"),
  palette: opens("Control+k"),
  filters: opens("f"),
  guidelines: [
    async (page) => {
      await page.keyboard.press("g");
      // The draft that waits unseen beside the window has its panel too, inert.
      await page.locator("aside[aria-label=Guidelines]:not([inert])").waitFor();
    },
    (page) => page.keyboard.press("g"),
  ],
};

function opens(key) {
  return [
    async (page) => {
      await page.keyboard.press(key);
      await page.locator("[role=dialog]").waitFor();
    },
    async (page) => {
      await page.keyboard.press("Escape");
      await page.locator("[role=dialog]").waitFor({ state: "detached" });
    },
  ];
}

for (const colorScheme of ["light", "dark"]) {
  describe(colorScheme, () => {
    const looks = { colorScheme, reducedMotion: "reduce" };
    let desk;

    before(async () => {
      desk = await openConsole(browser, demo.console, looks);
      await ready(desk.page);
    });

    after(() => desk?.close());

    for (const [name, [enter, leave]] of Object.entries(STATES)) {
      test(name, async () => {
        await enter(desk.page);
        try {
          await check(desk, `${name}-${colorScheme}`);
        } finally {
          await leave(desk.page);
        }
      });
    }

    test("empty", async () => {
      const empty = await openConsole(browser, bare.console, looks);
      await empty.page.getByText("No workflow yet").waitFor();
      await check(empty, `empty-${colorScheme}`);
      await empty.close();
    });

    test("signed out", async () => {
      const stranger = await openConsole(browser, demo.hub.url, looks);
      await stranger.page.locator("input").waitFor();
      await check(stranger, `signin-${colorScheme}`);
      await stranger.close();
    });
  });
}

async function check({ page, trouble }, name) {
  await screenshot(page, name);
  const { violations } = await new AxeBuilder({ page }).analyze();
  const grave = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(", ")}`);
  assert.deepEqual(grave, []);
  assert.deepEqual(trouble, []);
}
