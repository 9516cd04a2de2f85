import type { components, operations } from "./schema";

/** Short names for the wire's types. `start` and `end` count Unicode code points, never UTF-16 units. */
type Schemas = components["schemas"];

export type Action = Schemas["Action"];
export type Citation = Schemas["Citation"];
export type CitationCheck = Schemas["CheckedCitation"];
export type Diff = Schemas["Edit"];
export type DiffOp = Schemas["Op"];
export type Draft = Schemas["DraftView"];
export type DraftRow = Schemas["DraftSummary"];
export type DraftState = Schemas["State"];
export type Grade = Schemas["Grade"];
export type Held = { lease: Lease; draft: Draft };
export type HubEvent = Schemas["Change"];
export type Lease = Schemas["LeaseView"];
export type Me = Schemas["MeHere"];
export type Message = Schemas["Message"];
export type Outcome = Schemas["OutcomeView"];
export type Page = Schemas["DraftList"];
export type Verdict = Schemas["Verdict"];
export type VerdictAnswer = Schemas["Outcome"];
export type Case = Schemas["Case"];
export type CaseRow = Schemas["CaseSummary"];
export type CaseQuery = NonNullable<operations["list_cases"]["parameters"]["query"]>;
export type Disagreement = Schemas["DisagreementView"];
export type DisagreementQuery = NonNullable<operations["list_disagreements"]["parameters"]["query"]>;
export type Opinion = Schemas["Opinion"];
export type Settling = Schemas["Settling"];
export type SettledLabel = Schemas["SettledLabel"];
export type NewToken = Schemas["NewToken"];
export type Role = Schemas["Role"];
export type PackDiff = Schemas["VersionDiff"];
export type PackVersion = Schemas["VersionView"];
export type Source = Schemas["SourceView"];
export type SourceReport = Schemas["SourceReport"];
export type Token = Schemas["TokenView"];
export type Workflow = Schemas["WorkflowView"];
export type Escalation = Schemas["EscalationView"];
export type Delivery = Schemas["DeliveryView"];
export type DeliveryQuery = NonNullable<operations["list_deliveries"]["parameters"]["query"]>;
export type Deliveries = Schemas["Deliveries"];
export type Entry = Schemas["Entry"];
export type Entries = Schemas["Entries"];
export type Checkpoint = Schemas["Checkpoint"];
export type Verified = Schemas["Verified"];
export type Day = Schemas["Day"];
export type Pull = Schemas["PullView"];
export type Alert = Schemas["AlertView"];
export type Drill = Schemas["DrillView"];
export type Incident = Schemas["IncidentView"];
export type IncidentEntry = Schemas["IncidentEntry"];
export type IncidentRow = Schemas["IncidentSummary"];
export type IncidentStep = Schemas["IncidentStep"];
export type AuditQuery = NonNullable<operations["list_audit"]["parameters"]["query"]>;

export interface RowQuery {
  workflow?: string;
  state?: string;
  mark?: string;
  reviewer?: string;
  q?: string;
  /** Every revision of this ticket, by its exact number. */
  ticket?: string;
  /** By the exact name. */
  customer?: string;
  sort?: "deadline" | "newest";
}

/** One fault of a pack. */
export interface Fault {
  file: string;
  line: number;
  /** Dotted; empty when the whole file is meant. */
  key: string;
  expected: string;
  found: string;
  did_you_mean?: string;
}

/* Of routes that schema.d.ts doesn't have yet, as the hub answers them. To be replaced by the generated ones. */

export type Status = "pass" | "hold" | "fail";
export type Transition = Schemas["TransitionView"] & {
  /** The frozen gate report that a promotion rested on. */
  report?: string | null;
  second_signer?: string | null;
};
export type History = Omit<Schemas["History"], "transitions"> & { transitions: Transition[] };

export interface Condition {
  name: string;
  /** In the hub's words; a rate's own name. */
  label: string;
  status: Status;
  reason: string;
  /** A share, a count, days, or US dollars. */
  measured?: number | null;
  limit?: number | null;
}

export interface RateLine {
  name: string;
  counts: string[];
  status: Status;
  estimate?: number | null;
  lower: number;
  upper: number;
  limit: number;
  /** More reviews until it is green; none if it never will be at this rate. */
  more_reviews?: number | null;
}

export interface Gate {
  workflow: string;
  version: number;
  stage: string;
  to?: string | null;
  at: string;
  stage_since?: string;
  status: Status;
  conditions: Condition[];
  rates: RateLine[];
  summary: {
    staged: number;
    selected: number;
    reviewed: number;
    pending: number;
    unresolved: number;
    unreviewed: number;
    unconfirmed: number;
    sent: number;
  };
  loosened: string[];
  hash: string;
  /** Who signed a promotion first, where it waits for a second signature. */
  signed_by?: string | null;
}

export interface Plan {
  green: boolean;
  reviews_per_day: number;
  more_reviews?: number | null;
  days?: number | null;
}

export interface Series {
  name: string;
  limit: number;
  points: { day: string; reviewed: number; estimate?: number | null; lower: number; upper: number }[];
}

export interface Moved {
  workflow: string;
  from: string;
  stage: string;
  at: string;
  report?: string | null;
  waits_for_second_signature?: string | null;
}

export interface EvalResult {
  id: string;
  version: number;
  suite: string;
  verdict: "pass" | "fail";
  scores: Record<string, number>;
  at: string;
}

export interface Reached {
  of: number;
  acknowledged: number;
  slowest_ms?: number | null;
}

export interface Effect {
  commit_ms?: number | null;
  refused_ms?: number | null;
  flags: Reached;
  consoles: Reached;
  hubs: Reached;
}

export interface BurnRule {
  /** The windows, in seconds. */
  long: number;
  short: number;
  threshold: number;
  burn_long: number;
  burn_short: number;
  action: string;
  firing: boolean;
  impossible: boolean;
  silent?: string | null;
}

export interface Burn {
  rate?: string;
  budget: number;
  window_days: number;
  /** The share of the window's budget that is left; below 0 when it is overdrawn. */
  remaining: number;
  days: [day: string, remaining: number][];
  rules: BurnRule[];
  freeze?: string | null;
}

export interface Trust {
  agreement: {
    pairs: number;
    raw?: number | null;
    kappa?: number | null;
    alpha?: number | null;
    ac1?: number | null;
  };
  probes: { shown: number; missed: number };
  too_fast: { n: number; of: number };
  unconfirmed: number;
}

export interface ReviewBudget {
  per_day?: number | null;
  rates: { low: number; high: number };
  base: { low: number; high: number };
  selected_per_day: number;
  days_to_green: { now?: number | null; without_budget?: number | null };
}
