import type { RefObject } from "react";
import { useWords } from "../../words";
import { useKept } from "./useKept";
import { Words } from "./Words";

interface Props {
  id: string;
  storage: Storage;
  field: RefObject<HTMLTextAreaElement | null>;
  onAdd: (text: string) => Promise<void>;
}

/** Somebody's own words for the timeline. */
export function AddEntry({ id, storage, field, onAdd }: Props) {
  const says = useWords().incident;
  const [text, keep] = useKept(storage, `${id}:entry`);
  const send = async (words: string) => {
    await onAdd(words);
    keep(null);
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
