import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { accessibleInBoth } from "./accessible.mjs";
import { openConsole, READY, ready, world } from "./browser.mjs";
import { until } from "./hub.mjs";
import { apply, person, stage } from "./packs.mjs";

/** What a reviewer does besides deciding on what comes next, by keyboard alone. */

let served, hub, browser;

world((all) => ({ served, hub, browser } = all));

const DRAFT = { revision: "1", thread: [{ role: "customer", text: "Where is my invoice?" }] };

/** Decides through the hub's interface, as another console would. */
async function decide(who, id, verdict) {
  const { lease, draft } = await who.call("POST", "/v1/queue/lease", { draft_id: id });
  const common = { verdict_id: randomUUID(), lease_id: lease.id, fence: lease.fence, content_hash: draft.content_hash };
  return who.call("POST", `/v1/drafts/${id}/verdicts`, { ...common, seconds: 9, ...verdict });
}

test("an escalation that came to me: it is first in the queue, Shift+T takes it, E and Ctrl+Enter settle it", async () => {
  const workflow = await apply(hub, "escalating");
  const rosa = await person(hub, "rosa");
  const lea = await person(hub, "lea", { routes: ["team-lead"] });
  const id = await stage(hub, workflow, { external_id: "ticket-500", metadata: { subject: "Asks for all money back" } });
  await decide(rosa.hub, id, { action: "escalate", reasons: ["wrong_promise"], comment: "Twice the sum" });
  const { page, trouble, close } = await openConsole(browser, lea.console);
  await page.getByText("1 escalated to me").waitFor();
  await page.locator("body").press("j");
  const bar = page.getByRole("region", { name: "Escalation" });
  await bar.getByText("Twice the sum").waitFor();
  await accessibleInBoth(page, "escalation-to-me");
  await page.keyboard.press("Shift+T");
  await bar.getByText("Taken by lea").waitFor();
  await page.keyboard.press("e");
  await page.keyboard.type("Half of it is refunded.");
  await page.keyboard.press("Control+Enter");
  await bar.waitFor({ state: "detached" });
  const { escalations } = await hub.call("GET", `/v1/escalations?state=settled&workflow=${workflow}&limit=5`);
  assert.deepEqual([escalations[0].owner, escalations[0].note], ["lea", "Half of it is refunded."]);
  assert.deepEqual(trouble, []);
  await close();
});

test("a second review is blind: nothing of the first one shows, and both stand as cases", async () => {
  const workflow = await apply(hub, "twice", (toml) => toml.replace("double_rate = 0.05", "double_rate = 1.0"));
  const first = await person(hub, "firstreader");
  const second = await person(hub, "secondreader");
  const id = await stage(hub, workflow, { external_id: "ticket-600" });
  await decide(first.hub, id, { action: "edit", final_text: "SPOILER of the first", grade: "material" });
  const { page, trouble, close } = await openConsole(browser, second.console);
  await page.locator(`${READY}[data-draft-id="${id}"]`).waitFor();
  await page.getByText("second review, blind").filter({ visible: true }).waitFor();
  const seen = await page.locator("#root").innerText();
  assert.doesNotMatch(seen, /SPOILER|firstreader/);
  await accessibleInBoth(page, "second-review");
  await page.keyboard.press("a");
  await until("two cases of it", async () => {
    const { cases } = await hub.call("GET", `/v1/cases?workflow=${workflow}&limit=5`);
    return cases.length === 2;
  });
  assert.deepEqual(trouble, []);
  await close();
});

