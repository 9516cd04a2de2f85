import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { accessibleInBoth } from "./accessible.mjs";
import { go, openConsole, READY, ready, screenshot, world } from "./browser.mjs";
import { Hub, until } from "./hub.mjs";
import { apply, stage } from "./packs.mjs";

/** What one person typed and decided is theirs: kept where a browser keeps nothing, and never the next one's. */

const SCREENS = ["review", "rollout", "cases", "activity", "settings"];

let hub, browser;

world((all) => ({ hub, browser } = all));

/** A workflow with a few drafts, and somebody who reviews it: their token's id and secret. */
async function workflowOf(name, drafts) {
  const workflow = await apply(hub, name);
  for (let n = 0; n < drafts; n++) await stage(hub, workflow, { external_id: `ticket-${name}-${n}` });
  const reviewer = (who) =>
    hub.call("POST", "/v1/tokens", { name: who, grants: [{ role: "reviewer", workflow }, { role: "curator", workflow }], routes: [] });
  return { workflow, reviewer };
}

const signIn = async (page, token) => {
  await page.locator("input[type=password]").fill(token);
  await page.locator("input[type=password]").press("Enter");
};
const search = (page) => page.locator("input[type=search]:visible, [role=search] input:visible");
const verdicts = (page) =>
  page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith("countersign:verdict:")));

test("two people one after the other on one browser: neither sees or sends anything of the other's", async () => {
  const { workflow, reviewer } = await workflowOf("shared-desk", 5);
  const [ana, ben] = [await reviewer("ana"), await reviewer("ben")];
  // Without a case there is nothing to search.
  const { lease, draft } = await hub.call("POST", "/v1/queue/lease", { workflows: [workflow] });
  await hub.call("POST", `/v1/drafts/${draft.id}/verdicts`, {
    verdict_id: randomUUID(), lease_id: lease.id, fence: lease.fence, content_hash: draft.content_hash,
    action: "approve", seconds: 9,
  });
  const { page, close } = await openConsole(browser, `${hub.url}/#token=${ana.token}`);
  let away = true;
  const authors = [];
  await page.route("**/verdicts", (route) => {
    if (away) return route.abort();
    authors.push(route.request().headers().authorization.slice("Bearer ".length));
    return route.continue();
  });
  const decided = await ready(page);
  await page.keyboard.press("a");
  const edited = await ready(page, decided);
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await page.keyboard.type(" SECRET OF ANA");
  await page.keyboard.press("Escape");
  await page.keyboard.press("x");
  await page.locator("[role=dialog] textarea").fill("ANA SAYS SO");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await go(page, "cases");
  await search(page).fill("words of ana");
  await search(page).press("Enter");
  // Whoever looks at another screen holds no draft.
  await until("her draft to be free", async () => !(await hub.draft(edited)).held_by);
  assert.equal((await verdicts(page)).length, 1);

  // Her token ends while her decision waits for the hub.
  await hub.call("DELETE", `/v1/tokens/${ana.id}`);
  away = false;
  await page.locator("input[type=password]").waitFor();
  const before = authors.length;
  await signIn(page, ben.token);
  await page.locator("nav.rail a[aria-current=page][href='#/cases']").waitFor();
  assert.equal(await search(page).inputValue(), "");
  await go(page, "review");
  await ready(page);
  await page.evaluate((to) => location.assign(`#/review/${to}`), edited);
  await page.locator(`${READY}[data-draft-id="${edited}"]`).waitFor();
  await page.keyboard.press("x");
  assert.equal(await page.locator("[role=dialog] textarea").inputValue(), "");
  await page.keyboard.press("Escape");
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  assert.doesNotMatch(await page.locator("#root").innerText(), /SECRET OF ANA|ANA SAYS/);
  await page.keyboard.type(" SECRET OF BEN");
  await page.keyboard.press("Escape");
  await page.keyboard.press("s");
  await ready(page, edited);
  // Her decision waits for her alone: longer than the longest pause between two tries.
  await page.waitForFunction((from) => performance.now() - from > 11_000, await page.evaluate(() => performance.now()), { timeout: 20_000 });
  assert.deepEqual(authors.slice(before), []);
  assert.equal((await verdicts(page)).length, 1);
  assert.equal((await hub.draft(decided)).outcome ?? null, null);

  await go(page, "settings");
  await page.locator("nav.rail a[aria-current=page][href='#/settings']").waitFor();
  await hub.call("DELETE", `/v1/tokens/${ben.id}`);
  const again = await reviewer("ana");
  await page.locator("input[type=password]").waitFor({ timeout: 20_000 });
  await signIn(page, again.token);
  await until("her decision to be asked for, in her name", async () => authors.length > before);
  assert.deepEqual(new Set(authors.slice(before)), new Set([again.token]));
  await page.evaluate((to) => location.assign(`#/review/${to}`), edited);
  await page.locator(`${READY}[data-draft-id="${edited}"]`).waitFor();
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor]", { hasText: "SECRET OF ANA" }).waitFor();
  assert.doesNotMatch(await page.locator("#root").innerText(), /SECRET OF BEN/);
  assert.equal((await hub.workflow(workflow)).id, workflow);
  await close();
});

