import createClient from "openapi-fetch";
import type { Host } from "../host";
import type { paths } from "./schema";
import type {
  Alert,
  AuditQuery,
  Burn,
  CaseQuery,
  DeliveryQuery,
  Disagreement,
  DisagreementQuery,
  Draft,
  Drill,
  Fault,
  Gate,
  Held,
  History,
  Incident,
  Move,
  NewToken,
  RowQuery,
  Settling,
  Verdict,
} from "./types";

const WAIT_MS = 20_000;

/** The version of the hub's contract that this console speaks. */
export const CONTRACT = 1;

/** The hub said no. `code` is one of its closed list. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint?: string,
    /** All that is wrong with a pack. */
    readonly faults: Fault[] = [],
  ) {
    super(message);
  }
}

/** True when the same request may well succeed later: the hub is away, busy or failing closed. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status === 429 || error.status >= 500;
}

type PageOf<T> = (query: { limit: number; cursor?: string }) => Promise<[T[], string | null | undefined]>;

/** Every page of a list that a screen shows whole. */
async function every<T>(page: PageOf<T>): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const [rows, next] = await page({ limit: 200, ...(cursor && { cursor }) });
    all.push(...rows);
    cursor = next ?? undefined;
  } while (cursor);
  return all;
}

export type Api = ReturnType<typeof createApi>;

/**
 * What can be asked of the hub. `ended`: the person has gone. From then on nothing is asked any more, as it would be in
 * the next one's name, and no answer comes; but what is still given back on leaving is.
 */
