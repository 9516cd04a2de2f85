import { type ReactNode, type RefObject, useState } from "react";
import { Key } from "../../kit/keys";
import { reasonOf } from "../../shared/words";

interface Props {
  field: RefObject<HTMLTextAreaElement | null>;
  label: string;
  hint: string;
  rows: number;
  text: string;
  onText: (text: string) => void;
  /** Gives the words to the hub; what it throws is said, and the words stay. */
  onSend: (text: string) => Promise<void>;
  send: string;
  sending: string;
  failed: (why: string) => string;
  /** What else can be done, before the button that sends. */
  children?: ReactNode;
}

/** A field for more than a line, with the button that sends it. */
export function Words(props: Props) {
  const { field, label, hint, rows, text, onText, onSend, send, sending, failed, children } = props;
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const words = text.trim();
  const go = async () => {
    if (busy || !words) return;
    setBusy(true);
    setFault("");
    try {
      await onSend(words);
    } catch (error) {
      setFault(failed(reasonOf(error)));
    } finally {
      setBusy(false);
    }
  };
  return (
    <div className="incident-words">
      <textarea
        ref={field}
        dir="auto"
        rows={rows}
        maxLength={20_000}
        aria-label={label}
        placeholder={hint}
        value={text}
        onChange={(event) => onText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === "Escape") event.currentTarget.blur();
          if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.repeat) return;
          event.preventDefault();
          void go();
        }}
      />
      <div className="incident-send">
        <p role="status" className="fail">
          {fault}
        </p>
        {children}
        <button type="button" className="quiet" aria-disabled={busy || !words} onClick={() => void go()}>
          {busy ? sending : send} <Key press="$mod+Enter" />
        </button>
      </div>
    </div>
  );
}
