import { createStore, useStore } from "./store";

/** A place in the console. It stands in the address after the `#`, so that going back works and a link leads there. */
export interface Route {
  screen: string;
  id: string | null;
}

const START: Route = { screen: "", id: null };

function read(): Route {
  const [, screen = "", ...id] = location.hash.split("/");
  if (!location.hash.startsWith("#/") || screen === "") return START;
  try {
    return { screen, id: id.length > 0 ? decodeURIComponent(id.join("/")) : null };
  } catch {
    return START;
  }
}

export const route = createStore<Route>(read());
addEventListener("hashchange", () => route.set(read()));

/** `replace`: going back doesn't lead to where we are now. */
export function go(screen: string, id?: string, { replace = false } = {}) {
  const to = id === undefined ? `#/${screen}` : `#/${screen}/${encodeURIComponent(id)}`;
  if (replace) location.replace(to);
  else location.hash = to;
}

export function useRoute(): Route {
  return useStore(route);
}
