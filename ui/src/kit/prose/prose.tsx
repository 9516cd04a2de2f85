import { Fragment, memo, type ReactNode, useMemo } from "react";
import { Inline } from "./inline";
import { type Branch, isLeaf, type Leaf, type Node, parse, plain } from "./parse";
import { type Cut, cutLeaves, leavesOf, type Span } from "./spans";

interface Props {
  text: string;
  format: "markdown" | "plain";
  spans?: Span[];
  /** The spans with this key are lit. */
  active?: string | null;
  onActive?: (key: string | null) => void;
  onPress?: (key: string) => void;
}

const NONE: Span[] = [];

/** Shows somebody else's text: no HTML, no links, no images, and nothing in it stays invisible. */
export const Prose = memo(function Prose({
  text,
  format,
  spans = NONE,
  active = null,
  onActive,
  onPress,
}: Props) {
  const nodes = useMemo(() => (format === "markdown" ? parse(text) : plain(text)), [text, format]);
  const cuts = useMemo(() => cutLeaves(leavesOf(nodes), spans), [nodes, spans]);
  const draw = { cuts, active, onActive, onPress };
  return <div className="prose">{nodes.map((node, i) => drawNode(node, i, draw))}</div>;
});

interface Draw {
  cuts: Map<Leaf, Cut[]>;
  active: string | null;
  onActive?: (key: string | null) => void;
  onPress?: (key: string) => void;
}

function drawNode(node: Node, key: number, draw: Draw): ReactNode {
  if (isLeaf(node)) {
    return <Fragment key={key}>{draw.cuts.get(node)?.map((cut, i) => drawCut(cut, i, draw))}</Fragment>;
  }
  const inner = node.children.map((child, i) => drawNode(child, i, draw));
  return drawBranch(node, key, inner);
}

function drawBranch(node: Branch, key: number, inner: ReactNode[]): ReactNode {
  switch (node.tag) {
    case "p":
      return (
        <p key={key} dir="auto">
          {inner}
        </p>
      );
    case "heading":
      return (
        <p key={key} dir="auto" className="heading">
          {inner}
        </p>
      );
    case "ul":
      return (
        <ul key={key} dir="auto">
          {inner}
        </ul>
      );
    case "ol":
      return (
        <ol key={key} dir="auto" start={node.start}>
          {inner}
        </ol>
      );
    case "li":
      return <li key={key}>{inner}</li>;
    case "quote":
      return <blockquote key={key}>{inner}</blockquote>;
    case "pre":
      return <pre key={key}>{inner}</pre>;
    case "strong":
      return <strong key={key}>{inner}</strong>;
    case "em":
      return <em key={key}>{inner}</em>;
    case "code":
      return <code key={key}>{inner}</code>;
    case "br":
      return <br key={key} />;
    case "hr":
      return <hr key={key} />;
    case "link":
    case "address":
    case "raw":
      return (
        <span key={key} className={node.tag} dir={node.tag === "address" ? "ltr" : undefined}>
          {inner}
        </span>
      );
  }
}

/** Of spans within each other the innermost is meant. */
function narrowest(spans: Span[]): Span | undefined {
  return spans.reduce<Span | undefined>(
    (least, span) => (least && least.end - least.start <= span.end - span.start ? least : span),
    undefined,
  );
}

function drawCut(cut: Cut, key: number, { active, onActive, onPress }: Draw): ReactNode {
  const shown = <Inline text={cut.text} />;
  if (cut.spans.length === 0) return <Fragment key={key}>{shown}</Fragment>;
  const leads = narrowest(cut.spans.filter((span) => span.leads));
  const lively = cut.spans.find((span) => span.badge) ?? leads;
  const lit = cut.spans.some((span) => span.key === active);
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the badge inside does the same for keys
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    <span
      key={key}
      className={`${cut.spans.map((span) => span.className).join(" ")}${lit ? " on" : ""}`}
      title={
        cut.spans
          .map((span) => span.title)
          .filter(Boolean)
          .join("; ") || undefined
      }
      onMouseEnter={lively && (() => onActive?.(lively.key))}
      onMouseLeave={lively && (() => onActive?.(null))}
      onClick={leads && onPress && (() => onPress(leads.key))}
    >
      {shown}
      {cut.ending.map(
        (span) =>
          span.badge && (
            <sup key={span.key}>
              {/* biome-ignore lint/a11y/useSemanticElements: a real button may break from its word onto the next line */}
              <span
                role="button"
                tabIndex={0}
                aria-label={span.badge.label}
                onFocus={() => onActive?.(span.key)}
                onBlur={() => onActive?.(null)}
                onKeyDown={(event) => {
                  if (event.key === "Enter" && span.leads) onPress?.(span.key);
                }}
              >
                {span.badge.text}
              </span>
            </sup>
          ),
      )}
    </span>
  );
}
