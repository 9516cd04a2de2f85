import { memo, useEffect, useRef, useState } from "react";
import { Inline } from "../kit/prose/inline";
import { Prose } from "../kit/prose/prose";
import type { Span } from "../kit/prose/spans";
import { useWords } from "../words";
import { type SourceView, TONES } from "./citations";
import { litIn, show, useDesk, useView } from "./context";

/** So much of a long source is shown on either side of a passage. */
const AROUND = 120;

export const Sources = memo(function Sources({ sources }: { sources: SourceView[] }) {
  const says = useWords().review;
  const cited = sources.filter((source) => source.key !== null).length;
  return (
    <section className="sources" aria-label={says.sources}>
      <h2>
        {says.sources}
        <span>{sources.length > 0 && says.sourceCounts(cited, sources.length - cited)}</span>
      </h2>
      {sources.length === 0 && <p className="calm">{says.noSources}</p>}
      {sources.map((source) => (
        <Source key={source.id} source={source} />
      ))}
    </section>
  );
});

function Source({ source }: { source: SourceView }) {
  const { view } = useDesk();
  const mine = (key: string | null) => source.spans.some((span) => span.key === key) || key === source.key;
  const lit = useView((now) => (mine(litIn(now)) ? litIn(now) : null));
  // Only what was asked for opens a source: nothing moves under the pointer.
  const sought = useView((now) => now.sought !== null && mine(now.sought));
  const says = useWords().review;
  const [whole, showWhole] = useState(false);
  const body = useRef<HTMLDivElement>(null);
  const status = source.changed
    ? { label: says.changedSince, tone: TONES.exists }
    : { label: says.status[source.status], tone: TONES[source.status] };
  const used = source.status !== "unused" || sought;

  useEffect(() => {
    if (lit === null || !body.current) return;
    const passage = body.current.querySelector(".cite.on, .evidence.on") ?? body.current;
    passage.scrollIntoView({ block: "nearest" });
  }, [lit]);

  // What is lit comes first: an excerpt is the text around it.
  const first = source.spans.find((span) => span.key === lit);
  const excerpt =
    source.text === null ? null : excerptOf(source.text, first ? [first, ...source.spans] : source.spans);
  const cut = source.text !== null && excerpt !== null && excerpt.text.length < source.text.length;
  const light = (key: string | null) => show(view, { lit: key });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the citation's badge in the draft does the same for keys
    <div
      className={lit ? "source lit" : "source"}
      ref={body}
      onMouseEnter={source.key ? () => light(source.key) : undefined}
      onMouseLeave={source.key ? () => light(null) : undefined}
    >
      <h3>
        <span className={used ? "number" : "number off"}>{source.number}</span>
        <span className="source-title">
          <Inline text={source.title} />
        </span>
        <span className={`status ${status.tone}`}>
          {status.label}
          {!used && source.text !== null && (
            <>
              {" · "}
              <Toggle open={whole} onToggle={() => showWhole(!whole)} closed={says.readIt} />
            </>
          )}
        </span>
      </h3>
      {source.missing.map((quote) => (
        <p key={quote} className="claimed" dir="auto">
          <Inline text={says.quotes(quote)} />
        </p>
      ))}
      {source.changed && <p className="claimed since">{says.sourceChanged}</p>}
      {source.text !== null && (used || whole) && (
        <div className="source-text">
          {whole || !excerpt ? (
            <Prose text={source.text} format="plain" spans={source.spans} active={lit} onActive={light} />
          ) : (
            <Prose text={excerpt.text} format="plain" spans={excerpt.spans} active={lit} onActive={light} />
          )}
        </div>
      )}
      {used && cut && <Toggle open={whole} onToggle={() => showWhole(!whole)} closed={says.showAll} />}
    </div>
  );
}

function Toggle({ open, onToggle, closed }: { open: boolean; onToggle: () => void; closed: string }) {
  const says = useWords().review;
  return (
    <button type="button" className="link-button" aria-expanded={open} onClick={onToggle}>
      {open ? says.showLess : closed}
    </button>
  );
}

/** The text around the first passage, cut between words; spans moved along. */
export function excerptOf(text: string, spans: Span[]): { text: string; spans: Span[] } {
  const first = spans[0];
  const from = first ? wordBreak(text, first.start - AROUND, -1) : 0;
  const to = wordBreak(text, first ? first.end + AROUND : AROUND * 2, 1);
  const lead = from > 0 ? "… " : "";
  const tail = to < text.length ? " …" : "";
  const shift = lead.length - from;
  return {
    text: lead + text.slice(from, to).trimEnd() + tail,
    spans: spans
      .filter((span) => span.start < to && span.end > from)
      .map((span) => ({
        ...span,
        start: Math.max(span.start, from) + shift,
        end: Math.min(span.end, to) + shift,
      })),
  };
}

function wordBreak(text: string, at: number, step: 1 | -1): number {
  if (at <= 0) return 0;
  if (at >= text.length) return text.length;
  const limit = at + step * 40;
  for (let i = at; i !== limit && i > 0 && i < text.length; i += step) {
    if (/\s/.test(text[i] as string)) return step < 0 ? i + 1 : i;
  }
  return at;
}
