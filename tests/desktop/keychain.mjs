import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "../browser/hub.mjs";

const run = promisify(execFile);

/** A keychain of its own on this session's bus, unlocked. */
export async function openKeychain() {
  const dir = await mkdtemp(join(tmpdir(), "countersign-keychain-"));
  const child = spawn("gnome-keyring-daemon", ["--foreground", "--unlock", "--components=secrets"], {
    env: { ...process.env, XDG_DATA_HOME: dir, XDG_RUNTIME_DIR: dir, HOME: dir },
    stdio: ["pipe", "ignore", "ignore"],
  });
  child.stdin.end("a password\n");
  await until("the keychain", async () => {
    const asked = ["--session", "--print-reply", "--dest=org.freedesktop.DBus", "/"];
    const name = ["org.freedesktop.DBus.NameHasOwner", "string:org.freedesktop.secrets"];
    const { stdout } = await run("dbus-send", [...asked, ...name]);
    return stdout.includes("true");
  });
  return async () => {
    child.kill();
    await once(child, "exit");
    await rm(dir, { recursive: true, force: true });
  };
}
