import type { Host } from "../host";
import { words } from "../words";
import { reasonOf } from "./words";

/** What came of saving a file, in words. */
export interface Saved {
  state: "done" | "failed";
  words: string;
}

/** Saves what a GET of this path answers. */
export async function saveAs(host: Host, path: string, name: string): Promise<Saved> {
  const says = words().shared;
  try {
    const saved = await host.save(path, name);
    return { state: "done", words: saved === null ? says.notSaved : says.saved(saved) };
  } catch (error) {
    return { state: "failed", words: says.saveFailed(whyNot(error)) };
  }
}

/** A host says what went wrong in words of its own, or only with the hub's status. */
function whyNot(error: unknown): string {
  const said = error instanceof Error ? error.message : String(error);
  return /^\d{3}$/.test(said) ? words().shared.answered(said) : said || reasonOf(error);
}
