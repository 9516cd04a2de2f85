import assert from "node:assert/strict";
import { test } from "node:test";
import { accessibleInBoth } from "./accessible.mjs";
import { openConsole, READY, ready, screenshot, world } from "./browser.mjs";
import { Hub, until } from "./hub.mjs";
import { apply, escalate, person, stage } from "./packs.mjs";

/** Keys, dialogs and late answers act on the draft that was read, whatever comes on screen meanwhile. */

let served, hub, browser;

world((all) => ({ served, hub, browser } = all));

/** A workflow with drafts of its own, the desk of somebody who reviews it, and the ids in the order of the queue. */
async function desk(name, drafts, more = {}) {
  const workflow = await apply(hub, name);
  for (let n = 0; n < drafts; n++) await stage(hub, workflow, { external_id: `ticket-${name}-${n}` });
  const { token } = await hub.call("POST", "/v1/tokens", { name: `at-${name}`, grants: [{ role: "reviewer", workflow }], routes: [] });
  return { workflow, ...(await openConsole(browser, `${hub.url}/#token=${token}`, more)) };
}

/** Everything that acts on the hub fails as if it were away, until it is let through. */
async function hubAway(page) {
  const acts = /\/v1\/(verdicts|drafts|queue|leases)\b/;
  const away = (route) => (route.request().method() === "GET" ? route.fallback() : route.abort());
  await page.route(acts, away);
  return () => page.unroute(acts, away);
}

const outcomes = async (workflow) => {
  const { drafts } = await hub.call("GET", `/v1/drafts?workflow=${workflow}&limit=50`);
  return drafts.filter(({ state }) => !["staged", "in_review"].includes(state)).map(({ id }) => id);
};

test("hub away: decide, undo, edit; while a paragraph is typed the hub comes back, and nothing but the paragraph changes", async () => {
  const { workflow, page, trouble, close } = await desk("paragraph", 5);
  const first = await ready(page);
  const back = await hubAway(page);
  await page.keyboard.press("a");
  const second = await ready(page, first);
  await page.keyboard.press("z");
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await page.keyboard.type("Hello Sam, ");
  await back();
  // What the undo brings is announced while the typing goes on, word by word, with a pause at a comma.
  const words = "and we apologise, as a sample of your box came back to us, skipped and extra late. ".split(/(?<=,)/);
  const notice = page.locator("[data-testid=notice]", { hasText: /is taken back/ });
  for (const part of words) {
    await page.keyboard.type(part);
    await page.waitForFunction((from) => performance.now() - from > 400, await page.evaluate(() => performance.now()));
  }
  await notice.waitFor();
  await page.keyboard.type("Yours, Ana");
  const text = await page.locator("[data-testid=editor] .cm-content").innerText();
  assert.match(text, /Hello Sam, and we apologise, as a sample of your box came back to us, skipped and extra late\. Yours, Ana$/);
  assert.equal(await page.locator("[data-testid=draft]").getAttribute("data-draft-id"), second);
  assert.deepEqual(await outcomes(workflow), []);
  await screenshot(page, "taken-back-while-typing");
  await accessibleInBoth(page, "taken-back-while-typing");
  await page.keyboard.press("Control+Enter");
  // The one that came back is the next.
  await page.locator(`${READY}[data-draft-id="${first}"]`).waitFor();
  await until("the edit", async () => (await hub.draft(second)).outcome?.action === "edit");
  assert.match((await hub.draft(second)).outcome.final_text, /Yours, Ana$/);
  assert.deepEqual(await outcomes(workflow), [second]);
  assert.deepEqual(trouble, []);
  await close();
});

test("a field that goes away under somebody's hands leaves no key a command, until they press Esc", async () => {
  const { workflow, page, close } = await desk("orphan", 3);
  const id = await ready(page);
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await page.keyboard.type("We are sorry");
  // Another content of the same draft, say: whatever takes the editor from the page, nobody asked for it.
  await page.locator("[data-testid=editor] .cm-editor").evaluate((editor) => editor.remove());
  await page.keyboard.type("as axe sax");
  await page.getByText("your keys do nothing now").waitFor();
  assert.equal(await page.locator("[data-testid=draft]").getAttribute("data-draft-id"), id);
  assert.equal(await page.getByRole("dialog").count(), 0);
  assert.deepEqual(await outcomes(workflow), []);
  await page.keyboard.press("Escape");
  await page.getByText("your keys do nothing now").waitFor({ state: "detached" });
  await page.keyboard.press("s");
  await ready(page, id);
  await close();
});

