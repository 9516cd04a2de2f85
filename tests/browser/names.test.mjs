import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { go, launch, openConsole, READY, screenshot } from "./browser.mjs";
import { startHub } from "./hub.mjs";
import { apply, packOf, person, stage } from "./packs.mjs";

/** Names and texts that come from packs, tokens and people: nothing in them runs, loads, or covers our buttons. */

const ELSEWHERE = "http://elsewhere.example";
/** Without a space or a comma, which the name of a person may not have. */
const evil = (n) => `<img/src='${ELSEWHERE}/${n}.png'/onerror='alert(${n})'><script>alert(${n})</script>`;
/** Marks that stack upon each other over many lines, and a word without an end. */
const STACKED = `Z${"\u0321\u0353\u0489\u0310\u0352\u035b".repeat(60)}`;
const ENDLESS = "W".repeat(3_000);

const FORBIDDEN = "script, iframe, object, embed, form[action], style, base, meta[http-equiv], [srcdoc], [onerror], [onload]";

let served, hub, browser, desk, page, workflow, id;

const hostile = (version) => (toml) =>
  toml
    .replace(/^name = .*$/m, `name = "${evil(1)}"`)
    .replace(/^dri = .*$/m, `dri = "${evil(2)}"`)
    .replace(/^label = .*$/m, `label = "${evil(3)}"`)
    .replace("undo_seconds = 10", `undo_seconds = ${10 + version}`);

before(async () => {
  served = await startHub();
  hub = served.hub;
  browser = await launch();
  const guidelines = (version) => ({ "guidelines.md": `# Be kind\n\nVersion ${version}\n\n${evil(4)}\n\n[x](javascript:alert(5))\n` });
  workflow = await apply(hub, "hostile", hostile(1), guidelines(1));
  await apply(hub, "hostile", hostile(2), guidelines(2));
  const about = (n) => ({
    external_id: `ticket-${n}-${evil(6)}`,
    thread: [{ role: "customer", name: evil(7), text: `${STACKED} ${ENDLESS}` }],
    draft: { text: `${STACKED} ${ENDLESS}\n\n${evil(8)}` },
    metadata: { subject: `${evil(9)} ${STACKED}`, customer: evil(10) },
  });
  id = await stage(hub, workflow, about(1));
  await stage(hub, workflow, about(2));
  await person(hub, evil(11));
  desk = await openConsole(browser, served.console);
  page = desk.page;
});

after(async () => {
  await browser?.close();
  await served?.stop();
});

async function show(draft) {
  await page.locator("nav [aria-current=page]").first().waitFor();
  await go(page, `review/${draft}`);
  await page.locator(`${READY}[data-draft-id="${draft}"]`).waitFor();
}

test("stacked marks and an endless word on the page lie over none of the verbs", async () => {
  await show(id);
  await uncovered(".foot button, .top button, .rail a");
  assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await harmless("names-review");
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await uncovered(".foot button, .top button, .rail a");
  await harmless("names-editing");
  await page.keyboard.press("Escape");
});

for (const [name, key] of [["the escalate dialog", "x"], ["the kill dialog", "Control+Shift+K"], ["the filter dialog", "f"], ["the palette", "Control+k"]]) {
  test(`${name} shows names as they are written`, async () => {
    await show(id);
    await page.keyboard.press(key);
    await page.getByRole("dialog").waitFor();
    if (name !== "the palette") await page.getByRole("dialog").getByText("<img/src=").first().waitFor();
    await uncovered("[role=dialog] button, [role=dialog] [role=option]");
    await harmless(`names-${key}`);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
  });
}

test("so does the ticket dialog", async () => {
  await page.keyboard.press("t");
  await page.locator("[role=dialog] input:focus").waitFor();
  await page.keyboard.insertText(`ticket-1-${evil(6)}`);
  await page.keyboard.press("Enter");
  await page.locator("[role=dialog] .draft-line.on").waitFor();
  await harmless("names-ticket");
  await page.keyboard.press("Escape");
});

test("so do the guidelines and a customer's other drafts", async () => {
  await show(id);
  await page.keyboard.press("g");
  await page.locator("aside[aria-label=Guidelines]:not([inert])").getByText("alert(4)").first().waitFor();
  await harmless("names-guidelines");
  await page.keyboard.press("u");
  await page.locator(`aside[aria-label="This customer's other drafts"]:not([inert])`).getByText("<img/src=").first().waitFor();
  await harmless("names-customer");
  await uncovered(".foot button");
  await page.keyboard.press("u");
});

