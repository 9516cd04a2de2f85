import type { Action, Disagreement, Grade, Opinion, SettledLabel, Settling } from "../../api/types";

/** Whose label it is: that of one of the two, or another one. */
export const PICKS = ["first", "second", "own"] as const;
export type Whose = (typeof PICKS)[number];

/** What a curator is about to settle. It is kept as it is typed. */
export interface Form {
  pick: Whose;
  note: string;
  /** Of a label of its own. */
  action?: Action;
  text?: string;
  /** The one that overrules what the hub suggests. */
  grade?: Grade;
  reasons: string[];
  /** Put aside; it comes back as it was. */
  closed?: boolean;
}

export const EMPTY: Form = { pick: "first", note: "", reasons: [] };

/** Whether nothing would be lost with it. */
export function isBlank({ note, text, action }: Form): boolean {
  return !note.trim() && text === undefined && action === undefined;
}

/** What was kept earlier; what isn't a form any more is none. */
export function formOf(kept: unknown): Form | null {
  const form = kept as Form | null;
  const whole =
    form && PICKS.includes(form.pick) && typeof form.note === "string" && Array.isArray(form.reasons);
  return whole ? form : null;
}

/** What the text of an own label begins with: an edit that is there already, rather than the draft. */
export function startText({ first, second }: Disagreement, draft: string): string {
  return first.final_text ?? second.final_text ?? draft;
}

export type Missing = "action" | "text" | "same" | "reasons" | "note";

/** What the hub would refuse it for. */
export function missing(form: Form, text: string, draft: string): Missing | null {
  if (form.pick === "own") {
    if (!form.action) return "action";
    if (form.action === "edit" && !text.trim()) return "text";
    if (form.action === "edit" && text === draft) return "same";
    if (form.action === "escalate" && form.reasons.length === 0) return "reasons";
  }
  return form.note.trim() ? null : "note";
}

/** The form as the hub takes it: what doesn't belong to the decision stays behind. */
export function settlingOf(form: Form, text: string): Settling {
  const note = form.note.trim();
  if (form.pick !== "own" || !form.action) return { pick: form.pick === "second" ? "second" : "first", note };
  const { action, grade, reasons } = form;
  if (action === "edit") return { pick: { action, final_text: text, ...(grade && { grade }) }, note };
  return { pick: action === "escalate" ? { action, reasons } : { action }, note };
}

/** A text field knows one kind of line break; a draft that came with CRLF is answered with CRLF. */
export function withBreaksOf(draft: string, text: string): string {
  return draft.includes("\r\n") ? text.replace(/\r?\n/g, "\r\n") : text;
}

/** Whose label it became. */
export function whoseLabel(settled: SettledLabel, { first, second }: Disagreement): Whose {
  const key = (label: SettledLabel | Opinion) =>
    JSON.stringify([label.action, label.grade ?? "", label.reasons, label.final_text ?? ""]);
  if (key(settled) === key(first)) return "first";
  return key(settled) === key(second) ? "second" : "own";
}
