import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import { openConsole, READY, ready, world } from "./browser.mjs";
import { until } from "./hub.mjs";
import { apply, escalate, person, stage } from "./packs.mjs";

/** What screens say is what is so: one figure for one thing, whose draft it is, and of when what is shown is. */

let served, hub, browser, desk, page;

world(async (all) => {
  ({ served, hub, browser } = all);
  desk = await openConsole(browser, served.console);
  page = desk.page;
  await page.locator("nav [aria-current=page]").waitFor();
}, "--demo");

const at = (place) =>
  page.evaluate((to) => {
    location.hash = `#/${to}`;
  }, place);

/** Opens a workflow's rollout with its gate. */
async function rollout(id) {
  await at(`rollout/${id}`);
  await page.locator(`main[data-workflow="${id}"] .gate table`).waitFor();
}

const row = (label) => page.locator(".conditions tr", { has: page.locator("th", { hasText: new RegExp(`^${label}$`) }) });
/** The figures that stand before a word: "4×" before "(3 d". */
const figures = (text, pattern) => [...text.matchAll(pattern)].map(([, figure]) => figure);

async function approve(reviewer, id) {
  const { lease, draft } = await reviewer.call("POST", "/v1/queue/lease", { draft_id: id });
  await reviewer.call("POST", `/v1/drafts/${id}/verdicts`, {
    verdict_id: randomUUID(), lease_id: lease.id, fence: lease.fence, content_hash: draft.content_hash,
    action: "approve", seconds: 20,
  });
}

