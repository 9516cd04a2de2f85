import { useState } from "react";
import { useWords } from "../words";

/** Copies a text; says when it couldn't, for then it has to be done by hand. */
export function Copy({ text }: { text: string }) {
  const says = useWords().settings;
  const [did, setDid] = useState<"copied" | "failed" | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDid("copied");
    } catch {
      setDid("failed");
    }
  };
  return (
    <span className="settings-copy">
      <button type="button" className="quiet" onClick={() => void copy()}>
        {says.copy}
      </button>
      <span role="status">{did === "copied" ? says.copied : did === "failed" && says.notCopied}</span>
    </span>
  );
}
