import type { DiffOp } from "../api/types";

export interface Setting {
  key: string;
  value: unknown;
}

export interface Part {
  name: string;
  settings: Setting[];
}

/** A pack as its sections, each a flat list of dotted keys, in the file's own vocabulary. */
export function partsOf(pack: object): Part[] {
  return Object.entries(pack).flatMap(([name, value]) => {
    // Hashes stand with the versions; everything else of a pack is a section or a list of them.
    if (value === null || typeof value !== "object" || Object.keys(value).length === 0) return [];
    return [{ name, settings: flat("", value) }];
  });
}

function flat(key: string, value: unknown): Setting[] {
  if (Array.isArray(value) && value.some(isTable)) {
    return value.flatMap((entry, i) => flat(`${key}[${nameOf(entry) ?? i + 1}]`, without(entry)));
  }
  if (isTable(value)) {
    return Object.entries(value).flatMap(([name, inner]) => flat(key ? `${key}.${name}` : name, inner));
  }
  return [{ key, value }];
}

function isTable(value: unknown): value is Record<string, unknown> {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}

const NAMES = ["code", "name", "url"];

/** What tells the entries of a list apart. */
function nameOf(entry: unknown): string | undefined {
  if (!isTable(entry)) return undefined;
  return NAMES.map((name) => entry[name]).find((value) => typeof value === "string") as string | undefined;
}

/** An entry without the name that already stands in its key. */
function without(entry: unknown): unknown {
  if (!isTable(entry)) return entry;
  const said = NAMES.find((name) => typeof entry[name] === "string");
  return Object.fromEntries(Object.entries(entry).filter(([name]) => name !== said));
}

export type Stretch = { folded: false; lines: DiffOp[] } | { folded: true; lines: DiffOp[] };

const AROUND = 3;

/** A text's diff with long equal stretches apart, so that they can be folded; some lines around a change stay. */
export function stretches(lines: DiffOp[]): Stretch[] {
  const near = lines.map(() => false);
  lines.forEach(({ tag }, at) => {
    if (tag === "equal") return;
    for (let i = Math.max(0, at - AROUND); i <= Math.min(lines.length - 1, at + AROUND); i++) near[i] = true;
  });
  const found: Stretch[] = [];
  lines.forEach((line, i) => {
    const folded = !near[i];
    const last = found.at(-1);
    if (last && last.folded === folded) last.lines.push(line);
    else found.push({ folded, lines: [line] });
  });
  // Folding a line or two hides more than it saves.
  return found.map((one) => (one.folded && one.lines.length < AROUND ? { ...one, folded: false } : one));
}

/** Two versions at most are compared: with a third, the one picked first goes. */
export function picked(now: number[], version: number): number[] {
  return now.includes(version) ? now.filter((one) => one !== version) : [...now, version].slice(-2);
}

export interface FileText {
  /** Its path as it was chosen, folders and all. */
  path: string;
  text: string;
}

export const PACK_FILE = "workflow.toml";

/** Of the files chosen, those that make the pack: workflow.toml and what it names beside itself. */
export function packOf(files: FileText[]): { files: Record<string, string>; missing: string[] } | null {
  const depth = ({ path }: FileText) => path.split("/").length;
  const toml = files
    .filter(({ path }) => path === PACK_FILE || path.endsWith(`/${PACK_FILE}`))
    .sort((a, b) => depth(a) - depth(b))[0];
  if (!toml) return null;
  const folder = toml.path.slice(0, -PACK_FILE.length);
  const found: Record<string, string> = { [PACK_FILE]: toml.text };
  const missing: string[] = [];
  // Only to know which files to send: the hub reads the pack itself, and says what is wrong with it.
  for (const [, , name] of toml.text.matchAll(/^\s*(guidelines|runbook)\s*=\s*["']([^"'\n]+)["']/gm)) {
    const file = files.find(({ path }) => path === folder + name);
    if (file && name) found[name] = file.text;
    else if (name) missing.push(name);
  }
  return { files: found, missing };
}
