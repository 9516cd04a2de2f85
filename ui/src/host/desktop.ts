import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";
import type { HubEvent } from "../api/types";
import { local } from "../kit/storage";
import { createStore } from "../kit/store";
import type { Access, Connection, Host, HubChoice, LogState } from "./host";
import { openJournal } from "./journal";

interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The shell owns the token and the hub's address; we hand it a request and get an answer. */
export async function desktopHost(): Promise<Host> {
  const chosen = await invoke<HubChoice>("hub_choice");
  const connection = createStore<Connection>("connecting");
  const access = createStore<Access>("in");
  const storage = chosen.kind === "remote" ? await openJournal() : local;
  // A link into the program, while it runs.
  await listen<string>("go", ({ payload }) => {
    if (payload.startsWith("#/")) location.hash = payload;
  });

  const log = createStore<LogState | null>(null);
  await listen<LogState>("hub-log", ({ payload }) => log.set(payload));
  // What was found before this page was there.
  void invoke<LogState>("log_state").then((found) => log.get() ?? log.set(found));

  /** Another hub is another desk: everything is read anew. */
  async function change(to: Promise<void>) {
    await to;
    location.reload();
  }

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
      if (answer.status === 401) {
        // The shell has the token of the hub inside, and nobody else can give one: that hub is being changed.
        if (chosen.kind === "embedded") throw new TypeError("the hub inside didn't take its own token");
        access.set("refused");
      }
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
    place: chosen.url === null ? "" : new URL(chosen.url).host,
    connection,
    access,
    signIn(token) {
      if (chosen.url === null) return;
      change(invoke<void>("use_remote", { url: chosen.url, token })).catch(() => access.set("refused"));
    },
    storage,
    fetch: send,
    save: (path, name) => invoke<string | null>("save_as", { path, name }),
    native: {
      hub: () => invoke<HubChoice>("hub_choice"),
      log,
      believeLog: () => invoke("believe_log"),
      useRemote: (url, token) => change(invoke("use_remote", { url, token })),
      useEmbedded: () => change(invoke("use_embedded")),
      notify: (title, body) => invoke("notify", { title, body }),
      setMenu: (groups) => invoke("set_menu", { groups }),
      toggleMenu: () => invoke("toggle_menu"),
      setTray: (words) => invoke("set_tray", { words }),
      onCommand(run) {
        const subscribed = listen<string>("command", ({ payload }) => run(payload));
        return () => void subscribed.then((unlisten) => unlisten());
      },
      zoom: (by) => invoke("zoom", { by }),
    },
    console: chosen.console,
    events(onEvent) {
      const subscribed = listen<HubEvent | "reconnected" | "lost">("hub-event", ({ payload }) => {
        if (payload === "lost") return connection.set("lost");
        if (payload === "reconnected") connection.set("open");
        const missed = payload === "reconnected" || payload.type === "reconnected";
        onEvent(missed ? "reconnected" : payload);
      });
      return () => void subscribed.then((unlisten) => unlisten());
    },
  };
}
