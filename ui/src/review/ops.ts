import type { DiffOp } from "../api/types";

export interface Placed {
  /** Where in the new text; a deletion stands before this offset. */
  at: number;
  text: string;
}

/** Where the diff's words stand in the new text, in its UTF-16 offsets with line breaks counted once. */
export function place(ops: DiffOp[]): { text: string; inserted: Placed[]; deleted: Placed[] } {
  let text = "";
  const inserted: Placed[] = [];
  const deleted: Placed[] = [];
  for (const op of ops) {
    const words = oneBreak(op.text);
    if (op.tag === "delete") {
      deleted.push({ at: text.length, text: words });
      continue;
    }
    if (op.tag === "insert") inserted.push({ at: text.length, text: words });
    text += words;
  }
  return { text, inserted, deleted };
}

/** Where a range of the old text went in the new one: only what survived, in pieces. */
export function carry(ops: DiffOp[], start: number, end: number): { start: number; end: number }[] {
  const pieces: { start: number; end: number }[] = [];
  let from = 0;
  let to = 0;
  for (const op of ops) {
    const length = oneBreak(op.text).length;
    if (op.tag === "equal") {
      const a = Math.max(start, from);
      const b = Math.min(end, from + length);
      if (a < b) pieces.push({ start: a - from + to, end: b - from + to });
    }
    if (op.tag !== "insert") from += length;
    if (op.tag !== "delete") to += length;
  }
  return pieces;
}

export function oneBreak(text: string): string {
  return text.replace(/\r\n?/g, "\n");
}
