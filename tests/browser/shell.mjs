import { openConsole } from "./browser.mjs";

/**
 * The desktop's side of the console in a browser: what the shell would answer, with the hub behind it. `window.shell`
 * has what was asked of it, and says what comes from it. The real shell has stories of its own in tests/desktop.
 */
export function openDesktop(browser, served, { at = "", context = {}, ...shell } = {}) {
  const given = { url: null, keychain: true, kept: true, entries: {}, away: false, refused: false, ...shell };
  return openConsole(browser, `${served.hub.url}/${at}`, {
    ...context,
    prepare: (page) => page.addInitScript(stand, { ...given, token: served.hub.token }),
  });
}

/** The last thing that the shell was asked to do by this command. */
export function lastCall(page, command) {
  return page.evaluate((name) => window.shell.calls.findLast(([one]) => one === name)?.[1], command);
}

/** What the shell says to the window. */
export function emit(page, event, payload) {
  return page.evaluate(([name, what]) => window.shell.emit(name, what), [event, payload]);
}

function stand({ token, keychain, kept, entries, ...begins }) {
  // Whoever chose the hub inside the app has it from then on.
  const { url, away, refused } = sessionStorage.getItem("embedded") ? { url: null } : begins;
  const callbacks = new Map();
  const listeners = new Map();
  const shell = {
    calls: [],
    away,
    refused,
    emit(event, payload) {
      for (const id of listeners.get(event) ?? []) callbacks.get(id)({ event, id, payload });
    },
  };
  window.shell = shell;
  const forget = (event, id) => void listeners.get(event)?.delete(id);
  const commands = {
    hub_choice: () => ({ kind: url ? "remote" : "embedded", url, keychain, version: "0.0.0", console: "the-window" }),
    use_embedded: () => sessionStorage.setItem("embedded", "yes"),
    journal_load: () => ({ kept, entries }),
    journal_save: () => kept,
    async hub_request({ request: { method, path, headers, body } }) {
      if (shell.away) throw "no hub there";
      const authorization = shell.refused ? "Bearer nobody" : `Bearer ${token}`;
      const response = await fetch(path, { method, headers: { ...headers, authorization }, body });
      return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
    },
    "plugin:event|listen": ({ event, handler }) => {
      listeners.set(event, (listeners.get(event) ?? new Set()).add(handler));
      return handler;
    },
    "plugin:event|unlisten": ({ event, eventId }) => forget(event, eventId),
  };
  window.__TAURI_EVENT_PLUGIN_INTERNALS__ = { unregisterListener: forget };
  window.__TAURI_INTERNALS__ = {
    transformCallback(callback) {
      callbacks.set(callbacks.size + 1, callback);
      return callbacks.size;
    },
    async invoke(command, args) {
      shell.calls.push([command, args]);
      return (await commands[command]?.(args)) ?? null;
    },
  };
}
