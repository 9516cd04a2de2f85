import { useSyncExternalStore } from "react";

export interface Store<T> {
  get(): T;
  set(next: T | ((now: T) => T)): void;
  subscribe(listener: () => void): () => void;
}

export function createStore<T>(initial: T): Store<T> {
  let value = initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set(next) {
      const to = typeof next === "function" ? (next as (now: T) => T)(value) : next;
      if (Object.is(to, value)) return;
      value = to;
      for (const listener of [...listeners]) listener();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const personal: (() => void)[] = [];

/** A store outside of every component, of what one person looks at. The next one who signs in finds it as new. */
export function createPersonalStore<T>(initial: T): Store<T> {
  const store = createStore(initial);
  personal.push(() => store.set(initial));
  return store;
}

export function resetPersonalStores() {
  for (const reset of personal) reset();
}

/** `select` must return something that stays identical while its part of the store does. */
export function useStore<T, S = T>(
  store: Store<T>,
  select: (value: T) => S = (value) => value as unknown as S,
): S {
  return useSyncExternalStore(store.subscribe, () => select(store.get()));
}
