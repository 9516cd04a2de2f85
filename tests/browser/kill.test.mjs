import assert from "node:assert/strict";
import { test } from "node:test";
import { accessibleInBoth } from "./accessible.mjs";
import { openConsole, ready, screenshot, world } from "./browser.mjs";
import { apply, stage } from "./packs.mjs";

/** A kill takes a deliberate press, and what became of it is never misreported. */

let served, hub, browser;

world((all) => ({ served, hub, browser } = all));

const killed = async (workflow) => (await hub.workflow(workflow)).killed;

/** The kill dialog of a workflow of its own, with the reason said. */
async function killDialog(name, more) {
  const workflow = await apply(hub, name);
  await stage(hub, workflow, { external_id: `ticket-${name}` });
  const { token } = await hub.call("POST", "/v1/tokens", {
    name: `of-${name}`, grants: [{ role: "dri", workflow }, { role: "reviewer", workflow }], routes: [],
  });
  const { page, trouble, close } = await openConsole(browser, `${hub.url}/#token=${token}`, { reducedMotion: "reduce", ...more });
  await ready(page);
  await page.keyboard.press("Control+Shift+K");
  const dialog = page.getByRole("dialog", { name: /^Kill / });
  await dialog.locator("input").first().fill("wrong refunds");
  return { workflow, page, trouble, close, dialog, button: dialog.locator(".hold-button") };
}

test("a right click kills nothing, with the id typed or without, however long it is pressed", async () => {
  const { workflow, page, dialog, button, close } = await killDialog("right-click");
  const press = async () => {
    const { x, y, width, height } = await button.boundingBox();
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down({ button: "right" });
    await longer(page);
    await page.mouse.up({ button: "right" });
  };
  await press();
  await dialog.locator("input").nth(1).fill(workflow);
  await press();
  await page.mouse.move(0, 0);
  assert.equal(await killed(workflow), false);
  assert.equal(await dialog.getByText(/^Effective in/).count(), 0);
  await close();
});

test("a press that is broken off kills nothing; one that is held to its end does, once", async () => {
  const { workflow, page, dialog, button, close } = await killDialog("held");
  const calls = [];
  page.on("request", (request) => request.url().endsWith("/kill") && calls.push(request.url()));
  const { x, y, width, height } = await button.boundingBox();
  await page.mouse.move(x + width / 2, y + height / 2);
  for (const event of ["contextmenu", "pointercancel", "blur"]) {
    await page.mouse.down();
    await page.locator(".hold-button.holding").waitFor();
    await button.dispatchEvent(event);
    await page.locator(".hold-button.holding").waitFor({ state: "detached" });
    await longer(page);
    await page.mouse.up();
  }
  assert.deepEqual([calls.length, await killed(workflow)], [0, false]);
  await page.mouse.down();
  await dialog.getByText(/^Effective in/).waitFor();
  await page.mouse.up();
  assert.deepEqual([calls.length, await killed(workflow)], [1, true]);
  await close();
});

test("a click without a pointer, as a screen reader or a voice makes it, is taken for a press", async () => {
  const { workflow, dialog, button, close } = await killDialog("by-voice");
  await button.evaluate((element) => element.click());
  await dialog.getByText(/^Effective in/).waitFor();
  assert.equal(await killed(workflow), true);
  await close();
});

test("a kill whose answer is lost isn't called failed: it is asked for, and found to be done", async () => {
  const { workflow, page, dialog, trouble, close } = await killDialog("lost-answer");
  let away = false;
  await page.route("**/kill", async (route) => {
    away = true;
    await route.fetch();
    await route.abort();
  });
  await page.route(`**/v1/workflows/${workflow}`, (route) => (away ? route.abort() : route.continue()));
  await dialog.locator("input").nth(1).fill(workflow);
  await dialog.locator("input").nth(1).press("Enter");
  await dialog.getByText("isn't known yet whether it was done").waitFor();
  assert.equal(await dialog.getByText(/nothing changed/).count(), 0);
  await accessibleInBoth(page, "kill-not-known");
  await screenshot(page, "kill-not-known");
  away = false;
  await dialog.getByText("It is killed.").waitFor();
  assert.equal(await killed(workflow), true);
  assert.deepEqual(trouble, []);
  await close();
});

test("nor is a resume whose answer is lost", async () => {
  const { workflow, page, dialog, close } = await killDialog("lost-resume");
  await dialog.locator("input").nth(1).fill(workflow);
  await dialog.locator("input").nth(1).press("Enter");
  await dialog.getByText(/^Effective in/).waitFor();
  await page.keyboard.press("Escape");
  await page.route("**/resume", async (route) => {
    await route.fetch();
    await route.fulfill({ status: 504, body: "a proxy gave up" });
  });
  await page.getByRole("button", { name: "Resume…" }).click();
  const resume = page.getByRole("dialog", { name: /^Resume / });
  await resume.locator("input").first().fill("mended");
  await resume.locator("input").nth(1).fill(workflow);
  await resume.locator("input").nth(1).press("Enter");
  await resume.getByText("It is running again.").waitFor();
  assert.equal(await killed(workflow), false);
  await close();
});

test("a kill that never reached the hub is not called done, and can be tried again", async () => {
  const { workflow, page, dialog, close } = await killDialog("never-came");
  await page.route("**/kill", (route) => route.abort(), { times: 1 });
  await dialog.locator("input").nth(1).fill(workflow);
  await dialog.locator("input").nth(1).press("Enter");
  await dialog.getByText("isn't known yet whether it was done").waitFor();
  assert.equal(await killed(workflow), false);
  await dialog.locator("input").nth(1).press("Enter");
  await dialog.getByText(/^Effective in/).waitFor();
  assert.equal(await killed(workflow), true);
  await close();
});

test("the kill dialog stays with the workflow it names when another one's draft comes on screen", async () => {
  const other = await apply(hub, "another-workflow");
  const theirs = await stage(hub, other, { external_id: "ticket-another" });
  const { page, close } = await openConsole(browser, served.console);
  const mine = await ready(page);
  const { workflow } = await hub.draft(mine);
  const wanted = workflow === other ? null : theirs;
  assert.ok(wanted, "the draft on screen is of another workflow");
  await page.keyboard.press("Control+Shift+K");
  const dialog = page.getByRole("dialog", { name: /^Kill / });
  const title = await dialog.getByRole("heading").innerText();
  await page.evaluate((to) => location.assign(`#/review/${to}`), wanted);
  await page.locator(`[data-testid=draft][data-draft-id="${wanted}"]`).waitFor();
  assert.equal(await dialog.getByRole("heading").innerText(), title);
  await dialog.getByText(workflow, { exact: true }).waitFor();
  await close();
});

/** Longer than a press must be held. */
async function longer(page) {
  const from = await page.evaluate(() => performance.now());
  await page.waitForFunction((from) => performance.now() - from > 1_300, from);
}
