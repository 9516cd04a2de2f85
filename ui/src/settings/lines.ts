/** A stretch of a file that is sent in one go. */
export interface Chunk {
  /** How many lines of the file come before it. */
  before: number;
  lines: number;
  text: string;
}

const MOST_LINES = 500;
const MOST_CHARS = 2_000_000;

/** A file's lines in stretches, in order, so that a long import shows how far it is and can be stopped. */
export function chunks(text: string): Chunk[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const found: Chunk[] = [];
  let from = 0;
  let chars = 0;
  const close = (to: number) => {
    if (to > from) found.push({ before: from, lines: to - from, text: lines.slice(from, to).join("\n") });
    from = to;
    chars = 0;
  };
  lines.forEach((line, at) => {
    if (at - from >= MOST_LINES || (at > from && chars + line.length > MOST_CHARS)) close(at);
    chars += line.length;
  });
  close(lines.length);
  return found;
}
