import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { accessibleInBoth } from "./accessible.mjs";
import { go, launch, openConsole } from "./browser.mjs";
import { startHub, until } from "./hub.mjs";
import { apply, escalate, killed, person } from "./packs.mjs";
import { emit, openDesktop } from "./shell.mjs";

/** An incident from its report to its close, kill drills, and alerts; by keyboard alone. */

const DESK = "incident-desk";
const HOSTILE = '<img src="x" onerror="alert(1)"> [here](https://evil.example/) <script>alert(2)</script>';
const ENTRY = `The old article is cited.\n\n# ${HOSTILE}`;

let served, hub, browser, desk, page, incident;

before(async () => {
  served = await startHub("--demo");
  hub = served.hub;
  await apply(hub, DESK);
  browser = await launch();
  desk = await openConsole(browser, served.console, { permissions: ["clipboard-read", "clipboard-write"] });
  page = desk.page;
  await at(DESK);
});

after(async () => {
  await browser?.close();
  await served?.stop();
});

test("I reports an incident, in words that stay words, and leads to it", async () => {
  await page.locator("main").getByRole("button", { name: "Report an incident…" }).waitFor();
  await page.keyboard.press("i");
  await page.locator("[role=dialog] input:focus").waitFor();
  await page.keyboard.press("Enter");
  await page.locator("[role=dialog] [role=status]", { hasText: "Say in a line what is wrong." }).waitFor();
  await accessibleInBoth(page, "incident-report");
  await page.keyboard.type(HOSTILE);
  await page.keyboard.press("Enter");
  await page.locator("main[data-incident] h1", { hasText: HOSTILE }).waitFor();
  const { incidents } = await hub.call("GET", `/v1/incidents?workflow=${DESK}`);
  incident = incidents[0].id;
  assert.deepEqual([incidents.length, incidents[0].title, incidents[0].state], [1, HOSTILE, "open"]);
  assert.equal(await page.evaluate(() => location.hash), `#/rollout/${DESK}/incidents/${incident}`);
});

test("J walks the runbook; Space ticks a step off and takes it back, on record both times", async () => {
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.locator("#incident-step-2:focus").waitFor();
  await page.keyboard.press("k");
  await page.locator("#incident-step-1:focus").waitFor();
  await page.keyboard.press("Space");
  await page.locator("#incident-step-1:checked").waitFor();
  await until("the tick at the hub", async () => (await shown()).steps[0].done);
  await page.locator(".incident-runbook h2", { hasText: /1 of \d+/ }).waitFor();
  await page.locator("#incident-step-1:focus").waitFor();
  await page.keyboard.press("Space");
  await page.locator("#incident-step-1:not(:checked)").waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Space");
  await page.locator("#incident-step-2:checked").waitFor();
  const { entries, steps } = await shown();
  assert.deepEqual(entries.slice(1).map(({ kind, actor }) => [kind, actor]), [
    ["ticked", "owner"], ["unticked", "owner"], ["ticked", "owner"],
  ]);
  assert.deepEqual(steps.slice(0, 3).map(({ done }) => done), [false, true, false]);
  assert.equal(await page.locator(".incident-timeline li").count(), entries.length);
});

test("A writes into the timeline; what is typed outlives the window, and is shown as it was typed", async () => {
  await page.keyboard.press("a");
  await page.keyboard.type("Half a thought");
  await page.reload();
  await page.locator("main[data-incident] h1").waitFor();
  assert.equal(await page.getByLabel("Add to the timeline").inputValue(), "Half a thought");
  await page.keyboard.press("a");
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(ENTRY);
  await page.keyboard.press("Control+Enter");
  const written = page.locator(".incident-timeline .did-note");
  await written.getByText(`# ${HOSTILE}`).waitFor();
  assert.equal(await page.getByLabel("Add to the timeline").inputValue(), "");
  assert.equal((await shown()).entries.at(-1).text, ENTRY);
  assert.equal(await page.locator("main :is(img, script, a[href*='evil'])").count(), 0);
});

