import { useMemo, useRef } from "react";
import type { Workflow } from "../api/types";
import { useKeys } from "../kit/keys";
import { useOffer } from "../kit/offers";
import { go } from "../kit/route";
import { isPress } from "../shared/press";
import { useWords } from "../words";
import { useKillCommand } from "./useKillCommand";

/** A command with its key. It is null for who may not. */
export interface Act {
  title: string;
  run: () => void;
}

const PRESS = { promote: "p", demote: "d", incident: "i", drill: "Shift+D" } as const;
type Name = keyof typeof PRESS;
const NAMES = Object.keys(PRESS) as Name[];

interface Options {
  workflow: Workflow;
  all: Workflow[];
  mayAct: boolean;
  /** Must be stable. */
  onAct: () => void;
  acts: Record<Name, Act | null>;
}

/** What can be done here by its key and, in the palette, by its name: move it, stop or resume it, and go to another. */
export function useCommands({ workflow, all, mayAct, onAct, acts }: Options) {
  const says = useWords();
  const latest = useRef(acts);
  latest.current = acts;
  const act = (name: Name) => (event: KeyboardEvent) => {
    if (!acts[name] || !isPress(event)) return;
    event.preventDefault();
    acts[name].run();
  };
  useKeys(Object.fromEntries(NAMES.map((name) => [PRESS[name], act(name)])));
  // What is offered changes with its words alone.
  const titles = JSON.stringify(NAMES.map((name) => [name, acts[name]?.title ?? ""]));
  useOffer(
    useMemo(
      () =>
        (JSON.parse(titles) as [Name, string][])
          .filter(([, title]) => title !== "")
          .map(([name, title]) => ({
            id: `rollout-${name}`,
            title,
            press: PRESS[name],
            run: () => latest.current[name]?.run(),
          })),
      [titles],
    ),
  );
  useKillCommand({ workflow, mayAct, onAct });
  useOffer(
    useMemo(
      () =>
        all
          .filter((one) => one.id !== workflow.id)
          .map((one) => ({
            id: `rollout-${one.id}`,
            title: says.rollout.show(one.name),
            run: () => go("rollout", one.id),
          })),
      [says, all, workflow.id],
    ),
  );
}
