import assert from "node:assert/strict";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { RESULTS, until } from "../browser/hub.mjs";
import { reached } from "../browser/packs.mjs";
import { makeHome, openApp, ready } from "./app.mjs";

/** A reviewer's day in the real window, by keyboard alone; each step is checked in the hub's own records. */

const onScreen = (id) => document.querySelector("[data-testid=draft][data-ready=true]")?.dataset.draftId === id;

let home, app, page, hub, current, entries;

before(async () => {
  await mkdir(RESULTS, { recursive: true });
  home = await makeHome();
  app = await openApp(home);
  page = app.page;
  hub = await home.hub();
});

after(async () => {
  await app?.close();
  await home?.remove();
});

test("one key loads the demo, and a draft is there to review", async () => {
  await page.until("the first-run screen", () => document.body.innerText.includes("Load the demo"));
  await page.press("d");
  current = await page.until("a draft", ready, null);
  assert.equal((await hub.draft(current)).held_by, "you");
  await page.screenshot(join(RESULTS, "desktop-review.png"));
});

test("A approves, and the next draft is there", async () => {
  const decided = current;
  await page.press("a");
  current = await page.until("the next draft", ready, decided);
  const { outcome } = await recorded(decided);
  assert.equal(outcome.action, "approve");
});

test("E edits with the hub's diff, Ctrl+Enter sends it", async () => {
  const decided = current;
  await page.press("e");
  await page.until("the editor", () => document.activeElement?.closest("[data-testid=editor]"));
  await page.type(" We refunded it on Monday.");
  await page.until("a suggested grade", () =>
    document.querySelector("[data-testid=grade-chips] [aria-checked=true]")?.getAttribute("data-grade"),
  );
  await page.screenshot(join(RESULTS, "desktop-edit.png"));
  await page.press("Control+Enter");
  current = await page.until("the next draft", ready, decided);
  const { outcome, draft } = await recorded(decided);
  assert.equal(outcome.action, "edit");
  assert.equal(outcome.final_text, `${draft.text} We refunded it on Monday.`);
  assert.ok(["cosmetic", "material", "factual", "citation"].includes(outcome.grade));
});

test("X and a reason's letter escalate, Z takes it back", async () => {
  const decided = current;
  const { workflow } = await hub.draft(decided);
  const [reason] = (await hub.workflow(workflow)).reasons;
  await page.press("x");
  await page.until("the reasons", () => document.querySelector("[role=dialog]"));
  await page.press(reason.key);
  await page.until("the next draft", ready, decided);
  const { outcome } = await recorded(decided);
  assert.deepEqual([outcome.action, ...outcome.reasons], ["escalate", reason.code]);

  await page.press("z");
  await page.until("the draft that was taken back", onScreen, decided);
  const back = await hub.draft(decided);
  assert.deepEqual([back.state, back.held_by, back.outcome ?? null], ["in_review", "you", null]);
  current = decided;
});

test("Ctrl+Shift+K, a reason and the workflow's id kill it at once", async () => {
  const { workflow } = await hub.draft(current);
  await page.press("Control+Shift+k");
  await page.until("the kill dialog", () => document.activeElement?.closest("[role=dialog] input"));
  await page.type("Refund amounts are wrong");
  await page.press("Tab");
  await page.type(workflow);
  await page.screenshot(join(RESULTS, "desktop-kill.png"));
  await page.press("Enter");
  const told = await page.until("the measured effect", () =>
    /Effective in .* ms/.exec(document.querySelector("[role=dialog] [role=status]")?.innerText ?? "")?.[0],
  );
  assert.ok(told);
  const killed = await hub.workflow(workflow);
  assert.deepEqual([killed.killed, killed.killed_reason], [true, "Refund amounts are wrong"]);
  assert.equal((await hub.draft(current)).state, "frozen");
  const consoles = await reached(hub, workflow);
  assert.equal((await consoles()).of, 1, "this window");
  await until("the window to say that it knows", async () => (await consoles()).acknowledged === 1);
});

test("at the end of the session the hub is closed in order", async () => {
  const lock = `${home.database}.hub`;
  assert.equal((await stat(lock)).mode & 0o777, 0o600);
  const { pid } = JSON.parse(await readFile(lock, "utf8"));
  entries = (await hub.call("GET", "/v1/audit?limit=200")).entries;
  process.kill(pid, "SIGTERM");
  await until("the hub to take its address back", async () => (await readFile(lock, "utf8")) === "");
});

test("what was decided is still there the next day, in the dark too", async () => {
  await app.close();
  app = await openApp(home, { env: { GTK_THEME: "Adwaita:dark" } });
  page = app.page;
  hub = await home.hub();
  const kept = new Set((await hub.call("GET", "/v1/audit?limit=200")).entries.map((entry) => JSON.stringify(entry)));
  for (const entry of entries) assert.ok(kept.has(JSON.stringify(entry)), JSON.stringify(entry));
  await page.until("the review screen", () => document.querySelector("[data-testid=draft], [data-testid=empty]"));
  assert.ok(await page.run(() => matchMedia("(prefers-color-scheme: dark)").matches));
  await page.screenshot(join(RESULTS, "desktop-review-dark.png"));
});

/** The draft as the hub has it once the window's verdict has reached it. */
async function recorded(id) {
  return until(`the verdict on ${id}`, async () => {
    const draft = await hub.draft(id);
    return draft.outcome && draft;
  });
}
