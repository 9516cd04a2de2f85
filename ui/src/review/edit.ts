import type { Draft } from "../api/types";
import type { Texts } from "./texts";

/** The text the editor holds for a draft: what was typed, or the draft as it came. */
export function currentText(texts: Texts, draft: Draft): string {
  return texts.of(draft)?.text ?? draft.draft.text;
}
