import { isLeaf, type Leaf, type Node } from "./parse";

/** A marked part of a text, in UTF-16 offsets of its source. Spans may overlap. */
export interface Span {
  key: string;
  start: number;
  end: number;
  className: string;
  title?: string;
  /** A small number at the span's end, which can be focused. */
  badge?: { text: string; label: string };
  /** It leads somewhere: a press on it, and the pointer over it, say so. */
  leads?: boolean;
}

export interface Cut {
  text: string;
  spans: Span[];
  /** The spans whose last visible piece this is. */
  ending: Span[];
}

export function leavesOf(nodes: Node[]): Leaf[] {
  return nodes.flatMap((node) => (isLeaf(node) ? [node] : leavesOf(node.children)));
}

/** For each leaf, the pieces that span boundaries cut it into. */
export function cutLeaves(leaves: Leaf[], spans: Span[]): Map<Leaf, Cut[]> {
  const cuts = new Map<Leaf, Cut[]>();
  const last = new Map<Span, Cut>();
  for (const leaf of leaves) {
    const end = leaf.at + leaf.text.length;
    const here = spans.filter((span) => span.start < end && span.end > leaf.at);
    const edges = new Set([leaf.at, end]);
    for (const span of here) {
      if (span.start > leaf.at) edges.add(span.start);
      if (span.end < end) edges.add(span.end);
    }
    const sorted = [...edges].sort((a, b) => a - b);
    const pieces: Cut[] = [];
    for (let i = 0; i + 1 < sorted.length; i++) {
      const from = sorted[i] as number;
      const to = sorted[i + 1] as number;
      const cut: Cut = {
        text: leaf.text.slice(from - leaf.at, to - leaf.at),
        spans: here.filter((span) => span.start < to && span.end > from),
        ending: [],
      };
      for (const span of cut.spans) last.set(span, cut);
      pieces.push(cut);
    }
    cuts.set(leaf, pieces);
  }
  for (const [span, cut] of last) cut.ending.push(span);
  return cuts;
}
