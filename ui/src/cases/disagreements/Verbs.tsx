import { Key } from "../../kit/keys";
import { useWords } from "../../words";
import { PICKS, type Whose } from "./form";
import { PRESS } from "./useCommands";

interface Props {
  may: boolean;
  /** Something was typed earlier and put aside. */
  kept: boolean;
  take: (pick: Whose) => (() => void) | null;
}

/** The three ways to settle, with their keys; or who may. */
export function Verbs({ may, kept, take }: Props) {
  const says = useWords().disagreements;
  return (
    <footer className="disagreements-verbs">
      {may ? (
        PICKS.map((pick) => (
          <button key={pick} type="button" className="plain-button" onClick={() => take(pick)?.()}>
            <Key press={PRESS[pick]} /> {says.take[pick]}
          </button>
        ))
      ) : (
        <p>{says.barred}</p>
      )}
      {kept && <p className="disagreements-kept">{says.typedKept}</p>}
    </footer>
  );
}
