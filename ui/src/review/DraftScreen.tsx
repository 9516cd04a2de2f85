import { memo, useEffect, useLayoutEffect, useMemo, useRef } from "react";
import type { Draft } from "../api/types";
import { whenIdle } from "../kit/later";
import { afterPaint } from "../kit/paint";
import { Inline } from "../kit/prose/inline";
import { dayName, wholeMoment } from "../shared/dates";
import { longSpan, stateName, ticketName } from "../shared/words";
import { useWords } from "../words";
import { type SourceView, sourceViews } from "./citations";
import { useDesk, useSession, useView } from "./context";
import { DraftCard, fetchEditor } from "./DraftCard";
import { EscalationBar } from "./EscalationBar";
import { Facts } from "./Facts";
import { Guidelines } from "./Guidelines";
import { MIN_LOOK_MS } from "./guard";
import { Others } from "./Others";
import { isOpen } from "./rows";
import { Sources } from "./Sources";
import { Thread } from "./Thread";
import type { Why } from "./words";

interface Props {
  draft: Draft;
  /** False while it is laid out beforehand, out of sight. */
  onScreen: boolean;
  /** Changes in the frame after: it restyles every element within. */
  inert: boolean;
  leased: boolean;
  why: Why | null;
}

/** One draft whole: its thread and text in the middle, its sources beside. */
export const DraftScreen = memo(function DraftScreen({ draft, onScreen, inert, leased, why }: Props) {
  const says = useWords().review;
  const scroller = useRef<HTMLElement>(null);
  const wasShown = useRef(false);
  const sources = useMemo(() => sourceViews(draft), [draft]);
  usePaintSignal(draft, onScreen, leased, scroller);

  // The end of the thread and the draft are what a decision is made on: they are in view from the start.
  useLayoutEffect(() => {
    const middle = scroller.current;
    const card = middle?.querySelector<HTMLElement>(".draft-card");
    if (wasShown.current || !middle || !card) return;
    wasShown.current = onScreen;
    // In a narrow window the middle and the sources scroll as one.
    const pane = middle.scrollHeight > middle.clientHeight ? middle : (middle.parentElement ?? middle);
    const bottom = card.offsetTop + card.offsetHeight + 24;
    const wholeCard = bottom - pane.clientHeight;
    const topOfCard = card.offsetTop - pane.clientHeight / 3;
    pane.scrollTop = Math.max(0, Math.min(wholeCard, topOfCard));
  }, [onScreen]);

  return (
    <div className={onScreen ? "desk" : "desk away"}>
      <main
        className="middle"
        ref={scroller}
        {...(onScreen && { "data-testid": "draft" })}
        inert={inert}
        data-draft-id={draft.id}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keys
        tabIndex={0}
        aria-label={says.draftFor(ticketName(draft.external_id))}
      >
        <div className="inner">
          {/* It stays in view: nobody decides on a draft without seeing whose it is. */}
          <header className="draft-head" data-testid="draft-head">
            <h1 dir="auto">
              <Inline text={draft.subject || says.ticketTitle(ticketName(draft.external_id))} />
            </h1>
            <p className="subtitle" dir="auto">
              {[
                draft.customer && <Inline key="c" text={draft.customer} />,
                says.ticketRevision(ticketName(draft.external_id), draft.revision),
                isOpen(draft) ? <Waiting key="w" since={draft.waiting_since} /> : stateName(draft.state),
              ]
                .filter(Boolean)
                .map((part, i) => (
                  <span key={i}>{part}</span>
                ))}
            </p>
          </header>
          {draft.erased_at ? (
            <p className="strip" role="status">
              {says.erased(dayName(draft.erased_at))}
            </p>
          ) : (
            <Thread draft={draft} customer={draft.customer ?? null} />
          )}
          {why && (
            <p className="strip hold" role="status">
              {why(draft.held_by)}
            </p>
          )}
          {leased && draft.state === "expired" && (
            <p className="strip hold" role="status">
              {says.labelOnly}
            </p>
          )}
          {onScreen && <EscalationBar draft={draft} />}
          <DraftCard draft={draft} sources={sources} leased={leased} onScreen={onScreen} />
        </div>
      </main>
      <SidePane draft={draft} sources={sources} inert={inert} />
    </div>
  );
});

function SidePane({ draft, sources, inert }: { draft: Draft; sources: SourceView[]; inert: boolean }) {
  const says = useWords().review;
  const panel = useView((view) => view.panel);
  return (
    <aside
      className="side"
      inert={inert}
      aria-label={
        panel === "guidelines" ? says.guidelines : panel === "customer" ? says.others : says.sourcesAndFacts
      }
    >
      {panel === "guidelines" ? (
        <Guidelines workflow={draft.workflow} />
      ) : panel === "customer" ? (
        <Others draft={draft} onScreen={!inert} />
      ) : (
        <>
          <Sources sources={sources} />
          <Facts draft={draft} />
        </>
      )}
    </aside>
  );
}

function Waiting({ since }: { since: string }) {
  const { api } = useDesk();
  const says = useWords().review;
  return (
    <time dateTime={since} title={says.waitingSince(wholeMoment(since))}>
      {says.waiting(longSpan(api.now() - Date.parse(since)))}
    </time>
  );
}

/** Says when the draft's pixels are there, and opens the keys once it has been looked at for a moment. */
function usePaintSignal(
  draft: Draft,
  onScreen: boolean,
  leased: boolean,
  element: React.RefObject<HTMLElement | null>,
) {
  const { session } = useDesk();
  useEffect(() => {
    if (!onScreen) return;
    return afterPaint(() => {
      if (performance.getEntriesByName("first-draft").length === 0) {
        performance.mark("first-draft");
        whenIdle(fetchEditor);
      }
      if (performance.getEntriesByName("verdict-key").length > 0) {
        performance.measure("key-to-next-draft", "verdict-key");
        performance.clearMarks("verdict-key");
      }
      session.painted(draft.id);
    });
    // Another content under the same id is to be seen anew too.
  }, [session, draft.id, draft.content_hash, onScreen]);

  const paintedAt = useSession((state) => (state.shown?.id === draft.id ? state.shown.paintedAt : null));
  useEffect(() => {
    const now = element.current;
    if (!now || !onScreen || !leased || paintedAt === null) return;
    const seenFor = performance.now() - paintedAt;
    const timer = setTimeout(
      () => {
        now.dataset.ready = "true";
      },
      Math.max(0, MIN_LOOK_MS - seenFor) + 1,
    );
    return () => {
      clearTimeout(timer);
      delete now.dataset.ready;
    };
  }, [onScreen, leased, paintedAt, element]);
}
