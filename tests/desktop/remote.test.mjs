import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { startHub, until } from "../browser/hub.mjs";
import { apply, killed } from "../browser/packs.mjs";
import { invoke, makeHome, openApp, ready, said } from "./app.mjs";
import { openKeychain } from "./keychain.mjs";
import { openWire } from "./wire.mjs";

/** A team's hub behind a wire that is cut: what is decided meanwhile is kept, encrypted, and arrives once. */

const WORKFLOW = "support-first-reply";
const OTHER = "kill-desk";

let team, wire, token, closeKeychain, home, app;

before(async () => {
  closeKeychain = await openKeychain();
  team = await startHub("--demo");
  wire = await openWire(team.hub.url);
  await apply(team.hub, OTHER);
  const grants = [WORKFLOW, OTHER].map((workflow) => ({ role: "reviewer", workflow }));
  ({ token } = await team.hub.call("POST", "/v1/tokens", { name: "ana", grants }));
  home = await makeHome();
  app = await openApp(home);
  await app.page.until("the console", said, "Load the demo");
});

after(async () => {
  await app?.close();
  await home?.remove();
  wire?.close();
  await team?.stop();
  await closeKeychain?.();
});

const mine = async () => {
  const { cases } = await team.hub.call("GET", `/v1/cases?workflow=${WORKFLOW}&limit=200`);
  const decided = [];
  for (const one of cases) {
    const { outcome } = await team.hub.draft(one.draft_id);
    if (outcome?.by === "ana") decided.push(outcome.verdict_id);
  }
  return decided;
};

const journals = async () => {
  const places = await readdir(join(home.dir, "data"), { recursive: true });
  return places.filter((name) => /journal-[0-9a-f]{16}$/.test(name)).map((name) => join(home.dir, "data", name));
};

test("the key that signs the audit log is in the keychain, not in a file", async () => {
  const { checkpoint, ok } = await (await home.hub()).call("GET", "/v1/audit/verify");
  assert.deepEqual([ok, checkpoint], [true, undefined]);
  const files = await readdir(home.dir, { recursive: true });
  assert.deepEqual(files.filter((name) => name.endsWith("audit-key")), []);
});

