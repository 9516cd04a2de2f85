import type { components, operations } from "./schema";

/** Short names for the wire's types. `start` and `end` count Unicode code points, never UTF-16 units. */
type Schemas = components["schemas"];

export type Action = Schemas["Action"];
export type Citation = Schemas["Citation"];
export type CitationCheck = Schemas["CheckedCitation"];
export type Claim = Schemas["Claim"];
export type Signal = Schemas["Signal"];
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
export type PackCheck = Schemas["PackCheck"];
export type Applied = Schemas["Applied"];
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
export type RowQuery = NonNullable<operations["list_drafts"]["parameters"]["query"]>;
export type Stage = Schemas["Stage"];
export type Transition = Schemas["TransitionView"];
export type History = Schemas["History"];
export type Status = Schemas["Status"];
export type Condition = Schemas["Condition"];
export type RateLine = Schemas["RateLine"];
export type Gate = Schemas["GateView"];
export type Plan = Schemas["Plan"];
export type Series = Schemas["Series"];
export type Move = Schemas["Move"];
export type EvalResult = Schemas["EvalResult"];
export type Reached = Schemas["Reached"];
export type Effect = Schemas["Effect"];
export type BurnRule = Schemas["BurnRule"];
export type Burn = Schemas["BudgetBurn"];
export type Trust = Schemas["Trust"];
export type ReviewBudget = Schemas["Budget"];

/** One fault of a pack; the contract says of it only that it is an object. */
export interface Fault {
  file: string;
  line: number;
  /** Dotted; empty when the whole file is meant. */
  key: string;
  expected: string;
  found: string;
  did_you_mean?: string;
}
