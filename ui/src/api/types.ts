import type { components } from "./schema";

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
export type Me = Schemas["Me"];
export type Message = Schemas["Message"];
export type Outcome = Schemas["OutcomeView"];
export type Page = Schemas["DraftList"];
export type Verdict = Schemas["Verdict"];
export type VerdictAnswer = Schemas["Outcome"];
export type Workflow = Schemas["WorkflowView"];

export interface RowQuery {
  workflow?: string;
  state?: string;
  mark?: string;
  reviewer?: string;
  q?: string;
  sort?: "deadline" | "newest";
}
