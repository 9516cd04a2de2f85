import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { accessible, accessibleInBoth } from "./accessible.mjs";
import { launch, openConsole, ready } from "./browser.mjs";
import { Hub, startHub, until } from "./hub.mjs";

/** An admin's errands: a pack, sources, tokens, and how the window looks. */

const PACK = resolve(import.meta.dirname, "../../packs/support-first-reply");
const WORKFLOW = "support-first-reply";
const SECTIONS = ["packs", "sources", "access", "connection", "appearance", "keys"];

let served, hub, browser, desk, page, folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "countersign-settings-"));
  served = await startHub("--demo");
  hub = served.hub;
  browser = await launch();
  desk = await openConsole(browser, served.console);
  page = desk.page;
  await ready(page);
});

after(async () => {
  await browser?.close();
  await served?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The pack's files in a folder of their own, its workflow.toml changed. */
async function pack(change) {
  const files = [];
  for (const name of ["workflow.toml", "guidelines.md", "runbook.md"]) {
    const text = await readFile(join(PACK, name), "utf8");
    const path = join(folder, name);
    await writeFile(path, name === "workflow.toml" ? change(text) : text);
    files.push(path);
  }
  return files;
}

const dialog = () => page.locator("[role=dialog]");

async function go(section) {
  await page.evaluate((name) => location.assign(`#/settings/${name}`), section);
  await page.locator(`[data-section=${section}]`).waitFor();
}

test("Ctrl+5 opens the settings, J and K walk their sections", async () => {
  await page.keyboard.press("Control+5");
  await page.locator("[data-section=packs]").waitFor();
  for (const section of SECTIONS.slice(1)) {
    await page.keyboard.press("j");
    await page.locator(`[data-section=${section}]`).waitFor();
  }
  await page.keyboard.press("k");
  await page.locator("[data-section=appearance]").waitFor();
});

test("a pack with faults is refused with all of them", async () => {
  const { version } = await hub.workflow(WORKFLOW);
  await go("packs");
  await page.getByRole("button", { name: "Apply a pack…" }).press("Enter");
  const broken = (text) => text.replace("undo_seconds = 10", "undo_seconds = -1").replace("min_days = 5", "mindays = 5");
  await dialog().getByLabel("Choose files…").last().setInputFiles(await pack(broken));
  await dialog().getByRole("button", { name: "Apply", exact: true, disabled: false }).press("Enter");
  const faults = page.locator("[data-testid=faults]");
  await faults.getByText("review.undo_seconds").waitFor();
  await faults.getByText("gate.mindays").waitFor();
  await faults.getByText("did you mean min_days?").waitFor();
  await accessibleInBoth(page, "settings-faults");
  await page.keyboard.press("Escape");
  assert.equal((await hub.workflow(WORKFLOW)).version, version);
});

test("a changed one makes a version, and two versions show what changed", async () => {
  const { version } = await hub.workflow(WORKFLOW);
  await page.getByRole("button", { name: "Apply a pack…" }).press("Enter");
  const changed = (text) => text.replace("undo_seconds = 10", "undo_seconds = 15");
  await dialog().getByLabel("Choose files…").last().setInputFiles(await pack(changed));
  await dialog().getByRole("button", { name: "Apply", exact: true, disabled: false }).press("Enter");
  await page.getByText(`is at version ${version + 1} now`).waitFor();
  await page.keyboard.press("Escape");
  assert.equal((await hub.workflow(WORKFLOW)).version, version + 1);

  await page.getByLabel(`Compare version ${version + 1}`).press("Space");
  await page.getByLabel(`Compare version ${version + 1}`).press("j");
  await page.keyboard.press("Space");
  const changes = page.locator("[data-testid=changes]");
  await changes.getByText("review.undo_seconds").waitFor();
  assert.equal(await changes.locator("tr", { hasText: "review.undo_seconds" }).locator("ins").textContent(), "15");
  await accessibleInBoth(page, "settings-changes");
});

test("sources are imported line by line, found, and read", async () => {
  const path = join(folder, "sources.jsonl");
  const source = { id: "kb/closing", title: "Closing times", text: "We **close** at six. <img src=x>", access: ["public"] };
  await writeFile(path, `${JSON.stringify(source)}\n{"id":"kb/empty"}\n`);
  await go("sources");
  await page.getByRole("button", { name: "Import…" }).press("Enter");
  await dialog().getByLabel("Choose a .jsonl file…").last().setInputFiles(path);
  await dialog().getByRole("button", { name: "Import", exact: true }).press("Enter");
  const result = page.locator("[data-testid=import-result]");
  await result.getByText("Imported.").waitFor();
  assert.match(await result.locator("tbody tr").first().textContent(), /^2.*text/s);
  await page.keyboard.press("Escape");
  assert.equal((await hub.call("GET", `/v1/sources/${encodeURIComponent(source.id)}`)).text, source.text);

  await page.keyboard.press("/");
  await page.keyboard.type("closing");
  await page.locator("[role=grid] [role=row]", { hasText: source.title }).waitFor();
  await page.locator("[role=grid]").focus();
  await page.keyboard.press("Enter");
  const read = page.locator("[data-testid=source]");
  await read.getByText("at six. <img src=x>").waitFor();
  assert.equal(await read.locator("img").count(), 0);
  await page.keyboard.press("Escape");
});

test("a token is shown once, works, and is revoked with a second press", async () => {
  await go("access");
  await page.getByRole("button", { name: "New token…" }).press("Enter");
  await dialog().getByLabel("Name", { exact: true }).fill("Dana Whitfield");
  await dialog().getByLabel("Workflow of role 1").selectOption(WORKFLOW);
  await dialog().getByLabel("Name", { exact: true }).press("Enter");
  const made = page.locator("[data-testid=made]");
  await made.waitFor();
  const token = await made.locator("code").textContent();
  const dana = new Hub(hub.url, token);
  const { subject, grants } = await dana.call("GET", "/v1/me");
  assert.deepEqual([subject, grants], ["Dana Whitfield", [{ role: "reviewer", workflow: WORKFLOW }]]);

  await page.getByRole("button", { name: "I have kept it" }).press("Enter");
  await made.waitFor({ state: "detached" });
  assert.ok(!(await page.content()).includes(token));

  await page.getByRole("button", { name: "Revoke the token of Dana Whitfield" }).press("Enter");
  await page.getByRole("button", { name: "Press again to revoke" }).press("Enter");
  await page.getByText(/^revoked /).waitFor();
  await assert.rejects(() => dana.call("GET", "/v1/me"), /401/);
});

test("the connection names the hub and what it is", async () => {
  const { hub: here } = await hub.call("GET", "/v1/me");
  await go("connection");
  const facts = page.locator(".settings-facts");
  await facts.getByText(new URL(hub.url).host).waitFor();
  await facts.getByText(here.version, { exact: true }).waitFor();
  await facts.getByText("SQLite", { exact: false }).waitFor();
});

test("theme and language change at once", async () => {
  await go("appearance");
  await page.getByLabel("Dark").press("Space");
  await page.locator("html[data-theme=dark]").waitFor();
  await page.getByLabel("As the system").press("Space");
  await page.locator("html:not([data-theme])").waitFor();
  await page.getByLabel("Deutsch").press("Space");
  await page.getByRole("heading", { name: "Darstellung" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "de");
  await page.getByLabel("English").press("Space");
  await page.getByRole("heading", { name: "Appearance" }).waitFor();
});

test("the audit log's public key is the hub's own", async () => {
  await go("keys");
  await page.getByRole("button", { name: "Verify the log and show it" }).press("Enter");
  const shown = page.locator("[data-testid=signing-key]");
  await shown.waitFor();
  assert.equal(await shown.textContent(), (await hub.call("GET", "/v1/audit/verify")).public_key);
});

test("a reviewer is told what is an admin's", async () => {
  const { token } = await hub.call("POST", "/v1/tokens", { name: "Remy", grants: [{ role: "reviewer" }] });
  const remy = await openConsole(browser, `${hub.url}/#token=${token}`);
  await ready(remy.page);
  await remy.page.keyboard.press("Control+5");
  await remy.page.getByText("Packs are applied by an admin.").waitFor();
  await remy.page.evaluate(() => location.assign("#/settings/access"));
  await remy.page.getByText("Tokens are managed by an admin").waitFor();
  assert.deepEqual(remy.trouble, []);
  await remy.close();
});

test("nothing went wrong on the way", () => assert.deepEqual(desk.trouble, []));

for (const colorScheme of ["light", "dark"]) {
  describe(colorScheme, () => {
    let own;

    before(async () => {
      own = await openConsole(browser, served.console, { colorScheme, reducedMotion: "reduce" });
      await ready(own.page);
    });

    after(() => own?.close());

    for (const section of SECTIONS) {
      test(section, async () => {
        await own.page.evaluate((name) => location.assign(`#/settings/${name}`), section);
        await own.page.locator(`[data-section=${section}]`).waitFor();
        await until(`${section} to be fetched`, async () => (await own.page.getByText("Fetching…").count()) === 0);
        await check(own, `settings-${section}-${colorScheme}`);
      });
    }

    const dialogs = { packs: "Apply a pack…", sources: "Import…", access: "New token…" };
    for (const [section, button] of Object.entries(dialogs)) {
      test(`${section}: ${button}`, async () => {
        await own.page.evaluate((name) => location.assign(`#/settings/${name}`), section);
        await own.page.getByRole("button", { name: button }).press("Enter");
        await own.page.locator("[role=dialog]").waitFor();
        await check(own, `settings-${section}-dialog-${colorScheme}`);
        await own.page.keyboard.press("Escape");
        await own.page.locator("[role=dialog]").waitFor({ state: "detached" });
      });
    }
  });
}

async function check({ page, trouble }, name) {
  await accessible(page, name);
  assert.deepEqual(trouble, []);
}
