import { useRef } from "react";
import type { Draft } from "../api/types";
import { Dialog } from "../kit/dialog";
import { Key, useKeys } from "../kit/keys";
import { Inline } from "../kit/prose/inline";
import { Prose } from "../kit/prose/prose";
import { ticketName } from "../shared/words";
import { useWords } from "../words";
import { useBound } from "./bound";
import { markKey } from "./commands";
import { show, useDesk } from "./context";
import { isCommand } from "./guard";
import { editsOf, goOnWith, type Offer } from "./KeptTexts";

/** Asked of whoever approves a draft over which an edit of theirs is kept: which of the two is to be sent? */
export function ApproveDialog() {
  const { about, held } = useBound();
  return about && <Which about={about} held={held} />;
}

function Which({ about, held }: { about: Draft; held: boolean }) {
  const desk = useDesk();
  const { decisions, view } = desk;
  const says = useWords().review;
  const first = useRef<HTMLButtonElement>(null);
  const close = () => show(view, { dialog: null });
  const edits = editsOf(desk, about);
  const goOn = (edit: Offer | undefined) => {
    if (!held || !edit) return;
    close();
    goOnWith(desk, about, edit);
  };
  const sendDraft = () => {
    if (!held) return;
    markKey();
    if (decisions.decide({ action: "approve" }, about)) show(view, { dialog: null, editing: null });
  };
  // The key is not typed into the editor that it opens.
  const open = (edit: Offer | undefined) => (event: KeyboardEvent) => {
    if (!isCommand(event)) return;
    event.preventDefault();
    goOn(edit);
  };
  useKeys({
    e: open(edits[0]),
    d: (event) => isCommand(event) && sendDraft(),
    ...Object.fromEntries(edits.slice(1, 9).map((edit, i) => [`${i + 2}`, open(edit)])),
  });
  return (
    <Dialog
      title={says.whichTitle(ticketName(about.external_id), edits.length)}
      onClose={close}
      initialFocus={first}
    >
      {edits.map((edit, i) => (
        <section key={edit.id} className="which">
          <header>
            <p className="dialog-lead" dir="auto">
              <Inline text={edit.words} />
            </p>
            {i > 0 && (
              <button type="button" className="quiet" aria-disabled={!held} onClick={() => goOn(edit)}>
                {says.openThisEdit} {i < 9 && <Key press={`${i + 1}`} />}
              </button>
            )}
          </header>
          <div className="which-text">
            <Prose text={edit.text} format="markdown" />
          </div>
        </section>
      ))}
      <p className="dialog-result" role="status">
        {!held && says.notHere("")}
      </p>
      <div className="dialog-end">
        <button type="button" className="quiet" aria-disabled={!held} onClick={sendDraft}>
          {says.sendDraft} <Key press="D" />
        </button>
        <button
          ref={first}
          type="button"
          className="primary"
          aria-disabled={!held}
          onClick={() => goOn(edits[0])}
        >
          {edits.length > 1 ? says.openFirstEdit : says.openEdit} <Key press="E" />
        </button>
      </div>
    </Dialog>
  );
}
