import { useEffect } from "react";
import type { Choice } from "./palette";
import { createStore, useStore } from "./store";

const offers = createStore<Choice[]>([]);

/** Puts commands into every palette for as long as whoever has them is on screen. `choices` must be stable. */
export function useOffer(choices: Choice[]) {
  useEffect(() => {
    offers.set((now) => [...now, ...choices]);
    return () => offers.set((now) => now.filter((choice) => !choices.includes(choice)));
  }, [choices]);
}

export function useOffered(): Choice[] {
  return useStore(offers);
}
