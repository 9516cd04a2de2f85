import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import type { HubEvent } from "../api/types";
import { createStore } from "../kit/store";
import type { Access, Connection, Host } from "./host";

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The shell owns the token and the hub's address; we hand it a request and get an answer. */
export function desktopHost(): Host {
  const connection = createStore<Connection>("connecting");

  async function send(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    const body = request.method === "GET" ? null : (await request.text()) || null;
    try {
      const answer = await invoke<Answer>("hub_request", {
        request: {
          method: request.method,
          path: pathname + search,
          headers: Object.fromEntries(request.headers),
          body,
        },
      });
      // The shell answers 503 itself while it has no hub.
      connection.set(answer.status === 503 ? "lost" : "open");
      const empty = answer.status === 204 || answer.status === 304;
      return new Response(empty ? null : answer.body, { status: answer.status, headers: answer.headers });
    } catch (error) {
      connection.set("lost");
      throw new TypeError(String(error));
    }
  }

  return {
    kind: "desktop",
    base: "http://hub.invalid",
    place: "team hub",
    connection,
    access: createStore<Access>("in"),
    signIn() {},
    fetch: send,
    events(onEvent) {
      const subscribed = listen<HubEvent | "reconnected">("hub-event", (event) => onEvent(event.payload));
      return () => void subscribed.then((unlisten) => unlisten());
    },
  };
}
