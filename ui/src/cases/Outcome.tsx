import type { CaseRow, Workflow } from "../api/types";
import { named } from "../shared/words";
import { useWords, words } from "../words";

type Said = { grade?: string | null; reasons: string[] };

export const TONES: Record<string, string> = { approve: "pass", edit: "hold", escalate: "fail" };

/** A decision in words, with a dot whose shape says which of the three it is. */
export function Outcome({ row, workflow }: { row: CaseRow; workflow: Workflow | undefined }) {
  useWords();
  const why = whyOf(row, workflow);
  return (
    <>
      <span className={`cases-dot ${TONES[row.action] ?? ""}`} aria-hidden="true" />
      {doneName(row.action)}
      {why && (
        <span className="cases-why" dir="auto" title={why}>
          {why}
        </span>
      )}
    </>
  );
}

export const doneName = (action: string) => named(words().shared.done, action);
export const gradeName = (grade: string) => named(words().shared.grades, grade);

/** A label in a line: "edited, factual". */
export function labelWords(label: Said & { action: string }, workflow?: Workflow): string {
  return [doneName(label.action), whyOf(label, workflow)].filter(Boolean).join(", ");
}

/** An edit's grade, or an escalation's reasons. */
export function whyOf(row: Said, workflow: Workflow | undefined): string {
  return [
    ...(row.grade ? [gradeName(row.grade)] : []),
    ...row.reasons.map((code) => reasonLabel(code, workflow)),
  ].join(", ");
}

export function reasonLabel(code: string, workflow: Workflow | undefined): string {
  return workflow?.reasons.find((reason) => reason.code === code)?.label ?? code.replaceAll("_", " ");
}
