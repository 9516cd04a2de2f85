import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessible, accessibleInBoth } from "./accessible.mjs";
import { go, launch, ready } from "./browser.mjs";
import { startHub, until } from "./hub.mjs";
import { emit, lastCall, openDesktop } from "./shell.mjs";

/** What the console does in the desktop's window, with the shell stood in for: the ways out, the menu, the tray. */

const TEAM = "https://desk.example.com";
const DRAFT = {
  revision: "1",
  thread: [{ role: "customer", text: "Where is my invoice?" }],
  draft: { text: "It is attached." },
};

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

/** Decisions in the journal, as an earlier window left them. */
function journal(count) {
  const left = Array.from({ length: count }, (_, i) => {
    const body = { verdict_id: `v${i}` };
    return [`countersign:verdict:v${i}`, JSON.stringify({ draft_id: `d${i}`, by: "rosa", body })];
  });
  return Object.fromEntries(left);
}

test("a team's hub that is away at the start leaves a way to another one, and says what waits", async () => {
  const { page, trouble, close } = await openDesktop(browser, served, { url: TEAM, away: true, entries: journal(3) });
  await page.getByRole("heading", { name: "desk.example.com doesn't answer" }).waitFor();
  await page.getByText("3 decisions wait for it. They are kept").waitFor();
  await accessibleInBoth(page, "away");
  await page.getByRole("button", { name: "Settings: connection…" }).press("Enter");
  await page.locator("[role=dialog] input[inputmode=url]").waitFor();
  await accessible(page, "away-choice");
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Use the hub inside this app" }).press("Enter");
  await ready(page);
  assert.deepEqual(trouble, []);
  await close();
});

test("it goes on by itself as soon as the hub is there", async () => {
  const { page, close } = await openDesktop(browser, served, { url: TEAM, away: true });
  await page.getByRole("heading", { name: "desk.example.com doesn't answer" }).waitFor();
  await page.evaluate(() => {
    window.shell.away = false;
  });
  await ready(page);
  await close();
});

test("a token that a team's hub doesn't take leaves the same ways, and says what waits", async () => {
  const { page, close } = await openDesktop(browser, served, { url: TEAM, refused: true, entries: journal(1) });
  await page.getByRole("heading", { name: "Sign in to desk.example.com" }).waitFor();
  await page.getByText("1 decision waits for it. It is kept").waitFor();
  await accessibleInBoth(page, "refused-desktop");
  await page.getByRole("button", { name: "Settings: connection…" }).waitFor();
  await page.getByRole("button", { name: "Use the hub inside this app" }).press("Enter");
  await ready(page);
  await close();
});

test("the hub inside is never signed in to: whatever it refuses, the window waits for it and goes on", async () => {
  const { page, trouble, close } = await openDesktop(browser, served, { refused: true });
  await page.getByRole("heading", { name: "The hub doesn't answer" }).waitFor();
  assert.equal(await page.locator("input[type=password]").count(), 0);
  await page.evaluate(() => {
    window.shell.refused = false;
  });
  const id = await ready(page);
  await page.evaluate(() => {
    window.shell.refused = true;
  });
  await page.keyboard.press("a");
  await page.getByText(/1 decision waiting/).waitFor();
  assert.equal(await page.locator("input[type=password]").count(), 0);
  await page.evaluate(() => {
    window.shell.refused = false;
  });
  await until("the decision", async () => (await hub.draft(id)).outcome?.action === "approve");
  assert.deepEqual(trouble, []);
  await close();
});

test("the tray's kill opens the dialog of the workflow that is shown, and from elsewhere goes to where it is", async () => {
  const { page, trouble, close } = await openDesktop(browser, served);
  await ready(page);
  const dialog = page.getByRole("dialog", { name: /^Kill / });
  for (const screen of ["review", "rollout", "cases", "activity", "settings"]) {
    await go(page, screen);
    await page.locator(`nav.rail a[aria-current=page][href='#/${screen}']`).waitFor();
    // A screen that is still being opened has nothing to offer yet.
    if (screen === "rollout") await page.locator("[data-workflow]").waitFor();
    await emit(page, "command", "kill");
    await dialog.waitFor();
    const at = screen === "review" ? "review" : "rollout";
    await page.locator(`nav.rail a[aria-current=page][href='#/${at}']`).waitFor();
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "detached" });
  }
  assert.deepEqual(trouble, []);
  await close();
});

