import { type Extension, RangeSetBuilder, StateEffect, StateField, type Text } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView, WidgetType } from "@codemirror/view";
import type { DiffOp } from "../api/types";
import type { Span } from "../kit/prose/spans";
import { carry, place } from "./ops";

/** The diff of the text in the editor, from the hub; null takes the marks away. */
export const setMarks = StateEffect.define<{ ops: DiffOp[]; spans: Span[]; struck: boolean } | null>();

class Struck extends WidgetType {
  constructor(private readonly text: string) {
    super();
  }
  override eq(other: Struck) {
    return other.text === this.text;
  }
  toDOM() {
    const del = document.createElement("del");
    del.textContent = this.text;
    del.dir = "auto";
    return del;
  }
}

const INSERTED = Decoration.mark({ tagName: "ins" });

/** Draws deleted words struck, inserted ones marked, and the citations that survived where they went. */
export const marks: Extension = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(now, transaction) {
    let set = now.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setMarks)) continue;
      set = effect.value ? decorations(effect.value, transaction.newDoc.length) : Decoration.none;
    }
    return set;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const BLANK = Decoration.line({ class: "blank" });
const MANY_LINES = 2_000;

/** Blank lines, which are drawn as the gap between paragraphs that they stand for. */
export const blanks: Extension = StateField.define<DecorationSet>({
  create: ({ doc }) => blankLines(doc),
  update: (now, transaction) => (transaction.docChanged ? blankLines(transaction.newDoc) : now),
  provide: (field) => EditorView.decorations.from(field),
});

function blankLines(doc: Text): DecorationSet {
  const builder = new RangeSetBuilder<Decoration>();
  for (let n = 1; n <= Math.min(doc.lines, MANY_LINES); n++) {
    const line = doc.line(n);
    if (line.length === 0) builder.add(line.from, line.from, BLANK);
  }
  return builder.finish();
}

function decorations(
  { ops, spans, struck }: { ops: DiffOp[]; spans: Span[]; struck: boolean },
  length: number,
) {
  const { text, inserted, deleted } = place(ops);
  if (text.length !== length) return Decoration.none;
  const found: { from: number; to: number; value: Decoration }[] = [];
  for (const { at, text: words } of inserted)
    found.push({ from: at, to: at + words.length, value: INSERTED });
  if (struck) {
    for (const { at, text: words } of deleted) {
      found.push({ from: at, to: at, value: Decoration.widget({ widget: new Struck(words), side: -1 }) });
    }
  }
  for (const span of spans) {
    const value = Decoration.mark({
      class: span.className,
      attributes: span.title ? { title: span.title } : {},
    });
    for (const piece of carry(ops, span.start, span.end))
      found.push({ from: piece.start, to: piece.end, value });
  }
  found.sort((a, b) => a.from - b.from || a.value.startSide - b.value.startSide);
  const builder = new RangeSetBuilder<Decoration>();
  for (const { from, to, value } of found) builder.add(from, to, value);
  return builder.finish();
}