test("several workflows at once, and a filter that is saved, recalled by its digit and still there tomorrow", async () => {
  const names = ["apples", "pears", "plums"];
  for (const name of names) {
    await apply(hub, name, (toml) => toml.replace(/^name = .*$/m, `name = "About ${name}"`));
    await stage(hub, name, { external_id: `ticket-${name}`, metadata: { subject: `Question on ${name}` } });
  }
  const rosa = await person(hub, "rosa");
  const { page, trouble, close } = await openConsole(browser, rosa.console);
  await ready(page);
  await page.keyboard.press("f");
  for (const name of ["apples", "plums"]) await page.getByRole("checkbox", { name: `About ${name}` }).press("Space");
  await page.getByRole("button", { name: "Show", exact: true }).press("Enter");
  const queue = page.getByRole("complementary", { name: "Queue" });
  await until("the two workflows alone", async () => {
    const rows = await queue.getByRole("option").allTextContents();
    return rows.length === 2 && rows.some((row) => row.includes("apples")) && rows.some((row) => row.includes("plums"));
  });
  await page.keyboard.press("v");
  const field = page.getByRole("dialog").getByRole("textbox");
  await field.fill("Fruit I know");
  await field.press("Enter");
  await page.getByRole("dialog").getByText("Fruit I know").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Shift+F");
  await until("the whole queue", async () => (await queue.getByRole("option").count()) > 2);

  await page.reload();
  await ready(page);
  await page.keyboard.press("v");
  await page.getByRole("dialog").getByText("Fruit I know").waitFor();
  await page.keyboard.press("1");
  await queue.locator(".filter-line", { hasText: "About apples, About plums" }).waitFor();
  await until("the two again", async () => (await queue.getByRole("option").count()) === 2);
  // What comes next is of the two, too.
  const shown = await until("a draft of them", async () => {
    const id = await ready(page);
    return (await hub.draft(id)).workflow === "pears" ? null : id;
  });
  await page.keyboard.press("a");
  const next = await ready(page, shown);
  assert.notEqual((await hub.draft(next)).workflow, "pears");
  assert.deepEqual(trouble, []);
  await close();
});

test("U lists what else the customer wrote; one is opened to read, and B comes back to the draft that was kept", async () => {
  const workflow = await apply(hub, "customers");
  const about = (n) => ({ external_id: `ticket-70${n}`, metadata: { subject: `Letter ${n}`, customer: "Ida Quist" } });
  const ids = [];
  for (const n of [1, 2, 3]) ids.push(await stage(hub, workflow, about(n)));
  const { page, trouble, close } = await openConsole(browser, served.console);
  await page.locator("nav [aria-current=page]").waitFor();
  await page.evaluate((id) => location.assign(`#/review/${id}`), ids[0]);
  await page.locator(`${READY}[data-draft-id="${ids[0]}"]`).waitFor();
  await page.keyboard.press("u");
  const others = page.locator(`aside[aria-label="This customer's other drafts"]:not([inert])`);
  await others.getByRole("button", { name: /Letter 3/ }).and(page.locator(":focus")).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.locator(`[data-testid=draft][data-draft-id="${ids[1]}"]`).waitFor();
  await page.getByText("Opened to read.").waitFor();
  assert.equal((await hub.draft(ids[0])).held_by, "you");
  await page.keyboard.press("b");
  await page.locator(`${READY}[data-draft-id="${ids[0]}"]`).waitFor();
  assert.deepEqual(trouble, []);
  await close();
});

test("M shows my own day, and mine alone", async () => {
  const workflow = await apply(hub, "days");
  const [mia, noah] = [await person(hub, "mia"), await person(hub, "noah")];
  for (const [who, n] of [[mia, 1], [mia, 2], [noah, 3]]) {
    const id = await stage(hub, workflow, { external_id: `ticket-80${n}` });
    await decide(who.hub, id, { action: "approve" });
  }
  const { page, trouble, close } = await openConsole(browser, mia.console);
  await page.locator("nav [aria-current=page]").waitFor();
  await page.locator("body").press("m");
  const day = page.getByRole("dialog", { name: "My day" });
  const figures = await day.locator("dd").allTextContents();
  assert.deepEqual(figures, ["2", "9 s", "100%", "0"]);
  assert.deepEqual(trouble, []);
  await close();
});

