import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test, vi } from "vitest";
import type { Api } from "../api/client";
import type { Checkpoint, Entry, Verified } from "../api/types";
import type { Host } from "../host";
import { en } from "../words/en";
import Activity from "./Activity";
import { deliveryCells } from "./Delivery";
import { EntryDetail, entryCells } from "./Entry";
import { placeOf } from "./place";
import { Seal } from "./Seal";

// A page rendered to text has no subscriptions.
vi.mock("../kit/store", async (original) => ({
  ...(await original<object>()),
  useStore: (store: { get(): unknown }, select = (value: unknown) => value) => select(store.get()),
}));

const HOST = { events: () => () => {} } as unknown as Host;
const API = {
  now: () => 0,
  workflows: async () => [],
  verifyAudit: async () => ({ ok: true, entries: 0 }),
} as unknown as Api;

function markup(node: React.ReactNode, fill: (client: QueryClient) => void = () => {}): string {
  const client = new QueryClient();
  fill(client);
  return renderToStaticMarkup(<QueryClientProvider client={client}>{node}</QueryClientProvider>);
}

const seal = (verified?: Verified, checkpoint?: Checkpoint) =>
  markup(<Seal host={HOST} api={API} onGoTo={() => {}} onSigned={() => {}} />, (client) => {
    if (verified) client.setQueryData(["audit-verified"], verified);
    if (checkpoint) client.setQueryData(["audit-checkpoint"], checkpoint);
  });

const ENTRY: Entry = {
  seq: 812,
  at: "2026-11-22T10:00:00Z",
  actor: "<i>dana</i>",
  act: "verdict.recorded",
  workflow: "refunds",
  object: "01a20521-d49c-7597-8445-ce544a865d4e",
  detail: '{"outcome":"escalate:legal","grants":[{"role":"admin"}]}',
  prev_hash: "00",
  hash: "ff",
};

test("the address names the section and its filters", () => {
  expect(placeOf(null).section).toBe("audit");
  expect(placeOf("nonsense").section).toBe("audit");
  const { section, filters } = placeOf("deliveries?state=undeliverable&workflow=refunds");
  expect([section, filters.get("state"), filters.get("workflow")]).toEqual([
    "deliveries",
    "undeliverable",
    "refunds",
  ]);
});

test("every section opens, and the one that is open is marked", () => {
  for (const [id, name] of Object.entries(en.activity.sections)) {
    const shown = markup(<Activity host={HOST} api={API} me={undefined as never} id={id} />);
    expect(shown).toMatch(new RegExp(`aria-current="page"[^>]*>${name}<`));
  }
});

test("the seal says that it looks, that all holds, or where the chain breaks", () => {
  expect(seal()).toContain("Following the chain");
  expect(seal({ ok: true, entries: 1234 })).toContain("1,234 entries");
  const broken = seal({ ok: false, entries: 811, broken_at: 812, why: "an entry that was changed" });
  expect(broken).toContain("at entry 812");
  expect(broken).toContain("An entry that was changed. The 811 entries before it hold.");
  expect(broken).toContain("Go to it");
});

test("a signed checkpoint says over how many entries, and by which key", () => {
  const checkpoint = {
    seq: 60,
    hash: "",
    at: "2026-11-22T10:00:00Z",
    public_key: "5a16991d2f13ad9f989516f1",
    signature: "",
  };
  const shown = seal({ ok: true, entries: 60 }, checkpoint);
  expect(shown).toContain("Checkpoint over 60 entries");
  expect(shown).toContain("5a16991d2f13ad9f…");
});

test("an entry's row says it in words, links to its draft, and shows names as text", () => {
  const cells = renderToStaticMarkup(entryCells({ seq: 812, entry: ENTRY, broken: false }, en.activity));
  expect(cells).toContain("decided a draft");
  expect(cells).toContain("escalated, legal");
  expect(cells).toContain(`href="#/review/${ENTRY.object}"`);
  expect(cells).toContain("&lt;i&gt;dana&lt;/i&gt;");
  const missing = entryCells({ seq: 812, entry: null, broken: true }, en.activity);
  expect(renderToStaticMarkup(missing)).toContain("Entry 812 is missing here");
});

test("an entry's facts are a list of names and values, and what holds more folds", () => {
  const detail = markup(<EntryDetail entry={ENTRY} />);
  expect(detail).toContain("<dt>outcome</dt>");
  expect(detail).toContain("<details><summary>[1]</summary>");
});

test("a delivery that gave up can be tried again, another can't", () => {
  const delivery = {
    id: "m1",
    workflow: "refunds",
    draft_id: null,
    external_id: "ticket-9",
    type: "reply.ready",
    state: "undeliverable",
    attempts: 10,
    last_error: "the receiver answered <410>",
    created_at: "2026-11-22T10:00:00Z",
  };
  const cells = (onRetry: (() => void) | null) =>
    renderToStaticMarkup(deliveryCells(delivery, en.activity, 0, onRetry));
  expect(cells(() => {})).toContain("Retry");
  expect(cells(null)).not.toContain("Retry");
  expect(cells(null)).toContain("answered &lt;410&gt;");
});
