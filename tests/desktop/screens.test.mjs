import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { RESULTS, until } from "../browser/hub.mjs";
import { makeHome, openApp } from "./app.mjs";

/** The other screens' stories in the real window, by keyboard alone; each step is checked in the hub's own records. */

let home, app, page, hub;

before(async () => {
  await mkdir(RESULTS, { recursive: true });
  home = await makeHome();
  app = await openApp(home, { env: { COUNTERSIGN_DEMO: "1" } });
  page = app.page;
  await page.until("a draft", () => document.querySelector("[data-testid=draft][data-ready=true]"));
  hub = await home.hub();
});

after(async () => {
  await app?.close();
  await home?.remove();
});

const shows = (text, where = "body") => [...document.querySelectorAll(where)].some((e) => e.innerText.includes(text));
const picture = (name) => page.screenshot(join(RESULTS, `desktop-${name}.png`));

test("Rollout says who stopped the killed workflow, and the same keys run it again", async () => {
  const { workflows } = await hub.call("GET", "/v1/workflows");
  const { id, killed_reason } = workflows.find(({ killed }) => killed);
  await page.press("Control+2");
  await page.until("the first workflow", shows, workflows[0].name, ".screen-bar");
  for (const { killed } of workflows) {
    if (killed) break;
    await page.press("j");
  }
  await page.until("the reason of the kill", shows, killed_reason, ".rollout-killed");
  await picture("rollout");
  await page.press("Control+Shift+k");
  await page.until("the dialog", () => document.activeElement?.closest("[role=dialog] input"));
  await page.type("The article is corrected");
  await page.press("Tab");
  await page.type(id);
  await page.press("Enter");
  await page.until("what came of it", shows, "Running again at internal", "[role=dialog] [role=status]");
  await page.press("Escape");
  assert.equal((await hub.workflow(id)).killed, false);
});

test("Cases lists what was decided, Enter shows where one came from, / finds it by its words", async () => {
  const { cases } = await hub.call("GET", "/v1/cases?limit=200");
  await page.press("Control+3");
  await page.until("the newest case", shows, cases[0].subject, "[data-testid=cases] [role=row]");
  await page.press("j", "Enter");
  const { model } = await hub.call("GET", `/v1/cases/${cases[0].id}`);
  await page.until("its provenance", shows, `${model.provider}/${model.name}`, ".cases-provenance");
  await picture("cases");
  await page.press("Escape", "/");
  const word = cases.at(-1).subject.split(/\s+/).sort((a, b) => b.length - a.length)[0];
  await page.type(word);
  await page.press("Enter");
  const found = (await hub.call("GET", `/v1/cases?limit=200&q=${encodeURIComponent(word)}`)).cases;
  assert.ok(found.length > 0 && found.length < cases.length);
  await page.until(
    "the cases found",
    (n) => document.querySelectorAll("[data-testid=cases] [role=row]").length === n + 1,
    found.length,
  );
});

test("Activity has the verified log, and sends again what was undeliverable", async () => {
  await page.run(() => document.activeElement?.blur());
  await page.press("Control+4");
  await page.until("the verified chain", shows, "Intact", ".seal-state.ok");
  await picture("activity");
  const { deliveries } = await hub.call("GET", "/v1/deliveries?state=undeliverable");
  assert.ok(deliveries.length > 0, "the demo has one");
  await page.run(() => {
    location.hash = "#/activity/deliveries?state=undeliverable";
  });
  await page.until("the way to try again", shows, `Retry ${deliveries.length} undeliverable`, "button");
  await page.run((n) => {
    [...document.querySelectorAll("button")].find((b) => b.innerText.includes(`Retry ${n} undeliverable`)).focus();
  }, deliveries.length);
  await page.press("Enter");
  await until("the second try", async () => {
    const { entries } = await hub.call("GET", "/v1/audit?act=delivery.retried&limit=1");
    return entries[0]?.object === deliveries[0].id;
  });
});

test("Settings walks its sections by J, and theme and language change at once", async () => {
  await page.press("Control+5");
  await page.until("the packs", () => document.querySelector("[data-section=packs]"));
  await picture("settings");
  for (const section of ["sources", "access", "connection", "appearance"]) {
    await page.press("j");
    await page.until(section, (name) => document.querySelector(`[data-section=${name}]`), section);
  }
  const choose = (label) =>
    page.run((text) => {
      const wanted = [...document.querySelectorAll("label")].find(({ innerText }) => innerText.includes(text));
      (wanted.control ?? wanted.querySelector("input")).focus();
    }, label);
  await choose("Dark");
  await page.type(" ");
  await page.until("the dark theme", () => document.documentElement.dataset.theme === "dark");
  await choose("Deutsch");
  await page.type(" ");
  await page.until("German", () => document.documentElement.lang === "de" && document.body.innerText.includes("Darstellung"));
  await picture("settings-dark");
});
