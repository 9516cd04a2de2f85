import { browserHost } from "./browser";
import { desktopHost } from "./desktop";
import type { Host } from "./host";

export type { Host } from "./host";

export function openHost(): Host {
  return "__TAURI_INTERNALS__" in window ? desktopHost() : browserHost();
}
