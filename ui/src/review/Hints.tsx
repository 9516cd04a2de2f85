import { useEffect, useState } from "react";
import { Key } from "../kit/keys";
import { local } from "../kit/storage";
import { useWords } from "../words";
import { useDesk, useSettled } from "./context";

const PREFIX = "countersign:hints:";
const FIRST_DRAFTS = 3;
const DONE = String(FIRST_DRAFTS);

/** The five keys, over somebody's first three decisions. */
export function Hints() {
  const { me } = useDesk();
  const says = useWords().review;
  const key = PREFIX + me.subject;
  const [before] = useState(() => Number(local.get(key) ?? 0));
  const [closed, close] = useState(before >= FIRST_DRAFTS);
  const gone = useSettled((state) => state.gone.size);
  const draft = useSettled((state) => state.shown?.draft != null);
  const decided = before + gone;
  const over = closed || decided >= FIRST_DRAFTS;
  useEffect(() => {
    if (decided > before) local.set(key, String(decided));
  }, [key, decided, before]);
  if (over || !draft) return null;
  return (
    <aside className="hints" aria-label={says.hintsTitle}>
      {Object.entries(says.hints).map(([press, does]) => (
        <span key={press}>
          <Key press={press} /> {does}
        </span>
      ))}
      <button
        type="button"
        className="link-button"
        onClick={() => {
          local.set(key, DONE);
          close(true);
        }}
      >
        {says.gotIt}
      </button>
    </aside>
  );
}