test("N writes what was learned, and changes it", async () => {
  await page.keyboard.press("Escape");
  for (const [typed, whole] of [["Check the article", "Check the article"], [" first.", "Check the article first."]]) {
    await page.keyboard.press("n");
    await page.getByLabel("What we learned").and(page.locator(":focus")).waitFor();
    await page.keyboard.press("Control+End");
    await page.keyboard.type(typed);
    await page.keyboard.press("Control+Enter");
    await page.locator(".incident-note .prose", { hasText: whole }).waitFor();
    assert.equal((await shown()).note, whole);
  }
});

test("each text of the pack is copied as it is, by its button and by its command", async () => {
  const { messages } = await shown();
  assert.ok(messages.length > 1, "the pack has texts");
  const copied = () => page.evaluate(() => navigator.clipboard.readText());
  await page.getByRole("button", { name: `Copy the text for ${messages[0].name}` }).focus();
  await page.keyboard.press("Enter");
  await until("the first text", async () => (await copied()) === messages[0].text);
  await page.keyboard.press("Control+k");
  await page.locator("[role=dialog] input:focus").waitFor();
  await page.keyboard.type(`Copy the text for ${messages[1].name}`);
  await page.keyboard.press("Enter");
  await until("the second text", async () => (await copied()) === messages[1].text);
});

test("an open incident has nothing that axe would change", async () => accessibleInBoth(page, "incident-open"));

test("E saves it as Markdown, inert", async () => {
  const saving = page.waitForEvent("download");
  await page.keyboard.press("e");
  const download = await saving;
  assert.equal(download.suggestedFilename(), `${DESK}-incident-1.md`);
  const markdown = await readFile(await download.path(), "utf8");
  assert.match(markdown, /^# Incident 1 of incident\\-desk/);
  assert.match(markdown, /Check the article first/);
  assert.doesNotMatch(markdown, /<img|<script|\]\(https/);
  await page.locator(".incident-saved", { hasText: `Saved: ${DESK}-incident-1.md` }).waitFor();
  desk.trouble.splice(desk.trouble.findIndex((one) => one.startsWith("download:")), 1);
});

test("Ctrl+Shift+K is as near as anywhere in Rollout; the kill stands in the timeline", async () => {
  await page.keyboard.press("Control+Shift+K");
  await page.locator("[role=dialog] input:focus").waitFor();
  await page.keyboard.type("It got worse");
  await page.keyboard.press("Tab");
  await page.keyboard.type(DESK);
  await page.keyboard.press("Enter");
  await page.locator("[role=dialog] .dialog-result.done").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".incident-timeline .did-killed", { hasText: "It got worse" }).waitFor();
  assert.equal((await hub.workflow(DESK)).killed, true);
});

test("C closes it, after saying what is left; then it takes nothing more", async () => {
  await page.locator("[role=dialog]").waitFor({ state: "detached" });
  await page.keyboard.press("c");
  const dialog = page.locator("[role=dialog]");
  const { steps_total, steps_done } = await shown();
  await dialog.getByText(`${steps_total - steps_done} steps of the runbook aren't ticked off.`).waitFor();
  await dialog.getByText("The workflow is still killed.").waitFor();
  await accessibleInBoth(page, "incident-close");
  await page.keyboard.press("Enter");
  await dialog.waitFor({ state: "detached" });
  await page.locator(".screen-bar .mark", { hasText: "closed" }).waitFor();
  const closed = await shown();
  assert.deepEqual([closed.state, closed.closed_by], ["closed", "owner"]);
  assert.equal(await page.getByLabel("Add to the timeline").count(), 0);
  assert.equal(await page.locator(".incident-box:enabled").count(), 0);
  await accessibleInBoth(page, "incident-closed");
});

test("Escape goes back; it is among the past ones, and another person's report comes by itself", async () => {
  await page.keyboard.press("Escape");
  await page.locator(`main[data-workflow="${DESK}"]`).waitFor();
  await page.locator(`.rollout-list a[href$="/incidents/${incident}"]`, { hasText: HOSTILE }).waitFor();
  await page.locator(".rollout-list p", { hasText: "closed after" }).waitFor();
  assert.equal(await page.locator(".rollout-strip.tone-hold").count(), 0);
  const second = await hub.call("POST", "/v1/incidents", { workflow: DESK, title: "Odd prices" });
  const strip = page.locator(".rollout-strip", { hasText: "Incident 2 is open" });
  await strip.getByText("reported by owner").waitFor();
  await page.keyboard.press("i");
  await page.locator(`main[data-incident="${second.id}"]`).waitFor();
  await page.goBack();
  await strip.waitFor();
});

