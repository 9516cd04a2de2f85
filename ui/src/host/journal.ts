import { invoke } from "@tauri-apps/api/core";
import { createStore, type Store } from "../kit/store";

interface Waiting {
  kept: boolean;
  entries: Record<string, string>;
}

/** What waits for a team's hub. Like a browser's storage, its entries are its own enumerable keys. */
class Journal {
  getItem(key: string): string | null {
    return Object.hasOwn(this, key) ? ((this as Record<string, unknown>)[key] as string) : null;
  }
}

/**
 * Opens the journal that the shell keeps on disk, encrypted. Every change is written before anything else is; while
 * one is being written the next ones gather. `kept` turns false when this system can't keep it.
 */
export async function openJournal(): Promise<{ storage: Storage; kept: Store<boolean> }> {
  const found = await invoke<Waiting>("journal_load");
  const kept = createStore(found.kept);
  let writing = false;
  let changed = false;

  async function write() {
    changed = true;
    if (writing) return;
    writing = true;
    while (changed) {
      changed = false;
      kept.set(await invoke<boolean>("journal_save", { entries: { ...storage } }).catch(() => false));
    }
    writing = false;
  }

  const methods = {
    setItem: { value: (key: string, value: string) => set(key, value) },
    removeItem: { value: (key: string) => remove(key) },
  };
  const storage: Record<string, string> = Object.assign(
    Object.defineProperties(new Journal(), methods),
    found.entries,
  ) as never;

  function set(key: string, value: string) {
    storage[key] = value;
    void write();
  }
  function remove(key: string) {
    if (!Object.hasOwn(storage, key)) return;
    delete storage[key];
    void write();
  }
  return { storage: storage as never, kept };
}
