import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible } from "./accessible.mjs";
import { launch, openConsole, READY, ready, screenshot } from "./browser.mjs";
import { startHub } from "./hub.mjs";

/** Every state of the review screen in both themes, as axe sees it: nothing to be changed. */

/** Somebody writes in Arabic, with a number and a name in Latin letters within. */
const ARABIC = {
  external_id: "ticket-rtl",
  revision: "1",
  thread: [{ role: "customer", name: "سارة", text: "السلام عليكم، لماذا الفاتورة 1043 أعلى من المعتاد؟" }],
  draft: {
    text: "مرحبا سارة،\n\nالفاتورة 1043 تبلغ 84.00 EUR.\n\nLumen Desk Support",
    citations: [{ source: "invoices", quote: "الفاتورة 1043" }],
  },
  sources: [{ id: "invoices", title: "الفواتير", text: "الفاتورة 1043 تبلغ 84.00 EUR" }],
  metadata: { subject: "استفسار عن الفاتورة 1043", customer: "سارة خليل" },
};

let browser, demo, bare, arabic;

before(async () => {
  browser = await launch();
  demo = await startHub("--demo");
  bare = await startHub();
  const { workflows } = await demo.hub.call("GET", "/v1/workflows");
  const { results } = await demo.hub.call("POST", `/v1/drafts?workflow=${workflows[0].id}`, ARABIC);
  arabic = results[0].id;
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
  saved: opens("v"),
  ticket: opens("t"),
  day: opens("m"),
  customer: [
    async (page) => {
      await page.keyboard.press("u");
      await page.locator(`aside[aria-label="This customer's other drafts"]:not([inert])`).waitFor();
    },
    (page) => page.keyboard.press("u"),
  ],
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

test("from right to left: the draft, its thread and its editor follow the text", async () => {
  const desk = await openConsole(browser, demo.console, { reducedMotion: "reduce" });
  const { page } = desk;
  await ready(page);
  await show(page, arabic);
  const draft = page.locator("[data-testid=draft]");
  const directions = (selector) =>
    draft.locator(selector).evaluateAll((found) => found.map((one) => getComputedStyle(one).direction));
  assert.deepEqual(await directions("h1"), ["rtl"]);
  assert.deepEqual(await directions(".thread .prose p"), ["rtl"]);
  assert.deepEqual(await directions(".draft-text p"), ["rtl", "rtl", "ltr"]);
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await page.keyboard.press("Control+Home");
  await page.keyboard.press("End");
  await page.keyboard.type(" شكرا");
  const inserted = page.locator("[data-testid=editor] ins");
  await inserted.first().waitFor();
  // Typed at the end of the line, it stands to the left of what was there.
  const [line, ins] = await Promise.all([
    page.locator("[data-testid=editor] .cm-line").first().boundingBox(),
    inserted.first().boundingBox(),
  ]);
  assert.ok(ins.x > line.x && ins.x + ins.width < line.x + line.width - 40, JSON.stringify({ line, ins }));
  await check(desk, "rtl-editing");
  await desk.close();
});

test("at 200%: nothing is cut off sideways, and everything can be reached", async () => {
  const small = { viewport: { width: 640, height: 400 }, reducedMotion: "reduce" };
  const desk = await openConsole(browser, demo.console, small);
  const { page } = desk;
  await ready(page);
  await inside(page, "at-200-list");
  const sources = page.locator(".desk:not(.away) aside.side");
  await sources.scrollIntoViewIfNeeded();
  assert.ok(await sources.isVisible());
  await page.keyboard.press("q");
  await page.locator(".queue").waitFor();
  await inside(page, "at-200-queue");
  await page.keyboard.press("q");
  for (const key of ["x", "f", "v", "t", "m", "?", "Control+k", "Control+Shift+K"]) {
    const [enter, leave] = opens(key);
    await enter(page);
    await inside(page, `at-200-${key}`);
    await leave(page);
  }
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await inside(page, "at-200-editing");
  await check(desk, "at-200-editing");
  await desk.close();
});

test("in German, with the verbs and the landmarks named in it", async () => {
  const desk = await openConsole(browser, demo.console, { locale: "de-DE", reducedMotion: "reduce" });
  await ready(desk.page);
  assert.equal(await desk.page.locator("html").getAttribute("lang"), "de");
  await desk.page.getByRole("button", { name: "Freigeben" }).waitFor();
  await desk.page.getByRole("complementary", { name: "Warteschlange" }).waitFor();
  await check(desk, "german");
  await desk.close();
});

test("an empty hub is one key away from a draft to decide on, with the keys to do it", async () => {
  const desk = await openConsole(browser, bare.console, { reducedMotion: "reduce" });
  await desk.page.getByText("No workflow yet").waitFor();
  await desk.page.keyboard.press("d");
  await ready(desk.page);
  await desk.page.getByRole("complementary", { name: "Your first drafts" }).waitFor();
  await check(desk, "first-draft");
  await desk.page.getByRole("button", { name: "Got it" }).click();
  await desk.page.reload();
  await ready(desk.page);
  assert.equal(await desk.page.getByRole("complementary", { name: "Your first drafts" }).count(), 0);
  await desk.close();
});

/** Opens the draft that the address names. */
async function show(page, id) {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/review/${id}`);
  await page.locator(`${READY}[data-draft-id="${id}"]`).waitFor();
}

/** Whatever has something to press or to read in it is within the window, or within what scrolls. */
async function inside(page, name) {
  await screenshot(page, name);
  const cut = await page.evaluate(() => {
    const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest("[inert], .unseen");
    return [...document.querySelectorAll("button, input, select, textarea, a, h1, h2, dd, .foot, .dialog, .top")]
      .filter(shown)
      .filter((element) => {
        const { left, right, width } = element.getBoundingClientRect();
        return width > 0 && (left < -1 || right > innerWidth + 1);
      })
      .map((element) => element.outerHTML.slice(0, 120));
  });
  assert.deepEqual(cut, []);
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
}

async function check({ page, trouble }, name) {
  await accessible(page, name);
  assert.deepEqual(trouble, []);
}
