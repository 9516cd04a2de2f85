import { useEffect, useState } from "react";

/** Says `text` to a screen reader whenever it changes. */
export function Live({ text }: { text: string }) {
  // An empty region must be on the page first, or the first words are not announced.
  const [said, say] = useState("");
  useEffect(() => say(text), [text]);
  return (
    <div className="unseen" role="status" aria-live="polite">
      {said}
    </div>
  );
}
