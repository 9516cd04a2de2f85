import { useState } from "react";
import type { Draft } from "../api/types";
import { useDesk, useSession } from "./context";
import { isSame } from "./decisions";

/**
 * The draft that a dialog was opened on. The dialog is about that one, whatever comes on screen under it; `held` says
 * whether it is still there, with the same words, to be decided on.
 */
export function useBound(): { about: Draft | null; held: boolean } {
  const { session } = useDesk();
  const [about] = useState(() => session.state.get().shown?.draft ?? null);
  const held = useSession(
    ({ shown }) =>
      about !== null && shown?.lease != null && shown.draft != null && isSame(shown.draft, about),
  );
  return { about, held };
}
