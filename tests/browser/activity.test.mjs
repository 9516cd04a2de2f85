import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { accessible } from "./accessible.mjs";
import { launch, openConsole } from "./browser.mjs";
import { startHub, until } from "./hub.mjs";

/** The log, who read what, and what was sent, by keyboard alone; each step is checked in the hub's own records. */

let served, hub, browser, desk, page;

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

test("Ctrl+4 opens the log; the chain is verified and its newest entry is on top", async () => {
  await page.locator("nav [aria-current=page]").waitFor();
  await page.keyboard.press("Control+4");
  await page.locator(".seal-state.ok", { hasText: /Intact.*\d+ entr/ }).waitFor();
  await until("the newest entry on top", async () => {
    const { entries } = await hub.call("GET", "/v1/audit?limit=1");
    return (await rows(page).first().getAttribute("data-key")) === String(entries[0].seq);
  });
});

test("a change in the hub shows by itself", async () => {
  const { escalations } = await hub.call("GET", "/v1/escalations?state=open&limit=1");
  await hub.call("POST", `/v1/escalations/${escalations[0].id}/take`);
  // The hub may write something by itself above it.
  const taken = rows(page).filter({ hasText: "took an escalation" });
  await taken.locator(`a[href="#/review/${escalations[0].draft_id}"]`).first().waitFor();
});

test("every act that is on record has its words, and can be asked for", async () => {
  const { entries } = await hub.call("GET", "/v1/audit?limit=200");
  const offered = await page.getByLabel("Act", { exact: true }).locator("option").evaluateAll((all) =>
    all.map(({ value, textContent }) => [value, textContent]),
  );
  const words = new Map(offered);
  assert.ok(entries.length > 50);
  for (const { act } of entries) assert.doesNotMatch(words.get(act) ?? act, /^[a-z]+\.[a-z]+$/);
});

test("J and K walk the entries, Enter opens one with all that is hashed, Escape shuts it", async () => {
  const row = page.locator("[role=row][aria-selected=true]");
  const at = async () => Number(await row.getAttribute("data-key"));
  await page.keyboard.press("j");
  const first = await at();
  await page.keyboard.press("j");
  await until("the one below", async () => (await at()) === first - 1);
  await page.keyboard.press("k");
  await until("the one above", async () => (await at()) === first);
  const [entry] = (await hub.call("GET", `/v1/audit?cursor=${first + 1}&limit=1`)).entries;
  assert.equal(entry.seq, first);
  await page.keyboard.press("Enter");
  await row.locator(".grid-detail", { hasText: entry.hash }).waitFor();
  await row.locator(".grid-detail", { hasText: entry.prev_hash }).waitFor();
  assert.equal(await row.getAttribute("aria-expanded"), "true");
  await page.keyboard.press("Escape");
  await page.locator(".grid-detail").waitFor({ state: "detached" });
});

test("/ goes to a name; the list then holds that person's acts and no others", async () => {
  const [{ actor }] = (await hub.call("GET", "/v1/audit?act=verdict.recorded&limit=1")).entries;
  await page.keyboard.press("/");
  await page.locator("input:focus").waitFor();
  await page.keyboard.type(actor);
  await page.keyboard.press("Enter");
  const { entries } = await hub.call("GET", `/v1/audit?actor=${encodeURIComponent(actor)}&limit=100`);
  await until("that person's entries alone", async () => {
    const shown = await keys(page);
    return shown.length > 0 && shown.every((key, i) => key === String(entries[i]?.seq));
  });
});

test("an act narrows it further; what was decided leads to its draft", async () => {
  await page.getByLabel("Act", { exact: true }).selectOption("verdict.recorded");
  await until("decisions alone", async () => {
    const said = await rows(page).locator("[role=gridcell]:nth-child(4)").allTextContents();
    return said.length > 0 && said.every((act) => act === "decided a draft");
  });
  const { object } = (await hub.call("GET", "/v1/audit?act=verdict.recorded&limit=1")).entries[0];
  await page.locator(`[role=treegrid] a[href="#/review/${object}"]`).first().waitFor();
  await page.getByText("clear", { exact: true }).press("Enter");
  await page.locator("input[placeholder='exact name']").and(page.locator("[value='']")).waitFor();
});

test("a checkpoint is signed now, over every entry", async () => {
  await page.getByText("Sign a checkpoint now").press("Enter");
  const seal = page.locator(".seal-signed", { hasText: /Checkpoint over \d+ entr/ });
  await seal.waitFor();
  const { public_key, seq } = await hub.call("GET", "/v1/audit/checkpoint");
  const signed = await seal.textContent();
  assert.match(signed, new RegExp(public_key.slice(0, 16)));
  assert.ok(Number(signed.match(/over ([\d,]+)/)[1].replaceAll(",", "")) <= seq);
});

test("the log is saved as a file, an entry a line", async () => {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByText("Save as file…").press("Enter"),
  ]);
  assert.equal(download.suggestedFilename(), "audit.jsonl");
  const lines = (await readFile(await download.path(), "utf8")).trimEnd().split("\n").map(JSON.parse);
  assert.deepEqual(lines.map(({ seq }) => seq), lines.map((_, i) => i + 1));
  await page.locator(".seal-said", { hasText: "Saved as audit.jsonl." }).waitFor();
  // The one download that was asked for.
  desk.trouble.splice(desk.trouble.findIndex((one) => one.startsWith("download:")), 1);
});

