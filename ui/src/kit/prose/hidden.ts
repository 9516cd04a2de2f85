import { words } from "../../words";

/**
 * Characters that show nothing themselves but change what a reader sees, or hide text from them, by their short names in
 * Unicode. Those that have none are in the catalogue.
 */
const SHORT: Record<number, string> = {
  1564: "ALM",
  6158: "MVS",
  8204: "ZWNJ",
  8205: "ZWJ",
  8206: "LRM",
  8207: "RLM",
  8234: "LRE",
  8235: "RLE",
  8236: "PDF",
  8237: "LRO",
  8238: "RLO",
  8294: "LRI",
  8295: "RLI",
  8296: "FSI",
  8297: "PDI",
  65279: "BOM",
};

// biome-ignore-start lint/suspicious/noMisleadingCharacterClass: these code points, one by one
// biome-ignore-start lint/suspicious/noControlCharactersInRegex: control characters are what it finds
export const HIDDEN =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]/gu;
// biome-ignore-end lint/suspicious/noControlCharactersInRegex: see above
// biome-ignore-end lint/suspicious/noMisleadingCharacterClass: see above

// biome-ignore-start lint/suspicious/noMisleadingCharacterClass: the emoji selector, by itself
/** Joiners belong to the spelling of emoji and of Arabic and Indic words; anywhere else they only hide. */
const JOINED =
  /[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f\p{Script=Arabic}\p{Script=Syriac}\p{Script=Devanagari}\p{Script=Bengali}\p{Script=Tamil}\p{Script=Telugu}\p{Script=Kannada}\p{Script=Malayalam}\p{Script=Sinhala}\p{Script=Gujarati}\p{Script=Gurmukhi}\p{Script=Khmer}\p{Script=Myanmar}]/u;
// biome-ignore-end lint/suspicious/noMisleadingCharacterClass: see above

export interface Piece {
  text: string;
  /** What to show in the character's stead. */
  hidden?: string;
}

export function splitHidden(text: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    const at = match.index;
    if (isSpelling(text, at, match[0])) continue;
    if (at > from) pieces.push({ text: text.slice(from, at) });
    pieces.push({ text: match[0], hidden: nameOf(match[0]) });
    from = at + match[0].length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from) });
  return pieces;
}

function isSpelling(text: string, at: number, char: string): boolean {
  if (char !== "\u200c" && char !== "\u200d") return false;
  const before = [...text.slice(Math.max(0, at - 2), at)].pop() ?? "";
  const after = String.fromCodePoint(text.codePointAt(at + 1) ?? 0x20);
  return JOINED.test(before) && JOINED.test(after);
}

export function nameOf(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return words().kit.hidden[code] ?? SHORT[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}