test("a kill from the tray waits for no other dialog, and a comment that was being written is still there", async () => {
  const { page, close } = await openDesktop(browser, served);
  await ready(page);
  await page.keyboard.press("x");
  const comment = page.locator("[role=dialog] textarea");
  await comment.fill("They asked for a person");
  await emit(page, "command", "kill");
  await page.getByRole("dialog", { name: /^Kill / }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("x");
  assert.equal(await comment.inputValue(), "They asked for a person");
  await close();
});

test("the tray counts what waits, whatever screen is shown", async () => {
  const { page, close } = await openDesktop(browser, served);
  await ready(page);
  const [{ id }] = (await hub.call("GET", "/v1/workflows")).workflows;
  for (const screen of ["cases", "activity", "settings"]) {
    await go(page, screen);
    await page.locator(`nav.rail a[aria-current=page][href='#/${screen}']`).waitFor();
    const { count } = (await lastCall(page, "set_tray")).words;
    await hub.call("POST", `/v1/drafts?workflow=${id}`, { ...DRAFT, external_id: `ticket-tray-${screen}` });
    await emit(page, "hub-event", { type: "draft.staged", workflow: id, draft_id: "d" });
    await until(`the tray to count on ${screen}`, async () => {
      const now = (await lastCall(page, "set_tray")).words.count;
      return now > count;
    });
  }
  await close();
});

/** What each screen adds to what every screen has. */
const COMMANDS = {
  review: ["Approve as it is", "Filter the queue", "My day"],
  rollout: ["Kill ", "As a table"],
  cases: ["Search", "Export", "Clear search and filters", "Next row"],
  activity: ["Activity: Deliveries", "Sign a checkpoint now", "Save as file…"],
  "settings/packs": ["Settings: Connection", "Apply a pack…"],
  "settings/access": ["Settings: Packs", "New token…"],
  "settings/sources": ["Settings: Access", "Import…"],
};
const EVERYWHERE = ["Go to Cases", "Larger text", "Smaller text", "Text as the system has it", "Show or hide the menu bar"];

for (const [place, own] of Object.entries(COMMANDS)) {
  test(`every command of ${place} is in the menu bar and in the palette`, async () => {
    const { page, close } = await openDesktop(browser, served, { at: `#/${place}` });
    await page.locator("nav [aria-current=page]").first().waitFor();
    if (place === "review") await ready(page);
    const wanted = [...own, ...EVERYWHERE];
    const lacking = (titles) => wanted.filter((one) => !titles.some((title) => title.startsWith(one)));
    let missing;
    await until("the menu bar", async () => {
      const { groups } = (await lastCall(page, "set_menu")) ?? { groups: [] };
      missing = lacking(groups.flatMap(({ items }) => items.map(({ title }) => title)));
      return missing.length === 0;
    }, 5_000).catch((error) => assert.fail(`${error.message}: ${missing}`));
    const { groups } = await lastCall(page, "set_menu");
    assert.ok(groups.some(({ items }) => items.some(({ id, title }) => id === "tray:quit" && title === "Quit")));
    await page.keyboard.press("Control+k");
    await page.locator("[role=dialog] [role=option]").first().waitFor();
    const offered = await page.locator("[role=dialog] [role=option] > span").allTextContents();
    // What can't be done now, the palette of Review leaves out.
    assert.deepEqual(lacking(offered), []);
    await close();
  });
}

test("without a keychain it says on every screen that what is decided while the hub is away is gone with the window", async () => {
  const { page, close } = await openDesktop(browser, served, { url: TEAM, keychain: false, kept: false });
  await ready(page);
  for (const screen of ["review", "rollout", "cases", "activity", "settings"]) {
    await go(page, screen);
    await page.locator(`nav.rail a[aria-current=page][href='#/${screen}']`).waitFor();
    await page.locator(".frame-says", { hasText: "kept only as long as this window" }).waitFor();
  }
  await accessibleInBoth(page, "not-kept");
  await close();
});
