import { useState } from "react";
import type { Draft } from "../api/types";
import { longSpan } from "../shared/words";
import { useWords } from "../words";
import { show, useDesk } from "./context";

interface Offer {
  id: string;
  words: string;
  text: string;
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
    ...draft.kept.flatMap((kept) =>
      kept.final_text == null || kept.final_text === here?.text
        ? []
        : [
            {
              id: kept.verdict_id,
              words: says.refusedKept(longSpan(api.now() - Date.parse(kept.at))),
              text: kept.final_text,
            },
          ],
    ),
  ].filter((offer) => !dropped.has(offer.id));
  const goOn = (offer: Offer) => {
    texts.save(draft, offer.text, offer.id === here?.hash ? here.grade : undefined);
    show(view, { editing: draft.content_hash });
  };
  return offers.map((offer) => (
    <div key={offer.id} className="strip">
      <span>{offer.words}</span>
      {leased ? (
        <button type="button" className="link-button" onClick={() => goOn(offer)}>
          {says.goOnWithIt}
        </button>
      ) : (
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
