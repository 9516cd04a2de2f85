import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { bytesOf, firstLoad, launch, openConsole } from "../browser/browser.mjs";
import { program } from "../browser/hub.mjs";
import { makeHome, openApp, ready } from "./app.mjs";

/** The desktop's figures, in the release window over 100,000 drafts. Prints a table; exits 1 when one falls short. */

const DRAFTS = 100_000;
const APPROVALS = 200;
const VERDICTS = 500;
const BATCH = 5_000;

const rows = [];
const row = (figure, measured, unit, limit) => rows.push({ figure, measured, unit, limit, met: measured <= limit });

const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const at = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;

/** The processes that a program has started, and it itself, by what its command line begins with. */
async function family(name) {
  const all = new Map();
  for (const pid of (await readdir("/proc")).filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = await readFile(`/proc/${pid}/stat`, "utf8");
      const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      all.set(pid, { parent, started: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]), line: await readFile(`/proc/${pid}/cmdline`, "utf8") });
    } catch {
      // It ended meanwhile.
    }
  }
  const [root] = [...all].find(([, { line }]) => line.startsWith(name)) ?? [];
  const within = (pid) => pid !== undefined && (pid === root || within(all.get(pid)?.parent));
  return { started: all.get(root)?.started, pids: [...all.keys()].filter((pid) => within(pid)) };
}

/** Proportional set size of a program's whole process tree, in MB; each process of it is printed. */
async function memory(name) {
  let all = 0;
  const each = [];
  for (const pid of (await family(name)).pids) {
    const rollup = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
    const mb = Number(/^Pss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024;
    all += mb;
    each.push(`${(await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "?")).trim()} ${mb.toFixed(0)}`);
  }
  console.log(`memory (PSS), MB: ${all.toFixed(0)} (${each.join(", ")})`);
  return all;
}

const desktop = program("countersign-desktop", "release");
const home = await makeHome();
let app = await openApp(home, { profile: "release", env: { COUNTERSIGN_DEMO: "1" } });
try {
  const hub = await home.hub();
  await app.page.until("the demo", ready, null);
  const { workflows } = await hub.call("GET", "/v1/workflows");
  const workflow = workflows.find(({ killed }) => !killed).id;
  for (let from = 0; from < DRAFTS; from += BATCH) {
    const lines = Array.from({ length: BATCH }, (_, i) => JSON.stringify(draft(from + i))).join("\n");
    await hub.call("POST", `/v1/drafts?workflow=${workflow}&summary=true`, lines, "application/x-ndjson");
  }
  await app.close();

  app = await openApp(home, { profile: "release" });
  const { page } = app;
  let current = await page.until("a draft", ready, null);
  const [painted] = await page.run(() =>
    performance.getEntriesByName("first-draft").map((mark) => performance.timeOrigin + mark.startTime),
  );
  const boot = Number(/^btime (\d+)/m.exec(await readFile("/proc/stat", "utf8"))[1]) * 1000;
  const uptime = Number((await readFile("/proc/uptime", "utf8")).split(" ")[0]);
  // The kernel counts in hundredths since it began; the clock gives when that was more finely than btime does.
  const began = Math.abs(Date.now() - uptime * 1000 - boot) < 2_000 ? Date.now() - uptime * 1000 : boot;
  row("start to first draft on screen, 100,000 queued", (painted - began - (await family(desktop)).started * 10) / 1000, "s", 1.5);

  for (let n = 0; n < APPROVALS; n += 1) {
    await page.press("a");
    current = await page.until("the next draft", ready, current);
  }
  const took = await page.run(() =>
    performance.getEntriesByName("key-to-next-draft").map((entry) => entry.duration),
  );
  took.sort((a, b) => a - b);
  console.log(`key to next draft: ${took.length} approvals, p50 ${at(took, 0.5).toFixed(1)} ms`);
  row("key to next draft painted, 100,000 queued, p95", at(took, 0.95), "ms", 50);

  const frames = await page.runAsync(
    () =>
      new Promise((done) => {
        const list = document.querySelector(".rows");
        const deltas = [];
        let last = performance.now();
        const began = last;
        const step = (now) => {
          deltas.push(now - last);
          last = now;
          list.scrollTop += 400;
          if (now - began < 8_000) requestAnimationFrame(step);
          else done(deltas.slice(2).sort((a, b) => a - b));
        };
        requestAnimationFrame(step);
      }),
  );
  console.log(`scrolling: ${frames.length} frames, p50 ${at(frames, 0.5).toFixed(1)} ms, p99 ${at(frames, 0.99).toFixed(1)} ms`);
  row("scrolling the queue of 100,000, longest frame", frames.at(-1), "ms", 50);

  const sizes = [];
  for (let n = APPROVALS; n < VERDICTS + 200; n += 1) {
    await page.press("a");
    current = await page.until("the next draft", ready, current);
    if (n === VERDICTS - 1 || n === VERDICTS + 199) {
      await rest(3_000);
      sizes.push(await memory(desktop));
    }
  }
  const { url, token } = await home.hub();
  const browser = await launch();
  const { own } = await firstLoad((await openConsole(browser, `${url}/#token=${token}`)).page);
  await browser.close();
  row("first load in the browser, compressed", bytesOf(own) / 1000, "kB", 350);
  await app.close();
  app = await openApp(home, { application: program("examples/empty", "release") });
  await rest(3_000);
  const empty = await memory(program("examples/empty", "release"));
  row(`memory above an empty window after ${VERDICTS} verdicts (PSS)`, sizes[0] - empty, "MB", 120);
  row("growth over 200 verdicts more (PSS)", sizes[1] - sizes[0], "MB", 10);
} finally {
  await app.close();
  await home.remove();
}

const bundle = join(program("bundle", "release"), "deb");
const [deb] = (await readdir(bundle)).filter((name) => name.endsWith(".deb"));
row("the desktop's package", (await stat(join(bundle, deb))).size / 1_000_000, "MB", 20);

console.log("\n| figure | measured | promised | |\n|---|---|---|---|");
for (const { figure, measured, unit, limit, met } of rows) {
  console.log(`| ${figure} | ${measured.toFixed(2)} ${unit} | ≤ ${limit} ${unit} | ${met ? "met" : "MISSED"} |`);
}
process.exitCode = rows.every(({ met }) => met) ? 0 : 1;

function draft(n) {
  return {
    external_id: `bench-${n}`,
    revision: "1",
    thread: [{ role: "customer", text: `Invoice ${n} does not match our plan. ${"Nobody told us about a change. ".repeat(20)}` }],
    draft: { text: `Thank you for writing about invoice ${n}.\n\n${"We looked at it and it is as agreed. ".repeat(25)}` },
  };
}
