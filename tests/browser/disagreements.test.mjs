import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { accessibleInBoth } from "./accessible.mjs";
import { go, launch, openConsole } from "./browser.mjs";
import { Hub, startHub, until } from "./hub.mjs";
import { apply, person, stage } from "./packs.mjs";

/** What two reviewers differ on, settled by a curator with keys alone; each step is checked in the hub's own records. */

const DESK = "double-desk";
const HOSTILE = '<img src="x" onerror="alert(1)"> [here](https://evil.example/) <script>alert(2)</script>';
const DRAFT =
  "Hi Priya,\n\nthank you for flagging this. On 3 November your plan was changed, and seats added during a month are charged for the days that remain.\n\nBest,\nSupport";
const BETTER = DRAFT.replace("your plan was changed", "two seats were added to your workspace");
const approve = { action: "approve" };
// Nothing harmful: that would take the workflow back.
const edit = (text, grade = "material") => ({ action: "edit", final_text: text, grade });
const escalate = (...reasons) => ({ action: "escalate", reasons });

let served, hub, browser, desk, page, reviewers, reasons, curator;

before(async () => {
  served = await startHub();
  hub = served.hub;
  await apply(hub, DESK, (toml) => toml.replace(/^double_rate = .*$/m, "double_rate = 1.0"));
  reasons = (await hub.workflow(DESK)).reasons.filter(({ harm }) => !harm);
  reviewers = await Promise.all(["ada", "bo"].map((name) => person(hub, name)));
  curator = await person(hub, "cleo", { role: "curator" });
  browser = await launch();
});

after(async () => {
  await browser?.close();
  await served?.stop();
});

/** Stages a draft and has it decided twice; answers its disagreement. */
async function differ(external_id, subject, [first, second], by = reviewers) {
  const id = await stage(hub, DESK, {
    external_id,
    thread: [
      { role: "customer", name: "Priya Raman", text: `${subject}. Our plan is 980 EUR, the invoice says 1,240 EUR.` },
      { role: "tool", name: "ticket_lookup", text: "plan Team, 14 seats, price 70 EUR" },
      { role: "customer", name: "Priya Raman", text: "Nobody told us about a change. Can you explain it, please?" },
    ],
    draft: { text: DRAFT },
    metadata: { subject, customer: "Priya Raman" },
  });
  for (const [i, verdict] of [first, second].entries()) {
    const { lease, draft } = await by[i].hub.call("POST", "/v1/queue/lease", { draft_id: id });
    await by[i].hub.call("POST", `/v1/drafts/${id}/verdicts`, {
      verdict_id: randomUUID(), lease_id: lease.id, fence: lease.fence, content_hash: draft.content_hash,
      seconds: 20, ...verdict,
    });
  }
  return (await listed("open")).find(({ draft_id }) => draft_id === id);
}

const listed = async (state) =>
  (await hub.call("GET", `/v1/disagreements?workflow=${DESK}&state=${state}&limit=200`)).disagreements;
const settled = (id) =>
  until("it to be settled at the hub", async () => (await listed("settled")).find((one) => one.id === id));
const label = async ({ first }) => {
  const { action, grade, reasons, final_text, settled } = await hub.call("GET", `/v1/cases/${first.case_id}`);
  return { action, grade, reasons, final_text, note: settled?.note };
};
const open = (id) => page.locator(`[data-testid=disagreement] [data-disagreement-id="${id}"]`);
const form = () => page.locator("[data-testid=settle]");
const rows = () => page.locator("[data-testid=disagreements] [role=option]");
const note = () => form().locator("textarea:focus");

test("with nothing to settle it says where disagreements come from", async () => {
  desk = await openConsole(browser, curator.console);
  page = desk.page;
  await page.locator("nav [aria-current=page]").waitFor();
  await page.keyboard.press("Control+3");
  await page.getByText("No case yet").waitFor();
  await page.keyboard.press("2");
  await page.getByText("Nothing to settle").waitFor();
  assert.equal(await page.evaluate(() => location.hash), "#/cases/disagreements");
  await accessibleInBoth(page, "disagreements-none");
});

let taken, others, own, escalated;