test("a broken log says where; the entry is marked in its place", async () => {
  const breaks = (at) => ({ ok: false, entries: at - 1, broken_at: at, why: "an entry that was changed" });
  await page.route("**/v1/audit/verify", (route) => route.fulfill({ json: breaks(3) }));
  await page.getByText("Verify now").press("Enter");
  await page.locator("[role=alert]", { hasText: /Broken at entry 3.*The 2 entries before it hold/ }).waitFor();
  await page.getByText("Go to it").press("Enter");
  await page.locator("[data-key='3'] .grid-row.broken", { hasText: "broken" }).waitFor();
  assert.equal(await page.locator("[role=row][aria-selected=true]").getAttribute("data-key"), "3");
});

test("an entry that is missing has a place of its own", async () => {
  await page.route(/\/v1\/audit\?/, async (route) => {
    const response = await route.fetch();
    const page = await response.json();
    await route.fulfill({ response, json: { ...page, entries: page.entries.filter(({ seq }) => seq !== 3) } });
  });
  // Away and back reads the log anew; two keys at once would leave it as it is.
  const tab = (name) => page.locator("nav.activity-tabs [aria-current=page]", { hasText: name }).waitFor();
  await page.keyboard.press("2");
  await tab("Access");
  await page.keyboard.press("1");
  await tab("Audit");
  await page.getByText("Go to it").press("Enter");
  await page.locator("[data-key='3']", { hasText: "Entry 3 is missing here" }).waitFor();
  await page.unroute(/\/v1\/audit\?/);
  await page.unroute("**/v1/audit/verify");
  await page.getByText("Verify now").press("Enter");
  await page.locator(".seal-state.ok").waitFor();
});

test("2 shows who read what, a case that was read just now among it", async () => {
  const { cases } = await hub.call("GET", "/v1/cases?limit=1");
  await hub.call("GET", `/v1/cases/${cases[0].id}`);
  await page.keyboard.press("2");
  await page.locator(`[role=treegrid] a[href="#/cases/${cases[0].id}"]`).first().waitFor();
  const said = await rows(page).locator("[role=gridcell]:nth-child(4)").allTextContents();
  assert.ok(said.every((act) => /^(read|exported)/.test(act)), said.join());
});

test("3 shows the deliveries; R tries one again that gave up", async () => {
  await page.keyboard.press("3");
  await page.getByLabel("State", { exact: true }).selectOption("undeliverable");
  const { deliveries } = await hub.call("GET", "/v1/deliveries?state=undeliverable&limit=100");
  assert.ok(deliveries.length > 0, "the demo has an undeliverable reply");
  const [{ id }] = deliveries;
  await page.locator(`[data-key="${id}"]`).waitFor();
  await page.getByText(`Retry ${deliveries.length} undeliverable`).waitFor();
  await page.getByLabel("State", { exact: true }).blur();
  await page.keyboard.press("j");
  await page.locator(`[data-key="${id}"][aria-selected=true]`).waitFor();
  await page.keyboard.press("r");
  await page.getByText("It is on its way again.").waitFor();
  const { entries } = await hub.call("GET", `/v1/audit?act=delivery.retried&limit=1`);
  assert.equal(entries[0].object, id);
});

test("somebody without the right is told so, in a sentence", async () => {
  const { token } = await hub.call("POST", "/v1/tokens", { name: "rae", grants: [{ role: "reviewer" }] });
  const other = await openConsole(browser, `${hub.url}/#token=${token}`);
  await other.page.locator("nav [aria-current=page]").waitFor();
  await other.page.keyboard.press("Control+4");
  await other.page.locator(".activity-calm", { hasText: "it takes the role" }).waitFor();
  assert.equal(await other.page.getByText("Try again").count(), 0);
  assert.deepEqual(other.trouble, []);
  await other.close();
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

    for (const section of ["audit", "access", "deliveries"]) {
      test(section, async () => {
        await seen.page.evaluate((to) => {
          location.hash = `#/activity/${to}`;
        }, section);
        await rows(seen.page).first().waitFor();
        await seen.page.keyboard.press("j");
        await seen.page.keyboard.press("Enter");
        await seen.page.locator(".grid-detail").waitFor();
        await accessible(seen.page, `activity-${section}-${colorScheme}`);
      });
    }

    test("a broken log", async () => {
      const json = { ok: false, entries: 2, broken_at: 3, why: "an entry that was changed" };
      await seen.page.route("**/v1/audit/verify", (route) => route.fulfill({ json }));
      await seen.page.keyboard.press("1");
      await seen.page.getByText("Verify now").press("Enter");
      await seen.page.getByText("Go to it").press("Enter");
      await seen.page.locator(".grid-row.broken").waitFor();
      await accessible(seen.page, `activity-broken-${colorScheme}`);
      assert.deepEqual(seen.trouble, []);
    });
  });
}

/** The rows that are on the page, without the head. */
function rows(page) {
  return page.locator("[role=treegrid] [role=row][data-key]");
}

function keys(page) {
  return rows(page).evaluateAll((all) => all.map((row) => row.dataset.key));
}