test("so do the packs of the settings and what changed between two of them", async () => {
  await go(page, "settings/packs");
  await page.getByLabel("Compare version 2").press("Space");
  await page.getByLabel("Compare version 1").press("Space");
  await page.locator("[data-testid=changes]").waitFor();
  await page.getByRole("button", { name: /unchanged/ }).first().press("Enter").catch(() => {});
  await harmless("names-packs");
});

test("so do the faults of a pack that is refused", async () => {
  await page.getByRole("button", { name: "Apply a pack…" }).press("Enter");
  const files = await packOf("hostile", (toml) => toml.replace("undo_seconds = 10", `undo_seconds = "${evil(12)}"\n"${evil(13)}" = 1`));
  const given = Object.entries(files).map(([name, text]) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) }));
  await page.getByRole("dialog").getByLabel("Choose files…").last().setInputFiles(given);
  await page.getByRole("dialog").getByRole("button", { name: "Apply", exact: true }).press("Enter");
  await page.locator("[data-testid=faults]").waitFor();
  await harmless("names-faults");
  await page.keyboard.press("Escape");
});

test("so do the names of tokens", async () => {
  await go(page, "settings/access");
  await page.locator("[data-section=access]").getByText("<img/src=").first().waitFor();
  await harmless("names-tokens");
});

test("so do an escalation's bar and the banner of a workflow that was killed", async () => {
  const { lease, draft } = await hub.call("POST", "/v1/queue/lease", { draft_id: id });
  await hub.call("POST", `/v1/drafts/${id}/verdicts`, {
    verdict_id: randomUUID(), lease_id: lease.id, fence: lease.fence, content_hash: draft.content_hash,
    action: "escalate", reasons: ["wrong_promise"], comment: `${evil(14)} ${STACKED} ${ENDLESS}`, seconds: 9,
  });
  await go(page, `review/${id}`);
  await page.getByRole("region", { name: "Escalation" }).waitFor();
  await harmless("names-escalation");
  await uncovered(".foot button, .escalation button");
  await hub.call("POST", `/v1/workflows/${workflow}/kill`, { reason: `${evil(15)} ${STACKED} ${ENDLESS.slice(0, 1_500)}` });
  await page.locator(".killed").getByText("alert(15)").first().waitFor();
  await harmless("names-killed");
  await uncovered(".foot button, .top button, .rail a");
  await go(page, "rollout");
  await page.locator(".rollout-killed").getByText("alert(15)").first().waitFor();
  await harmless("names-rollout");
  await uncovered(".screen-bar button, .rail a");
});

/** Whoever presses the middle of one of these presses it, and nothing that lies there. */
async function uncovered(selector) {
  const covered = await page.evaluate((wanted) => {
    const shown = [...document.querySelectorAll(wanted)].filter(
      (element) => element.checkVisibility({ visibilityProperty: true }) && !element.closest("[inert]"),
    );
    const hidden = shown.filter((element) => {
      element.scrollIntoView({ block: "nearest" });
      const { x, y, width, height } = element.getBoundingClientRect();
      const hit = document.elementFromPoint(x + width / 2, y + height / 2);
      return !element.contains(hit);
    });
    return { count: shown.length, hidden: hidden.map((element) => element.outerHTML.slice(0, 160)) };
  }, selector);
  assert.ok(covered.count > 0, `${selector} is on the page`);
  assert.deepEqual(covered.hidden, []);
}

async function harmless(name) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await screenshot(page, name);
  const found = await page.evaluate((forbidden) => {
    const links = [...document.querySelectorAll("a[href], area[href]")].map((link) => link.href);
    return {
      elements: [...document.body.querySelectorAll(forbidden)]
        .filter((element) => !(element.matches("script[type=module]") && new URL(element.src).origin === location.origin))
        .map((element) => element.outerHTML.slice(0, 200)),
      images: [...document.images].map((image) => image.src).filter(Boolean),
      links: links.filter((href) => new URL(href).origin !== location.origin),
      wide: document.documentElement.scrollWidth > innerWidth,
    };
  }, FORBIDDEN);
  assert.deepEqual(found, { elements: [], images: [], links: [], wide: false });
  assert.deepEqual(desk.trouble, []);
}
