import { Fragment } from "react";
import { splitHidden } from "./hidden";

/** Somebody else's words within a line: what can't be seen in them becomes a label. */
export function Inline({ text }: { text: string }) {
  return splitHidden(text).map((piece, i) =>
    piece.hidden ? (
      <span key={i} className="hidden-char" title="A character that can't be seen">
        {piece.hidden}
      </span>
    ) : (
      <Fragment key={i}>{piece.text}</Fragment>
    ),
  );
}
