import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessibleInBoth } from "./accessible.mjs";
import { go, launch, openConsole, READY, ready, screenshot } from "./browser.mjs";
import { startHub, until } from "./hub.mjs";
import { stage } from "./packs.mjs";

/** The console for those who hear it, need it larger, read from right to left, or want nothing to move. */

const SCREENS = [
  "review", "rollout", "cases", "activity", "activity/deliveries",
  "settings/packs", "settings/sources", "settings/access", "settings/connection", "settings/appearance", "settings/keys",
];

const ARABIC = {
  external_id: "تذكرة-1043",
  thread: [{ role: "customer", name: "سارة خليل", text: "لماذا الفاتورة 1043 أعلى من المعتاد؟" }],
  draft: { text: "مرحبا سارة، الفاتورة 1043 تبلغ 84.00 EUR." },
  metadata: { subject: "استفسار عن الفاتورة 1043", customer: "سارة خليل" },
};

let served, hub, browser, arabic, workflow;

before(async () => {
  served = await startHub("--demo");
  hub = served.hub;
  browser = await launch();
  [{ id: workflow }] = (await hub.call("GET", "/v1/workflows")).workflows;
  arabic = await stage(hub, workflow, ARABIC);
  const source = { id: "kb/arabic", title: "الفواتير والمدفوعات", text: "الفاتورة 1043", access: ["public"] };
  await hub.call("POST", "/v1/sources", JSON.stringify(source), "application/x-ndjson");
  await hub.call("POST", "/v1/tokens", { name: "سارة خليل", grants: [{ role: "reviewer" }], routes: [] });
});

after(async () => {
  await browser?.close();
  await served?.stop();
});

/** What a live region of the page says at this moment. */
const spoken = (page) =>
  page.evaluate(() => [...document.querySelectorAll("[role=status], [aria-live=polite]")].map((one) => one.textContent).join("\n"));

/** Waits until it is said. */
function hears(page, what) {
  return until(`"${what}" to be said`, async () => what.test(await spoken(page)), 10_000);
}

describe("what is said", () => {
  let desk, page;

  before(async () => {
    desk = await openConsole(browser, served.console);
    page = desk.page;
  });

  after(() => desk?.close());

  test("the draft that came, what became of the one before, and the one after", async () => {
    const first = await ready(page);
    const name = async (id) => (await hub.draft(id)).external_id.replace(/^ticket-/, "");
    await hears(page, new RegExp(`Ticket ${await name(first)}: `));
    await page.keyboard.press("a");
    const next = await ready(page, first);
    await hears(page, new RegExp(`${await name(first)} approved\\. Ticket ${await name(next)}: `));
  });

  test("how many drafts a search found", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("invoice");
    await hears(page, /\d+ drafts? found\./);
    await page.keyboard.press("Escape");
  });

  test("how many cases a search and a filter found", async () => {
    await go(page, "cases");
    await page.locator("main [role=row] >> nth=1").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("invoice");
    await page.keyboard.press("Enter");
    await hears(page, /\d+ cases? found\./);
    await page.getByLabel("Outcome").first().selectOption({ index: 1 });
    await hears(page, /\d+ cases? found\./);
  });

  test("how many sources a search found", async () => {
    await come(page, "settings/sources");
    await page.locator(".settings-search").waitFor();
    await page.keyboard.press("/");
    await page.locator("input:focus").waitFor();
    await page.keyboard.type("refund");
    await hears(page, /\d+ of \d+/);
  });
});

describe("at 200%", () => {
  for (const screen of SCREENS) {
    test(`${screen}: nothing is cut off sideways, and everything can be reached`, async () => {
      const { page, trouble, close } = await openConsole(browser, served.console, {
        viewport: { width: 640, height: 400 },
        reducedMotion: "reduce",
      });
      await come(page, screen);
      await screenshot(page, `at-200-${screen.replace("/", "-")}`);
      assert.deepEqual(await cut(page), []);
      assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
      assert.deepEqual(trouble, []);
      await close();
    });
  }
});

/** Where a screen shows text of ours from right to left, and how to come there. */
const ARABIC_AT = {
  review: () => `review/${arabic}`,
  rollout: () => "rollout",
  cases: () => "cases",
  activity: () => "activity",
  "settings/sources": () => "settings/sources",
  "settings/access": () => "settings/access",
};

