import type { RefObject } from "react";
import { type Kept, useKept } from "../../shared/kept";
import { useWords } from "../../words";
import { Words } from "./Words";

interface Props {
  id: string;
  kept: Kept;
  field: RefObject<HTMLTextAreaElement | null>;
  onAdd: (text: string) => Promise<void>;
}

/** Somebody's own words for the timeline. */
export function AddEntry({ id, kept, field, onAdd }: Props) {
  const says = useWords().incident;
  const [text, keep, sent] = useKept(kept, id);
  const send = async (words: string) => {
    await onAdd(words);
    sent(text ?? "");
  };
  return (
    <Words
      field={field}
      label={says.addEntry}
      hint={says.entryHint}
      rows={2}
      text={text ?? ""}
      onText={(next) => keep(next || null)}
      onSend={send}
      send={says.add}
      sending={says.adding}
      failed={says.addFailed}
    />
  );
}
