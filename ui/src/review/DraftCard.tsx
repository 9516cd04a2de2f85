import { memo, Suspense, useMemo } from "react";
import type { Draft } from "../api/types";
import { later } from "../kit/later";
import { Prose } from "../kit/prose/prose";
import { useWords } from "../words";
import { draftSpans, type SourceView } from "./citations";
import { litIn, show, useDesk, useView } from "./context";
import { KeptTexts } from "./KeptTexts";
import { OutcomeStrip } from "./OutcomeStrip";

const editor = () => import("./Editor");
const Editor = later(editor);

/** Fetches the editor while nothing else is to be done, so that it opens at once. */
export const fetchEditor = () => void editor().catch(() => {});

/** From here on only the part in view is laid out. */
const LONG_TEXT = 20_000;

interface Props {
  draft: Draft;
  sources: SourceView[];
  leased: boolean;
  onScreen: boolean;
}

export const DraftCard = memo(function DraftCard({ draft, sources, leased, onScreen }: Props) {
  const { view } = useDesk();
  const says = useWords().review;
  const editing = useView((now) => onScreen && now.editing === draft.content_hash);
  const sideBySide = useView((now) => now.sideBySide);
  const spans = useMemo(() => draftSpans(draft, sources, says), [draft, sources, says]);
  return (
    <section className="draft-card" aria-label={editing ? says.draftEdited : says.draft}>
      <header>
        <b>{editing ? says.draftEdited : says.draft}</b>
        {draft.model && <span>{draft.model.name}</span>}
        {draft.may_have_reached_customer && (
          <span className="mark hold" title={says.mayHaveReachedHint}>
            {says.mayHaveReached}
          </span>
        )}
        {draft.second_review && <span className="mark neutral">{says.secondReview}</span>}
        {editing && (
          <span className="diff-kind">
            {[false, true].map((beside, i) => (
              <span key={String(beside)}>
                {i > 0 && " · "}
                <button
                  type="button"
                  className={sideBySide === beside ? "plain-button" : "link-button"}
                  aria-pressed={sideBySide === beside}
                  onClick={() => show(view, { sideBySide: beside })}
                >
                  {beside ? says.sideBySide : says.wordDiff}
                </button>
              </span>
            ))}
          </span>
        )}
      </header>
      {!editing && <KeptTexts draft={draft} leased={leased} />}
      {editing ? (
        <Suspense fallback={<DraftText draft={draft} spans={spans} />}>
          <Editor key={draft.content_hash} draft={draft} spans={spans} />
        </Suspense>
      ) : (
        <DraftText draft={draft} spans={spans} />
      )}
      {draft.outcome && <OutcomeStrip draft={draft} outcome={draft.outcome} />}
    </section>
  );
});

function DraftText({ draft, spans }: { draft: Draft; spans: ReturnType<typeof draftSpans> }) {
  const { view } = useDesk();
  const lit = useView(litIn);
  return (
    <div className={draft.draft.text.length > LONG_TEXT ? "draft-text long" : "draft-text"}>
      <Prose
        text={draft.draft.text}
        format="markdown"
        spans={spans}
        active={lit}
        onActive={(key) => show(view, { lit: key })}
        onPress={(key) => show(view, { sought: view.get().sought === key ? null : key, panel: "sources" })}
      />
    </div>
  );
}
