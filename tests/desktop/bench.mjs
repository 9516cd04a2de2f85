import { makeHome, openApp } from "./app.mjs";

/** From the key to the painted next draft, in the release window over 100,000 drafts. */

const DRAFTS = 100_000;
const APPROVALS = 200;
const BATCH = 5_000;

const ready = (not) => {
  const draft = document.querySelector("[data-testid=draft][data-ready=true]");
  return draft && draft.dataset.draftId !== not ? draft.dataset.draftId : null;
};

const home = await makeHome();
const app = await openApp(home, { profile: "release", env: { COUNTERSIGN_DEMO: "1" } });
try {
  const hub = await home.hub();
  await app.page.until("the demo", ready, null);
  const { workflows } = await hub.call("GET", "/v1/workflows");
  const [{ id: workflow }] = workflows;

  const began = performance.now();
  for (let at = 0; at < DRAFTS; at += BATCH) {
    const rows = Array.from({ length: BATCH }, (_, i) => JSON.stringify(draft(at + i))).join("\n");
    await hub.call("POST", `/v1/drafts?workflow=${workflow}&summary=true`, rows, "application/x-ndjson");
  }
  const seconds = (performance.now() - began) / 1000;
  console.log(`import: ${DRAFTS} drafts in ${seconds.toFixed(1)} s, ${Math.round(DRAFTS / seconds)}/s`);

  let current = await app.page.until("a draft", ready, null);
  for (let n = 0; n < APPROVALS; n += 1) {
    await app.page.press("a");
    current = await app.page.until("the next draft", ready, current);
  }
  const took = await app.page.run(() =>
    performance.getEntriesByName("key-to-next-draft").map((entry) => entry.duration),
  );
  took.sort((a, b) => a - b);
  const at = (share) => took[Math.floor(took.length * share)].toFixed(1);
  console.log(`key to next draft: ${took.length} approvals, p50 ${at(0.5)} ms, p95 ${at(0.95)} ms`);
} finally {
  await app.close();
  await home.remove();
}

function draft(n) {
  return {
    external_id: `bench-${n}`,
    revision: "1",
    thread: [{ role: "customer", text: `Invoice ${n} does not match our plan. ${"Nobody told us about a change. ".repeat(20)}` }],
    draft: { text: `Thank you for writing about invoice ${n}.\n\n${"We looked at it and it is as agreed. ".repeat(25)}` },
  };
}
