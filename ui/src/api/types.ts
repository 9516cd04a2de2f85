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
export type History = Schemas["History"];
export type Day = Schemas["Day"];
export type Transition = Schemas["TransitionView"];
export type Pull = Schemas["PullView"];
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
