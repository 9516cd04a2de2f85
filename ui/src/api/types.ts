/** The hub's wire types. Times are RFC 3339; `start`/`end` count Unicode code points, never UTF-16 units. */

export type Mark =
  | "uncited"
  | "uncited_claim"
  | "no_such_source"
  | "no_such_quote"
  | "forbidden_source"
  | "low_confidence"
  | "conflict"
  | "policy"
  | "hidden_text";

export type DraftState =
  | "staged"
  | "in_review"
  | "approved"
  | "edited"
  | "escalated"
  | "delivering"
  | "delivered"
  | "undeliverable"
  | "superseded"
  | "expired"
  | "frozen"
  | "unreviewed";

export type Grade = "cosmetic" | "material" | "factual" | "citation";
export type Action = "approve" | "edit" | "escalate";

export interface Reason {
  code: string;
  label: string;
  harm: boolean;
  to: string;
  key: string;
}

export interface Workflow {
  id: string;
  name: string;
  version: number;
  stage: "internal" | "opt_in" | "default";
  killed: boolean;
  killed_at?: string;
  killed_by?: string;
  killed_reason?: string;
  dri: string;
  drafts: Partial<Record<DraftState, number>>;
  escalations_open: number;
  deliveries_waiting: number;
  deliveries_undeliverable: number;
  reasons: Reason[];
  undo_seconds: number;
  lease_seconds: number;
  delivers: boolean;
}

export interface WorkflowDetail extends Workflow {
  guidelines: string;
  runbook: string;
}

export interface Me {
  subject: string;
  name: string;
  grants: { role: string; workflow: string | null }[];
  routes: string[];
  owner: boolean;
  today: { decided: number; median_seconds: number | null; as_is: number | null; withdrawn: number };
}

export interface DraftRow {
  id: string;
  workflow: string;
  version: number;
  external_id: string;
  revision: string;
  state: DraftState;
  subject: string;
  customer: string | null;
  marks: Mark[];
  risk: "high" | "normal";
  staged_at: string;
  expires_at: string;
  held_by: string | null;
  escalation?: { id: string; to: string; owner: string | null; state: "open" | "settled" };
}

export interface Message {
  role: "customer" | "agent" | "tool" | "tool_call" | "note";
  text: string;
  name?: string;
  at?: string;
}

export interface Citation {
  source: string;
  quote?: string;
  start?: number;
  end?: number;
}

export interface CitationCheck {
  source: string;
  title?: string;
  status: "found" | "exists" | "no_such_quote" | "no_such_source" | "not_allowed" | "not_readable";
  start?: number;
  end?: number;
}

export interface Signal {
  kind: string;
  note?: string;
  start?: number;
  end?: number;
}

export interface Outcome {
  verdict_id: string;
  action: Action;
  grade?: Grade;
  final_text?: string;
  reasons: string[];
  comment?: string;
  by: string;
  at: string;
  undo_until?: string;
  seconds?: number;
  edit_ratio?: number;
}

export interface Kept {
  verdict_id: string;
  code: string;
  action: Action;
  final_text?: string;
  comment?: string;
  at: string;
}

export interface Draft extends DraftRow {
  stage: string;
  content_hash: string;
  probability: number;
  thread: Message[];
  draft: { text: string; citations: Citation[] };
  sources: { id: string; title?: string; text?: string }[];
  model?: { provider: string; name: string };
  usage?: { input_tokens: number; output_tokens: number };
  cost_usd?: string;
  latency_ms?: number;
  trace_id?: string;
  signals: Signal[];
  metadata: Record<string, unknown>;
  checks: { citations: CitationCheck[]; uncited: { start: number; end: number }[] };
  stored_sources: { id: string; title: string; text: string }[];
  outcome?: Outcome;
  delivery?: {
    id: string;
    state: "pending" | "held" | "delivered" | "undeliverable";
    attempts: number;
    next_attempt_at?: string;
    last_error?: string;
    delivered_at?: string;
  };
  kept: Kept[];
  second_review: boolean;
}

export interface Lease {
  id: string;
  fence: number;
  expires_at: string;
}

export interface Held {
  lease: Lease;
  draft: Draft;
}

export interface VerdictBody {
  verdict_id: string;
  lease_id: string;
  fence: number;
  content_hash: string;
  action: Action;
  final_text?: string;
  grade?: Grade;
  reasons?: string[];
  comment?: string;
  seconds: number;
}

export interface VerdictAnswer {
  verdict_id: string;
  draft_id: string;
  state: DraftState;
  action: Action;
  grade?: Grade;
  undo_until: string;
  second_review: boolean;
}

export interface DiffOp {
  tag: "equal" | "insert" | "delete";
  text: string;
}

export interface Diff {
  ops: DiffOp[];
  edit_ratio: number;
  suggested_grade: Grade;
}

export interface Escalation {
  id: string;
  draft_id: string;
  workflow: string;
  external_id: string;
  subject: string;
  customer: string | null;
  reasons: string[];
  comment: string | null;
  to: string;
  owner: string | null;
  state: "open" | "settled";
  opened_at: string;
  note?: string;
}

export interface Page {
  drafts: DraftRow[];
  next_cursor?: string;
  total?: number;
}

export interface RowQuery {
  workflow?: string;
  state?: string;
  mark?: string;
  reviewer?: string;
  q?: string;
  sort?: "deadline" | "newest";
}

export interface KillAnswer {
  workflow: string;
  effect_ms: number;
  frozen: number;
  leases_voided: number;
  deliveries_held: number;
}

export interface ResumeAnswer {
  workflow: string;
  stage: string;
  returned: number;
  stayed_out: number;
}

export interface HubEvent {
  type: string;
  workflow: string;
  draft_id?: string;
}