test("Shift+D drills a kill: the dialog and the list have what the hub measured", async () => {
  await page.keyboard.press("Shift+D");
  await page.locator("[role=dialog] button:focus", { hasText: "Drill now" }).waitFor();
  await accessibleInBoth(page, "drill");
  await page.keyboard.press("Enter");
  const result = await page.locator("[role=dialog] .dialog-result.done").textContent();
  const { drills } = await hub.call("GET", `/v1/workflows/${DESK}/drills`);
  assert.deepEqual([drills.length, drills[0].ok, drills[0].actor], [1, true, "owner"]);
  const took = drills[0].effect_ms < 1 ? drills[0].effect_ms.toFixed(1) : String(Math.round(drills[0].effect_ms));
  assert.equal(result, `Passed: everything was refused after ${took} ms.`);
  await page.keyboard.press("Enter");
  await page.locator("[role=dialog]").waitFor({ state: "detached" });
  const row = page.locator("table.drills tbody tr");
  await row.getByText(`${took} ms`).waitFor();
  assert.equal(await row.count(), 1);
});

test("a burning budget stands at the top of its workflow, and goes out to the system as a notice", async () => {
  const shell = await openDesktop(browser, served);
  await shell.page.locator("nav [aria-current=page]").waitFor();
  const notices = () =>
    shell.page.evaluate(() => window.shell.calls.filter(([name]) => name === "notify").map(([, said]) => said));
  await until("what fires already to be known", () =>
    shell.page.evaluate(() =>
      window.shell.calls.some(([, asked]) => asked?.request?.path?.startsWith("/v1/alerts")),
    ),
  );
  const burning = await apply(hub, "burning-desk");
  await at(burning);
  const ana = await person(hub, "ana");
  for (let i = 0; i < 12; i++) await escalate(hub, ana.hub, burning, `burn-${i}`, "unsafe");
  const strip = page.locator(".rollout-strip.tone-fail", { hasText: "The failure budget is being spent too fast" });
  await strip.getByText("Page", { exact: true }).first().waitFor();
  // The screen says so as soon as it burns; the hub looks every five seconds whether somebody has to be called.
  const budget = await until("the alerts", async () => {
    const { alerts } = await hub.call("GET", `/v1/alerts?workflow=${burning}&state=firing`);
    return alerts.some(({ kind }) => kind === "budget") && alerts.filter(({ kind }) => kind === "budget");
  });
  assert.equal(await strip.locator("li").count(), budget.length);
  await accessibleInBoth(page, "rollout-alerts");

  await emit(shell.page, "hub-event", { type: "budget.alert", workflow: burning });
  await until("the notices", async () => (await notices()).length >= budget.length);
  const said = await notices();
  assert.ok(said.every(({ title }) => title === `Support first reply (${burning}): the failure budget is being spent too fast`), JSON.stringify(said));
  assert.ok(said.some(({ body }) => /Burning at .*\(1 h and 5 min\); alerts above/.test(body)), JSON.stringify(said));
  await emit(shell.page, "hub-event", { type: "budget.alert", workflow: burning });
  await until("it to be asked again", () =>
    shell.page.evaluate(
      () => window.shell.calls.filter(([, asked]) => asked?.request?.path?.startsWith("/v1/alerts")).length >= 3,
    ),
  );
  assert.equal((await notices()).length, said.length, "what was said is not said again");
  assert.deepEqual(shell.trouble, []);
  await shell.close();
});

