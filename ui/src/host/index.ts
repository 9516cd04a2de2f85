import { browserHost } from "./browser";
import { desktopHost } from "./desktop";
import type { Host } from "./host";

export type { Host, HubChoice, LogState, Native } from "./host";

export async function openHost(): Promise<Host> {
  return "__TAURI_INTERNALS__" in window ? await desktopHost() : browserHost();
}
