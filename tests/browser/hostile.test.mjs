import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { launch, openConsole, READY, screenshot } from "./browser.mjs";
import { startHub } from "./hub.mjs";

/** Nothing a draft contains is ever executed, fetched or rendered as HTML, wherever in it that stands. */

const ELSEWHERE = "http://elsewhere.example";
const ATTACKS = [
  "<script>alert(1)</script>",
  `<img src="${ELSEWHERE}/html.png" onerror="alert(2)">`,
  `<iframe srcdoc="<script>alert(3)</script>"></iframe>`,
  `<svg onload="alert(4)"><a xlink:href="javascript:alert(5)">x</a></svg>`,
  `<style>@import "${ELSEWHERE}/style.css"; body { display: none }</style>`,
  `<form action="${ELSEWHERE}/form"><button formaction="javascript:alert(6)">send</button></form>`,
  `![picture](${ELSEWHERE}/markdown.png)`,
  "[a script](javascript:alert(7))",
  "[a script in disguise](java&#x09;script:alert(8))",
  "[a file](file:///etc/passwd)",
  "[data](data:text/html,<script>alert(9)</script>)",
  `[a link](${ELSEWHERE}/link "title")`,
  `<${ELSEWHERE}/autolink>`,
  `[reference][evil]\n\n[evil]: javascript:alert(10)`,
  "invoice \u202Egnp.exe\u202C and a zero\u200Bwidth",
].join("\n\n");

/** What of `ATTACKS` may become an element: nothing that loads, runs, sends or leads away. */
const FORBIDDEN = "script, iframe, object, embed, form[action], style, svg a, base, meta[http-equiv], [srcdoc], [onerror], [onload]";

let served, browser, desk, page, id;

before(async () => {
  served = await startHub("--demo");
  browser = await launch();
  const { hub } = served;
  const { workflows } = await hub.call("GET", "/v1/workflows");
  const attacked = {
    external_id: "ticket-<b>666</b>",
    revision: "1",
    thread: [
      { role: "customer", name: `<img src=x onerror=alert(11)>`, text: `Hostile zebra\n\n${ATTACKS}` },
      { role: "tool_call", name: "lookup<script>alert(12)</script>", text: ATTACKS },
      { role: "tool", name: "lookup", text: ATTACKS },
      { role: "note", text: ATTACKS },
    ],
    draft: { text: ATTACKS, citations: [{ source: "<b>evil</b>", quote: ATTACKS.slice(0, 25) }] },
    sources: [{ id: "<b>evil</b>", title: "<script>alert(13)</script>", text: ATTACKS }],
    model: { provider: "<b>p</b>", name: `<img src="${ELSEWHERE}/model.png">` },
    trace_id: "javascript:alert(14)",
    signals: [{ kind: "policy", note: ATTACKS }],
    metadata: { subject: "Hostile zebra", customer: `<img src="${ELSEWHERE}/customer.png">`, url: "javascript:alert(15)" },
  };
  const { results } = await hub.call("POST", `/v1/drafts?workflow=${workflows[0].id}`, attacked);
  assert.equal(results[0].status, "created", JSON.stringify(results));
  id = results[0].id;
  desk = await openConsole(browser, served.console);
  page = desk.page;
  await page.locator(READY).waitFor();
  await page.keyboard.press("/");
  await page.locator("#search:focus").waitFor();
  await page.keyboard.type("zebra");
  await page.locator(`[data-draft-id="${id}"]`).first().click();
  await page.locator(`${READY}[data-draft-id="${id}"]`).waitFor();
});

after(async () => {
  await browser?.close();
  await served?.stop();
});

test("the draft, its thread and its sources stay text", async () => {
  await page.locator("body").click({ position: { x: 640, y: 60 } });
  await page.keyboard.press("o");
  await harmless("hostile");
});

test("so they do in the editor and its diff", async () => {
  await page.keyboard.press("e");
  await page.locator("[data-testid=editor] :focus").waitFor();
  await page.keyboard.type(` <img src="${ELSEWHERE}/typed.png" onerror="alert(16)">`);
  await page.locator("[data-testid=grade-chips] [aria-checked=true]").waitFor();
  await harmless("hostile-editing");
  await page.keyboard.press("Escape");
});

test("and on every other screen that shows any of it", async () => {
  const { hub } = served;
  const { lease, draft } = await hub.call("POST", "/v1/queue/lease", { draft_id: id });
  const { reasons } = await hub.workflow(draft.workflow);
  await hub.call("POST", `/v1/drafts/${id}/verdicts`, {
    verdict_id: randomUUID(), lease_id: lease.id, fence: lease.fence, content_hash: draft.content_hash,
    action: "escalate", reasons: [reasons[0].code], comment: ATTACKS, seconds: 9,
  });
  const source = { id: "kb/evil", title: `<img src="${ELSEWHERE}/title.png">`, text: ATTACKS, access: ["public"] };
  await hub.call("POST", "/v1/sources", JSON.stringify(source), "application/x-ndjson");
  await hub.call("POST", `/v1/workflows/${draft.workflow}/kill`, { reason: ATTACKS });
  const { cases } = await hub.call("GET", `/v1/cases?workflow=${draft.workflow}&limit=1`);
  assert.equal(cases[0].draft_id, id);
  for (const [place, sign] of [
    [`rollout/${draft.workflow}`, "<script>alert(1)"],
    [`cases/${cases[0].id}`, "<script>alert(1)"],
    ["activity", "killed a workflow"],
    ["activity/deliveries", "ticket"],
    ["settings/sources", "/title.png"],
  ]) {
    await page.evaluate((to) => {
      location.hash = `#/${to}`;
    }, place);
    await page.getByText(sign).filter({ visible: true }).first().waitFor();
    await harmless(`hostile-${place.split("/")[0]}`);
  }
});

test("and under a content security policy that would stop what got through", async () => {
  const response = await fetch(served.hub.url);
  const policy = response.headers.get("content-security-policy") ?? "";
  for (const part of ["default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]) {
    assert.ok(policy.includes(part), `${part} in ${policy}`);
  }
  assert.doesNotMatch(policy, /script-src[^;]*unsafe/);
  assert.equal(response.headers.get("x-content-type-options"), "nosniff");
});

async function harmless(name) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await screenshot(page, name);
  const found = await page.evaluate((forbidden) => {
    const root = document.querySelector("#root");
    const anchors = [...document.querySelectorAll("a[href], area[href]")].map((link) => link.href);
    return {
      elements: [...root.querySelectorAll(forbidden)].map((element) => element.outerHTML.slice(0, 200)),
      images: [...document.images].map((image) => image.src).filter(Boolean),
      links: anchors.filter((href) => new URL(href).origin !== location.origin),
      visible: getComputedStyle(document.body).display !== "none",
    };
  }, FORBIDDEN);
  assert.deepEqual(found, { elements: [], images: [], links: [], visible: true });
  assert.deepEqual(desk.trouble, []);
}