test("a failure budget that burns has no tick anywhere, and one burn in the banner and in its panel", async () => {
  const { workflows } = await hub.call("GET", "/v1/workflows");
  const { id } = workflows[0];
  await rollout(id);
  const strip = page.locator(".rollout-strip", { hasText: "The failure budget is being spent too fast" });
  await strip.waitFor();
  const burn = await hub.call("GET", `/v1/workflows/${id}/burn`);
  assert.ok(burn.rules.some(({ firing }) => firing), "the demo burns");
  assert.equal(burn.status, "hold");
  const times = (x) => x.toLocaleString("en", { maximumFractionDigits: 1 });
  await row("failure budget").locator(".status.hold").waitFor();
  await row("failure budget").getByText(`overspent: ${times(burn.here.spent)}× the limit`).waitFor();
  await page.locator(".budget h2 .status.hold").waitFor();
  await page.getByTestId("budget-here").getByText(`Harm budget overspent: ${times(burn.here.spent)}× the limit (28 days)`).waitFor();
  await page.getByTestId("budget-whole").getByText(`All versions and stages: overspent, ${times(burn.whole.spent)}×`).waitFor();
  const slow = burn.rules.at(-1);
  const panel = figures(await page.locator(".burning").innerText(), /([\d.]+)× \(3 d\)/g);
  const banner = figures(await strip.innerText(), /at ([\d.]+)× \(3 d/g);
  assert.deepEqual([panel, banner], [[times(slow.burn_long)], [times(slow.burn_long)]]);
});

test("what was left undecided is the same at the gate and beside it", async () => {
  const share = figures(await row("left undecided").locator("td").first().innerText(), /^([\d.]+%)/g)[0];
  const side = page.locator(".rollout-side .shares div", { hasText: "left undecided" }).locator("dd");
  assert.equal(await side.innerText(), share);
});

test("a new version counts its own reviews, at the gate and beside it, and tells the earlier ones apart", async () => {
  const id = await apply(hub, "counting-desk");
  const ana = await person(hub, "ana");
  const early = await stage(hub, id, { external_id: "early-1" });
  for (let i = 0; i < 3; i++) await approve(ana.hub, await stage(hub, id, { external_id: `one-${i}` }));
  await apply(hub, id, (toml) => toml.replace(/^min_reviewed = 200/m, "min_reviewed = 150"));
  await approve(ana.hub, early);
  await approve(ana.hub, await stage(hub, id, { external_id: "two-1" }));
  await rollout(id);
  await row("reviewed").getByText(/^1 of 150/).waitFor();
  await page.locator(".track [aria-current=step]", { hasText: "v2: 1 reviewed · v1: 4 reviewed" }).waitFor();
  const side = page.getByRole("region", { name: "v2 at internal" });
  await side.getByText("of 1 reviewed draft", { exact: true }).waitFor();
  await page.getByText("28 days, 5 decided · all versions and stages").waitFor();
});

test("nothing that counts drafts has a tick before there is a draft", async () => {
  const id = await apply(hub, "empty-desk");
  await rollout(id);
  for (const label of ["reviewed", "left undecided", "cost per sent reply", "failure budget"]) {
    await row(label).locator(".status.hold").waitFor();
  }
  assert.equal(await page.locator(".rates .status.pass").count(), 0);
});

test("the report that is signed is the one on record", async () => {
  const soon = (toml) =>
    toml
      .replace(/^min_days = 5\b/m, "min_days = 0\nentry_lag_hours = 0")
      .replace(/^min_reviewed = 200\b/m, "min_reviewed = 10")
      .replace(/^max = .*$/gm, "max = 0.95")
      .replace(/^(eval_suite|max_per_sent_usd) = .*$/gm, "");
  const id = await apply(hub, "signing-desk", soon);
  const ana = await person(hub, "abe");
  for (let i = 0; i < 12; i++) await approve(ana.hub, await stage(hub, id, { external_id: `s-${i}` }));
  await hub.call("POST", `/v1/workflows/${id}/drill`, {});
  await rollout(id);
  await page.locator(".gate-head .pill.pass").waitFor();
  await page.getByText("Every condition is met, on 12 reviews.").waitFor();
  await page.keyboard.press("p");
  await page.locator("[role=dialog] input:focus").waitFor();
  const signed = await page.locator("[role=dialog] .rests code").getAttribute("title");
  await page.keyboard.type("it is ready");
  await page.keyboard.press("Enter");
  await page.locator("[role=dialog] .dialog-result.done", { hasText: signed.slice(0, 8) }).waitFor();
  await page.keyboard.press("Enter");
  const { transitions } = await hub.call("GET", `/v1/workflows/${id}/history?days=1`);
  assert.equal(transitions[0].report, signed);
  await page.locator(".happened", { hasText: `on report ${signed.slice(0, 8)}` }).waitFor();
  assert.equal((await hub.call("GET", `/v1/gate/reports/${signed}`)).status, "pass");
});

/** A desk at opt-in, or on its way there: what its answers must not be taken for. */
async function moving(id, to) {
  await apply(hub, id, (toml) =>
    toml
      .replace(/^min_days = 5\b/m, "min_days = 0\nentry_lag_hours = 0")
      .replace(/^min_reviewed = 200\b/m, "min_reviewed = 10")
      .replace(/^max = .*$/gm, "max = 0.95")
      .replace(/^(eval_suite|max_per_sent_usd) = .*$/gm, ""));
  const by = await person(hub, `by-${id}`);
  for (let i = 0; i < 12; i++) await approve(by.hub, await stage(hub, id, { external_id: `${id}-${i}` }));
  await hub.call("POST", `/v1/workflows/${id}/drill`, {});
  if (to) {
    const { hash } = await hub.call("GET", `/v1/workflows/${id}/gate`);
    await hub.call("POST", `/v1/workflows/${id}/promote`, { reason: "it is ready", to, report: hash });
  }
  await rollout(id);
  await page.locator(".track [aria-current=step]", { hasText: to ? "opt-in" : "internal" }).waitFor();
}

test("after a promotion the track and the gate count the new stage's reviews, and the earlier ones stay where they were", async () => {
  const id = "promoted-desk";
  await moving(id, "opt_in");
  const here = page.locator(".track [aria-current=step]", { hasText: "opt-in" });
  const before = page.locator(".track li", { hasText: "internal" });
  const side = page.getByRole("region", { name: "v1 at opt-in" });
  await row("reviewed").getByText(/^0 of 10/).waitFor();
  await here.getByText("v1: 0 reviewed").waitFor();
  await before.getByText("v1: 12 reviewed").waitFor();
  const by = await person(hub, "after-promotion");
  const audience = { subject: "customer-1", groups: ["staff"], opted_in: true };
  for (let i = 0; i < 2; i++) await approve(by.hub, await stage(hub, id, { external_id: `after-${i}`, audience }));
  await page.reload();
  await rollout(id);
  await row("reviewed").getByText(/^2 of 10/).waitFor();
  await here.getByText("v1: 2 reviewed").waitFor();
  await before.getByText("v1: 12 reviewed").waitFor();
  await side.getByText("of 2 reviewed drafts", { exact: true }).waitFor();
  await page.getByText("28 days, 14 decided · all versions and stages").waitFor();
});

/** Presses the key, says why, and takes the answer away: `reaches` says whether the hub ever heard of it. */
async function unanswered(act, key, reaches) {
  const over = desk.page;
  let away = false;
  const lose = async (route) => {
    away = true;
    if (reaches) await route.fetch();
    await route.abort();
  };
  const silent = (route) => (away ? route.abort() : route.fallback());
  await over.route(`**/${act}`, lose, { times: 1 });
  await over.route("**/v1/workflows/*", silent);
  await over.keyboard.press(key);
  const dialog = over.getByRole("dialog");
  await dialog.locator("input").first().fill("said why");
  await dialog.locator("input").first().press("Enter");
  await dialog.getByText("isn't known yet whether it was done").waitFor();
  assert.equal(await dialog.getByText(/nothing changed/i).count(), 0);
  away = false;
  return dialog;
}

for (const [act, key, from, to, done] of [
  ["promote", "p", null, "opt_in", /opt-in/],
  ["demote", "d", "opt_in", "internal", /internal/],
]) {
  test(`a ${act} whose answer is lost isn't called failed: it is asked for, and found to be done`, async () => {
    const id = `lost-${act}`;
    await moving(id, from);
    const dialog = await unanswered(act, key, true);
    await dialog.locator(".dialog-result.done", { hasText: done }).waitFor();
    assert.equal((await hub.workflow(id)).stage, to);
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
  });

  test(`a ${act} that never reached the hub is not called done, and can be tried again`, async () => {
    const id = `never-${act}`;
    await moving(id, from);
    const dialog = await unanswered(act, key, false);
    assert.equal(await dialog.locator(".dialog-result.done").count(), 0);
    assert.equal((await hub.workflow(id)).stage, from ?? "internal");
    await dialog.locator("input").first().press("Enter");
    await dialog.locator(".dialog-result.done", { hasText: done }).waitFor();
    assert.equal((await hub.workflow(id)).stage, to);
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
  });
}

test("two packs that share a name have their ids beside it, and no other has", async () => {
  const named = (toml) => toml.replace(/^name = .*$/m, 'name = "Same name"');
  for (const id of ["twin-a", "twin-b"]) await apply(hub, id, named);
  await page.reload();
  for (const id of ["twin-a", "twin-b"]) {
    await rollout(id);
    await page.locator("h1.rollout-choice", { hasText: `Same name (${id})` }).waitFor();
  }
  const names = await page.locator("h1.rollout-choice option").allInnerTexts();
  assert.deepEqual(names.filter((name) => name.startsWith("Same name")).sort(), ["Same name (twin-a)", "Same name (twin-b)"]);
  await at("cases");
  await page.locator("main select option", { hasText: "Same name (twin-a)" }).first().waitFor({ state: "attached" });
});

test("whose draft it is stays in view, also after a jump by the number that is shown", async () => {
  const id = await apply(hub, "header-desk");
  const hours = (n) => new Date(Date.now() - n * 3_600_000).toISOString();
  const long = Array.from({ length: 30 }, (_, i) => ({
    role: i % 2 ? "agent" : "customer", text: `Message ${i}. ${"More of it. ".repeat(30)}`, at: hours(60 - i),
  }));
  const thread = [...long, { role: "customer", name: "Ida Berg", text: "Any news?", at: hours(5) }];
  const text = "We look into it. ".repeat(200);
  await stage(hub, id, { external_id: "ticket-90443", thread, draft: { text }, metadata: { subject: "A parcel", customer: "Ida Berg" } });
  await at("review");
  await ready(page);
  await page.keyboard.press("t");
  await page.locator("[role=dialog] input:focus").waitFor();
  await page.keyboard.type("90443");
  await page.keyboard.press("Enter");
  await page.locator("[role=dialog] .draft-line").waitFor();
  await page.keyboard.press("Enter");
  const middle = page.locator("[data-testid=draft]", { hasText: "We look into it." });
  await middle.waitFor();
  const head = middle.getByTestId("draft-head");
  const inView = async (where) => {
    await head.getByText("Ida Berg").waitFor();
    const [pane, own] = [await middle.boundingBox(), await head.boundingBox()];
    assert.ok(own.y >= pane.y - 1 && own.y + own.height <= pane.y + pane.height, `${where}: ${JSON.stringify({ pane, own })}`);
  };
  await inView("after the jump");
  for (const to of ["scrollHeight", "clientHeight"]) {
    await middle.evaluate((pane, by) => pane.scrollTo(0, pane[by]), to);
    await inView(to);
  }
  await head.getByText("waiting 5 h").waitFor();
  const times = await middle.locator(".said time").allInnerTexts();
  assert.ok(times.length > 20 && times.every((said) => /^\d+ \w+, \d\d:\d\d$/.test(said)), JSON.stringify(times.slice(-3)));
});

test("in a blind second review too", async () => {
  const id = await apply(hub, "double-desk");
  const files = (await hub.call("GET", `/v1/workflows/${id}/versions/1`)).files;
  const toml = files["workflow.toml"].replace(/^double_rate = 0\.0\b/m, "double_rate = 1.0");
  await hub.call("POST", "/v1/packs", { files: { ...files, "workflow.toml": toml } });
  const [first, second] = [await person(hub, "una"), await person(hub, "duo")];
  const draft = await stage(hub, id, {
    external_id: "ticket-5501", draft: { text: "We look into it. ".repeat(300) }, metadata: { customer: "Ida Berg" },
  });
  await approve(first.hub, draft);
  const blind = await openConsole(browser, second.console);
  await blind.page.locator(READY).waitFor();
  await blind.page.evaluate((to) => {
    location.hash = `#/review/${to}`;
  }, draft);
  const middle = blind.page.locator(`[data-testid=draft][data-draft-id="${draft}"]`);
  await middle.getByText("second review, blind").waitFor();
  await middle.evaluate((pane) => pane.scrollTo(0, pane.scrollHeight));
  const [pane, own] = [await middle.boundingBox(), await middle.getByTestId("draft-head").boundingBox()];
  assert.ok(own.y >= pane.y - 1, JSON.stringify({ pane, own }));
  await middle.getByTestId("draft-head").getByText("Ida Berg").waitFor();
  assert.deepEqual(blind.trouble, []);
  await blind.close();
});

test("a case never has its reviewer's name beside their pseudonym", async () => {
  const id = await apply(hub, "named-desk");
  const zoe = await person(hub, "Zoe Quill");
  await escalate(hub, zoe.hub, id, "named-1", "unsafe");
  const { cases } = await hub.call("GET", `/v1/cases?workflow=${id}`);
  await at(`cases/${cases[0].id}`);
  const side = page.getByTestId("case");
  await side.getByText(/by reviewer-\w+ in 20 s/).waitFor();
  await until("the record's lines", async () => /Recorded|entry/i.test(await side.innerText()));
  assert.ok(!(await page.locator("body").innerText()).includes("Zoe Quill"));
});

test("nothing went wrong on the way", () => assert.deepEqual(desk.trouble, []));

test("with the hub away, what is on screen says of when it is, and a screen that can't open says why", async () => {
  const { workflows } = await hub.call("GET", "/v1/workflows");
  await rollout(workflows[0].id);
  assert.equal(await page.getByTestId("stale").count(), 0);
  await served.stop();
  const stale = page.getByTestId("stale");
  await stale.getByText(/The hub can't be reached. What stands here is as of \d+ \w+, \d\d:\d\d/).waitFor();
  await page.locator(".gate table").waitFor();
  // Settings was never opened here: its part of the console can't be fetched now.
  await at("settings");
  await page.locator("main.opening [role=status]", { hasText: "The hub can't be reached. Trying again" }).waitFor();
  await at("cases");
  await stale.waitFor();
});