test("what one person was about to settle is not shown to the next who settles, and is there when they come back", async () => {
  const workflow = await apply(hub, "settled-by-two");
  const files = (await hub.call("GET", `/v1/workflows/${workflow}/versions/1`)).files;
  const toml = files["workflow.toml"].replace(/^double_rate = .*$/m, "double_rate = 1.0");
  await hub.call("POST", "/v1/packs", { files: { ...files, "workflow.toml": toml } });
  const id = await stage(hub, workflow, { external_id: "ticket-settled-by-two" });
  for (const [name, verdict] of [["una", { action: "approve" }], ["duo", { action: "edit", final_text: "It is on its way.", grade: "material" }]]) {
    const { token } = await hub.call("POST", "/v1/tokens", { name, grants: [{ role: "reviewer", workflow }], routes: [] });
    const by = new Hub(hub.url, token);
    const { lease, draft } = await by.call("POST", "/v1/queue/lease", { draft_id: id });
    await by.call("POST", `/v1/drafts/${id}/verdicts`, {
      verdict_id: randomUUID(), lease_id: lease.id, fence: lease.fence, content_hash: draft.content_hash, seconds: 9, ...verdict,
    });
  }
  const { disagreements } = await hub.call("GET", `/v1/disagreements?workflow=${workflow}&state=open`);
  const place = `cases/disagreements/${disagreements[0].id}`;
  const curator = (name) => hub.call("POST", "/v1/tokens", { name, grants: [{ role: "curator", workflow }], routes: [] });
  const [cleo, dan] = [await curator("cleo"), await curator("dan")];
  const { page, trouble, close } = await openConsole(browser, `${hub.url}/#token=${cleo.token}`);
  const form = page.locator("[data-testid=settle]");
  const one = page.locator(`[data-testid=disagreement] [data-disagreement-id="${disagreements[0].id}"]`);
  const open = async (key) => {
    await go(page, place);
    await one.waitFor();
    await page.keyboard.press(key);
    await form.locator("textarea").first().waitFor();
  };
  await page.locator("nav.rail a[aria-current=page]").waitFor();
  await open("s");
  await form.locator("textarea").first().fill("CLEO SAYS WHY");
  await hub.call("DELETE", `/v1/tokens/${cleo.id}`);
  await page.locator("input[type=password]").waitFor({ timeout: 20_000 });
  await signIn(page, dan.token);
  await page.locator("nav.rail a[aria-current=page]").waitFor();
  await go(page, place);
  await one.waitFor();
  assert.equal(await page.getByText("What you typed is kept.").count(), 0);
  await open("f");
  assert.equal(await form.locator("textarea").first().inputValue(), "");
  assert.doesNotMatch(await page.locator("#root").innerText(), /CLEO SAYS/);
  await form.locator("textarea").first().fill("dan's own");
  await hub.call("DELETE", `/v1/tokens/${dan.id}`);
  await page.locator("input[type=password]").waitFor({ timeout: 20_000 });
  await signIn(page, (await curator("cleo")).token);
  await page.locator("nav.rail a[aria-current=page]").waitFor();
  await go(page, place);
  await one.waitFor();
  await page.getByText("What you typed is kept.").waitFor();
  await open("s");
  assert.equal(await form.locator("textarea").first().inputValue(), "CLEO SAYS WHY");
  assert.deepEqual(trouble, []);
  await close();
});