test("a reason's letter escalates the draft that the dialog names, or nothing, and the comment stays", async () => {
  const { workflow, page, trouble, close } = await desk("bound", 4);
  const named = await ready(page);
  const [reason] = (await hub.workflow(workflow)).reasons;
  await page.keyboard.press("x");
  const dialog = page.getByRole("dialog", { name: /^Escalate ticket/ });
  const title = await dialog.getByRole("heading").innerText();
  await dialog.locator("textarea").fill("They threaten to sue");
  await dialog.locator("button.reason").first().focus();
  // A link into the console, say: another draft comes on screen under the dialog.
  const other = (await hub.call("GET", `/v1/drafts?workflow=${workflow}&state=staged&limit=9`)).drafts.at(-1).id;
  await page.evaluate((to) => location.assign(`#/review/${to}`), other);
  await page.locator(`${READY}[data-draft-id="${other}"]`).waitFor();
  assert.equal(await dialog.getByRole("heading").innerText(), title);
  await dialog.getByText("nothing is recorded").waitFor();
  await page.keyboard.press(reason.key);
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  assert.deepEqual(await outcomes(workflow), []);
  await page.evaluate((to) => location.assign(`#/review/${to}`), named);
  await page.locator(`${READY}[data-draft-id="${named}"]`).waitFor();
  await page.keyboard.press("x");
  assert.equal(await dialog.locator("textarea").inputValue(), "They threaten to sue");
  await dialog.locator("button.reason").first().focus();
  await page.keyboard.press(reason.key);
  await until("the escalation", async () => (await hub.draft(named)).outcome?.comment === "They threaten to sue");
  assert.deepEqual(await outcomes(workflow), [named]);
  assert.deepEqual(trouble, []);
  await close();
});

test("a kill under the escalation dialog takes the letter's effect and leaves the comment", async () => {
  const { workflow, page, close } = await desk("cut-short", 2);
  const id = await ready(page);
  const [reason] = (await hub.workflow(workflow)).reasons;
  await page.keyboard.press("x");
  const dialog = page.getByRole("dialog", { name: /^Escalate ticket/ });
  await dialog.locator("textarea").fill("Half a sen");
  await dialog.locator("button.reason").first().focus();
  await hub.call("POST", `/v1/workflows/${workflow}/kill`, { reason: "a test" });
  await dialog.getByText("nothing is recorded").waitFor();
  await page.keyboard.press(reason.key);
  await dialog.waitFor();
  assert.equal(await dialog.locator("textarea").inputValue(), "Half a sen");
  assert.equal((await hub.draft(id)).outcome ?? null, null);
  await close();
});

test("a hold that runs out under the escalation dialog takes the letter's effect, leaves the comment, and names who has it", async () => {
  const workflow = await apply(hub, "ran-out");
  const id = await stage(hub, workflow, { external_id: "ticket-ran-out" });
  const reviewer = (name) => hub.call("POST", "/v1/tokens", { name, grants: [{ role: "reviewer", workflow }], routes: [] });
  const [mine, theirs] = [await reviewer("mine"), await reviewer("rosa")];
  const [me, rosa] = [new Hub(hub.url, mine.token), new Hub(hub.url, theirs.token)];
  const { page, trouble, close } = await openConsole(browser, `${hub.url}/#token=${mine.token}`, {
    prepare: (page) => page.clock.install(),
  });
  await ready(page);
  const [reason] = (await hub.workflow(workflow)).reasons;
  await page.keyboard.press("x");
  const dialog = page.getByRole("dialog", { name: /^Escalate ticket/ });
  await dialog.locator("textarea").fill("They threaten to sue");
  await dialog.locator("button.reason").first().focus();
  // It runs out while nobody touches a key, and a colleague takes the draft.
  const { lease } = await me.call("POST", "/v1/queue/lease", { draft_id: id });
  await me.call("DELETE", `/v1/leases/${lease.id}`, {});
  const taken = await rosa.call("POST", "/v1/queue/lease", { draft_id: id });
  await page.clock.fastForward("06:00");
  await dialog.getByText("nothing is recorded").waitFor();
  await page.keyboard.press(reason.key);
  await dialog.getByText("rosa holds this draft.").waitFor();
  await page.keyboard.press(reason.key);
  assert.equal(await dialog.locator("textarea").inputValue(), "They threaten to sue");
  assert.deepEqual(await outcomes(workflow), []);
  await accessibleInBoth(page, "hold-ran-out");
  // Somebody who reads it meanwhile is told the same, in their language.
  const third = await openConsole(browser, `${hub.url}/#token=${(await reviewer("third")).token}`, { locale: "de-DE" });
  await third.page.locator("nav [aria-current=page]").waitFor();
  await third.page.evaluate((to) => location.assign(`#/review/${to}`), id);
  await third.page.getByText("rosa prüft diesen Entwurf. Sie können ihn lesen.").waitFor();
  await third.close();
  // Given back, it is leased again for the one who still looks at it.
  await rosa.call("DELETE", `/v1/leases/${taken.lease.id}`, {});
  await dialog.getByText("nothing is recorded").waitFor({ state: "detached" });
  await page.keyboard.press(reason.key);
  await until("the escalation", async () => (await hub.draft(id)).outcome?.comment === "They threaten to sue");
  assert.deepEqual(trouble, []);
  await close();
});