test("what two reviewers differ on comes up by itself, newest first, and is counted beside the name", async () => {
  escalated = await differ("ticket-1040", "Cancel everything", [approve, edit(BETTER)]);
  own = await differ("ticket-1041", "Export is missing March", [
    { ...edit(BETTER), comment: "Names what changed." },
    escalate(reasons[0].code),
  ]);
  others = await differ("ticket-1042", "Two charges on 3 November, one of them for a workspace that was closed in the spring", [
    edit(BETTER), approve,
  ]);
  taken = await differ("ticket-1043", "Billing mismatch on invoice 1043", [
    { ...escalate(reasons[0].code, reasons[1].code), comment: HOSTILE },
    { ...edit(BETTER), comment: "Only the sentence about the plan is wrong; the rest follows the article on proration." },
  ]);
  await until("all of them in the list", async () => (await rows().count()) === 4);
  await page.locator(".cases-tabs [aria-current=page]", { hasText: "4 open" }).waitFor();
  assert.deepEqual(
    await rows().evaluateAll((all) => all.map((row) => row.dataset.disagreementId)),
    [taken, others, own, escalated].map(({ id }) => id),
  );
});

test("J and Enter open one: both decisions, no names of people, the edit as a diff against the draft", async () => {
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await open(taken.id).waitFor();
  assert.equal(await page.evaluate(() => location.hash), `#/cases/disagreements/${taken.id}`);
  const second = page.locator("[data-side=second]");
  await second.locator(".cases-diff ins").first().waitFor();
  const kept = await second
    .locator(".cases-diff")
    .evaluate((diff) => [...diff.children].filter(({ tagName }) => tagName !== "INS").map((e) => e.textContent).join(""));
  assert.equal(kept, DRAFT);
  const first = page.locator("[data-side=first]");
  for (const { label } of reasons.slice(0, 2)) await first.getByText(label, { exact: true }).waitFor();
  await first.getByText(HOSTILE).waitFor();
  const whole = await page.locator("[data-testid=disagreement]").textContent();
  for (const name of ["ada", "bo", taken.first.reviewer, taken.second.reviewer]) {
    assert.ok(!new RegExp(`\\b${name}\\b`).test(whole), name);
  }
  await page.locator(".cases-message").first().waitFor();
  await accessibleInBoth(page, "disagreement");
  await page.keyboard.press("t");
  await page.locator(".cases-message").first().waitFor({ state: "detached" });
  await page.keyboard.press("t");
  await page.locator(".cases-message").first().waitFor();
});

test("S takes the second, not without a note; what is typed stays for later, also over a reload", async () => {
  await page.keyboard.press("s");
  await note().waitFor();
  await page.keyboard.press("Control+Enter");
  await form().getByText("Say why").waitFor();
  await page.keyboard.type("jkfs: the rest of the draft");
  assert.equal((await listed("open")).length, 4);
  await page.keyboard.press("Escape");
  await form().waitFor({ state: "detached" });
  await page.getByText("What you typed is kept.").waitFor();
  await page.reload();
  await open(taken.id).waitFor();
  await page.getByText("What you typed is kept.").waitFor();
  await page.keyboard.press("j");
  await open(others.id).waitFor();
  await page.keyboard.press("k");
  await open(taken.id).waitFor();
  await page.keyboard.press("f");
  await note().waitFor();
  assert.equal(await note().inputValue(), "jkfs: the rest of the draft");
});

test("F takes the first: the label is its, the next one is there, and it is said", async () => {
  await page.keyboard.press("Control+a");
  await page.keyboard.type(HOSTILE);
  await accessibleInBoth(page, "disagreement-first");
  await page.keyboard.press("Control+Enter");
  await open(others.id).waitFor();
  const one = await settled(taken.id);
  const codes = reasons.slice(0, 2).map(({ code }) => code);
  assert.deepEqual([one.settled.action, [...one.settled.reasons].sort(), one.settled.note], ["escalate", codes.sort(), HOSTILE]);
  assert.deepEqual((await label(one)).note, HOSTILE);
  await page.getByRole("status").filter({ hasText: /Ticket 1043 is settled: escalated.*3 disagreements left/ }).waitFor();
  await page.locator(".cases-tabs [aria-current=page]", { hasText: "3 open" }).waitFor();
});

