import { v7 as uuid } from "uuid";
import type { HubEvent } from "../api/types";
import { keepIn, local } from "../kit/storage";
import { createStore } from "../kit/store";
import { words } from "../words";
import type { Access, Connection, Host } from "./host";
import { eventParser } from "./sse";

const TOKEN = "countersign:token";
/** The hub sends a comment every 15 s; a stream this silent is dead. */
const SILENCE_MS = 40_000;
const RETRY_MAX_MS = 15_000;

/** A token is this tab's alone, and outlives its reload. */
const tab = keepIn(() => sessionStorage);

type Listener = (event: HubEvent | "reconnected") => void;

/** The token comes in the URL's fragment, which no server sees, and leaves the address bar at once. */
function tokenFromAddress(): string | null {
  const fragment = new URLSearchParams(location.hash.slice(1));
  const token = fragment.get("token");
  if (token === null) return null;
  fragment.delete("token");
  const rest = fragment.toString();
  history.replaceState(history.state, "", location.pathname + location.search + (rest ? `#${rest}` : ""));
  return token;
}

/** A link may sign in, but never replaces who is signed in unasked: what they decide would be in another's name. */
function signInByLink() {
  const arrived = tokenFromAddress();
  if (!arrived) return;
  const held = tab.get(TOKEN);
  if (held === null || held === arrived || confirm(words().shared.replaceSession)) tab.set(TOKEN, arrived);
}

export function browserHost(): Host {
  signInByLink();
  let token = tab.get(TOKEN);
  const access = createStore<Access>(token === null ? "out" : "in");
  const connection = createStore<Connection>("connecting");
  const consoleName = uuid();
  // A proxy may show the hub under a path of its own.
  const base = location.origin + location.pathname.replace(/\/[^/]*$/, "");

  const listeners = new Set<Listener>();
  let stop = new AbortController();

  function refused() {
    token = null;
    tab.remove(TOKEN);
    access.set("refused");
  }

  async function send(request: Request): Promise<Response> {
    const used = token;
    if (used) request.headers.set("authorization", `Bearer ${used}`);
    try {
      const response = await fetch(request);
      // A hub without its database answers 503 and does nothing else.
      connection.set(response.status === 503 ? "lost" : "open");
      if (response.status === 401 && used === token) refused();
      return response;
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "AbortError")) connection.set("lost");
      throw error;
    }
  }

  async function listen(signal: AbortSignal, onOpen: () => void, onData: (data: string) => void) {
    const response = await send(
      new Request(`${base}/v1/events?console=${consoleName}`, {
        signal,
        headers: { accept: "text/event-stream" },
      }),
    );
    if (!response.ok || !response.body) throw new Error(`events: ${response.status}`);
    onOpen();
    const parse = eventParser(onData);
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    // Nobody ends a stream that lost its network; asking again shows how things stand.
    const cut = () => void reader.cancel().catch(() => {});
    addEventListener("offline", cut, { signal });
    try {
      for (;;) {
        const silence = setTimeout(cut, SILENCE_MS);
        const { done, value } = await reader.read().finally(() => clearTimeout(silence));
        if (done) return;
        parse(value);
      }
    } finally {
      removeEventListener("offline", cut);
    }
  }

  /** One stream for all who listen: the hub knows it by one name. */
  async function follow(signal: AbortSignal) {
    const tell = (event: HubEvent | "reconnected") => {
      for (const listener of [...listeners]) listener(event);
    };
    let tries = 0;
    let opened = false;
    while (!signal.aborted) {
      try {
        await listen(
          signal,
          () => {
            tries = 0;
            if (opened) tell("reconnected");
            opened = true;
          },
          (data) => {
            const event: HubEvent = JSON.parse(data);
            // The hub itself may have missed what others told it.
            tell(event.type === "reconnected" ? "reconnected" : event);
          },
        );
      } catch {
        // Said by `connection`; the loop tries again.
      }
      if (access.get() !== "in") return;
      const wait = Math.min(500 * 2 ** tries++, RETRY_MAX_MS);
      await new Promise((resolve) => setTimeout(resolve, wait * (0.5 + Math.random() / 2)));
    }
  }

  return {
    kind: "browser",
    base,
    place: location.host,
    connection,
    access,
    signIn(next) {
      token = next;
      tab.set(TOKEN, next);
      access.set("in");
    },
    fetch: send,
    native: null,
    storage: local,
    async save(path, name) {
      const response = await send(new Request(base + path));
      if (!response.ok) throw new Error(`${response.status}`);
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await response.blob());
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      return name;
    },
    console: consoleName,
    events(onEvent) {
      const listener: Listener = (event) => onEvent(event);
      listeners.add(listener);
      if (listeners.size === 1) {
        stop = new AbortController();
        void follow(stop.signal);
      }
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) stop.abort();
      };
    },
  };
}
