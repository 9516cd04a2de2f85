import type { RefObject } from "react";
import type { Incident } from "../../api/types";
import { Key } from "../../kit/keys";
import { Inline } from "../../kit/prose/inline";
import { Prose } from "../../kit/prose/prose";
import { shortMoment, wholeMoment } from "../../shared/dates";
import { useWords } from "../../words";
import { Words } from "./Words";

interface Props {
  incident: Incident;
  field: RefObject<HTMLTextAreaElement | null>;
  /** What is being typed; null where nobody is. */
  text: string | null;
  onText: (text: string | null) => void;
  /** Null for who may not write. */
  onBegin: (() => void) | null;
  onSave: (note: string) => Promise<void>;
}

/** What was learned: as it stands, and the field to write it in. */
export function Note({ incident, field, text, onText, onBegin, onSave }: Props) {
  const { incident: says, shared } = useWords();
  const { note, note_by, note_at } = incident;
  const writing = onBegin !== null && text !== null;
  return (
    <section className="incident-note">
      <header className="rollout-head">
        <h2>{says.learned}</h2>
        {onBegin && !writing && (
          <button type="button" className="quiet" onClick={onBegin}>
            {note ? says.changeNote : says.writeNote} <Key press="n" />
          </button>
        )}
      </header>
      {writing && (
        <Words
          field={field}
          label={says.learned}
          hint={says.noteHint}
          rows={6}
          text={text}
          onText={onText}
          onSend={onSave}
          send={says.saveNote}
          sending={says.savingNote}
          failed={says.noteFailed}
        >
          <button type="button" className="plain-button" onClick={() => onText(null)}>
            {shared.cancel}
          </button>
        </Words>
      )}
      {!writing && !note && <p className="rollout-note">{says.noNote}</p>}
      {!writing && note && (
        <>
          <Prose text={note} format="plain" />
          {note_by && note_at && (
            <p className="rollout-note" dir="auto" title={wholeMoment(note_at)}>
              <Inline text={says.noteBy(note_by, shortMoment(note_at))} />
            </p>
          )}
        </>
      )}
    </section>
  );
}
