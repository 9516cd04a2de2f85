import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { accessibleInBoth } from "./accessible.mjs";
import { launch, openConsole, READY, screenshot } from "./browser.mjs";
import { startHub, until } from "./hub.mjs";
import { apply, person, stage } from "./packs.mjs";

/** What a draft claims leads to what bears it out; what is contradicted says so; what claims nothing has no mark. */

let served, hub, browser;
let people = 0;

const POLICY =
  "Refunds\n\nA refund goes to the card that was charged, within 5 to 7 business days. Opened software cannot be returned.\n\n" +
  "Delivery\n\nParcels leave on the day of the order. ".repeat(40);
const ORDER = JSON.stringify({ order_id: "QX7RTM", item: "Photo Studio, boxed", total: 329, placed: "2026-03-20", opened: "yes" });
const TEXT =
  "Thank you for writing, Mia! Your order **QX7RTM** was placed on March 20th and cost $329.00. " +
  "The refund goes to the card that was charged, within 5 to 7 business days. " +
  "Opened software can be returned. A courier fetches it for $14. Would you like that?";

const DRAFT = {
  thread: [
    { role: "customer", text: "I opened the box already. Can I still send it back?" },
    // So far back that it isn't drawn at first.
    { role: "tool_call", name: "order_lookup", text: '{"order_id":"QX7RTM"}' },
    { role: "tool", name: "order_lookup", text: ORDER },
    ...Array.from({ length: 60 }, (_, i) => ({ role: i % 2 ? "customer" : "agent", text: `Still there? ${"I am looking. ".repeat(8)}` })),
  ],
  draft: { text: TEXT, citations: [] },
  sources: [{ id: "kb/refunds" }],
};

before(async () => {
  served = await startHub();
  hub = served.hub;
  browser = await launch();
  await apply(hub, "claims");
  const source = { id: "kb/refunds", title: "Refunds", text: POLICY, access: ["public"] };
  await hub.call("POST", "/v1/sources?workflow=claims", JSON.stringify(source), "application/x-ndjson");
});

after(async () => {
  await browser?.close();
  await served?.stop();
});

/** The draft before somebody who has not seen it; `close` decides on it, so that nobody gets it next. */
async function opened(options, more = {}) {
  people += 1;
  const id = await stage(hub, "claims", { external_id: `ticket-70${people}`, ...DRAFT, ...more });
  const rosa = await person(hub, `rosa-${people}`);
  const desk = await openConsole(browser, rosa.console, options);
  await desk.page.locator(`${READY}[data-draft-id="${id}"]`).waitFor();
  const card = desk.page.locator(".draft-card");
  const close = async () => {
    await desk.page.keyboard.press("a");
    await until("the draft is decided on", async () => (await hub.draft(id)).state !== "in_review");
    await desk.close();
  };
  return { ...desk, close, card, claim: (text) => card.locator(".claim", { hasText: text }).first() };
}

/** Waits until a part of the page is lit and in view. */
async function litInView(page, selector, text) {
  const lit = page.locator(selector, { hasText: text }).first();
  await lit.waitFor();
  await page.waitForFunction(
    ([selector, text]) => {
      const found = [...document.querySelectorAll(selector)].find((element) => element.textContent.includes(text));
      const { top, bottom } = found?.getBoundingClientRect() ?? { top: -1, bottom: 0 };
      return top >= 0 && bottom <= innerHeight;
    },
    [selector, text],
  );
}

test("an amount leads to the tool's field, however far back, and a rule to the line of its source", async () => {
  const { page, trouble, claim, close } = await opened();
  assert.equal(await page.locator(".tool-evidence").count(), 0);
  await claim("329.00").click();
  await litInView(page, ".tool-evidence .evidence.on", "329");
  await screenshot(page, "claims-tool");
  await claim("7 business days").last().click();
  await litInView(page, ".source .evidence.on", "7");
  assert.equal(await page.locator(".tool-evidence").count(), 0, "what was asked for before is folded again");
  await screenshot(page, "claims-source");
  assert.deepEqual(trouble, []);
  await close();
});

test("a conflict is shown as one, with the sentence of the source that says otherwise", async () => {
  const { page, trouble, card, close } = await opened();
  const conflict = card.locator(".claim.conflict");
  assert.match(await conflict.first().innerText(), /Opened software can be returned/);
  await card.getByRole("button", { name: "Conflict: the evidence says otherwise" }).press("Enter");
  await litInView(page, ".source .evidence.against.on", "cannot be returned");
  await page.locator(".source", { hasText: "says otherwise" }).waitFor();
  await page.getByText("Contradicted claim").waitFor();
  await accessibleInBoth(page, "claims-conflict");
  assert.deepEqual(trouble, []);
  await close();
});

