import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { accessibleInBoth } from "./accessible.mjs";
import { launch, openConsole, ready, screenshot } from "./browser.mjs";
import { startHub, until } from "./hub.mjs";

/** What was decided or typed and didn't get through is never lost, and never out of reach. */

let served, hub, browser;

before(async () => {
  served = await startHub("--demo");
  hub = served.hub;
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await served?.stop();
});

/** The next verdict from this page comes with a content that isn't the draft's: the hub refuses it and keeps it. */
async function refuseNext(page) {
  await page.route("**/verdicts", async (route) => {
    const body = { ...route.request().postDataJSON(), content_hash: "0".repeat(64) };
    await route.continue({ postData: JSON.stringify(body) });
  }, { times: 1 });
}

test("the comment of a refused escalation can be used again or copied", async () => {
  const { page, trouble, close } = await openConsole(browser, served.console, { permissions: ["clipboard-read", "clipboard-write"] });
  const id = await ready(page);
  const said = "The customer threatens to sue";
  const [reason] = (await hub.workflow((await hub.draft(id)).workflow)).reasons;
  await refuseNext(page);
  await page.keyboard.press("x");
  await page.locator("[role=dialog] textarea").fill(said);
  await page.keyboard.press("Escape");
  await page.keyboard.press(reason.key);
  const notice = page.locator("[data-testid=notice]");
  await notice.waitFor();
  await accessibleInBoth(page, "review-notice");
  await notice.getByRole("button", { name: "Open" }).press("Enter");
  const strip = page.locator(".strip", { hasText: said });
  await strip.waitFor();
  await accessibleInBoth(page, "review-kept-comment");
  await page.locator(`[data-testid=draft][data-ready=true][data-draft-id="${id}"]`).waitFor();
  await strip.getByRole("button", { name: "copy it" }).press("Enter");
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), said);
  await strip.getByRole("button", { name: "Escalate with this" }).press("Enter");
  const field = page.locator("[role=dialog] textarea");
  await field.waitFor();
  assert.equal(await field.inputValue(), said);
  await screenshot(page, "escalate-again");
  await page.keyboard.press(reason.key);
  await until("the escalation", async () => (await hub.draft(id)).outcome?.comment === said);
  assert.deepEqual(trouble, []);
  await close();
});

test("the text of a refused edit can be gone on with", async () => {
  const { page, close } = await openConsole(browser, served.console);
  const id = await ready(page);
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await page.keyboard.type(" We are sorry.");
  await page.locator("[data-testid=grade-chips] [aria-checked=true]").waitFor();
  await refuseNext(page);
  await page.keyboard.press("Control+Enter");
  const notice = page.locator("[data-testid=notice]");
  await notice.waitFor();
  await notice.getByRole("button", { name: "Open" }).press("Enter");
  await page.locator(`[data-testid=draft][data-ready=true][data-draft-id="${id}"]`).waitFor();
  await page.getByRole("button", { name: "Continue editing" }).first().press("Enter");
  await page.locator("[data-testid=editor]").getByText("We are sorry.").waitFor();
  await close();
});

test("what an earlier window decided is sent from whatever screen is opened first, once the hub is there", async () => {
  const { subject } = await hub.call("GET", "/v1/me");
  const { lease, draft } = await hub.call("POST", "/v1/queue/lease", {});
  const body = {
    verdict_id: randomUUID(), lease_id: lease.id, fence: lease.fence, content_hash: draft.content_hash,
    seconds: 5, action: "approve",
  };
  const left = { draft_id: draft.id, workflow: draft.workflow, external_id: draft.external_id, by: subject, body };
  let away = true;
  const { page, close } = await openConsole(browser, `${hub.url}/#/cases`, {
    prepare: async (page) => {
      await page.route("**/verdicts", (route) => (away ? route.abort() : route.continue()));
      await page.addInitScript(([token, key, pending]) => {
        sessionStorage.setItem("countersign:token", token);
        if (sessionStorage.getItem("left")) return;
        sessionStorage.setItem("left", "yes");
        localStorage.setItem(key, pending);
      }, [hub.token, `countersign:verdict:${body.verdict_id}`, JSON.stringify(left)]);
    },
  });
  await page.locator("nav.rail a[aria-current=page][href='#/cases']").waitFor();
  assert.equal((await hub.draft(draft.id)).outcome ?? null, null);
  away = false;
  await until("the verdict", async () => (await hub.draft(draft.id)).outcome?.action === "approve");
  assert.equal(await page.evaluate((key) => localStorage.getItem(key), `countersign:verdict:${body.verdict_id}`), null);
  assert.equal(new URL(page.url()).hash, "#/cases");
  await close();
});
