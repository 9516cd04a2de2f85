import { useState } from "react";
import type { Draft } from "../api/types";
import { Inline } from "../kit/prose/inline";
import { longSpan } from "../shared/words";
import { useWords } from "../words";
import { show, useDesk } from "./context";

interface Offer {
  id: string;
  words: string;
  text: string;
  /** Said to an escalation, not sent to the customer. */
  comment?: true;
}

/** Offers back what was typed before: here, on another revision of the ticket, or with a verdict the hub refused. */
export function KeptTexts({ draft, leased }: { draft: Draft; leased: boolean }) {
  const { texts, view, api } = useDesk();
  const says = useWords().review;
  const [dropped, drop] = useState<ReadonlySet<string>>(new Set());
  const here = texts.of(draft);
  const offers: Offer[] = [
    ...(here
      ? [
          {
            id: here.hash,
            words: says.typedHere(longSpan(Date.now() - here.at)),
            text: here.text,
          },
        ]
      : []),
    ...texts.earlier(draft).map((typed) => ({
      id: typed.hash,
      words: typed.revision === draft.revision ? says.typedBefore : says.typedOn(typed.revision),
      text: typed.text,
    })),
    ...draft.kept.flatMap(({ verdict_id, final_text, comment, at }) => {
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
    }),
  ].filter((offer) => !dropped.has(offer.id));
  const goOn = (offer: Offer) => {
    if (offer.comment) {
      show(view, { dialog: "escalate", comment: { draft: draft.id, text: offer.text } });
      return;
    }
    texts.save(draft, offer.text, offer.id === here?.hash ? here.grade : undefined);
    show(view, { editing: draft.content_hash });
  };
  return offers.map((offer) => (
    <div key={offer.id} className="strip">
      <span dir="auto">
        <Inline text={offer.words} />
      </span>
      {leased && (
        <button type="button" className="link-button" onClick={() => goOn(offer)}>
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
          texts.forget(offer.id);
          drop(new Set(dropped).add(offer.id));
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
