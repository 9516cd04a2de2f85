import { useEffect, useState } from "react";
import { useWords } from "../words";

/** After that something else may be on the clipboard. */
const SAID_MS = 4_000;

interface Props {
  text: string;
  /** What is copied, where more than one thing can be. */
  label?: string;
  id?: string;
}

/** Copies a text; says when it couldn't, for then it has to be done by hand. */
export function Copy({ text, label, id }: Props) {
  const says = useWords().kit;
  const [did, setDid] = useState<"copied" | "failed" | null>(null);
  useEffect(() => {
    if (did !== "copied") return;
    const timer = setTimeout(() => setDid(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [did]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDid("copied");
    } catch {
      setDid("failed");
    }
  };
  return (
    <span className="copy">
      <button id={id} type="button" className="quiet" aria-label={label} onClick={() => void copy()}>
        {says.copy}
      </button>
      <span role="status">{did === "copied" ? says.copied : did === "failed" && says.notCopied}</span>
    </span>
  );
}
