import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Hub, program, until } from "../browser/hub.mjs";
import { makeHome, openApp } from "./app.mjs";
import { listenToNotices, trayMenu } from "./bus.mjs";

/** What a program owes the desktop it runs on: notices, tray, links, its window and the system's own dialogs. */

const WORKFLOW = "support-first-reply";
const xdotool = (...args) => promisify(execFile)("xdotool", args.map(String)).then(({ stdout }) => stdout.trim());
const onScreen = (id) => document.querySelector("[data-testid=draft][data-ready=true]")?.dataset.draftId === id;
const anyDraft = () => document.querySelector("[data-testid=draft][data-ready=true]")?.dataset.draftId;

let home, app, page, hub, notices;

before(async () => {
  notices = await listenToNotices();
  home = await makeHome();
  app = await openApp(home, { env: { COUNTERSIGN_DEMO: "1" } });
  page = app.page;
  await page.until("a draft", anyDraft);
  hub = await home.hub();
});

after(async () => {
  notices?.close();
  await app?.close();
  await home?.remove();
});

/** The program's window, as the display knows it. */
async function ownWindow() {
  const ids = (await xdotool("search", "--onlyvisible", "--class", "countersign")).split("\n");
  return ids.at(-1);
}

test("the tray counts what waits, as the hub does", async () => {
  await until("the count", async () => {
    const { workflows } = await hub.call("GET", "/v1/workflows");
    const waiting = workflows.reduce((sum, { drafts }) => sum + (drafts.staged ?? 0), 0);
    return (await trayMenu())?.labels[0]?.includes(String(waiting));
  });
});

test("the tray's kill asks in the window, on whatever screen it is", async () => {
  await page.press("Control+5");
  await page.until("the settings", () => location.hash.startsWith("#/settings"));
  const menu = await trayMenu();
  await menu.choose(menu.labels.find((label) => /kill/i.test(label)));
  await page.until("the kill dialog", () => document.activeElement?.closest("[role=dialog] input"));
  await page.press("Escape");
  await page.press("Control+1");
  await page.until("a draft", anyDraft);
});

test("a link opens its draft in the window that is there already", async () => {
  const { drafts } = await hub.call("GET", `/v1/drafts?workflow=${WORKFLOW}&state=staged&limit=50`);
  const { id } = drafts.at(-1);
  const second = spawn(program("countersign-desktop"), [`countersign://draft/${id}`], { env: home.env, stdio: "ignore" });
  await once(second, "exit");
  await page.until("the draft of the link", onScreen, id);
});

test("text grows and shrinks with Ctrl + and -, the menu bar comes and goes with F10, and both are remembered", async () => {
  const size = () => page.run(() => [innerWidth, innerHeight]);
  const [width, height] = await size();
  await page.press("Control+=");
  await until("larger text", async () => (await size())[0] < width);
  await page.press("Control+0");
  await until("the usual size", async () => (await size())[0] === width);
  await page.press("Control+-");
  await until("smaller text", async () => (await size())[0] > width);
  const settings = join(home.dir, "config", "app.countersign.desktop", "settings.json");
  assert.equal(JSON.parse(await readFile(settings, "utf8")).zoom, 0.9);
  await page.press("Control+0");
  await until("the usual size", async () => (await size())[0] === width);

  await page.press("F10");
  await until("another height for the page", async () => (await size())[1] !== height);
  const { menu_bar } = JSON.parse(await readFile(settings, "utf8"));
  await page.press("F10");
  await until("the height it had", async () => (await size())[1] === height);
  assert.notEqual(JSON.parse(await readFile(settings, "utf8")).menu_bar, menu_bar);
});

test("a save goes through the system's dialog, and the file is whole", async () => {
  await page.press("Control+4");
  await page.until("the log", () => /Save as file/.test(document.body.innerText));
  await page.run(() => {
    [...document.querySelectorAll("button")].find(({ innerText }) => /Save as file/.test(innerText)).click();
  });
  const windows = () => xdotool("search", "--onlyvisible", "--name", "Save|File|Untitled").catch(() => "");
  const dialog = await until("the dialog", windows);
  const file = join(home.dir, "kept.jsonl");
  await xdotool("windowfocus", "--sync", dialog.split("\n").at(-1));
  await xdotool("key", "ctrl+a");
  await xdotool("type", "--delay", 5, file);
  await xdotool("key", "Return");
  const lines = await until("the file", async () => {
    const text = await readFile(file, "utf8").catch(() => "");
    return text.endsWith("\n") && text.trimEnd().split("\n").map(JSON.parse);
  });
  assert.deepEqual(lines.map(({ seq }) => seq), lines.map((_, i) => i + 1));
  await page.until("where it was saved", (name) => document.body.innerText.includes(name), "kept.jsonl");
});

test("a kill by somebody else is a notice, and what it says is plain text", async () => {
  await hub.call("POST", `/v1/workflows/${WORKFLOW}/kill`, { reason: "a <b>bad</b> day & worse" });
  const notice = await until("the notice", () => notices.said().find((strings) => strings.some((s) => /killed/.test(s))));
  assert.ok(notice.some((s) => s.includes("a &lt;b>bad&lt;/b> day &amp; worse")), JSON.stringify(notice));
});

test("an escalation that came to me is a notice", async () => {
  await hub.call("POST", `/v1/workflows/${WORKFLOW}/resume`, { reason: "the article is right again" });
  const { reasons } = await hub.workflow(WORKFLOW);
  const { token } = await hub.call("POST", "/v1/tokens", { name: "ana", grants: [{ role: "reviewer" }] });
  const { drafts } = await hub.call("GET", `/v1/drafts?workflow=${WORKFLOW}&state=staged&limit=1`);
  const ana = new Hub(hub.url, token);
  const { lease, draft } = await ana.call("POST", "/v1/queue/lease", { draft_id: drafts[0].id });
  await ana.call("POST", `/v1/drafts/${draft.id}/verdicts`, {
    verdict_id: crypto.randomUUID(),
    lease_id: lease.id,
    fence: lease.fence,
    content_hash: draft.content_hash,
    action: "escalate",
    reasons: [reasons[0].code],
    comment: "Look at the amount",
    seconds: 9,
  });
  await until("the notice", () => notices.said().find((strings) => strings.includes("Look at the amount")));
});

test("the window comes back in the size it had", async () => {
  await xdotool("windowsize", "--sync", await ownWindow(), 1111, 777);
  await until("the new size", () => page.run(() => innerWidth === 1111));
  const { pid } = JSON.parse(await readFile(`${home.database}.hub`, "utf8"));
  process.kill(pid, "SIGTERM");
  await until("the end", async () => (await readFile(`${home.database}.hub`, "utf8")) === "");
  await app.close();
  app = await openApp(home);
  page = app.page;
  await page.until("the size it had", () => innerWidth === 1111);
});
