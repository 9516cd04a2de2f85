import { type ReactNode, useId, useState } from "react";

/** Words that explain themselves: on hover, on focus, and always to a screen reader. Escape puts the explanation away. */
export function Hint({ text, children }: { text: string; children: ReactNode }) {
  const id = useId();
  const [away, putAway] = useState(false);
  return (
    <span className={away ? "hint away" : "hint"}>
      <button
        type="button"
        className="hint-word"
        aria-describedby={id}
        onPointerEnter={() => putAway(false)}
        onFocus={() => putAway(false)}
        onClick={() => putAway((was) => !was)}
        onKeyDown={(event) => event.key === "Escape" && putAway(true)}
      >
        {children}
      </button>
      <span id={id} role="tooltip" className="hint-text">
        {text}
      </span>
    </span>
  );
}
