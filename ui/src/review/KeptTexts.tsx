import { useState } from "react";
import type { Draft } from "../api/types";
import { show, useDesk } from "./context";
import { longSpan } from "./words";

interface Offer {
  id: string;
  words: string;
  text: string;
}

/** Offers back what was typed before: here, on another revision of the ticket, or with a verdict the hub refused. */
export function KeptTexts({ draft, leased }: { draft: Draft; leased: boolean }) {
  const { texts, view, api } = useDesk();
  const [dropped, drop] = useState<ReadonlySet<string>>(new Set());
  const here = texts.of(draft);
  const offers: Offer[] = [
    ...(here
      ? [
          {
            id: here.hash,
            words: `You typed here ${longSpan(Date.now() - here.at)} ago. It is kept.`,
            text: here.text,
          },
        ]
      : []),
    ...texts.earlier(draft).map((typed) => ({
      id: typed.hash,
      words:
        typed.revision === draft.revision
          ? "What you typed before the draft changed is kept."
          : `What you typed on revision ${typed.revision} is kept.`,
      text: typed.text,
    })),
    ...draft.kept.flatMap((kept) =>
      kept.final_text == null || kept.final_text === here?.text
        ? []
        : [
            {
              id: kept.verdict_id,
              words: `An edit of yours was refused ${longSpan(api.now() - Date.parse(kept.at))} ago; the hub kept it.`,
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
          go on with it
        </button>
      ) : (
        <button
          type="button"
          className="link-button"
          onClick={() => void navigator.clipboard?.writeText(offer.text)}
        >
          copy it
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
        drop it
      </button>
    </div>
  ));
}
