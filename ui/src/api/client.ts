import createClient from "openapi-fetch";
import type { Host } from "../host";
import type {
  Diff,
  Draft,
  Escalation,
  Held,
  KillAnswer,
  Lease,
  Me,
  Page,
  ResumeAnswer,
  RowQuery,
  VerdictAnswer,
  VerdictBody,
  Workflow,
  WorkflowDetail,
} from "./types";

const WAIT_MS = 20_000;

/** The hub said no. `code` is one of its closed list, `kept` says that it stored what was typed. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint?: string,
    readonly kept = false,
  ) {
    super(message);
  }
}

/** True when the same request may well succeed later: the hub is away, busy or failing closed. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof ApiError) || error.status === 429 || error.status >= 500;
}

export type Api = ReturnType<typeof createApi>;

export function createApi(host: Host) {
  // biome-ignore lint/suspicious/noExplicitAny: the generated paths take this place
  const client = createClient<any>({ baseUrl: host.base, fetch: (request) => host.fetch(request) });
  let aheadMs = 0;
  type Method = "GET" | "POST" | "DELETE";

  async function call<T>(method: Method, path: string, init: object = {}): Promise<T> {
    const { data, error, response } = await client.request(
      method.toLowerCase() as never,
      path as never,
      { signal: AbortSignal.timeout(WAIT_MS), ...init } as never,
    );
    readClock(response);
    if (response.ok) return data as T;
    const said = (
      error as { error?: { code?: string; message?: string; hint?: string; kept?: object } } | undefined
    )?.error;
    throw new ApiError(
      response.status,
      said?.code ?? "internal",
      said?.message ?? `The hub answered ${response.status}.`,
      said?.hint,
      said?.kept != null,
    );
  }

  /** Leases and undo run by the hub's clock; ours may be minutes off. The header has whole seconds. */
  function readClock(response: Response) {
    const date = Date.parse(response.headers.get("date") ?? "");
    if (Number.isNaN(date)) return;
    const ahead = date - Date.now();
    aheadMs = Math.abs(ahead) > 3_000 ? ahead : 0;
  }

  const byId = (id: string) => ({ params: { path: { id } } });

  return {
    /** The time at the hub. */
    now: () => Date.now() + aheadMs,
    me: () => call<Me>("GET", "/v1/me"),
    workflows: async () => (await call<{ workflows: Workflow[] }>("GET", "/v1/workflows")).workflows,
    workflow: (id: string) => call<WorkflowDetail>("GET", "/v1/workflows/{id}", byId(id)),
    rows: (query: RowQuery & { cursor?: string; limit?: number }) =>
      call<Page>("GET", "/v1/drafts", { params: { query } }),
    draft: (id: string) => call<Draft>("GET", "/v1/drafts/{id}", byId(id)),
    /** Nothing to review is `undefined`. */
    lease: (body: { workflows?: string[]; draft_id?: string; exclude?: string[] }) =>
      call<Held | undefined>("POST", "/v1/queue/lease", { body }),
    renew: async (id: string) =>
      (await call<{ lease: Lease }>("POST", "/v1/leases/{id}/renew", byId(id))).lease,
    /** `leaving`: the request outlives the page. */
    release: (id: string, { skip = false, leaving = false } = {}) =>
      call<void>("DELETE", "/v1/leases/{id}", {
        params: { path: { id }, query: skip ? { skip } : {} },
        keepalive: leaving,
      }),
    decide: (draftId: string, body: VerdictBody) =>
      call<VerdictAnswer>("POST", "/v1/drafts/{id}/verdicts", { ...byId(draftId), body }),
    withdraw: (verdictId: string) => call<Held>("POST", "/v1/verdicts/{id}/withdraw", byId(verdictId)),
    diff: (draftId: string, final_text: string, signal: AbortSignal) =>
      call<Diff>("POST", "/v1/drafts/{id}/diff", { ...byId(draftId), body: { final_text }, signal }),
    escalations: async () =>
      (
        await call<{ escalations: Escalation[] }>("GET", "/v1/escalations", {
          params: { query: { mine: true, state: "open", limit: 100 } },
        })
      ).escalations,
    take: (id: string) => call<Escalation>("POST", "/v1/escalations/{id}/take", byId(id)),
    settle: (id: string, note: string) =>
      call<Escalation>("POST", "/v1/escalations/{id}/settle", { ...byId(id), body: { note } }),
    retryDelivery: (id: string) => call<void>("POST", "/v1/deliveries/{id}/retry", byId(id)),
    kill: (id: string, reason: string) =>
      call<KillAnswer>("POST", "/v1/workflows/{id}/kill", { ...byId(id), body: { reason } }),
    resume: (id: string, reason: string) =>
      call<ResumeAnswer>("POST", "/v1/workflows/{id}/resume", { ...byId(id), body: { reason } }),
    loadDemo: () => call<{ workflow: string }>("POST", "/v1/demo"),
  };
}
