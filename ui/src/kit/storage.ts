import { createStore, type Store } from "./store";

/** Where the console keeps what shall outlive its window. It never throws: a browser may refuse any of it. */
export interface Keep {
  keys(prefix: string): string[];
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  /** False while something is kept only as long as this window. */
  whole: Store<boolean>;
}

/** A browser's storage. What it has no room for, or refuses, is kept in memory and written as soon as there is room. */
export function keepIn(open: () => Storage): Keep {
  const unwritten = new Map<string, string>();
  const whole = createStore(true);

  function ask<T>(act: (storage: Storage) => T, otherwise: T): T {
    try {
      return act(open());
    } catch {
      return otherwise;
    }
  }
  function write(key: string, value: string) {
    const written = ask((storage) => {
      storage.setItem(key, value);
      return true;
    }, false);
    if (written) unwritten.delete(key);
    else unwritten.set(key, value);
    return written;
  }
  /** There may be room again. */
  function settle() {
    for (const [key, value] of [...unwritten]) write(key, value);
    whole.set(unwritten.size === 0);
  }
  return {
    whole,
    keys(prefix) {
      const stored = ask((storage) => Object.keys(storage), []);
      return [...new Set([...stored, ...unwritten.keys()])].filter((key) => key.startsWith(prefix));
    },
    get: (key) => unwritten.get(key) ?? ask((storage) => storage.getItem(key), null),
    set(key, value) {
      if (write(key, value)) settle();
      else whole.set(false);
    },
    remove(key) {
      unwritten.delete(key);
      ask((storage) => storage.removeItem(key), undefined);
      settle();
    },
  };
}

/** This browser's, over all its windows. */
export const local = keepIn(() => localStorage);
