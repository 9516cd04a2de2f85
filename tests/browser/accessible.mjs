import assert from "node:assert/strict";
import { AxeBuilder } from "@axe-core/playwright";
import { screenshot } from "./browser.mjs";

/** What axe says of the page as it is now: each rule that is broken, and where. All of them count, the mild ones too. */
export async function violations(page) {
  const found = await new AxeBuilder({ page }).analyze();
  return found.violations.map(({ id, impact, nodes }) => {
    const where = nodes.slice(0, 3).map(({ target }) => target.join(" "));
    return `${id} (${impact}): ${where.join(", ")}`;
  });
}

/** Nothing that axe would change; and a picture of it. */
export async function accessible(page, name) {
  await screenshot(page, name);
  assert.deepEqual(await violations(page), []);
}

/** The same in both themes. */
export async function accessibleInBoth(page, name) {
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await accessible(page, `${name}-${colorScheme}`);
  }
}
