import { useMemo } from "react";
import type { Workflow } from "../api/types";
import { useKeys } from "../kit/keys";
import { useOffer } from "../kit/offers";
import { useWords } from "../words";

const STOP = "$mod+Shift+K";

interface Options {
  workflow: Workflow;
  mayAct: boolean;
  /** Must be stable. */
  onAct: () => void;
}

/** The kill switch by its key, in the palette and in the menu bar; the tray asks for it by its id. */
export function useKillCommand({ workflow: { name, killed }, mayAct, onAct }: Options) {
  const says = useWords().shared;
  useKeys({
    [STOP]: (event) => {
      // Two dialogs at once would trap the focus between them.
      if (!mayAct || event.repeat || event.defaultPrevented || document.querySelector("[role=dialog]"))
        return;
      event.preventDefault();
      onAct();
    },
  });
  useOffer(
    useMemo(() => {
      const title = (killed ? says.resumeTitle : says.killTitle)(name);
      return mayAct ? [{ id: "kill", title, press: STOP, run: onAct }] : [];
    }, [says, name, killed, mayAct, onAct]),
  );
}
