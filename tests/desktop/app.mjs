import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { findHub, program, until } from "../browser/hub.mjs";
import { Page } from "./webdriver.mjs";

const DRIVER = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "countersign/bin/tauri-driver");

/** A folder that stands for a person's home: the app's database and settings in it. */
export async function makeHome() {
  const dir = await mkdtemp(join(tmpdir(), "countersign-desktop-"));
  return {
    dir,
    database: join(dir, "hub.db"),
    env: {
      ...process.env,
      COUNTERSIGN_DATABASE: `sqlite://${dir}/hub.db`,
      XDG_CACHE_HOME: join(dir, "cache"),
      XDG_CONFIG_HOME: join(dir, "config"),
      XDG_DATA_HOME: join(dir, "data"),
      // Without a GPU, WebKit's accelerated path only costs time.
      WEBKIT_DISABLE_DMABUF_RENDERER: "1",
    },
    hub: () => findHub(join(dir, "hub.db")),
    remove: () => rm(dir, { recursive: true, force: true }),
  };
}

/** Opens the real program under WebDriver. `env` is added to the home's own. */
export async function openApp(
  home,
  { env = {}, profile = "debug", application = program("countersign-desktop", profile) } = {},
) {
  const [port, native] = await freePorts(2);
  const driver = spawn(
    DRIVER,
    ["--port", port, "--native-port", native, "--native-driver", "/usr/bin/WebKitWebDriver"].map(String),
    { env: { ...home.env, ...env }, stdio: "inherit", detached: true },
  );
  // The driver, the program and its helpers are one process group. The next program may only start when the last
  // of them is gone: the first that runs is the only one.
  const signal = (name) => {
    try {
      return process.kill(-driver.pid, name);
    } catch {
      return false;
    }
  };
  const stop = async () => {
    signal("SIGTERM");
    await until("the program to end", () => !signal(0)).catch((error) => {
      signal("SIGKILL");
      throw error;
    });
  };
  try {
    const server = `http://127.0.0.1:${port}`;
    await until("tauri-driver", () => fetch(`${server}/status`).then((answer) => answer.ok, () => false));
    const page = await Page.open(server, {
      browserName: "wry",
      "tauri:options": { application },
    });
    // As when the machine loses power: nothing is told.
    const kill = async () => {
      signal("SIGKILL");
      await until("the program to be gone", () => !signal(0));
    };
    return { page, close: stop, kill };
  } catch (error) {
    await stop();
    throw error;
  }
}

/* What tests ask of the window. They run in it, so each stands for itself. */

/** The draft on screen that may be decided on; `not` waits for another one. */
export const ready = (not) => {
  const draft = document.querySelector("[data-testid=draft][data-ready=true]");
  return draft && draft.dataset.draftId !== not ? draft.dataset.draftId : null;
};

/** Whether these words are on screen. */
export const said = (words) => document.body.innerText.includes(words);

/** A command of the shell; its answer as JSON. */
export const invoke = (name, args) =>
  window.__TAURI_INTERNALS__.invoke(name, args).then((answer) => JSON.stringify(answer ?? null));

async function freePorts(n) {
  const servers = Array.from({ length: n }, () => createServer().listen(0, "127.0.0.1"));
  const ports = await Promise.all(
    servers.map((server) => new Promise((resolve) => server.once("listening", () => resolve(server.address().port)))),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