test("settling that fails keeps the note and says so; one that is answered late leaves the screen as it is", async () => {
  const workflow = await apply(hub, "settling");
  const rosa = await person(hub, "rosa");
  const lea = await person(hub, "lea", { routes: ["team-lead"] });
  const ids = [];
  for (const n of [1, 2]) ids.push(await escalate(hub, rosa.hub, workflow, `ticket-51${n}`, "wrong_promise"));
  const plain = await stage(hub, workflow, { external_id: "ticket-519" });
  const { page, trouble, close } = await openConsole(browser, lea.console);
  const bar = page.getByRole("region", { name: "Escalation" });
  const open = async (id) => {
    await page.evaluate((to) => location.assign(`#/review/${to}`), id);
    await page.locator(`[data-testid=draft][data-draft-id="${id}"]`).waitFor();
  };
  await page.locator("nav [aria-current=page]").waitFor();
  await open(ids[0]);
  const error = { code: "unavailable", message: "the database is away", trace_id: "0" };
  await page.route("**/settle", (route) => route.fulfill({ status: 503, json: { error } }), { times: 1 });
  await bar.locator("textarea").fill("Half of it is refunded.");
  await bar.locator("textarea").press("Control+Enter");
  await bar.getByText("Your note is kept").waitFor();
  assert.equal(await page.locator("[data-testid=draft]").getAttribute("data-draft-id"), ids[0]);
  // It is there after a reload, too.
  await page.reload();
  await page.locator("nav [aria-current=page]").waitFor();
  await open(ids[0]);
  assert.equal(await bar.locator("textarea").inputValue(), "Half of it is refunded.");

  const mine = () => page.getByText(/\d+ escalated to me/).innerText();
  const before = await mine();
  let answer = () => {};
  await page.route("**/settle", (route) => {
    answer = () => route.continue();
  }, { times: 1 });
  await bar.locator("textarea").press("Control+Enter");
  await open(plain);
  await page.locator(`${READY}[data-draft-id="${plain}"]`).waitFor();
  await answer();
  await until("it to be settled", async () => {
    const { escalations } = await hub.call("GET", `/v1/escalations?state=settled&workflow=${workflow}&limit=5`);
    return escalations[0]?.note === "Half of it is refunded.";
  });
  await until("the list to say so", async () => (await mine()) !== before);
  assert.equal(await page.locator("[data-testid=draft]").getAttribute("data-draft-id"), plain);
  assert.deepEqual(trouble, []);
  await close();
});

test("A asks which of the two is to be sent where an edit is kept", async () => {
  const { workflow, page, trouble, close } = await desk("which", 3);
  const id = await ready(page);
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await page.keyboard.type(" We refunded 55 EUR.");
  await page.keyboard.press("Escape");
  await page.getByText("Unsent edit saved just now.").waitFor();
  await page.keyboard.press("a");
  const dialog = page.getByRole("dialog", { name: /send the draft, or your edit\?/ });
  await dialog.getByText("We refunded 55 EUR.").waitFor();
  await accessibleInBoth(page, "which-to-send");
  await screenshot(page, "which-to-send");
  // A second press of the key answers nothing.
  await page.keyboard.press("a");
  assert.deepEqual(await outcomes(workflow), []);
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor]", { hasText: "We refunded 55 EUR." }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("a");
  await dialog.waitFor();
  await page.keyboard.press("d");
  await until("the draft as it came", async () => (await hub.draft(id)).outcome?.action === "approve");
  assert.deepEqual(trouble, []);
  await close();
});

