import { Fragment } from "react";
import { words } from "../../words";
import { splitHidden } from "./hidden";

/** Somebody else's words within a line: what can't be seen in them becomes a label. */
export function Inline({ text }: { text: string }) {
  return splitHidden(text).map((piece, i) =>
    piece.hidden ? (
      <span key={i} className="hidden-char" title={words().kit.hiddenCharacter}>
        {piece.hidden}
      </span>
    ) : (
      <Fragment key={i}>{piece.text}</Fragment>
    ),
  );
}