test("who missed too many known faults is told above the draft, and why it matters", async () => {
  const probe = { ...DRAFT, draft: { text: "We pay you twice for it." }, expected: ["escalate"] };
  const probes = [1, 2, 3].map((n) => JSON.stringify({ ...probe, external_id: `ticket-95${n}` })).join("\n");
  const files = { "probes.jsonl": `${probes}\n` };
  const workflow = await apply(hub, "watchful", (toml) => toml.replace("[review]", '[review]\nprobes = "probes.jsonl"'), files);
  const omar = await person(hub, "omar");
  let [missed, n] = [0, 0];
  while (missed < 2) {
    assert.ok(n < 600, "no probe came");
    await stage(hub, workflow, { external_id: `ticket-96${n++}` });
    const { lease, draft } = await omar.hub.call("POST", "/v1/queue/lease", { workflows: [workflow] });
    if (draft.draft.text !== probe.draft.text) {
      await omar.hub.call("DELETE", `/v1/leases/${lease.id}`);
      continue;
    }
    await omar.hub.call("DELETE", `/v1/leases/${lease.id}`);
    await decide(omar.hub, draft.id, { action: "approve" });
    missed++;
  }
  const { page, trouble, close } = await openConsole(browser, omar.console);
  await ready(page);
  await page.locator(".vigilance", { hasText: /you missed the fault in 2 of 2 drafts.*counts once a second person/ }).waitFor();
  await accessibleInBoth(page, "vigilance");
  assert.deepEqual(trouble, []);
  await close();
});

/** A paragraph that differs from the others. */
const paragraph = (n) => `Message ${n}. The export stops after ${n * 7} rows, and the page says nothing of it. ${"So we try again. ".repeat(3)}`;

test("a thread of 500 messages and a draft of 60,000 characters can be scrolled and edited", async () => {
  const workflow = await apply(hub, "long");
  const id = await stage(hub, workflow, {
    external_id: "ticket-900",
    thread: Array.from({ length: 500 }, (_, n) => ({ role: n % 2 ? "agent" : "customer", text: paragraph(n) })),
    draft: { text: Array.from({ length: 420 }, (_, n) => paragraph(n)).join("\n\n").slice(0, 60_000) },
  });
  const { page, trouble, close } = await openConsole(browser, served.console);
  await page.locator("nav [aria-current=page]").waitFor();
  await page.evaluate((to) => location.assign(`#/review/${to}`), id);
  const draft = page.locator(`${READY}[data-draft-id="${id}"]`);
  await draft.waitFor();
  for (let more = 0; more < 20; more++) {
    const button = draft.getByRole("button", { name: /earlier message/ });
    if ((await button.count()) === 0) break;
    await button.first().press("Enter");
  }
  assert.equal(await draft.getByText("Message 0.").count() > 0, true);
  console.log(`scrolling 500 messages: ${await frames(page, id)}`);
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  const typed = await page.evaluate(() => performance.now());
  await page.keyboard.type(" And sorry.");
  await page.locator("[data-testid=editor]").getByText("And sorry.").waitFor();
  console.log(`typing into 60,000 characters: ${Math.round((await page.evaluate(() => performance.now())) - typed)} ms`);
  await page.keyboard.press("Escape");
  assert.deepEqual(trouble, []);
  await close();
});

/** Scrolls from end to end and says how long the frames took. */
async function frames(page, id) {
  const taken = await page.evaluate(async (draftId) => {
    const pane = document.querySelector(`[data-draft-id="${draftId}"].middle`);
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const taken = [];
    pane.scrollTop = 0;
    let before = await frame();
    for (let i = 0; i < 150; i++) {
      pane.scrollTop += 400;
      const now = await frame();
      taken.push(now - before);
      before = now;
    }
    return taken;
  }, id);
  const sorted = taken.sort((a, b) => a - b);
  const at = (share) => sorted[Math.floor(sorted.length * share)].toFixed(0);
  return `median ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${sorted.at(-1).toFixed(0)} ms of ${sorted.length} frames`;
}

test("E suggests by value what an edit was: another amount is factual, the same one written otherwise is cosmetic", async () => {
  const workflow = await apply(hub, "by-value");
  const id = await stage(hub, workflow, { external_id: "ticket-value", draft: { text: "We refund 1,250.00 EUR." } });
  const { token } = await hub.call("POST", "/v1/tokens", { name: "val", grants: [{ role: "reviewer", workflow }], routes: [] });
  const { page, trouble, close } = await openConsole(browser, `${hub.url}/#token=${token}`);
  assert.equal(await ready(page), id);
  const suggested = async (text, grade) => {
    await page.keyboard.press("e");
    await page.locator("[data-testid=editor] :focus").waitFor();
    await page.keyboard.press("Control+a");
    await page.keyboard.type(text);
    await page.locator(`[data-testid=grade-chips] [data-grade=${grade}][aria-checked=true]`).waitFor();
    await page.keyboard.press("Escape");
  };
  await suggested("We refund 1250 EUR.", "cosmetic");
  for (const text of ["We refund 125.00 EUR.", "We refund -1,250.00 EUR.", "We refund 1,250.00 USD."]) await suggested(text, "factual");
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await page.locator("[data-grade=factual][aria-checked=true]").waitFor();
  await page.keyboard.press("Control+Enter");
  await until("the edit", async () => (await hub.draft(id)).outcome?.grade === "factual");
  assert.deepEqual(trouble, []);
  await close();
});