test("going on with an older edit puts what is typed here aside, and A asks about each of them", async () => {
  const workflow = await apply(hub, "several");
  await stage(hub, workflow, { external_id: "ticket-several", revision: "1", draft: { text: "Your box is on its way." } });
  const { token } = await hub.call("POST", "/v1/tokens", { name: "at-several", grants: [{ role: "reviewer", workflow }], routes: [] });
  const { page, trouble, close } = await openConsole(browser, `${hub.url}/#token=${token}`);
  const editor = page.locator("[data-testid=editor]");
  const typed = async (text) => {
    await page.keyboard.press("e");
    await page.locator("[data-testid=editor] :focus").waitFor();
    await page.keyboard.type(text);
    await page.keyboard.press("Escape");
    await editor.waitFor({ state: "detached" });
  };
  await ready(page);
  await typed(" An older thought.");
  const newer = await stage(hub, workflow, { external_id: "ticket-several", revision: "2", draft: { text: "Your box has arrived." } });
  await page.evaluate((to) => location.assign(`#/review/${to}`), newer);
  await page.locator(`${READY}[data-draft-id="${newer}"]`).waitFor();
  await typed(" A long paragraph of today.");
  await page.locator(".strip", { hasText: "revision 1" }).getByRole("button", { name: "Continue editing" }).click();
  await editor.getByText("An older thought.").waitFor();
  await page.keyboard.type(" With more.");
  await page.keyboard.press("Escape");
  // Neither is lost, not even with the window.
  await page.reload();
  await page.evaluate((to) => location.assign(`#/review/${to}`), newer);
  await page.locator(`${READY}[data-draft-id="${newer}"]`).waitFor();
  await page.keyboard.press("a");
  const dialog = page.getByRole("dialog", { name: /one of your edits\?/ });
  for (const text of ["An older thought. With more.", "A long paragraph of today.", "An older thought."]) {
    await dialog.getByText(text, { exact: false }).first().waitFor();
  }
  await accessibleInBoth(page, "which-of-several");
  await screenshot(page, "which-of-several");
  assert.equal((await hub.draft(newer)).outcome ?? null, null);
  await page.keyboard.press("2");
  await editor.getByText("A long paragraph of today.").waitFor();
  // The one that was open is offered now; with the editor open, too, the chosen text takes the place of the one in it.
  await page.keyboard.press("Escape");
  await page.keyboard.press("e");
  await editor.waitFor();
  await page.getByRole("button", { name: "word diff" }).focus();
  await page.keyboard.press("a");
  await dialog.getByText("An older thought. With more.").waitFor();
  await page.keyboard.press("2");
  await editor.getByText("An older thought. With more.").waitFor();
  await page.keyboard.type(" And an end.");
  await page.keyboard.press("Control+Enter");
  await until("the edit", async () => (await hub.draft(newer)).outcome?.action === "edit");
  assert.match((await hub.draft(newer)).outcome.final_text, /An older thought\. With more\. And an end\.$/);
  assert.deepEqual(trouble, []);
  await close();
});

test("the grade is in view while somebody edits, however long the text is", async () => {
  const workflow = await apply(hub, "long-edit");
  const text = Array.from({ length: 60 }, (_, n) => `Paragraph ${n} of a long answer, with all that belongs to it.`).join("\n\n");
  const id = await stage(hub, workflow, { external_id: "ticket-long", draft: { text } });
  for (const viewport of [{ width: 1280, height: 800 }, { width: 1024, height: 768 }, { width: 640, height: 400 }]) {
    const { page, close } = await openConsole(browser, served.console, { viewport, reducedMotion: "reduce" });
    await page.locator("nav [aria-current=page]").waitFor();
    await page.evaluate((to) => location.assign(`#/review/${to}`), id);
    await page.locator(`${READY}[data-draft-id="${id}"]`).waitFor();
    await page.keyboard.press("e");
    await page.locator("[data-testid=editor] :focus").waitFor();
    for (const press of ["Control+Home", "Control+End"]) {
      await page.keyboard.press(press);
      await until(`the chips after ${press} at ${viewport.width}`, () => page.evaluate(() => {
        const { top, bottom } = document.querySelector("[data-testid=draft] [data-testid=grade-chips]").getBoundingClientRect();
        const foot = document.querySelector(".foot").getBoundingClientRect();
        return top > 0 && bottom <= foot.top + 1;
      }), 5_000);
    }
    await screenshot(page, `grade-in-view-${viewport.width}`);
    await page.keyboard.press("Escape");
    await close();
  }
});

test("a command by name is meant for the draft that was there when the palette opened", async () => {
  const { workflow, page, close } = await desk("by-name", 4);
  await ready(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("option", { name: /Approve as it is/ }).waitFor();
  const other = (await hub.call("GET", `/v1/drafts?workflow=${workflow}&state=staged&limit=9`)).drafts.at(-1).id;
  await page.evaluate((to) => location.assign(`#/review/${to}`), other);
  await page.locator(`${READY}[data-draft-id="${other}"]`).waitFor();
  await page.getByRole("option", { name: /Approve as it is/ }).click();
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.keyboard.press("o");
  assert.deepEqual(await outcomes(workflow), []);
  assert.equal(await page.locator("[data-testid=draft]").getAttribute("data-draft-id"), other);
  await close();
});