test("a citation of what contradicts the draft never says that its quote was found", async () => {
  const rules =
    "Silver members have 1 free checked bag for each basic economy passenger, 2 free checked bags for each economy passenger, " +
    "and 3 free checked bags for each business passenger. A bag weighs up to 23 kg.";
  const source = { id: "kb/bags", title: "Bags", text: rules, access: ["public"] };
  await hub.call("POST", "/v1/sources?workflow=claims", JSON.stringify(source), "application/x-ndjson");
  const text = "As a silver member you get 2 free checked bags in business. A bag weighs up to 23 kg.";
  const cite = (quote, of = quote) => ({ source: "kb/bags", quote, start: text.indexOf(of), end: text.indexOf(of) + of.length });
  const citations = [cite("3 free checked bags", "2 free checked bags"), cite("A bag weighs up to 23 kg")];
  const { page, trouble, card, close } = await opened({}, { draft: { text, citations } });
  await card.getByRole("button", { name: "Citation of source 1, Bags: says otherwise" }).waitFor();
  // The other place cites what the source does say.
  await card.getByRole("button", { name: "Citation of source 1, Bags: quote found" }).waitFor();
  assert.match((await card.locator(".cite.bad").allInnerTexts()).join(""), /2 free checked bags/);
  assert.doesNotMatch((await card.locator(".cite:not(.bad)").allInnerTexts()).join(""), /free checked/);
  await page.locator(".source", { hasText: "says otherwise" }).waitFor();
  await accessibleInBoth(page, "claims-cited-conflict");
  assert.deepEqual(trouble, []);
  await close();
});

test("what nothing bears out is an unsupported claim; a question, thanks and a name are none", async () => {
  const { card, claim, close } = await opened();
  const doubted = await card.locator(".claim:not(.backed):not(.conflict)").allInnerTexts();
  assert.deepEqual(doubted, ["14"]);
  assert.equal(await claim("14").getAttribute("title"), "Unsupported claim");
  const claimed = (await card.locator(".claim").allInnerTexts()).join("|");
  assert.doesNotMatch(claimed, /Thank you|Mia|Would you like/);
  await close();
});

test("the pointer moves nothing, and C goes through what leads somewhere", async () => {
  const { page, card, claim, close } = await opened();
  const before = await card.boundingBox();
  await claim("329.00").hover();
  await card.locator(".claim.on").waitFor();
  assert.deepEqual(await card.boundingBox(), before);
  await page.mouse.move(5, 5);
  await page.keyboard.press("c");
  await litInView(page, ".evidence.on", "QX7RTM");
  await close();
});

test("in German it says the same", async () => {
  const { page, card, claim, close } = await opened({ locale: "de-DE", colorScheme: "dark" });
  await card.getByRole("button", { name: "Widerspruch: der Beleg sagt etwas anderes" }).press("Enter");
  await page.getByText("Widersprochene Aussage").waitFor();
  await page.locator(".source", { hasText: "sagt etwas anderes" }).waitFor();
  assert.equal(await claim("14").getAttribute("title"), "Unbelegte Aussage");
  await screenshot(page, "claims-german-dark");
  await close();
});

test("where a source changed after the decision it says so, and marks no other sentence as the evidence", async () => {
  const send = (text) =>
    hub.call("POST", "/v1/sources?workflow=claims", JSON.stringify({ id: "kb/fees", title: "Fees", text, access: ["public"] }), "application/x-ndjson");
  const rule = "A courier fetches it for $14 within Bonn.";
  await send(rule);
  const fee = "A courier fetches it for $14";
  const draft = { text: `${fee}. Shall we send one?`, citations: [{ source: "kb/fees", quote: fee, start: 0, end: fee.length }] };
  const { page, trouble, close } = await opened({}, { draft, sources: [] });
  const id = await page.locator(READY).getAttribute("data-draft-id");
  await page.locator(".source .cite", { hasText: "fetches" }).waitFor();
  await close();
  await send(`The fees of May. ${rule}`);
  for (const [locale, said, line] of [
    ["en", "changed since", "This source has changed since the decision."],
    ["de-DE", "seitdem geändert", "Diese Quelle wurde seit der Entscheidung geändert."],
  ]) {
    const desk = await openConsole(browser, `${served.console}`, { locale });
    await desk.page.locator("nav.rail a[aria-current=page]").waitFor();
    await desk.page.evaluate((to) => location.assign(`#/review/${to}`), id);
    const source = desk.page.locator(`[data-testid=draft][data-draft-id="${id}"] ~ * .source, .source`, { hasText: "Fees" }).first();
    await source.getByText(said, { exact: true }).waitFor();
    await source.getByText(line).waitFor();
    assert.equal(await source.locator(".cite, .evidence").count(), 0);
    await accessibleInBoth(desk.page, `source-changed-${locale}`);
    await desk.close();
  }
  assert.deepEqual(trouble, []);
});

test("where a draft isn't in English it says that only figures were read", async () => {
  const german = "Guten Tag, Ihre Buchung wurde storniert, und Sie bekommen das Geld zurück. Das dauert höchstens 7 Tage.";
  const russian = "Здравствуйте! Ваш заказ отменён, деньги вернутся на карту.";
  for (const [text, locale, said] of [
    [german, "en", "Statements are checked in English only."],
    [russian, "de-DE", "Aussagen werden nur auf Englisch geprüft."],
    ["Your booking was cancelled, and you get the money back.", "en", null],
  ]) {
    const { page, close } = await opened({ locale }, { draft: { text, citations: [] } });
    if (said) {
      await page.locator(".facts", { hasText: said }).waitFor();
      await accessibleInBoth(page, `figures-only-${locale}`);
    } else {
      await page.locator(".facts").first().waitFor();
      assert.equal(await page.getByText("Statements are checked").count(), 0);
    }
    await close();
  }
});
