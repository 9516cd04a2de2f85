import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { until } from "../browser/hub.mjs";

const run = promisify(execFile);
const MENU = "/org/ayatana/NotificationItem/tray_icon_tray_app_main/Menu";

const call = (dest, path, method, ...args) =>
  run("gdbus", ["call", "--session", "--timeout=5", "--dest", dest, "--object-path", path, "--method", method, "--", ...args])
    .then(({ stdout }) => stdout);

/** The tray's menu as a panel of the desktop reads it: its entries by what they say. */
export async function trayMenu() {
  const names = await call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus.ListNames");
  for (const [, name] of names.matchAll(/'(:[\d.]+)'/g)) {
    const layout = await call(name, MENU, "com.canonical.dbusmenu.GetLayout", "0", "-1", "[]").catch(() => null);
    if (layout === null) continue;
    const entries = [...layout.matchAll(/\((\d+), \{([^}]*)\}/g)].flatMap(([, id, properties]) => {
      const label = /'label': <'([^']*)'>/.exec(properties)?.[1].replaceAll("_", "");
      return label === undefined ? [] : [{ id, label }];
    });
    return {
      labels: entries.map(({ label }) => label),
      choose: (label) => {
        const { id } = entries.find((entry) => entry.label === label);
        return call(name, MENU, "com.canonical.dbusmenu.Event", id, "clicked", "<''>", "0");
      },
    };
  }
  return null;
}

/** Listens to the notices that programs ask the desktop to show. */
export async function listenToNotices() {
  const child = spawn("dbus-monitor", ["--session", "interface='org.freedesktop.Notifications',member='Notify'"], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let heard = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    heard += text;
  });
  await until("the bus", () => heard.includes("NameAcquired"));
  return {
    /** The strings of every notice so far: program, icon, title, text and so on. */
    said: () => heard.split("method call").slice(1).map((one) => [...one.matchAll(/string "([^"]*)"/g)].map(([, s]) => s)),
    close: () => child.kill(),
  };
}