test("S settles on the second", async () => {
  await page.keyboard.press("s");
  await note().waitFor();
  await page.keyboard.type("The draft says it all.");
  await page.keyboard.press("Control+Enter");
  await open(own.id).waitFor();
  const one = await settled(others.id);
  assert.deepEqual(await label(one), {
    action: "approve", grade: null, reasons: [], final_text: null, note: "The draft says it all.",
  });
});

test("O and E: an own text, weighed by the hub as it is typed, with a grade of one's own", async () => {
  await page.keyboard.press("o");
  await form().locator("[data-chip=approve]:focus").waitFor();
  await page.keyboard.press("e");
  const text = form().getByLabel("The text that should have been sent");
  await form().locator("textarea:focus").waitFor();
  assert.equal(await text.inputValue(), BETTER);
  await page.keyboard.press("Control+End");
  await page.keyboard.type("\nPS: no refund is due.");
  await form().locator("ins", { hasText: "refund" }).first().waitFor();
  await form().getByText(/of the words changed/).waitFor();
  await form().locator("[aria-pressed=true][data-chip=factual], [aria-pressed=true][data-chip=material]").waitFor();
  await accessibleInBoth(page, "disagreement-own");
  // Put aside and taken up again, it begins where it was.
  await page.keyboard.press("Escape");
  await form().waitFor({ state: "detached" });
  await page.keyboard.press("o");
  await form().locator("[data-chip=edit]:focus").waitFor();
  await text.focus();
  await page.keyboard.press("Alt+4");
  await form().locator("[aria-pressed=true][data-chip=citation]").waitFor();
  await form().getByLabel("Why this label").press("Control+Enter");
  await form().getByText("Say why").waitFor();
  await page.keyboard.type("Neither said that nothing is refunded.");
  await page.keyboard.press("Control+Enter");
  await open(escalated.id).waitFor();
  const one = await settled(own.id);
  assert.deepEqual(await label(one), {
    action: "edit", grade: "citation", reasons: [], final_text: `${BETTER}\nPS: no refund is due.`,
    note: "Neither said that nothing is refunded.",
  });
});

test("O and X: a reason's letter, and the last one settled leaves the empty list", async () => {
  await page.keyboard.press("o");
  await form().locator("[data-chip=approve]:focus").waitFor();
  await page.keyboard.press("x");
  await form().locator("[data-chip=wrong_promise]:focus").waitFor();
  await page.keyboard.press(reasons[1].key);
  await note().waitFor();
  await page.keyboard.type("It must not be answered by us.");
  await accessibleInBoth(page, "disagreement-escalated");
  await page.keyboard.press("Control+Enter");
  await page.getByText("Nothing to settle").waitFor();
  const one = await settled(escalated.id);
  assert.deepEqual(await label(one), {
    action: "escalate", grade: null, reasons: [reasons[1].code], final_text: null, note: "It must not be answered by us.",
  });
  await page.getByRole("status").filter({ hasText: "Nothing is left to settle." }).waitFor();
  assert.equal(await page.evaluate(() => location.hash), "#/cases/disagreements");
});

test("the settled ones say whose label it is, who settled it and why, in words that stay words", async () => {
  await page.getByLabel("State", { exact: true }).selectOption("settled");
  await until("the settled ones", async () => (await rows().count()) === 4);
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Home");
  await page.keyboard.press("Enter");
  const said = page.locator("[data-testid=settled]");
  await open(taken.id).waitFor();
  const { settled } = (await listed("settled")).find(({ id }) => id === taken.id);
  for (const words of [HOSTILE, "as the first decided", settled.by]) await said.getByText(words).waitFor();
  assert.equal(await page.locator(".disagreements-verbs, [data-testid=settle]").count(), 0);
  await accessibleInBoth(page, "disagreement-settled");
  await page.evaluate((id) => location.assign(`#/cases/disagreements/${id}`), own.id);
  await said.getByText("as neither decided").waitFor();
  await said.locator("ins", { hasText: "refund" }).first().waitFor();
  await page.keyboard.press("1");
  await page.evaluate((id) => location.assign(`#/cases/${id}`), own.first.case_id);
  await page.locator("[data-testid=case-settled]", { hasText: "Neither said" }).waitFor();
  await accessibleInBoth(page, "disagreement-case");
});

