import { useMemo } from "react";
import type { Workflow } from "../api/types";
import { useKeys } from "../kit/keys";
import { useOffer } from "../kit/offers";
import { go } from "../kit/route";
import { isPress } from "../shared/press";
import { useWords } from "../words";

const STOP = "$mod+Shift+K";

/** A command with its key. It is null for who may not. */
export interface Act {
  title: string;
  /** Must be stable. */
  run: () => void;
}

interface Options {
  workflow: Workflow;
  all: Workflow[];
  mayAct: boolean;
  /** Must be stable. */
  onAct: () => void;
  promote: Act | null;
  demote: Act | null;
}

/** What can be done here by its key and, in the palette, by its name: move it, stop or resume it, and go to another. */
export function useCommands({ workflow, all, mayAct, onAct, promote, demote }: Options) {
  const says = useWords();
  const { id, name, killed } = workflow;
  const pressed = (act: Act | null) => (event: KeyboardEvent) => {
    if (!act || !isPress(event)) return;
    event.preventDefault();
    act.run();
  };
  useKeys({
    p: pressed(promote),
    d: pressed(demote),
    [STOP]: (event) => {
      // Two dialogs at once would trap the focus between them.
      if (!mayAct || event.repeat || event.defaultPrevented || document.querySelector("[role=dialog]"))
        return;
      event.preventDefault();
      onAct();
    },
  });
  const [toPromote, runPromote] = [promote?.title, promote?.run];
  const [toDemote, runDemote] = [demote?.title, demote?.run];
  const choices = useMemo(() => {
    const title = (killed ? says.shared.resumeTitle : says.shared.killTitle)(name);
    const others = all.filter((one) => one.id !== id);
    return [
      ...(toPromote && runPromote
        ? [{ id: "rollout-promote", title: toPromote, press: "p", run: runPromote }]
        : []),
      ...(toDemote && runDemote
        ? [{ id: "rollout-demote", title: toDemote, press: "d", run: runDemote }]
        : []),
      ...(mayAct ? [{ id: "kill", title, press: STOP, run: onAct }] : []),
      ...others.map((one) => ({
        id: `rollout-${one.id}`,
        title: says.rollout.show(one.name),
        run: () => go("rollout", one.id),
      })),
    ];
  }, [says, all, id, name, killed, mayAct, onAct, toPromote, runPromote, toDemote, runDemote]);
  useOffer(choices);
}