test("storage full: every screen opens and says so, decisions go out, and what is typed stays over all of them", async () => {
  const { reviewer } = await workflowOf("full", 6);
  const { token } = await reviewer("fay");
  const { page, trouble, close } = await openConsole(browser, `${hub.url}/#token=${token}`, { reducedMotion: "reduce" });
  const first = await ready(page);
  await page.evaluate(() => {
    for (let size = 1 << 20; size > 0; size >>= 1) {
      for (let n = 0; ; n++) {
        try {
          localStorage.setItem(`other:${size}:${n}`, "x".repeat(size));
        } catch {
          break;
        }
      }
    }
  });
  await page.keyboard.press("a");
  await until("the decision", async () => (await hub.draft(first)).outcome?.action === "approve");
  const edited = await ready(page, first);
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await page.keyboard.type(" With no room to keep it.");
  await page.keyboard.press("Escape");
  const told = page.locator(".frame-says", { hasText: "no room to keep anything" });
  for (const screen of SCREENS) {
    await go(page, screen);
    await page.locator(`nav.rail a[aria-current=page][href='#/${screen}']`).waitFor();
    await page.locator("main:visible").first().waitFor();
    await told.waitFor();
  }
  await accessibleInBoth(page, "storage-full");
  await page.keyboard.press("Control+k");
  await page.getByRole("option", { name: /Theme/ }).click();
  await page.keyboard.press("Control+k");
  await page.getByRole("option", { name: "Language: Deutsch" }).click();
  await page.getByText("keinen Platz mehr").waitFor();
  await go(page, "review");
  await screenshot(page, "storage-full");
  await page.locator(`${READY}[data-draft-id="${edited}"]`).waitFor();
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor]", { hasText: "With no room to keep it." }).waitFor();
  await page.keyboard.press("Escape");
  // As soon as there is room it is written after all, and survives the window.
  await page.evaluate(() => {
    for (const key of Object.keys(localStorage)) if (key.startsWith("other:")) localStorage.removeItem(key);
  });
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await page.keyboard.type(" And now there is.");
  await page.keyboard.press("Escape");
  await page.getByText("keinen Platz mehr").waitFor({ state: "detached" });
  await page.reload();
  await ready(page);
  await page.evaluate((to) => location.assign(`#/review/${to}`), edited);
  await page.locator(`${READY}[data-draft-id="${edited}"]`).waitFor();
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor]", { hasText: "And now there is." }).waitFor();
  assert.deepEqual(trouble, []);
  await close();
});

test("a storage that may not be used at all takes nothing down", async () => {
  const { reviewer } = await workflowOf("forbidden", 2);
  const { token } = await reviewer("gil");
  const { page, trouble, close } = await openConsole(browser, `${hub.url}/#token=${token}`, {
    prepare: (page) =>
      page.addInitScript(() => {
        for (const name of ["localStorage", "sessionStorage"]) {
          Object.defineProperty(window, name, {
            get() {
              throw new DOMException("denied", "SecurityError");
            },
          });
        }
      }),
  });
  const first = await ready(page);
  await page.keyboard.press("a");
  await ready(page, first);
  for (const screen of SCREENS) {
    await go(page, screen);
    await page.locator(`nav.rail a[aria-current=page][href='#/${screen}']`).waitFor();
    await page.locator("main:visible").first().waitFor();
  }
  assert.deepEqual(trouble, []);
  await close();
});

test("a screen that breaks says so in its place, and leaves the others and a way back", async () => {
  const { reviewer } = await workflowOf("breaking", 2);
  const { token } = await reviewer("hal");
  let broken = true;
  const { page, close } = await openConsole(browser, `${hub.url}/#token=${token}`, {
    prepare: (page) => page.route("**/v1/cases?*", (route) => (broken ? route.fulfill({ json: { cases: [null] } }) : route.continue())),
  });
  await ready(page);
  await go(page, "cases");
  const said = page.getByTestId("broken");
  await said.getByRole("heading", { name: "Cases stopped on an error" }).waitFor();
  await said.getByText("What you typed and decided is kept").waitFor();
  await accessibleInBoth(page, "broken-screen");
  await screenshot(page, "broken-screen");
  await go(page, "rollout");
  await page.locator("[data-workflow]").first().waitFor();
  assert.equal(await said.count(), 0);
  await go(page, "cases");
  await said.waitFor();
  broken = false;
  await page.evaluate(() => performance.now());
  await said.getByRole("button", { name: "Reload everything" }).press("Enter");
  await page.locator("nav.rail a[aria-current=page][href='#/cases']").waitFor();
  await page.getByText("No case yet").waitFor();
  await close();
});
