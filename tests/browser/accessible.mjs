import assert from "node:assert/strict";
import { AxeBuilder } from "@axe-core/playwright";
import { screenshot } from "./browser.mjs";

/** Nothing serious or critical, as axe sees the page; and a picture of it. */
export async function accessible(page, name) {
  await screenshot(page, name);
  const { violations } = await new AxeBuilder({ page }).analyze();
  const grave = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(", ")}`);
  assert.deepEqual(grave, []);
}
