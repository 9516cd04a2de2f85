import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test, vi } from "vitest";
import type { Api } from "../api/client";
import type { History, Me, Workflow } from "../api/types";
import type { Host } from "../host";
import Rollout from "./Rollout";

// A page rendered to text has no subscriptions.
vi.mock("../kit/store", async (original) => ({
  ...(await original<object>()),
  useStore: (store: { get(): unknown }, select = (value: unknown) => value) => select(store.get()),
}));

const NOW = Date.parse("2026-11-22T13:00:00Z");
const ME = { subject: "dana", grants: [], routes: [], owner: true } as unknown as Me;
const HOST = { events: () => () => {} } as unknown as Host;

const API = { now: () => NOW, workflows: async () => [] } as unknown as Api;

function aWorkflow(part: Partial<Workflow> = {}): Workflow {
  return {
    id: "refunds",
    name: "Refund notes",
    version: 2,
    stage: "opt_in",
    killed: false,
    dri: "dri@example.com",
    drafts: { staged: 7, undeliverable: 1 },
    escalations_open: 0,
    deliveries_waiting: 3,
    deliveries_undeliverable: 1,
    reasons: [{ code: "legal", label: "Legal has to look", harm: true, to: "legal", key: "l" }],
    undo_seconds: 10,
    lease_seconds: 300,
    delivers: true,
    ...part,
  } as Workflow;
}

const HISTORY: History = {
  days: [{ day: "2026-11-21", outcomes: { approve: 3, "escalate:legal": 1 } }],
  transitions: [
    {
      id: "t2",
      kind: "killed",
      from_stage: "opt_in",
      to_stage: "opt_in",
      version: 2,
      actor: "on-call",
      reason: "wrong <b>window</b>",
      at: "2026-11-22T10:00:00Z",
      effect_ms: 38.2,
      frozen: 12,
    },
    {
      id: "t1",
      kind: "promoted",
      from_stage: "internal",
      to_stage: "opt_in",
      version: 1,
      actor: "dana",
      reason: "",
      at: "2026-11-20T10:00:00Z",
    },
  ],
  versions: [],
};

function page(workflows: Workflow[] | undefined, id: string | null = null, me = ME): string {
  const client = new QueryClient();
  if (workflows) client.setQueryData(["workflows"], workflows);
  client.setQueryData(["history", "refunds"], HISTORY);
  client.setQueryData(["open-escalations", "refunds"], {
    pages: [{ escalations: [], next_cursor: null }],
    pageParams: [""],
  });
  return renderToStaticMarkup(
    <QueryClientProvider client={client}>
      <Rollout host={HOST} api={API} me={me} id={id} />
    </QueryClientProvider>,
  );
}

test("before the workflows are there it says so; without any, what to do", () => {
  expect(page(undefined)).toContain("Opening the workflow");
  expect(page([])).toContain("countersign pack apply");
});

test("a workflow that isn't there is named, and another one offered", () => {
  const shown = page([aWorkflow()], "no<such>");
  expect(shown).toContain("no&lt;such&gt;");
  expect(shown).toContain('href="#/rollout/refunds"');
});

test("a workflow shows its stage, its drafts, and where its deliveries are", () => {
  const shown = page([aWorkflow()]);
  expect(shown).toMatch(/aria-current="step"[^>]*><strong>opt-in/);
  expect(shown).toContain("since 20 Nov · 4 reviewed");
  expect(shown).toContain("75.0%");
  expect(shown).toContain("Legal has to look");
  expect(shown).toContain('href="#/activity/deliveries?state=undeliverable&amp;workflow=refunds"');
  expect(shown).toContain("Kill…");
});

test("a kill says who, why, and how long it took; its reason is text", () => {
  const shown = page([
    aWorkflow({
      killed: true,
      killed_at: "2026-11-22T10:00:00Z",
      killed_by: "on-call",
      killed_reason: "wrong <b>window</b>",
      drafts: { frozen: 12 },
    }),
  ]);
  expect(shown).toContain("by on-call");
  expect(shown).toContain("in force after 38 ms · 12 drafts frozen");
  expect(shown).toContain("wrong &lt;b&gt;window&lt;/b&gt;");
  expect(shown).toContain("Resume…");
});

test("who may not stop it has no button for that", () => {
  const reader = { ...ME, owner: false, grants: [{ role: "auditor" as const, workflow: null }] };
  expect(page([aWorkflow()], null, reader)).not.toContain("Kill…");
});