test("settled by somebody else meanwhile: nothing is taken twice, and what was typed is still there", async () => {
  const one = await differ("ticket-1050", "Login loop after SSO change", [approve, escalate(reasons[0].code)]);
  await go(page, `cases/disagreements/${one.id}`);
  await open(one.id).waitFor();
  await page.keyboard.press("f");
  await note().waitFor();
  await page.keyboard.type("My own words");
  const other = await person(hub, "dan", { role: "curator" });
  await other.hub.call("POST", `/v1/disagreements/${one.id}/settle`, { pick: "second", note: "Mine was first" });
  await page.keyboard.press("Control+Enter");
  const leftover = page.locator("[data-testid=leftover]");
  await leftover.getByText("Somebody else settled it meanwhile.").waitFor();
  assert.equal(await leftover.getByLabel("Note").inputValue(), "My own words");
  await page.locator("[data-testid=settled]", { hasText: "Mine was first" }).waitFor();
  assert.equal((await settled(one.id)).settled.note, "Mine was first");
  await accessibleInBoth(page, "disagreement-meanwhile");
  await leftover.getByText("Discard").press("Enter");
  await leftover.waitFor({ state: "detached" });
});

test("one of the two may not settle it, and is told so", async () => {
  const grants = [{ role: "reviewer" }, { role: "curator" }];
  const { token } = await hub.call("POST", "/v1/tokens", { name: "eve", grants, routes: [] });
  const eve = { hub: new Hub(hub.url, token) };
  const one = await differ("ticket-1051", "Where is the DPA?", [approve, edit(BETTER)], [eve, reviewers[0]]);
  const seen = await openConsole(browser, `${hub.url}/#token=${token}`);
  await seen.page.locator("nav [aria-current=page]").waitFor();
  await go(seen.page, `cases/disagreements/${one.id}`);
  await seen.page.locator(`article[data-disagreement-id="${one.id}"]`).waitFor();
  await seen.page.keyboard.press("f");
  await seen.page.locator("[data-testid=settle] textarea:focus").waitFor();
  await seen.page.keyboard.type("Mine is right.");
  await seen.page.keyboard.press("Control+Enter");
  await seen.page.locator("[data-testid=settle] [role=status]", { hasText: "a verdict of their own" }).waitFor();
  assert.equal(await seen.page.locator("[data-testid=settle] textarea").inputValue(), "Mine is right.");
  assert.equal((await listed("open")).find(({ id }) => id === one.id)?.state, "open");
  await accessibleInBoth(seen.page, "disagreement-refused");
  assert.deepEqual(seen.trouble, []);
  await seen.close();
});

test("an auditor looks and has no key; a curator's palette has them all", async () => {
  const [{ id }] = await listed("open");
  const auditor = await person(hub, "aud", { role: "auditor" });
  const seen = await openConsole(browser, auditor.console);
  await seen.page.locator("nav [aria-current=page]").waitFor();
  await go(seen.page, `cases/disagreements/${id}`);
  await seen.page.getByText("A curator of this workflow settles it.").waitFor();
  for (const key of ["f", "s", "o"]) await seen.page.keyboard.press(key);
  assert.equal(await seen.page.locator("[data-testid=settle]").count(), 0);
  await accessibleInBoth(seen.page, "disagreement-auditor");
  assert.deepEqual(seen.trouble, []);
  await seen.close();
  await go(page, `cases/disagreements/${id}`);
  await open(id).waitFor();
  await page.keyboard.press("Control+k");
  await page.keyboard.type("take the second");
  await page.keyboard.press("Enter");
  await note().waitFor();
  await page.keyboard.press("Escape");
});

test("a hub that can't be asked is said, and asked again", async () => {
  await page.keyboard.press("1");
  await page.locator("[data-testid=cases]").waitFor();
  await page.route(/\/v1\/disagreements/, (route) =>
    route.fulfill({ status: 422, json: { error: { code: "invalid", message: "the test says no" } } }));
  await page.reload();
  await page.locator("[data-testid=cases]").waitFor();
  await page.keyboard.press("2");
  await page.getByText("The disagreements could not be fetched").waitFor();
  await accessibleInBoth(page, "disagreements-failed");
  await page.unroute(/\/v1\/disagreements/);
  await page.getByText("Try again").press("Enter");
  await rows().first().waitFor();
});

test("nothing went wrong on the way", () => {
  assert.deepEqual(desk.trouble, []);
});