test("a promotion and what the hub sends back go out as notices; what a person sends back doesn't", async () => {
  const shell = await openDesktop(browser, served);
  await shell.page.locator("nav [aria-current=page]").waitFor();
  const said = () =>
    shell.page.evaluate(() => window.shell.calls.filter(([name]) => name === "notify").map(([, one]) => one));
  const moved = { id: "t", version: 1, at: "2026-11-22T10:00:00Z", from_stage: "internal", to_stage: "opt_in" };
  let last;
  await shell.page.route("**/history?*", (route) =>
    route.fulfill({ json: { days: [], versions: [], transitions: [{ ...moved, ...last }] } }),
  );
  const tell = async (type, transition) => {
    last = transition;
    const asked = shell.page.waitForResponse("**/history?*");
    await emit(shell.page, "hub-event", { type, workflow: DESK });
    await asked;
  };
  await tell("workflow.demoted", { kind: "demoted", actor: "dana", reason: "to be sure", to_stage: "internal" });
  await tell("workflow.demoted", { kind: "demoted", actor: "hub", reason: "harm is red", to_stage: "internal" });
  await until("the first notice", async () => (await said()).length > 0);
  await tell("workflow.promoted", { kind: "promoted", actor: "dana", reason: "green at last" });
  await until("both notices", async () => (await said()).length > 1);
  assert.deepEqual(await said(), [
    { title: `The hub sent Support first reply (${DESK}) back to internal`, body: "harm is red" },
    { title: `Support first reply (${DESK}) was promoted to opt-in`, body: "dana: green at last" },
  ]);
  await shell.close();
});

test("a kill counts the consoles that it has reached, on whatever screen they are", async () => {
  const other = await openConsole(browser, served.console);
  await other.page.locator("nav [aria-current=page]").waitFor();
  await go(page, "cases");
  await page.getByRole("heading", { name: "Cases" }).waitFor();
  const target = await apply(hub, "kill-desk");
  const both = await killed(hub, target);
  assert.equal((await both()).of, 2);
  await until("both to say that they know", async () => (await both()).acknowledged === 2);
  const { slowest_ms } = await both();
  assert.ok(slowest_ms > 0 && slowest_ms < 5_000, String(slowest_ms));
  assert.deepEqual(other.trouble, []);
  await other.close();
  await until("a kill that waits for one alone, and reaches it", async () => {
    await hub.call("POST", `/v1/workflows/${target}/resume`, { reason: "again" });
    const one = await killed(hub, target);
    if ((await one()).of !== 1) return false;
    return until("it to say so", async () => (await one()).acknowledged === 1);
  });
});

test("an auditor reads it all and has no button; a curator is not shown it, and asks for nothing that is refused", async () => {
  for (const role of ["auditor", "curator"]) {
    const who = await person(hub, role, { role });
    const refused = [];
    // Review, where everybody begins, asks for a draft of whoever comes.
    const asked = (url) => !url.endsWith("/v1/queue/lease");
    const seen = await openConsole(browser, who.console, {
      prepare: (page) =>
        page.on("response", (answer) => answer.status() === 403 && asked(answer.url()) && refused.push(answer.url())),
    });
    await seen.page.locator("nav [aria-current=page]").waitFor();
    await go(seen.page, `rollout/${DESK}`);
    await seen.page.locator(".budget h2").waitFor();
    const incidents = seen.page.getByRole("heading", { name: "Incidents" });
    if (role === "auditor") {
      await seen.page.locator("table.drills tbody tr").waitFor();
      await incidents.waitFor();
      await seen.page.locator(".rollout-strip", { hasText: "Incident 2 is open" }).waitFor();
    } else {
      await seen.page.locator(".conditions tbody tr").first().waitFor();
      assert.equal(await incidents.count(), 0);
    }
    for (const name of [/^Drill…/, /^Report an incident/]) {
      assert.equal(await seen.page.getByRole("button", { name }).count(), 0, `${role} ${name}`);
    }
    assert.deepEqual([refused, seen.trouble], [[], []]);
    await seen.close();
  }
});

test("an incident that isn't there is said plainly", async () => {
  await go(page, `rollout/${DESK}/incidents/none`);
  await page.getByText("This incident isn't here").waitFor();
  await go(page, `rollout/support-first-reply/incidents/${incident}`);
  await page.getByText("This incident isn't here").waitFor();
});

test("nothing went wrong on the way", () => assert.deepEqual(desk.trouble, []));

async function at(workflow) {
  await page.locator("nav [aria-current=page]").waitFor();
  await go(page, `rollout/${workflow}`);
  await page.locator(`main[data-workflow="${workflow}"]`).waitFor();
}

/** The incident as the hub has it. */
function shown() {
  return hub.call("GET", `/v1/incidents/${incident}`);
}
