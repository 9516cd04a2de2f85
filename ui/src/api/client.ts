import createClient from "openapi-fetch";
import type { Host } from "../host";
import type {
  Diff,
  Draft,
  Escalation,
  Escalations,
  Held,
  KillAnswer,
  Lease,
  Me,
  Page,
  Path,
  ResumeAnswer,
  RowQuery,
  Verdict,
  VerdictAnswer,
  Withdrawn,
  WorkflowDetail,
  Workflows,
} from "./types";

const WAIT_MS = 20_000;

/** The hub said no. `code` is one of its closed list. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint?: string,
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
  // biome-ignore lint/suspicious/noExplicitAny: `call` gives each answer its type
  const client = createClient<any>({
    baseUrl: host.base,
    fetch: (request) => {
      const signal = AbortSignal.any([request.signal, AbortSignal.timeout(WAIT_MS)]);
      return host.fetch(new Request(request, { signal }));
    },
  });
  let aheadMs = 0;

  /** The answer's body; what isn't 2xx is thrown. */
  async function call<T>(
    method: "get" | "post" | "delete",
    path: Path,
    init: Record<string, unknown> = {},
  ): Promise<T> {
    const { data, error, response } = await client.request(method, path, init);
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

  return {
    /** The time at the hub. */
    now: () => Date.now() + aheadMs,
    me: () => call<Me>("get", "/v1/me"),
    workflows: async () => (await call<Workflows>("get", "/v1/workflows")).workflows,
    workflow: (id: string) => call<WorkflowDetail>("get", "/v1/workflows/{id}", by(id)),
    rows: (query: RowQuery & { cursor?: string; limit?: number }) =>
      call<Page>("get", "/v1/drafts", { params: { query } }),
    draft: (id: string) => call<Draft>("get", "/v1/drafts/{id}", by(id)),
    /** Nothing to review is `undefined`. */
    lease: (body: { workflows?: string[]; draft_id?: string; exclude?: string[] }) =>
      call<Held | undefined>("post", "/v1/queue/lease", { body }),
    renew: async (id: string) =>
      (await call<{ lease: Lease }>("post", "/v1/leases/{id}/renew", by(id))).lease,
    /** `leaving`: the request outlives the page. */
    release: (id: string, { skip = false, leaving = false } = {}) =>
      call<void>("delete", "/v1/leases/{id}", {
        params: { path: { id }, query: skip ? { skip } : {} },
        keepalive: leaving,
      }),
    decide: (draftId: string, body: Verdict) =>
      call<VerdictAnswer>("post", "/v1/drafts/{id}/verdicts", { ...by(draftId), body }),
    withdraw: (verdictId: string) => call<Withdrawn>("post", "/v1/verdicts/{id}/withdraw", by(verdictId)),
    diff: (draftId: string, final_text: string, signal: AbortSignal) =>
      call<Diff>("post", "/v1/drafts/{id}/diff", { ...by(draftId), body: { final_text }, signal }),
    escalations: async () => {
      const query = { mine: true, state: "open", limit: 100 };
      return (await call<Escalations>("get", "/v1/escalations", { params: { query } })).escalations;
    },
    take: (id: string) => call<Escalation>("post", "/v1/escalations/{id}/take", by(id)),
    settle: (id: string, note: string) =>
      call<Escalation>("post", "/v1/escalations/{id}/settle", { ...by(id), body: { note } }),
    retryDelivery: (id: string) => call<void>("post", "/v1/deliveries/{id}/retry", by(id)),
    kill: (id: string, reason: string) =>
      call<KillAnswer>("post", "/v1/workflows/{id}/kill", { ...by(id), body: { reason } }),
    resume: (id: string, reason: string) =>
      call<ResumeAnswer>("post", "/v1/workflows/{id}/resume", { ...by(id), body: { reason } }),
    loadDemo: () => call<void>("post", "/v1/demo"),
  };
}

function apiError(response: Response, body: unknown): ApiError {
  const said = (body as { error?: { code: string; message: string; hint?: string } } | undefined)?.error;
  const message = said?.message ?? `The hub answered ${response.status}.`;
  return new ApiError(response.status, said?.code ?? "internal", message, said?.hint);
}
