import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { EditorState } from "@codemirror/state";
import { EditorView, highlightSpecialChars, keymap } from "@codemirror/view";
import { useEffect, useRef, useState } from "react";
import type { Diff, Draft, Grade } from "../api/types";
import { HIDDEN, nameOf } from "../kit/prose/hidden";
import { Prose } from "../kit/prose/prose";
import type { Span } from "../kit/prose/spans";
import { useWords, words } from "../words";
import { show, useDesk, useView } from "./context";
import { currentText } from "./edit";
import { GradeChips } from "./GradeChips";
import { blanks, marks, setMarks } from "./marks";
import { oneBreak } from "./ops";

const DIFF_AFTER_MS = 80;
const GRADE_HEIGHT = 48;

/** The draft as an editor in place. Each keystroke is kept; the hub says what changed. */
export default function Editor({ draft, spans }: { draft: Draft; spans: Span[] }) {
  const { texts, view } = useDesk();
  const place = useRef<HTMLDivElement>(null);
  const editor = useRef<EditorView | null>(null);
  /** The caret and what can be undone, over a time in which another screen was shown. */
  const left = useRef<EditorState | null>(null);
  const [text, setText] = useState(() => currentText(texts, draft));
  const [chosen, choose] = useState<Grade | undefined>(() => texts.of(draft)?.grade);
  const grade = useRef(chosen);
  grade.current = chosen;
  const keep = useRef((_text: string, _grade?: Grade) => {});
  keep.current = (now, chosen) => {
    if (now === draft.draft.text && chosen === undefined) texts.forget(draft.content_hash);
    else texts.save(draft, now, chosen);
  };
  const sideBySide = useView((now) => now.sideBySide);
  const { diff, away } = useDiff(draft, text);

  useEffect(() => {
    if (!place.current) return;
    const made = new EditorView({
      parent: place.current,
      state:
        left.current ??
        EditorState.create({
          doc: currentText(texts, draft),
          extensions: [
            // A text that comes with CRLF goes back with CRLF.
            draft.draft.text.includes("\r\n") ? EditorState.lineSeparator.of("\r\n") : [],
            history(),
            keymap.of([
              {
                key: "Escape",
                run: () => {
                  show(view, { editing: null });
                  return true;
                },
              },

              ...historyKeymap,
              ...defaultKeymap.filter(({ key }) => key !== "Mod-Enter" && key !== "Escape"),
            ]),
            EditorView.lineWrapping,
            // The line in hand stands clear of the grade's chips.
            EditorView.scrollMargins.of(() => ({ bottom: GRADE_HEIGHT })),
            EditorView.perLineTextDirection.of(true),
            EditorView.contentAttributes.of({
              "aria-label": words().review.reply,
              spellcheck: "true",
              dir: "auto",
            }),
            highlightSpecialChars({ specialChars: HIDDEN, render: hiddenChip }),
            marks,
            blanks,
            EditorView.updateListener.of((update) => {
              if (!update.docChanged) return;
              const now = update.state.sliceDoc();
              setText(now);
              // At once: whoever sends it with the next key sends this.
              keep.current(now, grade.current);
            }),
          ],
        }),
    });
    editor.current = made;
    made.focus();
    if (!left.current) made.dispatch({ selection: { anchor: made.state.doc.length }, scrollIntoView: true });
    return () => {
      left.current = made.state;
      made.destroy();
    };
    // One editor for one content; Editor is keyed by it.
  }, [draft.content_hash, texts, view]);

  useEffect(() => {
    if (editor.current) keep.current(editor.current.state.sliceDoc(), chosen);
  }, [chosen]);

  useEffect(() => {
    const now = editor.current;
    if (!now || (diff && diff.of !== now.state.sliceDoc())) return;
    now.dispatch({ effects: setMarks.of(diff && { ops: diff.ops, spans, struck: !sideBySide }) });
  }, [diff, spans, sideBySide]);

  const changed = text !== draft.draft.text;
  // The diff of the draft with itself says nothing about what was typed since.
  const told = changed && diff?.of === draft.draft.text ? null : diff;
  return (
    <>
      <div className={sideBySide ? "editing beside" : "editing"}>
        {sideBySide && <Before draft={draft} diff={diff} />}
        <div ref={place} className="editor" data-testid="editor" />
      </div>
      <GradeChips diff={told} away={away} changed={changed} chosen={chosen} onChoose={choose} />
    </>
  );
}

function hiddenChip(code: number): HTMLElement {
  const chip = document.createElement("span");
  chip.className = "hidden-char";
  chip.textContent = nameOf(String.fromCodePoint(code));
  return chip;
}

/** The draft as it came, with what the edit took out of it. */
function Before({ draft, diff }: { draft: Draft; diff: Diff | null }) {
  const says = useWords().review;
  let text = "";
  const spans: Span[] = [];
  for (const op of diff?.ops ?? [{ tag: "equal" as const, text: draft.draft.text }]) {
    if (op.tag === "insert") continue;
    if (op.tag === "delete") {
      spans.push({
        key: `d${text.length}`,
        start: text.length,
        end: text.length + op.text.length,
        className: "struck",
      });
    }
    text += op.text;
  }
  return (
    <section className="before" aria-label={says.before}>
      <Prose text={text} format="plain" spans={spans} />
    </section>
  );
}

/** The hub's word diff of `text`; the last one stays until the next is there. */
function useDiff(draft: Draft, text: string): { diff: (Diff & { of: string }) | null; away: boolean } {
  const { api } = useDesk();
  const [diff, setDiff] = useState<(Diff & { of: string }) | null>(null);
  const [away, setAway] = useState(false);
  useEffect(() => {
    const stop = new AbortController();
    const timer = setTimeout(
      async () => {
        try {
          const answer = await api.diff(draft.id, text, stop.signal);
          if (stop.signal.aborted) return;
          setDiff({ ...answer, ops: answer.ops.map((op) => ({ ...op, text: oneBreak(op.text) })), of: text });
          setAway(false);
        } catch {
          if (!stop.signal.aborted) setAway(true);
        }
      },
      text === draft.draft.text ? 0 : DIFF_AFTER_MS,
    );
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [api, draft.id, draft.draft.text, text]);
  return { diff, away };
}