test("from right to left: what came in Arabic stands from right to left, on every screen", async () => {
  const { lease, draft } = await hub.call("POST", "/v1/queue/lease", { draft_id: arabic });
  const { reasons } = await hub.workflow(workflow);
  await hub.call("POST", `/v1/drafts/${arabic}/verdicts`, {
    verdict_id: crypto.randomUUID(), lease_id: lease.id, fence: lease.fence, content_hash: draft.content_hash,
    action: "escalate", reasons: [reasons[0].code], comment: "تحتاج إلى شخص", seconds: 9,
  });
  const { page, trouble, close } = await openConsole(browser, served.console, { reducedMotion: "reduce" });
  for (const [screen, place] of Object.entries(ARABIC_AT)) {
    await come(page, screen, place());
    if (screen === "activity") continue;
    await page.getByText(/[\u0600-\u06ff]{3}/).filter({ visible: true }).first().waitFor();
    const wrong = await page.evaluate(() => {
      const arabic = /^[^\p{L}]*[\u0600-\u06ff]/u;
      const walker = document.createTreeWalker(document.querySelector("#root"), NodeFilter.SHOW_TEXT);
      const found = [];
      while (walker.nextNode()) {
        const { parentElement, textContent } = walker.currentNode;
        if (!arabic.test(textContent) || !parentElement.checkVisibility() || parentElement.closest("option, .unseen")) continue;
        // Its own direction, or that of what isolates it: never the line's around it.
        const isolated = parentElement.closest("[dir], bdi, [data-prose]");
        if (!isolated || isolated.matches("html")) found.push(parentElement.outerHTML.slice(0, 160));
      }
      return found;
    });
    assert.deepEqual(wrong, [], screen);
    await accessibleInBoth(page, `rtl-${screen.replace("/", "-")}`);
  }
  assert.deepEqual(trouble, []);
  await close();
});

test("with less motion nothing moves: no animation, no transition, not even on the button that is held", async () => {
  for (const [reducedMotion, moves] of [["no-preference", true], ["reduce", false]]) {
    const { page, close } = await openConsole(browser, served.console, { reducedMotion });
    await ready(page);
    await page.keyboard.press("Control+Shift+K");
    const hold = page.getByRole("button", { name: "Hold to kill" });
    const box = await hold.boundingBox();
    await page.mouse.move(box.x + 5, box.y + 5);
    await page.mouse.down();
    await page.locator(".hold-button.holding").waitFor();
    const duration = await hold.evaluate((button) => getComputedStyle(button, "::before").transitionDuration);
    assert.equal(duration !== "0s", moves, `${reducedMotion}: ${duration}`);
    if (!moves) {
      const moving = await page.evaluate(() => document.getAnimations().map((one) => one.effect?.target?.className));
      assert.deepEqual(moving, []);
    }
    await page.mouse.move(0, 0);
    await page.mouse.up();
    await close();
  }
});

for (const [contract, says] of [[99, "This hub is newer than this console can speak to."], [0, "This hub is older than this console can speak to."]]) {
  test(`a hub that speaks contract ${contract} is told of on every screen, and blocks none`, async () => {
    const { page, trouble, close } = await openConsole(browser, served.console, {
      prepare: (page) =>
        page.route("**/v1/me", async (route) => {
          const response = await route.fetch();
          const me = await response.json();
          await route.fulfill({ response, json: { ...me, hub: { ...me.hub, contract } } });
        }),
    });
    await ready(page);
    for (const screen of ["review", "rollout", "cases", "activity", "settings/connection"]) {
      await come(page, screen);
      await page.locator(".frame-says", { hasText: says }).waitFor();
    }
    await accessibleInBoth(page, `contract-${contract}`);
    await go(page, "review");
    const id = await ready(page);
    await page.keyboard.press("a");
    await ready(page, id);
    assert.deepEqual(trouble, []);
    await close();
  });
}

/** Goes to a screen, and waits until it has what it shows. */
async function come(page, screen, place = screen) {
  await page.locator("nav [aria-current=page]").first().waitFor();
  await go(page, place);
  await page.locator(`nav.rail a[aria-current=page][href='#/${screen.split("/")[0]}']`).waitFor();
  if (place === "review") await page.locator(READY).waitFor();
  await page.locator("main:visible").first().waitFor();
  await until("what is fetched", async () => (await page.getByText(/^(Fetching|Opening|Looking)/).filter({ visible: true }).count()) === 0);
}

/** Whatever has something to press or to read in it and is neither within the window nor within what scrolls. */
function cut(page) {
  return page.evaluate(() => {
    const scrolls = (element) => {
      for (let up = element.parentElement; up; up = up.parentElement) {
        if (/auto|scroll/.test(getComputedStyle(up).overflowX) && up.scrollWidth > up.clientWidth) return true;
      }
      return false;
    };
    const shown = (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest("[inert], .unseen");
    return [...document.querySelectorAll("button, input, select, textarea, a, h1, h2, dd, p, .foot, .top")]
      .filter(shown)
      .filter((element) => {
        const { left, right, width } = element.getBoundingClientRect();
        return width > 0 && (left < -1 || right > innerWidth + 1) && !scrolls(element);
      })
      .map((element) => element.outerHTML.slice(0, 120));
  });
}
