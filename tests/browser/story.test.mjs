import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, openConsole, READY, ready } from "./browser.mjs";
import { startHub, until } from "./hub.mjs";

/** A reviewer's day in a browser, by keyboard alone; each step is checked in the hub's own records. */

let served, hub, browser, desk, page, current;

before(async () => {
  served = await startHub("--demo");
  hub = served.hub;
  browser = await launch();
  desk = await openConsole(browser, served.console);
  page = desk.page;
});

after(async () => {
  await browser?.close();
  await served?.stop();
});

test("the token leaves the address bar, and a draft is there to review", async () => {
  current = await ready(page);
  assert.equal(new URL(page.url()).hash, "");
  assert.equal((await hub.draft(current)).held_by, "you");
});

test("A approves, and the next draft is there", async () => {
  const decided = current;
  await page.keyboard.press("a");
  current = await ready(page, decided);
  assert.equal((await recorded(decided)).outcome.action, "approve");
});

test("E edits with the hub's diff, a number sets the grade, Ctrl+Enter sends it", async () => {
  const decided = current;
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await page.keyboard.type(" We refunded it on Monday.");
  await page.locator("[data-testid=grade-chips] [aria-checked=true]").waitFor();
  await page.keyboard.press("Alt+1");
  await page.locator("[data-grade=cosmetic][aria-checked=true]").waitFor();
  await page.keyboard.press("Control+Enter");
  current = await ready(page, decided);
  const { outcome, draft } = await recorded(decided);
  assert.deepEqual([outcome.action, outcome.grade], ["edit", "cosmetic"]);
  assert.equal(outcome.final_text, `${draft.text} We refunded it on Monday.`);
});

test("X and a reason's letter escalate, Z takes it back", async () => {
  const decided = current;
  const { workflow } = await hub.draft(decided);
  const [reason] = (await hub.workflow(workflow)).reasons;
  await page.keyboard.press("x");
  await page.locator("[role=dialog]").waitFor();
  await page.keyboard.press(reason.key);
  await ready(page, decided);
  const { outcome } = await recorded(decided);
  assert.deepEqual([outcome.action, ...outcome.reasons], ["escalate", reason.code]);

  await page.locator("[data-testid=footer-undo]").waitFor();
  await page.keyboard.press("z");
  await page.locator(`${READY}[data-draft-id="${decided}"]`).waitFor();
  const back = await hub.draft(decided);
  assert.deepEqual([back.state, back.held_by, back.outcome ?? null], ["in_review", "you", null]);
  current = decided;
});

test("what was typed is still there after the page was loaded anew", async () => {
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await page.keyboard.type(" One more thing.");
  await page.locator("[data-testid=grade-chips] [aria-checked=true]").waitFor();
  await page.reload();
  await page.locator(`${READY}[data-draft-id="${current}"]`).waitFor();
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor]").getByText("One more thing.").waitFor();
  await page.keyboard.press("Escape");
});

test("another screen gives the draft back, and coming back shows it again with what was typed", async () => {
  await page.locator(READY).waitFor();
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await page.keyboard.type(" And one more.");
  await page.keyboard.press("Control+3");
  await page.locator("nav.rail a[aria-current=page][href='#/cases']").waitFor();
  await until("the lease to be given back", async () => (await hub.draft(current)).held_by == null);
  await page.keyboard.press("Control+1");
  await page.locator(`${READY}[data-draft-id="${current}"]`).waitFor();
  await page.locator("[data-testid=editor]").getByText("And one more.").waitFor();
  assert.equal((await hub.draft(current)).held_by, "you");
  await page.keyboard.press("Escape");
});

test("the address of a draft leads to it, and T finds it by its ticket", async () => {
  const { drafts } = await hub.call("GET", "/v1/drafts?state=staged&limit=5");
  const [first, second] = drafts.filter(({ held_by }) => !held_by);
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/review/${first.id}`);
  await page.locator(`${READY}[data-draft-id="${first.id}"]`).waitFor();
  assert.equal(new URL(page.url()).hash, "#/review");
  await page.keyboard.press("t");
  await page.locator("[role=dialog] input:focus").waitFor();
  await page.keyboard.type(second.external_id);
  await page.keyboard.press("Enter");
  await page.locator("[role=dialog] .draft-line.on").waitFor();
  await page.keyboard.press("Enter");
  await page.locator(`${READY}[data-draft-id="${second.id}"]`).waitFor();
  current = second.id;
});

test("Ctrl+Shift+K, a reason and the workflow's id kill it at once", async () => {
  const { workflow } = await hub.draft(current);
  await page.locator(READY).waitFor();
  await page.keyboard.press("Control+Shift+K");
  await page.locator("[role=dialog] input:focus").waitFor();
  await page.keyboard.type("Refund amounts are wrong");
  await page.keyboard.press("Tab");
  await page.keyboard.type(workflow);
  await page.keyboard.press("Enter");
  await page.locator("[role=dialog] [role=status]", { hasText: /Effective in .* ms/ }).waitFor();
  const killed = await hub.workflow(workflow);
  assert.deepEqual([killed.killed, killed.killed_reason], [true, "Refund amounts are wrong"]);
  assert.equal((await hub.draft(current)).state, "frozen");
});

test("nothing went wrong on the way", () => assert.deepEqual(desk.trouble, []));

/** The draft as the hub has it once the page's verdict has reached it. */
function recorded(id) {
  return until(`the verdict on ${id}`, async () => {
    const draft = await hub.draft(id);
    return draft.outcome && draft;
  });
}
