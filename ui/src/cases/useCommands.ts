import { useMemo, useRef } from "react";
import { useOffer } from "../kit/offers";
import { useWords } from "../words";

const PRESS = { search: "/", next: "J", previous: "K", open: "Enter", close: "Esc", clear: "C", export: "E" };

type Act = keyof typeof PRESS;

/** What can be done with the table, by name: for the palette and the menu bar. */
export function useCommands(acts: Record<Act, () => unknown>) {
  const latest = useRef(acts);
  latest.current = acts;
  const { cases, settings } = useWords();
  const choices = useMemo(() => {
    const says = { ...settings.keys, ...cases.keys };
    return (Object.keys(PRESS) as Act[]).map((act) => ({
      id: `cases-${act}`,
      title: says[act],
      press: PRESS[act],
      run: () => void latest.current[act](),
    }));
  }, [cases, settings]);
  useOffer(choices);
}
