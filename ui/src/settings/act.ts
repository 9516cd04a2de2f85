import { useMemo } from "react";
import { useOffer } from "../kit/offers";

/** Puts a section's one act into the palette and the menu bar while this person may do it. `run` must be stable. */
export function useAct(id: string, title: string, may: boolean, run: (on: true) => void) {
  const choices = useMemo(
    () => (may ? [{ id: `settings-${id}`, title, run: () => run(true) }] : []),
    [id, title, may, run],
  );
  useOffer(choices);
}
