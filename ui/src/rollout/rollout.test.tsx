import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test, vi } from "vitest";
import type { Api } from "../api/client";
import type { Alert, Drill, History, IncidentRow, Me, Workflow } from "../api/types";
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
  days: [{ day: "2026-11-21", outcomes: { approve: 30, "escalate:legal": 10 } }],
  record: [
    {
      version: 2,
      stage: "opt_in",
      staged: 9,
      reviewed: 4,
      outcomes: { approve: 3, "escalate:legal": 1 },
    },
    { version: 1, stage: "opt_in", staged: 40, reviewed: 36, outcomes: { approve: 27, "escalate:legal": 9 } },
    { version: 1, stage: "internal", staged: 270, reviewed: 260, outcomes: { approve: 260 } },
  ],
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
  in_force: [],
};

interface More {
  incidents?: IncidentRow[];
  drills?: Drill[];
  alerts?: Alert[];
}

function page(
  workflows: Workflow[] | undefined,
  id: string | null = null,
  me = ME,
  { incidents = [], drills = [], alerts = [] }: More = {},
): string {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  if (workflows) client.setQueryData(["workflows"], workflows);
  client.setQueryData(["history", "refunds"], HISTORY);
  client.setQueryData(["open-escalations", "refunds"], {
    pages: [{ escalations: [], next_cursor: null }],
    pageParams: [""],
  });
  client.setQueryData(["incidents", "refunds"], {
    pages: [{ incidents, next_cursor: null }],
    pageParams: [""],
  });
  client.setQueryData(["drills", "refunds"], drills);
  client.setQueryData(["alerts", "refunds"], alerts);
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

test("reviews are counted by version and stage, wherever they stand", () => {
  const shown = page([aWorkflow()]);
  expect(shown).toContain("v2: 4 reviewed · v1: 36 reviewed");
  expect(shown).toContain("v1: 260 reviewed");
  expect(shown).toContain("v2 at opt-in");
  expect(shown).toContain("of 4 reviewed drafts");
  expect(shown).toContain("28 days, 40 decided · all versions and stages");
  expect(shown).toContain("Drafts <span>all versions and stages");
});

test("a workflow shows its stage, its drafts, and where its deliveries are", () => {
  const shown = page([aWorkflow()]);
  expect(shown).toMatch(/aria-current="step"[^>]*><strong>opt-in/);
  expect(shown).toContain("since 20 Nov");
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

const as = (role: string) => ({ ...ME, owner: false, grants: [{ role, workflow: null }] }) as unknown as Me;

const INCIDENT = {
  id: "i-2",
  workflow: "refunds",
  number: 2,
  title: "Odd <b>prices</b>",
  kind: "manual",
  state: "open",
  opened_at: "2026-11-22T12:00:00Z",
  opened_by: "dana",
  steps_total: 5,
  steps_done: 1,
} as IncidentRow;
const CLOSED = { ...INCIDENT, id: "i-1", number: 1, title: "An old one", state: "closed" } as IncidentRow;
const OPEN = "Incident 2 is open";

test("an open incident stands at the top, its title as text, and leads to it; no second one can be reported", () => {
  const shown = page([aWorkflow()], null, ME, { incidents: [INCIDENT, CLOSED] });
  expect(shown).toContain(OPEN);
  expect(shown).toContain('href="#/rollout/refunds/incidents/i-2"');
  expect(shown).toContain("since 22 Nov, 12:00, 1 h ago, reported by dana");
  expect(shown).toContain("Odd &lt;b&gt;prices&lt;/b&gt;");
  expect(shown).not.toContain("Report an incident");
});

test("past incidents are listed, and another one can be reported by who may", () => {
  const past = { incidents: [{ ...CLOSED, closed_at: "2026-11-22T12:30:00Z" }] };
  const shown = page([aWorkflow()], null, as("dri"), past);
  expect(shown).toContain("closed after 30 min");
  expect(shown).not.toContain("is open");
  expect(shown).toContain("Report an incident");
  const read = page([aWorkflow()], null, as("auditor"), past);
  expect(read).toContain("closed after 30 min");
  expect(read).not.toContain("Report an incident");
});

test("a curator has the gate and neither incidents nor drills", () => {
  const shown = page([aWorkflow()], null, as("curator"), { incidents: [INCIDENT] });
  expect(shown).toContain("Failure budget");
  for (const theirs of [OPEN, "Kill drills", "Drill…", "Report an incident"]) {
    expect(shown).not.toContain(theirs);
  }
});

test("the drills show what was measured and what got through; who may not run one has no button", () => {
  const drill = { id: "d", at: "2026-11-20T10:00:00Z", actor: "dana", version: 2, detail: "refused" };
  const drills = [
    { ...drill, id: "d-2", ok: false, detail: "the lease was not refused" },
    { ...drill, id: "d-1", ok: true, effect_ms: 12.4 },
  ] as Drill[];
  const shown = page([aWorkflow()], null, as("dri"), { drills });
  expect(shown).toContain("last passed 20 Nov, 10:00");
  expect(shown).toMatch(/failed<\/span>.*the lease was not refused/);
  expect(shown).toContain("12 ms");
  expect(shown).toContain("Drill…");
  const read = page([aWorkflow()], null, as("auditor"), { drills });
  expect(read).toContain("12 ms");
  expect(read).not.toContain("Drill…");
});

test("alerts of the failure budget stand at the top; those of a kill don't", () => {
  const alert = {
    id: "a",
    kind: "budget",
    action: "page",
    rule: "1h/5m",
    at: "2026-11-22T12:00:00Z",
    posts: [],
  };
  const detail = { threshold: 13.44, burn_long: 16, burn_short: 20 };
  const firing = { ...alert, detail, summary: "desk: it burns" } as unknown as Alert;
  const shown = page([aWorkflow()], null, ME, { alerts: [firing] });
  expect(shown).toContain("The failure budget is being spent too fast");
  expect(shown).toContain("Burning at 16× (1 h) and 20× (5 min); alerts above 13.4×");
  const kill = { ...firing, kind: "kill" };
  expect(page([aWorkflow()], null, ME, { alerts: [kill] })).not.toContain("spent too fast");
});

test("who may not stop it has no button for that", () => {
  expect(page([aWorkflow()], null, as("auditor"))).not.toContain("Kill…");
});
