import { useMemo } from "react";
import type { Workflow } from "../api/types";
import { useKeys } from "../kit/keys";
import { useOffer } from "../kit/offers";
import { go } from "../kit/route";
import { useWords } from "../words";

const STOP = "$mod+Shift+K";

interface Options {
  workflow: Workflow;
  all: Workflow[];
  mayAct: boolean;
  /** Must be stable. */
  onAct: () => void;
}

/** What can be done here by its key and, in the palette, by its name: stop or resume it, and go to another workflow. */
export function useCommands({ workflow, all, mayAct, onAct }: Options) {
  const says = useWords();
  const { id, name, killed } = workflow;
  useKeys({
    [STOP]: (event) => {
      // Two dialogs at once would trap the focus between them.
      if (!mayAct || event.repeat || event.defaultPrevented || document.querySelector("[role=dialog]"))
        return;
      event.preventDefault();
      onAct();
    },
  });
  const choices = useMemo(() => {
    const title = (killed ? says.shared.resumeTitle : says.shared.killTitle)(name);
    const others = all.filter((one) => one.id !== id);
    return [
      ...(mayAct ? [{ id: "kill", title, press: STOP, run: onAct }] : []),
      ...others.map((one) => ({
        id: `rollout-${one.id}`,
        title: says.rollout.show(one.name),
        run: () => go("rollout", one.id),
      })),
    ];
  }, [says, all, id, name, killed, mayAct, onAct]);
  useOffer(choices);
}
