import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { RESULTS, until } from "../browser/hub.mjs";
import { apply, escalate, person, stage } from "../browser/packs.mjs";
import { makeHome, openApp } from "./app.mjs";

/** A DRI's whole day in the real window, by keyboard alone; each step is checked in the hub's own records. */

const DESK = "dri-desk";
/** The demo's limits as they are, but for what takes days. */
const inADay = (toml) => toml.replace(/^min_days = 5\b/m, "min_days = 0\nentry_lag_hours = 0").replace(/^(eval_suite|max_per_sent_usd) = .*$/gm, "");

let home, app, page, hub, ana;

before(async () => {
  await mkdir(RESULTS, { recursive: true });
  home = await makeHome();
  app = await openApp(home);
  page = app.page;
  hub = await home.hub();
  await apply(hub, DESK, inADay);
  ana = await person(hub, "ana");
  await page.run((id) => location.assign(`#/rollout/${id}`), DESK);
  await page.until("the workflow", (id) => document.querySelector(`main[data-workflow="${id}"]`), DESK);
});

after(async () => {
  await app?.close();
  await home?.remove();
});

const shows = (text, where = "body") => [...document.querySelectorAll(where)].some((e) => e.innerText.includes(text));
const inDialog = () => document.activeElement?.closest("[role=dialog]");
const noDialog = () => !document.querySelector("[role=dialog]");
const picture = (name) => page.screenshot(join(RESULTS, `desktop-dri-${name}.png`));

async function approve(n) {
  const id = await stage(hub, DESK, { external_id: `day-${n}` });
  const { lease, draft } = await ana.hub.call("POST", "/v1/queue/lease", { draft_id: id });
  await ana.hub.call("POST", `/v1/drafts/${id}/verdicts`, {
    verdict_id: randomUUID(),
    lease_id: lease.id,
    fence: lease.fence,
    content_hash: draft.content_hash,
    action: "approve",
    seconds: 20,
  });
}

/** Fills in the dialog of Ctrl+Shift+K. */
async function killOrResume(reason) {
  await page.press("Control+Shift+k");
  await page.until("the dialog", () => document.activeElement?.closest("[role=dialog] input"));
  await page.type(reason);
  await page.press("Tab");
  await page.type(DESK);
  await page.press("Enter");
}

test("the gate holds while nothing is reviewed", async () => {
  await page.until("a gate that holds", shows, "not yet");
  assert.equal((await hub.call("GET", `/v1/workflows/${DESK}/gate`)).status, "hold");
});

test("a drill, by Shift+D, is measured and counts for the gate", async () => {
  await page.press("Shift+D");
  await page.until("the dialog", inDialog);
  await page.press("Enter");
  await page.until("what was measured", shows, "everything was refused after", "[role=dialog] .dialog-result");
  await page.press("Enter");
  await page.until("the screen", noDialog);
  const { drills } = await hub.call("GET", `/v1/workflows/${DESK}/drills`);
  assert.deepEqual([drills.length, drills[0].ok], [1, true]);
  assert.equal((await hub.workflow(DESK)).killed, false, "real work goes on");
});

test("the gate turns green by itself while colleagues decide, and P promotes on its report", async () => {
  for (let n = 0; n < 240; n++) await approve(n);
  await page.until("a green gate", shows, "Every condition is met");
  // The report that is signed is the one that is shown: it has to be the last one.
  await page.until("everybody's decisions", shows, "240 of 200");
  await picture("green");
  await page.press("p");
  await page.until("the dialog", () => document.activeElement?.closest("[role=dialog] input"));
  await page.type("Green, and drilled today");
  await page.press("Enter");
  await until("the next stage", async () => (await hub.workflow(DESK)).stage === "opt_in");
  const { transitions } = await hub.call("GET", `/v1/workflows/${DESK}/history?days=1`);
  assert.deepEqual([transitions[0].kind, transitions[0].reason], ["promoted", "Green, and drilled today"]);
  const report = await hub.call("GET", `/v1/gate/reports/${transitions[0].report}`);
  assert.equal(report.status, "pass");
  await page.press("Escape");
  await page.until("the stage on screen", shows, "opt-in", ".track [aria-current=step]");
});

test("a budget that burns is at the top of the screen", async () => {
  for (let n = 0; n < 12; n++) await escalate(hub, ana.hub, DESK, `harm-${n}`, "unsafe");
  await page.until("the alert", shows, "The failure budget is being spent too fast", ".rollout-strip");
  await picture("burning");
});

test("a kill stops it, and its incident has the runbook to tick off", async () => {
  await killOrResume("Wrong promises since noon");
  await page.until("the measured effect", shows, "Effective in", "[role=dialog] [role=status]");
  await page.press("Escape");
  await page.until("the screen", noDialog);
  assert.equal((await hub.workflow(DESK)).killed, true);
  await page.until("the incident", shows, "is open", ".rollout-strip");
  await page.press("i");
  const id = await page.until("the incident's view", () => document.querySelector("main[data-incident]")?.dataset.incident);
  await page.press("j");
  await page.until("the first step", () => document.activeElement?.id === "incident-step-1");
  await page.type(" ");
  await until("the tick at the hub", async () => (await hub.call("GET", `/v1/incidents/${id}`)).steps[0].done);
  await picture("incident");
});

test("it is resumed at internal, whatever it was before", async () => {
  await page.press("Escape");
  await page.until("the workflow", (id) => document.querySelector(`main[data-workflow="${id}"]`), DESK);
  await killOrResume("The article is corrected");
  await page.until("what came of it", shows, "Running again at internal", "[role=dialog] [role=status]");
  const { killed, stage: at } = await hub.workflow(DESK);
  assert.deepEqual([killed, at], [false, "internal"]);
  assert.equal((await hub.call("GET", "/v1/audit/verify")).ok, true);
});
