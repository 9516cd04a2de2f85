import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, test, vi } from "vitest";
import type { Api } from "../../api/client";
import type { Incident, Me, Workflow } from "../../api/types";
import type { Host } from "../../host";
import { IncidentPage } from "./IncidentPage";

// A page rendered to text has no subscriptions.
vi.mock("../../kit/store", async (original) => ({
  ...(await original<object>()),
  useStore: (store: { get(): unknown }, select = (value: unknown) => value) => select(store.get()),
}));

const HOSTILE = "<img src=x onerror=alert(1)> [here](https://evil.example) \u202egnp.exe";
const ME = { subject: "dana", grants: [], routes: [], owner: true } as unknown as Me;
const reader = (role: string) =>
  ({ ...ME, owner: false, grants: [{ role, workflow: null }] }) as unknown as Me;
const API = { now: () => Date.parse("2026-11-22T13:00:00Z") } as unknown as Api;
const WORKFLOW = { id: "refunds", name: "Refund notes", killed: false } as Workflow;

function anIncident(part: Partial<Incident> = {}): Incident {
  return {
    id: "one",
    workflow: "refunds",
    number: 3,
    title: "Odd prices",
    kind: "manual",
    state: "open",
    version: 2,
    stage: "opt_in",
    opened_at: "2026-11-22T10:00:00Z",
    opened_by: "dana",
    steps_total: 2,
    steps_done: 1,
    steps: [
      { n: 1, section: "Stop", text: "Kill **it**", done: true, by: "dana", at: "2026-11-22T10:02:00Z" },
      { n: 2, section: "Mend", text: "Find the cause", done: false },
    ],
    messages: [{ name: "#support", text: "Drafts are off." }],
    entries: [{ at: "2026-11-22T10:00:00Z", actor: "dana", kind: "opened", text: "Odd prices" }],
    ...part,
  };
}

function page(incident: Incident | undefined, me = ME, stored: Record<string, string> = {}): string {
  const client = new QueryClient();
  if (incident) client.setQueryData(["incident", "refunds", "one"], incident);
  const host = {
    events: () => () => {},
    storage: { get: (key: string) => (key in stored ? JSON.stringify({ at: 1, value: stored[key] }) : null) },
  } as unknown as Host;
  return renderToStaticMarkup(
    <QueryClientProvider client={client}>
      <IncidentPage host={host} api={API} me={me} workflow={WORKFLOW} id="one" />
    </QueryClientProvider>,
  );
}

test("before it is there it says so; one of another workflow is said not to be here", () => {
  expect(page(undefined)).toContain("Opening the incident");
  const other = page(anIncident({ workflow: "billing", title: "Theirs" }));
  expect(other).toContain("This incident isn&#x27;t here");
  expect(other).toContain('href="#/rollout/refunds"');
  expect(other).not.toContain("Theirs");
});

test("who may not read incidents is told whose they are, and is shown nothing of one", () => {
  const shown = page(anIncident(), reader("curator"));
  expect(shown).toContain("Incidents are for a workflow&#x27;s DRI, admins and auditors");
  expect(shown).not.toContain("Odd prices");
});

test("the runbook stands beside it under its headings, ticked off by whom", () => {
  const shown = page(anIncident());
  expect(shown).toContain("1 of 2");
  expect(shown).toMatch(/<h3[^>]*>Stop<\/h3>.*checked="".*Kill <strong>it<\/strong>.*dana, 22 Nov/);
  expect(shown).toMatch(/<h3[^>]*>Mend<\/h3>.*Find the cause/);
  expect(shown).toContain('aria-label="Copy the text for #support"');
});

test("an auditor reads and exports it, and can change nothing", () => {
  const shown = page(anIncident(), reader("auditor"));
  expect(shown).toContain("Export");
  expect(shown.match(/<input[^>]*disabled=""/g)).toHaveLength(2);
  for (const act of ["Add to the timeline", "Write what was learned", "Close…", "Kill…"]) {
    expect(shown).not.toContain(act);
  }
});

test("a closed one takes no entry and no tick, but still what was learned", () => {
  const shown = page(anIncident({ state: "closed", closed_at: "2026-11-22T12:00:00Z", closed_by: "erik" }));
  expect(shown).toContain("closed after 2 h · closed by erik, 22 Nov");
  expect(shown).not.toContain("Add to the timeline");
  expect(shown.match(/<input[^>]*disabled=""/g)).toHaveLength(2);
  expect(shown).toContain("Write what was learned");
});

test("words that were typed and not sent are there again, for whoever typed them", () => {
  const typed = {
    "countersign:typed:dana:entry:one": "half an ent",
    "countersign:typed:dana:note:one": "half a note",
  };
  const shown = page(anIncident(), ME, typed);
  expect(shown).toMatch(/<textarea[^>]*>half an ent</);
  expect(shown).toMatch(/<textarea[^>]*>half a note</);
  expect(page(anIncident(), { ...ME, subject: "erik" }, typed)).not.toMatch(/half a/);
});

test("what people typed is text, wherever it stands", () => {
  const shown = page(
    anIncident({
      title: HOSTILE,
      opened_by: HOSTILE,
      entries: [
        { at: "2026-11-22T10:00:00Z", actor: HOSTILE, kind: "note", text: HOSTILE },
        { at: "2026-11-22T10:01:00Z", actor: "dana", kind: "ticked", text: HOSTILE },
      ],
      steps: [{ n: 1, section: HOSTILE, text: HOSTILE, done: true, by: HOSTILE, at: "2026-11-22T10:01:00Z" }],
      messages: [{ name: HOSTILE, text: HOSTILE }],
      note: HOSTILE,
      note_by: HOSTILE,
      note_at: "2026-11-22T10:01:00Z",
    }),
  );
  expect(shown).not.toContain("<img");
  expect(shown).not.toContain('href="https://evil.example');
  expect(shown.match(/&lt;img src=x/g)?.length).toBeGreaterThan(8);
  expect(shown.match(/class="hidden-char"/g)?.length).toBeGreaterThan(8);
});
