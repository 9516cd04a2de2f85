import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test, vi } from "vitest";
import { type Api, ApiError } from "../api/client";
import type { Case, Me } from "../api/types";
import type { Host } from "../host";
import Cases from "./Cases";
import { NO_FILTERS } from "./list";

// A page rendered to text has no subscriptions.
vi.mock("../kit/store", async (original) => ({
  ...(await original<object>()),
  useStore: (store: { get(): unknown }, select = (value: unknown) => value) => select(store.get()),
}));

const HOST = { events: () => () => {} } as unknown as Host;
const API = { workflows: () => new Promise<never>(() => {}) } as unknown as Api;
const AUDITOR = { subject: "ada", grants: [{ role: "auditor" }], routes: [], owner: false } as unknown as Me;
const DRI = {
  subject: "dana",
  grants: [{ role: "dri", workflow: "w" }],
  routes: [],
  owner: false,
} as unknown as Me;

const CASE = {
  id: "c1",
  draft_id: "d1",
  verdict_id: "v1",
  workflow: "w",
  version: 3,
  stage: "internal",
  external_id: "ticket-7",
  revision: "2",
  round: 1,
  action: "escalate",
  reasons: ["unsafe"],
  comment: "<b>look</b>",
  seconds: 31,
  reviewer: "reviewer-b2f29fc501e9",
  decided_at: "2026-11-22T10:00:31.000Z",
  staged_at: "2026-11-22T09:00:00.000Z",
  probability: 0.25,
  marks: ["uncited"],
  content_hash: "c0ffee00",
  pack_hash: "0ddba11",
  guideline_hash: "feed",
  thread: [{ role: "customer", text: "Hello" }],
  draft: { text: "Dear **you**", citations: [{ source: "kb/a" }] },
  sources: [],
  signals: [],
  cost_usd: "0.0031",
  usage: { input_tokens: 1200, output_tokens: 80 },
  metadata: { subject: "A <i>subject</i>", customer: 7 },
} as unknown as Case;

function page(fill: (client: QueryClient) => void, me = DRI, id: string | null = null): string {
  const client = new QueryClient({
    defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY, retryOnMount: false } },
  });
  client.setQueryData(["workflows"], []);
  fill(client);
  return renderToStaticMarkup(
    <QueryClientProvider client={client}>
      <Cases host={HOST} api={API} me={me} id={id} />
    </QueryClientProvider>,
  );
}

const listed = (cases: unknown[]) => (client: QueryClient) =>
  client.setQueryData(["cases", NO_FILTERS], { pages: [{ cases }], pageParams: [""] });

const refused = (key: unknown[], error: Error) => (client: QueryClient) =>
  client
    .getQueryCache()
    .build(client, { queryKey: key })
    .setState({ status: "error", error, fetchStatus: "idle" });

test("before the hub answers, it says that it is fetching", () => {
  expect(page(() => {})).toContain("Fetching the cases…");
});

test("without a case it says what makes one", () => {
  expect(page(listed([]))).toContain("Each decision in Review becomes a case here");
});

test("who may not read cases is told who may", () => {
  const reviewer = { ...DRI, grants: [{ role: "reviewer" }] } as unknown as Me;
  const html = page(() => {}, reviewer);
  expect(html).toContain("You may not read cases");
  expect(html).not.toContain("Export");
});

test("a hub that is away can be asked again", () => {
  const html = page(refused(["cases", NO_FILTERS], new TypeError("fetch")));
  expect(html).toContain("The hub can&#x27;t be reached.");
  expect(html).toContain("Try again");
});

const opened = (client: QueryClient) => {
  listed([])(client);
  client.setQueryData(["case", "c1"], CASE);
};

test("a case is read from draft to delivery, and hostile text stays text", () => {
  const html = page(
    (client) => {
      opened(client);
      client.setQueryData(["case-draft", "d1"], {
        outcome: { verdict_id: "v1", by: "Dana" },
        checks: { citations: [{ source: "kb/a", title: "A", status: "no_such_quote" }], uncited: [] },
        delivery: { id: "m", state: "undeliverable", attempts: 3, last_error: "410 Gone" },
      });
      client.setQueryData(
        ["case-record", "d1"],
        [
          {
            seq: 9,
            act: "verdict.recorded",
            at: CASE.decided_at,
            actor: "Dana",
            detail: '{"verdict":"v1"}',
            hash: "abc123",
          },
          { seq: 8, act: "draft.leased", at: "2026-11-22T10:00:00.000Z", actor: "Dana", detail: "{}" },
        ],
      );
    },
    AUDITOR,
    "c1",
  );
  // A name beside the pseudonym would lift it.
  expect(html).not.toContain("Dana");
  for (const said of [
    "escalated by reviewer-b2f29fc501e9 in 31 s",
    "quote not in the source",
    "$0.0031 · 1,200 + 80 tokens",
    "25% chance of being reviewed",
    "entry 9 of the audit log",
    "3 tries · the last one: 410 Gone",
    "&lt;b&gt;look&lt;/b&gt;",
    "A &lt;i&gt;subject&lt;/i&gt;",
  ]) {
    expect(html).toContain(said);
  }
  expect(html).not.toContain("<i>subject");
});

test("a settled label is told from what the reviewer decided", () => {
  const settled = {
    action: "escalate",
    reasons: ["unsafe"],
    note: "Not ours <b>to say</b>",
    by: "reviewer-0c0ffee",
    at: "2026-11-23T10:00:00.000Z",
    verdicts: [],
    was: { action: "edit", grade: "factual" },
  };
  const html = page((client) => client.setQueryData(["case", "c1"], { ...CASE, settled }), AUDITOR, "c1");
  expect(html).toContain("edited, factual by reviewer-b2f29fc501e9 in 31 s");
  expect(html).toContain("escalated by reviewer-0c0ffee");
  expect(html).toContain("Not ours &lt;b&gt;to say&lt;/b&gt;");
  expect(html).not.toContain("not sent");
});

test("what somebody may not see says so where it would stand", () => {
  const html = page(
    (client) => {
      opened(client);
      refused(["case-draft", "d1"], new ApiError(403, "forbidden", "no"))(client);
    },
    DRI,
    "c1",
  );
  expect(html).toContain("escalated by reviewer-b2f29fc501e9");
  expect(html).toContain("The draft itself is not for you");
  expect(html).toContain("The audit log is for admins and auditors.");
});
