import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessibleInBoth } from "./accessible.mjs";
import { go, launch, openConsole } from "./browser.mjs";
import { startHub, until } from "./hub.mjs";

/** Every screen in each state it can be in beside the full one, which its own story looks at: what is said, and axe. */

const SCREENS = ["review", "rollout", "cases", "activity", "activity/deliveries", "settings/packs", "settings/sources", "settings/access"];

let browser;

before(async () => {
  browser = await launch();
});

after(() => browser?.close());

/** The answers that a console can't begin without. */
const NEEDED = /\/v1\/(me|events|seen)\b/;

function answers(page, how) {
  return page.route(/\/v1\//, (route) => (NEEDED.test(route.request().url()) ? route.fallback() : how(route)));
}

/** Goes to a screen by its address, with nothing kept from the one before. */
async function come(page, screen) {
  await page.locator("nav [aria-current=page]").first().waitFor();
  await go(page, screen);
  await page.locator(`nav.rail a[aria-current=page][href='#/${screen.split("/")[0]}']`).waitFor();
  await page.locator("main:visible").first().waitFor();
}

const settled = (page) =>
  until("what is fetched", async () => (await page.getByText(/^(Fetching|Opening|Looking)/).filter({ visible: true }).count()) === 0);

/** A state: how its hub is started, what stands in the console's way, and what each screen must say in it. */
function state(name, { demo = true, start, prepare, says, meanwhile, calm = settled }) {
  describe(name, () => {
    let served, desk;

    before(async () => {
      served = await startHub(...(demo ? ["--demo"] : []));
      await start?.(served);
      desk = await openConsole(browser, served.console, { prepare, reducedMotion: "reduce" });
      await meanwhile?.(desk.page, served);
    });

    after(async () => {
      await desk?.close();
      await served?.stop();
    });

    for (const screen of SCREENS) {
      test(screen, async () => {
        await come(desk.page, screen);
        await desk.page.getByText(says[screen] ?? says.all).filter({ visible: true }).first().waitFor();
        await calm(desk.page);
        await accessibleInBoth(desk.page, `${name}-${screen.replace("/", "-")}`);
      });
    }
  });
}

state("empty", {
  demo: false,
  says: {
    review: /No workflow yet/, rollout: /No workflow yet/, cases: /No case yet/, activity: /Intact.*\d entr/,
    "activity/deliveries": /Nothing has been sent yet/, "settings/packs": /No workflow yet/,
    "settings/sources": /No source yet/, "settings/access": /No token yet/,
  },
});
state("loading", {
  prepare: (page) => answers(page, () => {}),
  says: { review: /Looking for the next draft/, rollout: /Opening the workflow/, cases: /Fetching the cases/, activity: /Following the chain/, all: /Fetching…/ },
  calm: () => {},
});
const error = { code: "internal", message: "the hub met a fault of its own", trace_id: "0" };
state("error", {
  prepare: (page) => answers(page, (route) => route.fulfill({ status: 500, json: { error } })),
  says: { all: /The hub met a fault of its own/ },
  // What is fetched is tried again, for as long as it takes.
  calm: () => {},
});
state("killed", {
  start: async ({ hub }) => {
    for (const { id, killed } of (await hub.call("GET", "/v1/workflows")).workflows) {
      if (!killed) await hub.call("POST", `/v1/workflows/${id}/kill`, { reason: "wrong refunds" });
    }
  },
  // Elsewhere a kill stops nothing: there is what there was.
  says: {
    review: /killed/, rollout: /Killed by owner/, cases: /Support first reply/, activity: /killed a workflow/,
    "activity/deliveries": /held back|delivered/, "settings/packs": /Versions/, "settings/sources": /kb\/annual-plans/,
    "settings/access": /No token yet/,
  },
});
state("offline", {
  meanwhile: async (page, served) => {
    for (const screen of SCREENS) await come(page, screen).then(() => settled(page));
    await served.stop();
  },
  says: { all: /hub unreachable, trying again/ },
  calm: () => {},
});
