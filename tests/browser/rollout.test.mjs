import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { accessible } from "./accessible.mjs";
import { launch, openConsole } from "./browser.mjs";
import { startHub, until } from "./hub.mjs";

/** Where a workflow stands, by keyboard alone: what the screen says is what the hub's records say. */

let served, hub, browser, desk, page, workflows;

before(async () => {
  served = await startHub("--demo");
  hub = served.hub;
  browser = await launch();
  desk = await openConsole(browser, served.console);
  page = desk.page;
  ({ workflows } = await hub.call("GET", "/v1/workflows"));
});

after(async () => {
  await browser?.close();
  await served?.stop();
});

test("Ctrl+2 opens the first workflow, its drafts counted as the hub counts them", async () => {
  await page.locator("nav [aria-current=page]").waitFor();
  await page.keyboard.press("Control+2");
  const { id, name, dri } = workflows[0];
  await shows(id);
  await page.locator(".screen-bar").getByText(name).first().waitFor();
  await page.locator(".screen-bar").getByText(dri).waitFor();
  await until("the same counts here and there", async () => {
    const { drafts } = await hub.workflow(id);
    const all = Object.values(drafts).reduce((sum, n) => sum + n, 0);
    const shown = await page.locator("table[aria-label=Drafts] tfoot td").textContent();
    return Number(shown.replace(/\D/g, "")) === all;
  });
});

test("each open escalation is there, and leads to its draft in Review", async () => {
  const { id, escalations_open } = workflows[0];
  const { escalations } = await hub.call("GET", `/v1/escalations?workflow=${id}&state=open&limit=20`);
  assert.equal(escalations.length, Math.min(20, escalations_open));
  for (const { draft_id, subject } of escalations) {
    await page.locator(`.rollout-list a[href="#/review/${draft_id}"]`, { hasText: subject }).waitFor();
  }
});

test("the outcomes of the hub's days are in the table, T shows it, the arrows read a day out", async () => {
  const { days } = await hub.call("GET", `/v1/workflows/${workflows[0].id}/history?days=28`);
  const all = days.flatMap(({ outcomes }) => Object.values(outcomes)).reduce((sum, n) => sum + n, 0);
  assert.ok(all > 0, "the demo has outcomes");
  await page.keyboard.press("ArrowLeft");
  await page.locator(".mix-readout", { hasText: /: / }).waitFor();
  await page.keyboard.press("t");
  const rows = page.locator(".mix-table tbody tr");
  await rows.first().waitFor();
  const sums = await rows.locator("td:last-child").allTextContents();
  assert.equal(sums.reduce((sum, text) => sum + Number(text.replace(/\D/g, "")), 0), all);
  await page.keyboard.press("t");
  await page.locator(".mix-chart").waitFor();
});

test("J goes to the next workflow, K back; a killed one says who stopped it and why", async () => {
  const killed = workflows.findIndex((one) => one.killed);
  assert.ok(killed > 0, "the demo has a killed workflow");
  for (let i = 1; i <= killed; i++) {
    await page.keyboard.press("j");
    await shows(workflows[i].id);
  }
  const { killed_by, killed_reason } = workflows[killed];
  await page.locator(".rollout-killed", { hasText: killed_reason }).getByText(killed_by).waitFor();
  for (let i = killed - 1; i >= 0; i--) {
    await page.keyboard.press("k");
    await shows(workflows[i].id);
  }
});

test("Ctrl+Shift+K kills it; the timeline has the measured time and how many froze", async () => {
  const { id } = workflows[0];
  await act("Refund amounts are wrong", id, /Effective in .* ms/);
  const { killed, killed_reason } = await hub.workflow(id);
  assert.deepEqual([killed, killed_reason], [true, "Refund amounts are wrong"]);
  await page.locator(".rollout-killed", { hasText: "Refund amounts are wrong" }).waitFor();
  const [last] = (await hub.call("GET", `/v1/workflows/${id}/history?days=28`)).transitions;
  assert.deepEqual([last.kind, last.reason], ["killed", "Refund amounts are wrong"]);
  assert.equal(typeof last.effect_ms, "number");
  const told = page.locator(".happened li", { hasText: "Refund amounts are wrong" }).first();
  await told.getByText(/in force after [\d.,]+ ms/).waitFor();
  await told.getByText(`${last.frozen} draft`).waitFor();
});