test("signs alone in the search box find nothing, and the whole queue is never shown as what was found", async () => {
  const workflow = await apply(hub, "signs");
  for (let n = 0; n < 3; n++) await stage(hub, workflow, { external_id: `ticket-signs-${n}` });
  const { token } = await hub.call("POST", "/v1/tokens", { name: "at-signs", grants: [{ role: "reviewer", workflow }], routes: [] });
  const { page, trouble, close } = await openConsole(browser, `${hub.url}/#token=${token}`);
  await ready(page);
  const head = page.locator(".queue-head h2");
  await head.getByText("· 3").waitFor();
  for (const signs of ['"', "***", "(((", "%' OR 1=1 --", "💥", "พัสดุ"]) {
    await page.keyboard.press("/");
    await page.locator("#search").fill(signs);
    await head.getByText("0 results").waitFor();
    await page.getByText("No draft matches.").waitFor();
    assert.equal(await page.locator(".queue [role=option]").count(), 0, signs);
    assert.equal(await page.getByText("could not be fetched").count(), 0, signs);
    await page.locator("#search").fill("");
    await head.getByText("· 3").waitFor();
  }
  await page.locator("#search").fill("invoice");
  await head.getByText("3 results").waitFor();
  assert.deepEqual(trouble, []);
  await close();
});

test("while drafts are still being indexed a search says so, in both lists, and finds the rest by itself", async () => {
  const workflow = await apply(hub, "indexing");
  for (let n = 0; n < 2; n++) await stage(hub, workflow, { external_id: `ticket-zebra-${n}`, draft: { text: "A zebra." } });
  await decide(hub, await stage(hub, workflow, { external_id: "ticket-zebra-9", draft: { text: "A zebra." } }), { action: "approve" });
  const { token } = await hub.call("POST", "/v1/tokens", { name: "at-indexing", grants: [{ role: "reviewer", workflow }, { role: "curator", workflow }], routes: [] });
  for (const [locale, said, found] of [
    ["en", "Drafts are still being indexed for search.", "2 results"],
    ["de-DE", "Entwürfe werden noch für die Suche aufbereitet.", "2 Treffer"],
  ]) {
    const { page, trouble, close } = await openConsole(browser, `${hub.url}/#token=${token}`, { locale });
    await ready(page);
    let behind = true;
    const answer = (list) => (route) => (behind ? route.fulfill({ json: { [list]: [], indexing: true } }) : route.fallback());
    await page.route(/\/v1\/drafts\?.*\bq=/, answer("drafts"));
    await page.route(/\/v1\/cases\?.*\bq=/, answer("cases"));
    await page.keyboard.press("/");
    await page.locator("#search").fill("zebra");
    await page.getByText(said).waitFor();
    assert.equal(await page.getByText(/No draft matches|Kein Entwurf passt/).count(), 0);
    await accessibleInBoth(page, `indexing-${locale}`);
    behind = false;
    await page.locator(".queue-head h2", { hasText: found }).waitFor();
    await page.getByText(said).waitFor({ state: "detached" });
    behind = true;
    await page.evaluate(() => location.assign("#/cases"));
    await page.locator("main [role=row] >> nth=1").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("zebra");
    await page.keyboard.press("Enter");
    await page.getByText(said).waitFor();
    await accessibleInBoth(page, `indexing-cases-${locale}`);
    behind = false;
    await page.getByText(said).waitFor({ state: "detached" });
    await page.locator("main [role=row] >> nth=1").waitFor();
    assert.deepEqual(trouble, []);
    await close();
  }
});
