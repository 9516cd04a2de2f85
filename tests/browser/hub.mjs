import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");

/** A built program of the workspace: `program("countersign")`. */
export function program(name, profile = "debug") {
  return resolve(root, process.env.CARGO_TARGET_DIR ?? "target", profile, name);
}

/** Where screenshots go. */
export const RESULTS = join(root, "test-results");

/** Waits for `probe` to answer something true; says `what` was waited for when it doesn't. */
export async function until(what, probe, limitMs = 15_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${limitMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A hub's HTTP interface, as a program outside sees it. */
export class Hub {
  constructor(url, token) {
    this.url = url;
    this.token = token;
  }

  async call(method, path, body, type = "application/json") {
    const response = await fetch(this.url + path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, ...(body && { "content-type": type }) },
      body: body && (typeof body === "string" ? body : JSON.stringify(body)),
      signal: AbortSignal.timeout(120_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 400)}`);
    return text ? JSON.parse(text) : null;
  }

  draft(id) {
    return this.call("GET", `/v1/drafts/${id}`);
  }

  async workflow(id) {
    return this.call("GET", `/v1/workflows/${id}`);
  }
}

/** The hub that runs on a database file, as any local program finds it: through the file beside it. */
export async function findHub(database, limitMs = 30_000) {
  const found = await until(
    `a hub on ${database}`,
    // At first it is not there, then it is empty.
    () => readFile(`${database}.hub`, "utf8").then(JSON.parse).catch(() => null),
    limitMs,
  );
  return new Hub(found.url, found.token);
}

/** Starts `countersign hub` on a database of its own and a free port. */
export async function startHub(...options) {
  const dir = await mkdtemp(join(tmpdir(), "countersign-browser-"));
  const database = join(dir, "hub.db");
  const child = spawn(
    program("countersign"),
    ["hub", "--listen", "127.0.0.1:0", "--database", `sqlite://${database}`, ...options],
    { env: { ...process.env, XDG_DATA_HOME: dir }, stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = once(child, "exit");
  // It listens before the demo is in, and says where its console is once all is there.
  const ready = once(child.stdout.setEncoding("utf8"), "data");
  const stop = async () => {
    child.kill("SIGTERM");
    await ended;
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const gone = ended.then(([code]) => Promise.reject(new Error(`the hub ended with ${code}`)));
    gone.catch(() => {});
    await Promise.race([ready, gone]);
    const hub = await findHub(database);
    return { hub, console: `${hub.url}/#token=${hub.token}`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
