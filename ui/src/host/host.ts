import type { HubEvent } from "../api/types";
import type { Keep } from "../kit/storage";
import type { Store } from "../kit/store";

export type Connection = "connecting" | "open" | "lost";

/** Whether we have a token that the hub takes. */
export type Access = "in" | "out" | "refused";

/** The way to a hub. Everything above this folder speaks HTTP to it and doesn't know how it travels. */
export interface Host {
  kind: "browser" | "desktop";
  /** What `new Request` needs before the path; only path and query travel further. */
  base: string;
  /** Where the hub is, when it isn't the one inside the app. */
  place: string;
  connection: Store<Connection>;
  access: Store<Access>;
  signIn(token: string): void;
  fetch(request: Request): Promise<Response>;
  /** Where unsent decisions and typed texts wait until the hub has them. */
  storage: Keep;
  /** Saves what a GET of this path answers; answers where, or null when the person thought better of it. */
  save(path: string, name: string): Promise<string | null>;
  /** What only the desktop can do; null in a browser. */
  native: Native | null;
  /** The name by which the hub knows our event stream. */
  console: string;
  /** Calls back on each change in the hub, and once after every reconnect, when some may have been missed. */
  events(onEvent: (event: HubEvent | "reconnected") => void): () => void;
}

/** The hub that the desktop works with. */
export interface HubChoice {
  kind: "embedded" | "remote";
  /** The remote hub's address. */
  url: string | null;
  /** Whether this system has a keychain to keep its token and unsent decisions in. */
  keychain: boolean;
  /** The desktop's own version. */
  version: string;
  /** The name by which the hub knows the shell's event stream. */
  console: string;
}

/** How a hub's audit log stands to the checkpoint that the desktop keeps of it. */
export interface LogState {
  /** Over how many entries the kept checkpoint is; null before the first. */
  entries: number | null;
  signed_at: string | null;
  /** Why the log doesn't hold it any more. */
  why: "not_signed" | "shorter" | "rewritten" | "other_key" | null;
}

export interface Native {
  hub(): Promise<HubChoice>;
  /** Null before the desktop has compared. */
  log: Store<LogState | null>;
  /** Keeps the log's last checkpoint in place of the one that it doesn't hold: a restore was meant. */
  believeLog(): Promise<void>;
  /** Tries the address and the token first; throws with what is wrong, and nothing has changed then. */
  useRemote(url: string, token: string): Promise<void>;
  useEmbedded(): Promise<void>;
  /** A notice of the system's own. */
  notify(title: string, body: string): Promise<void>;
  /** What stands in the menu bar; `onCommand` hears the id of what is chosen there or in the tray. */
  setMenu(groups: { title: string; items: { id: string; title: string }[] }[]): Promise<void>;
  toggleMenu(): Promise<void>;
  setTray(words: { count: number; open: string; waiting: string; kill: string; quit: string }): Promise<void>;
  onCommand(run: (id: string) => void): () => void;
  /** Makes everything larger (1), smaller (-1) or as it was (0). */
  zoom(by: 1 | -1 | 0): Promise<void>;
}
