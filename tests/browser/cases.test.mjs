import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { accessible } from "./accessible.mjs";
import { launch, openConsole, ready } from "./browser.mjs";
import { startHub, until } from "./hub.mjs";

/** Decided drafts, by keyboard alone: found, read from draft to delivery, exported. */

let served, hub, browser, desk, page, all;

const table = "[data-testid=cases]";
const beside = "[data-testid=case] article[data-case-id]";

before(async () => {
  served = await startHub("--demo");
  hub = served.hub;
  browser = await launch();
  desk = await openConsole(browser, served.console);
  page = desk.page;
  await ready(page);
  all = (await hub.call("GET", "/v1/cases?limit=200")).cases;
});

after(async () => {
  await browser?.close();
  await served?.stop();
});

const opened = (id) => page.locator(`[data-testid=case] article[data-case-id="${id}"]`);
const subjects = () => page.locator(`${table} [role=row] .cases-subject`).allTextContents();

test("Ctrl+3 lists the cases, newest first", async () => {
  await page.keyboard.press("Control+3");
  await page.locator(table).waitFor();
  const [head, ...rows] = await subjects();
  assert.equal(head, "Subject");
  assert.deepEqual(rows.slice(0, 5), all.slice(0, 5).map(({ subject }) => subject));
});

test("J and Enter open a case, J moves on, Esc closes it", async () => {
  await page.keyboard.press("j");
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await opened(all[1].id).waitFor();
  assert.equal(new URL(page.url()).hash, `#/cases/${all[1].id}`);
  assert.equal(await page.locator(`${beside} h2`).textContent(), all[1].subject);
  await page.keyboard.press("j");
  await opened(all[2].id).waitFor();
  await page.keyboard.press("k");
  await opened(all[1].id).waitFor();
  await page.keyboard.press("Escape");
  await page.locator(beside).waitFor({ state: "detached" });
});

test("an edit shows word by word what was sent, T the thread", async () => {
  const edit = all.find(({ action }) => action === "edit");
  await page.getByLabel("Outcome", { exact: true }).selectOption("edit");
  await page.locator(table).getByText("escalated").first().waitFor({ state: "detached" });
  await page.locator(table).focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await opened(edit.id).waitFor();
  await page.locator(`${beside} .cases-diff ins`).first().waitFor();
  const { draft } = await hub.call("GET", `/v1/cases/${edit.id}`);
  const kept = await page
    .locator(`${beside} .cases-diff`)
    .evaluate((diff) => [...diff.children].filter(({ tagName }) => tagName !== "INS").map((e) => e.textContent).join(""));
  assert.equal(kept, draft.text);
  await page.keyboard.press("t");
  await page.locator(".cases-message").first().waitFor();
});

test("its provenance names model, reviewer and delivery", async () => {
  const id = await page.locator(beside).getAttribute("data-case-id");
  const one = await hub.call("GET", `/v1/cases/${id}`);
  const { outcome, delivery } = await hub.draft(one.draft_id);
  const steps = page.locator(".cases-provenance");
  await steps.getByText(`${one.model.provider}/${one.model.name}`).waitFor();
  await steps.getByText(one.reviewer.replace("reviewer-", "")).first().waitFor();
  assert.equal(await steps.getByText(outcome.by).count(), 0, "a pseudonym never stands beside the name");
  if (delivery) await steps.getByText(new RegExp(delivery.state === "pending" ? "waiting" : delivery.state)).first().waitFor();
});

test("/ searches, C clears", async () => {
  await page.keyboard.press("Escape");
  await page.keyboard.press("c");
  const wanted = all.at(-1).subject.split(/\s+/).sort((a, b) => b.length - a.length)[0];
  await page.keyboard.press("/");
  await page.keyboard.type(wanted);
  await page.keyboard.press("Enter");
  const found = (await hub.call("GET", `/v1/cases?limit=200&q=${encodeURIComponent(wanted)}`)).cases;
  assert.ok(found.length < all.length);
  await until("the cases found", async () => (await subjects()).length === found.length + 1);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("c");
  await until("all cases again", async () => (await subjects()).length > found.length + 1);
});

test("E shows the first lines of the export, and saves all of them", async () => {
  const [{ workflow }] = all;
  const whole = await fetchText(`/v1/cases/export?workflow=${workflow}&format=jsonl`);
  await page.keyboard.press("e");
  await page.locator("[role=dialog] select").selectOption(workflow);
  const preview = page.locator("[data-testid=preview] pre");
  await preview.waitFor();
  assert.equal(await preview.textContent(), whole.split("\n").slice(0, 5).join("\n"));
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Save…" }).press("Enter");
  const download = await saving;
  assert.equal(download.suggestedFilename(), `${workflow}-cases.jsonl`);
  assert.equal(await readFile(await download.path(), "utf8"), whole);
  await page.getByText(`Saved: ${workflow}-cases.jsonl`).waitFor();
  await page.keyboard.press("Escape");
});

test("O leads to the draft in Review", async () => {
  await page.locator(table).focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  await page.locator(beside).waitFor();
  const { draft_id } = all.find(({ id }) => page.url().endsWith(id));
  await page.keyboard.press("o");
  await page.locator(`[data-testid=draft][data-draft-id="${draft_id}"]`).waitFor();
  assert.match(new URL(page.url()).hash, /^#\/review/);
});

test("nothing went wrong on the way", () => {
  // The one download was asked for.
  assert.deepEqual(desk.trouble.filter((one) => !one.startsWith("download: blob:")), []);
});

async function fetchText(path) {
  const response = await fetch(hub.url + path, { headers: { authorization: `Bearer ${hub.token}` } });
  assert.ok(response.ok);
  return response.text();
}

for (const colorScheme of ["light", "dark"]) {
  describe(colorScheme, () => {
    let own;

    before(async () => {
      own = await openConsole(browser, served.console, { colorScheme, reducedMotion: "reduce" });
      await ready(own.page);
      await own.page.keyboard.press("Control+3");
      await own.page.locator(table).waitFor();
    });

    after(() => own?.close());

    test("the table", () => check(own, `cases-${colorScheme}`));

    test("a case beside it", async () => {
      const edit = all.find(({ action }) => action === "edit");
      await own.page.evaluate((id) => location.assign(`#/cases/${id}`), edit.id);
      await own.page.locator(`${beside} .cases-diff ins`).first().waitFor();
      await own.page.keyboard.press("t");
      await check(own, `case-${colorScheme}`);
      await own.page.keyboard.press("Escape");
    });

    test("the export", async () => {
      await own.page.keyboard.press("e");
      await own.page.locator("[data-testid=preview] pre").waitFor();
      await check(own, `cases-export-${colorScheme}`);
      await own.page.keyboard.press("Escape");
    });

    test("nothing found", async () => {
      await own.page.keyboard.press("/");
      await own.page.keyboard.type("zzzzzz");
      await own.page.keyboard.press("Enter");
      await own.page.getByText("No case matches").waitFor();
      await check(own, `cases-none-${colorScheme}`);
    });
  });
}

async function check({ page, trouble }, name) {
  await accessible(page, name);
  assert.deepEqual(trouble, []);
}
