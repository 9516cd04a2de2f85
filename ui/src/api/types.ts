import type { components, paths } from "./schema";

/** Short names for the wire's types. `start` and `end` count Unicode code points, never UTF-16 units. */
type Schemas = components["schemas"];

export type Path = keyof paths;
export type Action = Schemas["Action"];
export type Citation = Schemas["Citation"];
/** Without a passage when the quote was not found or not given; the generator makes it required. */
export type CitationCheck = Pick<Schemas["CheckedCitation"], "source" | "title" | "status"> &
  Partial<Schemas["Span"]>;
export type Diff = Schemas["Edit"];
export type DiffOp = Schemas["Op"];
export type Draft = Omit<Schemas["DraftView"], "checks" | "thread"> & {
  thread: Message[];
  checks: { citations: CitationCheck[]; uncited: Schemas["Span"][] };
};
export type DraftRow = Schemas["DraftSummary"];
export type DraftState = Schemas["State"];
export type Escalation = Schemas["EscalationView"];
export type Escalations = Schemas["Escalations"];
export type Grade = Schemas["Grade"];
export type Held = { lease: Lease; draft: Draft };
export type HubEvent = Schemas["Change"];
export type KillAnswer = Schemas["Killed"];
export type Lease = Schemas["LeaseView"];
export type Me = Schemas["Me"];
export type Message = Omit<Schemas["Message"], "role"> & { role: string };
export type Outcome = Schemas["OutcomeView"];
export type Page = Schemas["DraftList"];
export type ResumeAnswer = Schemas["Resumed"];
export type Verdict = Schemas["Verdict"];
export type VerdictAnswer = Schemas["Outcome"];
export type Withdrawn = Omit<Schemas["Withdrawn"], "draft"> & { draft: Draft };
export type Workflow = Schemas["WorkflowView"];
export type WorkflowDetail = Schemas["WorkflowDetail"];
export type Workflows = Schemas["Workflows"];

export interface RowQuery {
  workflow?: string;
  state?: string;
  mark?: string;
  reviewer?: string;
  q?: string;
  sort?: "deadline" | "newest";
}
