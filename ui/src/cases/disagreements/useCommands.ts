import { useMemo, useRef } from "react";
import { useKeys } from "../../kit/keys";
import { useOffer } from "../../kit/offers";
import { isPress } from "../../shared/press";
import { useWords } from "../../words";

/** What can be done with the disagreement that is open; null for who may not, and for what is settled. */
export interface Acts {
  first: (() => void) | null;
  second: (() => void) | null;
  own: (() => void) | null;
  thread: () => void;
  draft: () => void;
}

export const PRESS = { first: "f", second: "s", own: "o", thread: "t", draft: "d" } as const;
const NAMES = Object.keys(PRESS) as (keyof Acts)[];

/** The acts by their keys and, in the palette and the menu bar, by their names. */
export function useCommands(acts: Acts) {
  const { cases, disagreements: says } = useWords();
  const latest = useRef(acts);
  latest.current = acts;
  useKeys(
    Object.fromEntries(
      NAMES.map((name) => [
        PRESS[name],
        (event: KeyboardEvent) => {
          const act = latest.current[name];
          if (!act || !isPress(event)) return;
          event.preventDefault();
          act();
        },
      ]),
    ),
  );
  const may = NAMES.filter((name) => acts[name] !== null).join();
  useOffer(
    useMemo(() => {
      const titles = { ...says.take, thread: cases.keys.thread, draft: cases.keys.draft };
      return NAMES.filter((name) => may.split(",").includes(name)).map((name) => ({
        id: `disagreement-${name}`,
        title: titles[name],
        press: PRESS[name],
        run: () => latest.current[name]?.(),
      }));
    }, [cases, says, may]),
  );
}
