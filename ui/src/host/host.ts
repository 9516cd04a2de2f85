import type { HubEvent } from "../api/types";
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
  /** Calls back on each change in the hub, and once after every reconnect, when some may have been missed. */
  events(onEvent: (event: HubEvent | "reconnected") => void): () => void;
}