export function createApi(host: Host, ended = new AbortController().signal) {
  const client = createClient<paths>({
    baseUrl: host.base,
    fetch: async (request) => {
      const signals = [request.signal, AbortSignal.timeout(WAIT_MS)];
      if (!request.keepalive) {
        ended.throwIfAborted();
        signals.push(ended);
      }
      return host.fetch(new Request(request, { signal: AbortSignal.any(signals) }));
    },
  });
  let aheadMs = 0;

  /** The answer's body; what isn't 2xx is thrown. */
  async function ask<T>(sent: Promise<{ data?: T; error?: unknown; response: Response }>): Promise<T> {
    const { data, error, response } = await sent;
    readClock(response);
    if (response.ok) return data as T;
    throw apiError(response, error);
  }

  /** Leases and undo run by the hub's clock; ours may be minutes off. The header has whole seconds. */
  function readClock(response: Response) {
    const date = Date.parse(response.headers.get("date") ?? "");
    if (Number.isNaN(date)) return;
    const ahead = date - Date.now();
    aheadMs = Math.abs(ahead) > 3_000 ? ahead : 0;
  }

  const by = (id: string) => ({ params: { path: { id } } });
  let names: string[] | undefined;
  let listing: Promise<unknown> | undefined;
  /** Workflows that share a name have their ids beside it. */
  const toldApart = <W extends { id: string; name: string }>(workflow: W): W =>
    names && names.filter((name) => name === workflow.name).length > 1
      ? { ...workflow, name: `${workflow.name} (${workflow.id})` }
      : workflow;

  return {
    /** The time at the hub. */
    now: () => Date.now() + aheadMs,
    me: () => ask(client.GET("/v1/me")),
    workflows: async () => {
      const asked = every(async (query) => {
        const page = await ask(client.GET("/v1/workflows", { params: { query } }));
        return [page.workflows, page.next_cursor];
      });
      listing ??= asked.catch(() => {});
      const all = await asked;
      names = all.map(({ name }) => name);
      return all.map(toldApart);
    },
    workflow: async (id: string) => {
      const one = await ask(client.GET("/v1/workflows/{id}", by(id)));
      if (!names) await listing;
      return toldApart(one);
    },
    rows: (query: RowQuery) => ask(client.GET("/v1/drafts", { params: { query } })),
    draft: (id: string): Promise<Draft> => ask(client.GET("/v1/drafts/{id}", by(id))),
    /** Nothing to review is `undefined`. */
    lease: (wanted: {
      workflows?: string[];
      draft_id?: string;
      exclude?: string[];
      /** One that expired undecided, to be judged for its label alone. */
      expired?: boolean;
    }): Promise<Held | undefined> => {
      const { workflows = null, draft_id = null, exclude = [], expired = false } = wanted;
      return ask(client.POST("/v1/queue/lease", { body: { workflows, draft_id, exclude, expired } }));
    },
    renew: async (id: string) => (await ask(client.POST("/v1/leases/{id}/renew", by(id)))).lease,
    /** `leaving`: the request outlives the page. */
    release: async (id: string, { skip = false, leaving = false } = {}) => {
      const params = { path: { id }, query: skip ? { skip } : {} };
      await ask(client.DELETE("/v1/leases/{id}", { params, keepalive: leaving }));
    },
    decide: (draftId: string, body: Verdict) =>
      ask(client.POST("/v1/drafts/{id}/verdicts", { ...by(draftId), body })),
    withdraw: (verdictId: string) => ask(client.POST("/v1/verdicts/{id}/withdraw", by(verdictId))),
    diff: (draftId: string, final_text: string, signal: AbortSignal) =>
      ask(client.POST("/v1/drafts/{id}/diff", { ...by(draftId), body: { final_text }, signal })),
    escalations: async () => {
      const query = { mine: true, state: "open", limit: 100 } as const;
      return (await ask(client.GET("/v1/escalations", { params: { query } }))).escalations;
    },
    take: (id: string) => ask(client.POST("/v1/escalations/{id}/take", by(id))),
    settle: (id: string, note: string) =>
      ask(client.POST("/v1/escalations/{id}/settle", { ...by(id), body: { note } })),
    retryDelivery: (id: string) => ask(client.POST("/v1/deliveries/{id}/retry", by(id))),
    kill: (id: string, reason: string) =>
      ask(client.POST("/v1/workflows/{id}/kill", { ...by(id), body: { reason } })),
    resume: (id: string, reason: string) =>
      ask(client.POST("/v1/workflows/{id}/resume", { ...by(id), body: { reason } })),
    loadDemo: () => ask(client.POST("/v1/demo")),

    cases: (query: CaseQuery) => ask(client.GET("/v1/cases", { params: { query } })),
    case: (id: string) => ask(client.GET("/v1/cases/{id}", by(id))),
    disagreements: (query: DisagreementQuery) => ask(client.GET("/v1/disagreements", { params: { query } })),
    disagreement: (id: string): Promise<Disagreement> => ask(client.GET("/v1/disagreements/{id}", by(id))),
    /** Gives a disagreement its label, for good. */
    settleDisagreement: (id: string, body: Settling): Promise<Disagreement> =>
      ask(client.POST("/v1/disagreements/{id}/settle", { ...by(id), body })),
    /** The first lines of an export, exactly as they would be saved. */
    exportPreview: (workflow: string, limit: number) => {
      const query = { workflow, format: "jsonl", limit };
      return ask(client.GET("/v1/cases/export", { params: { query }, parseAs: "text" }));
    },
    sources: (cursor: string) =>
      ask(client.GET("/v1/sources", { params: { query: { limit: 200, ...(cursor && { cursor }) } } })),
    source: (id: string, workflow?: string | null) =>
      ask(client.GET("/v1/sources/{id}", { params: { path: { id }, query: workflow ? { workflow } : {} } })),
    importSources: (lines: string, workflow?: string) =>
      ask(
        client.POST("/v1/sources", {
          params: { query: workflow ? { workflow } : {} },
          body: lines,
          bodySerializer: (text) => text,
          headers: { "content-type": "application/x-ndjson" },
        }),
      ),
    packDiff: (id: string, from: number, to: number) =>
      ask(client.GET("/v1/workflows/{id}/diff", { params: { path: { id }, query: { from, to } } })),
    checkPack: (files: Record<string, string>) => ask(client.POST("/v1/packs/check", { body: { files } })),
    rollBack: (id: string, to: number, reason: string) =>
      ask(client.POST("/v1/workflows/{id}/rollback", { ...by(id), body: { to, reason } })),
    applyPack: (files: Record<string, string>) => ask(client.POST("/v1/packs", { body: { files } })),
    tokens: () =>
      every(async (query) => {
        const page = await ask(client.GET("/v1/tokens", { params: { query } }));
        return [page.tokens, page.next_cursor];
      }),
    createToken: (body: NewToken) => ask(client.POST("/v1/tokens", { body })),
    revokeToken: (id: string) => ask(client.DELETE("/v1/tokens/{id}", by(id))),
    verifyAudit: () => ask(client.GET("/v1/audit/verify")),

    history: (id: string, days: number): Promise<History> =>
      ask(client.GET("/v1/workflows/{id}/history", { params: { path: { id }, query: { days } } })),
    versions: (id: string) =>
      every(async (query) => {
        const params = { path: { id }, query };
        const page = await ask(client.GET("/v1/workflows/{id}/versions", { params }));
        return [page.versions, page.next_cursor];
      }),
    openEscalations: (workflow: string, cursor: string) => {
      const query = { workflow, state: "open", limit: 20, ...(cursor && { cursor }) } as const;
      return ask(client.GET("/v1/escalations", { params: { query } }));
    },
    audit: (query: AuditQuery) => ask(client.GET("/v1/audit", { params: { query } })),
    signCheckpoint: () => ask(client.GET("/v1/audit/checkpoint")),
    deliveries: (query: DeliveryQuery) => ask(client.GET("/v1/deliveries", { params: { query } })),

    incidents: (workflow: string, cursor: string) => {
      const query = { workflow, limit: 10, ...(cursor && { cursor }) };
      return ask(client.GET("/v1/incidents", { params: { query } }));
    },
    incident: (id: string): Promise<Incident> => ask(client.GET("/v1/incidents/{id}", by(id))),
    /** What happened before the entries that an incident comes with, oldest first. */
    earlierEntries: async (id: string, from: string) => {
      const earlier = await every(async (query) => {
        const params = { path: { id }, query: { cursor: from, ...query } };
        const page = await ask(client.GET("/v1/incidents/{id}/entries", { params }));
        return [page.entries, page.next_cursor];
      });
      return earlier.reverse();
    },
    reportIncident: (workflow: string, title: string): Promise<Incident> =>
      ask(client.POST("/v1/incidents", { body: { workflow, title } })),
    tickStep: (id: string, n: number, done: boolean): Promise<Incident> =>
      ask(client.POST("/v1/incidents/{id}/steps/{n}", { params: { path: { id, n } }, body: { done } })),
    addEntry: (id: string, text: string): Promise<Incident> =>
      ask(client.POST("/v1/incidents/{id}/entries", { ...by(id), body: { text } })),
    setNote: (id: string, note: string): Promise<Incident> =>
      ask(client.POST("/v1/incidents/{id}/note", { ...by(id), body: { note } })),
    closeIncident: (id: string): Promise<Incident> => ask(client.POST("/v1/incidents/{id}/close", by(id))),
    /** The alerts that fire now; without a workflow those of every one that this person may know of. */
    firing: async (workflow?: string): Promise<Alert[]> => {
      const query = { state: "firing", limit: 100, ...(workflow && { workflow }) };
      return (await ask(client.GET("/v1/alerts", { params: { query } }))).alerts;
    },
    /** Says that the console of this event stream knows of a kill. */
    seen: (transition: string, console: string) =>
      ask(client.POST("/v1/transitions/{id}/seen", { ...by(transition), body: { console } })),

    gate: (id: string): Promise<Gate> => ask(client.GET("/v1/workflows/{id}/gate", by(id))),
    gatePlan: (id: string) => ask(client.GET("/v1/workflows/{id}/gate/plan", by(id))),
    gateSeries: async (id: string) => (await ask(client.GET("/v1/workflows/{id}/gate/series", by(id)))).rates,
    promote: (id: string, body: Move) => ask(client.POST("/v1/workflows/{id}/promote", { ...by(id), body })),
    demote: (id: string, body: Move) => ask(client.POST("/v1/workflows/{id}/demote", { ...by(id), body })),
    evalResults: async (workflow: string) =>
      (await ask(client.GET("/v1/evals/results", { params: { query: { workflow } } }))).results,
    /** The client takes the pairs of a day and its share for lists. */
    burn: async (id: string) => (await ask(client.GET("/v1/workflows/{id}/burn", by(id)))) as Burn,
    trust: (id: string) => ask(client.GET("/v1/workflows/{id}/trust", by(id))),
    reviewBudget: (id: string) => ask(client.GET("/v1/workflows/{id}/budget", by(id))),
    drills: async (id: string) => (await ask(client.GET("/v1/workflows/{id}/drills", by(id)))).drills,
    drill: (id: string): Promise<Drill> => ask(client.POST("/v1/workflows/{id}/drill", by(id))),
    effect: (id: string, transition: string) =>
      ask(
        client.GET("/v1/workflows/{id}/transitions/{transition}/effect", {
          params: { path: { id, transition } },
        }),
      ),
  };
}

function apiError(response: Response, body: unknown): ApiError {
  type Said = { code: string; message: string; hint?: string; faults?: Fault[] };
  const said = (body as { error?: Said } | undefined)?.error;
  const message = said?.message ?? `The hub answered ${response.status}.`;
  return new ApiError(response.status, said?.code ?? "internal", message, said?.hint, said?.faults);
}