test("a wrong address and a wrong token are told apart, and nothing changes", async () => {
  const { page } = app;
  const use = (url, secret) => page.runAsync(invoke, "use_remote", { url, token: secret });
  assert.match(await use("http://hub.example.com", token), /https/);
  assert.match(await use("http://127.0.0.1:1", token), /can't be reached/);
  assert.match(await use(wire.url, "cs_wrong"), /doesn't know this token/);
  assert.equal(JSON.parse(await page.runAsync(invoke, "hub_choice", {})).kind, "embedded");
});

test("a team's hub is chosen, and its token is in the keychain", async () => {
  const { page } = app;
  assert.equal(await page.runAsync(invoke, "use_remote", { url: wire.url, token }), "null");
  await page.run(() => location.reload());
  await page.until("a draft of the team's", ready, null);
  const choice = JSON.parse(await page.runAsync(invoke, "hub_choice", {}));
  assert.deepEqual([choice.kind, choice.url, choice.keychain], ["remote", wire.url, true]);
  const settings = await readFile(join(home.dir, "config", "app.countersign.desktop", "settings.json"), "utf8");
  assert.ok(!settings.includes(token), "the token is in no file");
});

test("a kill at the team's hub counts this window, and has reached it", async () => {
  const consoles = await killed(team.hub, OTHER);
  assert.equal((await consoles()).of, 1);
  await until("the window to say that it knows", async () => (await consoles()).acknowledged === 1);
});

test("the wire is cut in the middle of twenty verdicts: twenty outcomes, none twice", async () => {
  const { page } = app;
  let current = await page.run(ready, null);
  for (let n = 0; n < 20; n += 1) {
    if (n === 6 || n === 13) wire.cut();
    await page.press("a");
    if (n === 6 || n === 13) {
      await page.until("the loss is said", () =>
        document.querySelector("[data-testid=connection]")?.classList.contains("lost"),
      );
      await until("the decision is kept on disk", async () => (await journals()).length === 1);
      wire.mend();
    }
    current = await page.until("the next draft", ready, current);
  }
  await until("twenty outcomes", async () => (await mine()).length === 20);
  assert.equal(new Set(await mine()).size, 20);
  await until("nothing waits any more", async () => (await journals()).length === 0);
});

test("two decisions wait in one cut, and both arrive", async () => {
  const { page } = app;
  const before = (await mine()).length;
  const first = await page.until("a draft", ready, null);
  wire.cut();
  await page.press("a");
  // The next one was held before the cut.
  const second = await page.until("the next draft", ready, first);
  const [journal] = await until("the first on disk", async () => {
    const found = await journals();
    return found.length === 1 && found;
  });
  const { size } = await stat(journal);
  await page.press("a");
  await until("the second on disk, too", async () => (await stat(journal)).size > size);
  assert.equal((await mine()).length, before);
  wire.mend();
  await until("both outcomes", async () => (await mine()).length === before + 2, 30_000);
  for (const id of [first, second]) assert.equal((await team.hub.draft(id)).outcome.by, "ana");
  await until("nothing waits any more", async () => (await journals()).length === 0);
});

test("hub away: decide, undo, edit; while a paragraph is typed the hub comes back, and nothing but the paragraph changes", async () => {
  const { page } = app;
  const before = (await mine()).length;
  const undone = async () => {
    const { entries } = await team.hub.call("GET", "/v1/audit?limit=100");
    return entries.filter(({ act }) => act === "verdict.withdrawn").length;
  };
  const undoneBefore = await undone();
  const first = await page.until("a draft", ready, null);
  wire.cut();
  await page.press("a");
  const second = await page.until("the next draft", ready, first);
  await page.press("z");
  await page.press("e");
  await page.until("the editor", () => document.activeElement?.closest("[data-testid=editor], .cm-editor"));
  await page.press("Control+End");
  await page.type(" Hello Sam, ");
  wire.mend();
  // Letters of all commands, while what was undone comes back.
  await page.type("and we apologise, as a sample of your box came back to us, skipped and extra late. ");
  await until("the undo to have come", async () => (await undone()) > undoneBefore);
  await page.type("Yours, Ana");
  const [shown, text] = await page.run(() => [
    document.querySelector("[data-testid=draft]").dataset.draftId,
    document.querySelector("[data-testid=editor] .cm-content").innerText.trimEnd(),
  ]);
  assert.equal(shown, second);
  assert.match(text, /Hello Sam, and we apologise, as a sample of your box came back to us, skipped and extra late\. Yours, Ana$/);
  assert.equal((await mine()).length, before);
  for (const id of [first, second]) assert.equal((await team.hub.draft(id)).outcome ?? null, null);
  await page.press("Control+Enter");
  assert.equal(await page.until("the one that came back", ready, second), first);
  await until("the edit", async () => (await team.hub.draft(second)).outcome?.action === "edit");
  await page.run(() => [...document.querySelectorAll("[data-testid=notice] button")].at(-1).click());
  await page.until("no notice", () => !document.querySelector("[data-testid=notice]"));
  assert.match((await team.hub.draft(second)).outcome.final_text, /Yours, Ana$/);
  assert.equal((await team.hub.draft(first)).outcome ?? null, null);
  await until("nothing waits any more", async () => (await journals()).length === 0);
});

test("what was typed for a ticket that moved on meanwhile is shown with why it wasn't taken", async () => {
  const { page } = app;
  const current = await page.until("a draft", ready, null);
  const { external_id, revision } = await team.hub.draft(current);
  wire.cut();
  await page.press("e");
  await page.until("the editor", () => document.activeElement?.closest("[data-testid=editor], .cm-editor"));
  await page.press("Control+End");
  await page.type(" A word of mine.");
  await page.press("Control+Enter");
  await until("the decision is kept on disk", async () => (await journals()).length === 1);
  const newer = { external_id, revision: `${Number(revision) + 1}`, thread: [{ role: "customer", text: "One thing more." }], draft: { text: "A newer draft." } };
  await team.hub.call("POST", `/v1/drafts?workflow=${WORKFLOW}`, newer);
  wire.mend();
  const notice = await page.until("the conflict", () => document.querySelector("[data-testid=notice]")?.innerText);
  assert.match(notice, /newer revision/i);
  assert.match(notice, /kept/i);
  const { kept } = JSON.parse(
    (
      JSON.parse(
        await page.runAsync(invoke, "hub_request", {
          request: { method: "GET", path: `/v1/drafts/${current}`, headers: {}, body: null },
        }),
      )
    ).body,
  );
  assert.match(kept[0].final_text, /A word of mine/);
});

test("killed while the hub is away, it sends what waits at the next start", async () => {
  const { page } = app;
  const current = await page.until("a draft", ready, null);
  const before = (await mine()).length;
  // The text that wasn't taken is in there too.
  const [journal] = await journals();
  const { size } = await stat(journal);
  wire.cut();
  await page.press("a");
  await until("the decision is kept on disk", async () => (await stat(journal)).size > size);
  assert.ok(!(await readFile(journal, "latin1")).includes(current), "it is encrypted");
  await app.kill();
  app = await openApp(home);
  await app.page.until("the loss is said", said, "Trying again");
  assert.equal((await mine()).length, before);
  wire.mend();
  await until("the outcome", async () => (await mine()).length === before + 1, 30_000);
  assert.equal((await team.hub.draft(current)).outcome.by, "ana");
  await until("the decision waits no more", async () => (await stat(journal)).size <= size);
});

test("back to the embedded hub, and the token is forgotten", async () => {
  const { page } = app;
  await page.until("a draft", ready, null);
  await page.runAsync(invoke, "use_embedded", {});
  await page.run(() => location.reload());
  await page.until("the console of an empty hub", said, "Load the demo");
  assert.equal(JSON.parse(await page.runAsync(invoke, "hub_choice", {})).kind, "embedded");
});
