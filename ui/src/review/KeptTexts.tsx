import { useState } from "react";
import { flushSync } from "react-dom";
import type { Draft } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { longSpan } from "../shared/words";
import { useWords, words } from "../words";
import { type Desk, show, useDesk } from "./context";
import { idOf, type Typed } from "./texts";

const MINUTE_MS = 60_000;

export interface Offer {
  id: string;
  words: string;
  text: string;
  /** Said to an escalation, not sent to the customer. */
  comment?: true;
}

/** What was typed before: here, on another revision of the ticket, or with a verdict that the hub refused. */
export function offersOf({ texts, api }: Pick<Desk, "texts" | "api">, draft: Draft): Offer[] {
  const says = words().review;
  const here = texts.of(draft);
  const typed = (ago: number) => (ago < MINUTE_MS ? says.typedNow : says.typedHere(longSpan(ago)));
  const wordsFor = ({ hash, revision, at }: Typed) => {
    if (hash === draft.content_hash) return typed(Date.now() - at);
    return revision === draft.revision ? says.typedBefore : says.typedOn(revision);
  };
  const kept = [
    ...(here ? [{ id: here.hash, words: typed(Date.now() - here.at), text: here.text }] : []),
    ...texts.earlier(draft).map((earlier) => ({
      id: idOf(earlier),
      words: wordsFor(earlier),
      text: earlier.text,
    })),
  ];
  const refused = draft.kept.flatMap(({ verdict_id, final_text, comment, at }): Offer[] => {
    const ago = longSpan(api.now() - Date.parse(at));
    const edit = final_text != null && final_text !== here?.text && final_text;
    return [
      ...(edit ? [{ id: verdict_id, words: says.refusedKept(ago), text: edit }] : []),
      ...(comment
        ? [
            {
              id: `${verdict_id}:comment`,
              words: says.refusedComment(ago, shortened(comment)),
              text: comment,
              comment: true as const,
            },
          ]
        : []),
    ];
  });
  return [...kept, ...refused].filter(({ id }) => !texts.isDropped(id));
}

/** The edits among them that would change something: whoever approves the draft as it came is asked about those. */
export function editsOf(desk: Pick<Desk, "texts" | "api">, draft: Draft): Offer[] {
  return offersOf(desk, draft).filter(({ comment, text }) => !comment && text !== draft.draft.text);
}

/** Goes on with what was typed before. What is typed here now is offered from then on. */
export function goOnWith({ texts, comments, view }: Desk, draft: Draft, offer: Offer) {
  if (offer.comment) {
    const now = comments.of(draft.id);
    comments.keep(draft.id, now && now !== offer.text ? `${now}\n${offer.text}` : offer.text);
    show(view, { dialog: "escalate" });
    return;
  }
  const here = texts.of(draft);
  // An open editor would write its own text over the one that is asked for.
  flushSync(() => show(view, { editing: null }));
  texts.replace(draft, offer.text, offer.id === here?.hash ? here.grade : undefined);
  show(view, { editing: draft.content_hash });
}

/** Offers back what was typed before. */
export function KeptTexts({ draft, leased }: { draft: Draft; leased: boolean }) {
  const desk = useDesk();
  const says = useWords().review;
  const [, drop] = useState(0);
  return offersOf(desk, draft).map((offer) => (
    <div key={offer.id} className="strip">
      <span dir="auto">
        <Inline text={offer.words} />
      </span>
      {leased && (
        <button type="button" className="link-button" onClick={() => goOnWith(desk, draft, offer)}>
          {offer.comment ? says.useAgain : says.goOnWithIt}
        </button>
      )}
      {(!leased || offer.comment) && (
        <button
          type="button"
          className="link-button"
          onClick={() => void navigator.clipboard?.writeText(offer.text)}
        >
          {says.copyIt}
        </button>
      )}
      <button
        type="button"
        className="link-button"
        onClick={() => {
          desk.texts.drop(offer.id);
          drop((times) => times + 1);
        }}
      >
        {says.dropIt}
      </button>
    </div>
  ));
}

/** Enough of it to know it again. */
function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length > 80 ? `${line.slice(0, 80).trimEnd()}…` : line;
}
