import type { Nodes, Parents } from "mdast";
import { fromMarkdown } from "mdast-util-from-markdown";

/**
 * A text as a tree whose leaves are pieces of the source: `text` stands at `at` in it, unchanged. Nothing is
 * dropped: what has no safe rendering (HTML, definitions, titles) is a leaf with its own source.
 */
export type Node = Leaf | Branch;
export interface Leaf {
  text: string;
  at: number;
}
export interface Branch {
  tag: Tag;
  children: Node[];
  /** The first number of an `ol`. */
  start?: number;
}
export type Tag =
  | "p"
  | "heading"
  | "ul"
  | "ol"
  | "li"
  | "quote"
  | "pre"
  | "strong"
  | "em"
  | "code"
  | "link"
  | "address"
  | "raw"
  | "br"
  | "hr";

/** Past these a text is shown as it is: hostile nesting costs a parser more than it gives a reader. */
const MAX_LENGTH = 40_000;
const MAX_DEPTH = 24;
const MAX_OPENERS = 400;

const BLANK_LINES = /(?:\r?\n){2,}/g;

export function isLeaf(node: Node): node is Leaf {
  return "text" in node;
}

/** As it was typed; only blank lines are drawn as what they are, the gaps between paragraphs. */
export function plain(text: string): Node[] {
  const paragraphs: Node[] = [];
  let at = 0;
  for (const gap of [...text.matchAll(BLANK_LINES), null]) {
    const end = gap?.index ?? text.length;
    if (end > at) paragraphs.push({ tag: "p", children: [{ text: text.slice(at, end), at }] });
    at = end + (gap?.[0].length ?? 0);
  }
  return paragraphs;
}

export function parse(text: string): Node[] {
  if (isHostile(text)) return plain(text);
  const root = fromMarkdown(text);
  return children(root, text, 0);
}

function isHostile(text: string): boolean {
  if (text.length > MAX_LENGTH) return true;
  if ((text.match(/[[\]<]/g)?.length ?? 0) > MAX_OPENERS * 2) return true;
  for (const line of text.split("\n")) {
    const lead = /^(?:[ \t]|>|[*+-](?=\s)|\d{1,9}[.)](?=\s))+/.exec(line)?.[0] ?? "";
    if ((lead.match(/>|[*+-]|\d+[.)]/g)?.length ?? 0) > MAX_DEPTH || lead.length > 200) return true;
    if ((line.match(/[*_`]/g)?.length ?? 0) > MAX_OPENERS) return true;
  }
  return false;
}

function children(node: Parents, source: string, depth: number): Node[] {
  const inText = node.type !== "root" && node.type !== "blockquote" && node.type !== "listItem";
  return node.children.flatMap((child) => convert(child, source, depth + 1, inText));
}

function convert(node: Nodes, source: string, depth: number, inText: boolean): Node[] {
  const from = node.position?.start.offset ?? 0;
  const to = node.position?.end.offset ?? from;
  const raw = source.slice(from, to);
  const own = (tag: Tag): Node[] => [{ tag, children: [{ text: raw, at: from }] }];
  const written = (): Node[] => (inText ? own("raw") : [{ tag: "p", children: own("raw") }]);
  if (depth > MAX_DEPTH) return written();
  const inside = (tag: Tag): Node[] => [{ tag, children: children(node as Parents, source, depth) }];
  switch (node.type) {
    case "paragraph":
      return isTable(raw) ? own("pre") : inside("p");
    case "heading":
      return inside("heading");
    case "blockquote":
      return inside("quote");
    case "list":
      return node.ordered
        ? [{ tag: "ol", start: node.start ?? 1, children: children(node, source, depth) }]
        : inside("ul");
    case "listItem":
      return inside("li");
    case "strong":
      return inside("strong");
    case "emphasis":
      return inside("em");
    case "text":
      return align(node.value, source, from, to);
    case "inlineCode":
      return [{ tag: "code", children: align(node.value, source, from, to) }];
    case "code":
      return [{ tag: "pre", children: align(node.value, source, from, to) }];
    case "break":
      return [{ tag: "br", children: [] }];
    case "thematicBreak":
      return [{ tag: "hr", children: [] }];
    case "link":
      return link(node, source, from, to, depth);
    default:
      // HTML, images, definitions and references: shown as written, addresses and all.
      return written();
  }
}

function link(
  node: Extract<Nodes, { type: "link" }>,
  source: string,
  from: number,
  to: number,
  depth: number,
): Node[] {
  const shown = children(node, source, depth);
  const last = node.children.at(-1)?.position?.end.offset ?? from;
  const address = source.slice(last, to);
  // `<https://…>` shows its address already.
  if (!address.startsWith("](")) return [{ tag: "link", children: shown }];
  return [
    { tag: "link", children: shown },
    { tag: "address", children: [{ text: address.slice(1), at: last + 1 }] },
  ];
}

function isTable(raw: string): boolean {
  const [, rule] = raw.split("\n", 2);
  return rule !== undefined && /^[\s|:-]*-[\s|:-]*$/.test(rule) && rule.includes("|");
}

/**
 * Finds a node's value in its source, from which the parser took escapes, line prefixes and fences; the pieces
 * between those are the leaves. A value that isn't there letter by letter (a character reference) stays as written.
 */
export function align(value: string, source: string, from: number, to: number): Leaf[] {
  const leaves: Leaf[] = [];
  let at = from;
  let taken = 0;
  while (taken < value.length) {
    at = source.indexOf(value[taken] as string, at);
    if (at < 0 || at >= to) return [{ text: source.slice(from, to), at: from }];
    let length = 1;
    while (
      taken + length < value.length &&
      at + length < to &&
      source[at + length] === value[taken + length]
    ) {
      length += 1;
    }
    leaves.push({ text: value.slice(taken, taken + length), at });
    at += length;
    taken += length;
  }
  return leaves;
}