test("the same keys resume it, at internal", async () => {
  const { id } = workflows[0];
  await act("The article is corrected", id, /Running again at internal/);
  assert.equal((await hub.workflow(id)).killed, false);
  await page.locator(".rollout-killed").waitFor({ state: "detached" });
  await page.locator(".track [aria-current=step]", { hasText: "internal" }).waitFor();
});

test("what is undeliverable leads to Activity, narrowed to it", async () => {
  const { id } = workflows[0];
  const link = page.locator(`a[href="#/activity/deliveries?state=undeliverable&workflow=${id}"]`);
  await link.focus();
  await page.keyboard.press("Enter");
  await page.locator("[role=treegrid][aria-label^=Deliveries]").waitFor();
  await page.locator("[role=row] .mark", { hasText: "undeliverable" }).first().waitFor();
  await page.goBack();
  await shows(id);
});

test("a workflow that isn't there is said plainly", async () => {
  await page.evaluate(() => {
    location.hash = "#/rollout/no-such-workflow";
  });
  await page.getByText("There is no workflow “no-such-workflow” here").waitFor();
});

test("nothing went wrong on the way", () => assert.deepEqual(desk.trouble, []));

for (const colorScheme of ["light", "dark"]) {
  describe(`accessible, ${colorScheme}`, () => {
    let seen;

    before(async () => {
      seen = await openConsole(browser, served.console, { colorScheme, reducedMotion: "reduce" });
      await seen.page.locator("nav [aria-current=page]").waitFor();
    });

    after(() => seen?.close());

    const at = async (id) => {
      await seen.page.evaluate((to) => {
        location.hash = `#/rollout/${to}`;
      }, id);
      await seen.page.locator(`main[data-workflow="${id}"] .track`).waitFor();
    };

    test("a running one", async () => {
      await at(workflows[0].id);
      await seen.page.locator(".mix-chart").waitFor();
      await accessible(seen.page, `rollout-${colorScheme}`);
    });

    test("its outcomes as a table", async () => {
      await seen.page.keyboard.press("t");
      await seen.page.locator(".mix-table").waitFor();
      await accessible(seen.page, `rollout-table-${colorScheme}`);
    });

    test("the way to stop it", async () => {
      await seen.page.keyboard.press("Control+Shift+K");
      await seen.page.locator("[role=dialog]").waitFor();
      await accessible(seen.page, `rollout-kill-${colorScheme}`);
      await seen.page.keyboard.press("Escape");
      await seen.page.locator("[role=dialog]").waitFor({ state: "detached" });
    });

    test("a killed one", async () => {
      await at(workflows.find((one) => one.killed).id);
      await seen.page.locator(".rollout-killed").waitFor();
      await accessible(seen.page, `rollout-killed-${colorScheme}`);
      assert.deepEqual(seen.trouble, []);
    });
  });
}

function shows(id) {
  return page.locator(`main[data-workflow="${id}"]`).waitFor();
}

/** Opens the dialog, says why, types the id, waits for what came of it, and closes it by Enter. */
async function act(why, id, result) {
  await page.keyboard.press("Control+Shift+K");
  await page.locator("[role=dialog] input:focus").waitFor();
  await page.keyboard.type(why);
  await page.keyboard.press("Tab");
  await page.keyboard.type(id);
  await page.keyboard.press("Enter");
  const dialog = page.locator("[role=dialog]");
  await dialog.locator("[role=status]", { hasText: result }).waitFor();
  // The screen behind has what came of it by now, and the dialog still says what it was asked about.
  await page.locator(".rollout-stop", { hasText: /Effective/.test(String(result)) ? "Resume" : "Kill" }).waitFor();
  assert.doesNotMatch(await dialog.innerText(), /NaN|by : \./);
  await dialog.locator("button:focus", { hasText: "Close" }).waitFor();
  await page.keyboard.press("Enter");
  await page.locator("[role=dialog]").waitFor({ state: "detached" });
}
