import { invoke } from "@tauri-apps/api/core";
import type { Keep } from "../kit/storage";
import { createStore } from "../kit/store";

interface Waiting {
  kept: boolean;
  entries: Record<string, string>;
}

/**
 * Opens the journal that the shell keeps on disk, encrypted: what waits for a team's hub. Every change is written
 * before anything else is; while one is being written the next ones gather. `whole` turns false when this system can't
 * keep it.
 */
export async function openJournal(): Promise<Keep> {
  const found = await invoke<Waiting>("journal_load");
  const entries = new Map(Object.entries(found.entries));
  const whole = createStore(found.kept);
  let writing = false;
  let changed = false;

  async function write() {
    changed = true;
    if (writing) return;
    writing = true;
    while (changed) {
      changed = false;
      const saved = invoke<boolean>("journal_save", { entries: Object.fromEntries(entries) });
      whole.set(await saved.catch(() => false));
    }
    writing = false;
  }

  return {
    whole,
    keys: (prefix) => [...entries.keys()].filter((key) => key.startsWith(prefix)),
    get: (key) => entries.get(key) ?? null,
    set(key, value) {
      entries.set(key, value);
      void write();
    },
    remove(key) {
      if (entries.delete(key)) void write();
    },
  };
}
