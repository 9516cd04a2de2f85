import ts from "typescript";
import { describe, expect, test } from "vitest";
import { de } from "./de";
import { en } from "./en";

type Node = string | ((...args: never[]) => unknown) | { [key: string]: Node } | Node[];

/** Every place of a catalogue with what stands there: how many parameters, or which word. */
function walk(node: Node, at = ""): [string, string | number][] {
  if (typeof node === "function") return [[at, node.length]];
  if (typeof node === "string") return [[at, node]];
  return Object.entries(node).flatMap(([key, inner]) => walk(inner as Node, `${at}.${key}`));
}

/** A place that is empty on purpose: what English says before a word, German may say after it. */
const MAY_BE_EMPTY = /(Before|After)$/;

describe("the catalogues", () => {
  const english = walk(en as unknown as Node);
  const german = new Map(walk(de as unknown as Node));

  test("have the same places, and functions with as many parameters", () => {
    expect([...german.keys()].sort()).toEqual(english.map(([at]) => at).sort());
    for (const [at, value] of english) {
      const other = german.get(at);
      expect(`${at} ${typeof other}`).toBe(`${at} ${typeof value}`);
      // A language may leave out a parameter at the end that it has no use for.
      if (typeof value === "number") expect(other, at).toBeLessThanOrEqual(value);
    }
  });

  test("leave nothing empty", () => {
    const empty = [...english, ...german].filter(
      ([at, value]) => typeof value === "string" && !value.trim() && !MAY_BE_EMPTY.test(at),
    );
    expect(empty.map(([at]) => at)).toEqual([]);
  });

  test("are spoken in German, not copied", () => {
    const sentences = english.filter(([, value]) => typeof value === "string" && value.split(" ").length > 3);
    expect(sentences.filter(([at, value]) => german.get(at) === value).map(([at]) => at)).toEqual([]);
  });

  test("call the queue by one name in German", () => {
    const files = import.meta.glob<string>("./de/*.ts", { query: "?raw", import: "default", eager: true });
    expect(Object.keys(files).filter((file) => /\bSchlange/.test(files[file] as string))).toEqual([]);
  });
});

/** What is no word of any language: the mark, a key's name, how an address begins. */
const ALLOWED = new Set(["C", "Esc", "https://"]);
const SPOKEN = ["aria-label", "aria-description", "placeholder", "title", "alt"];
/** What stands in these is typed into a terminal as it is, or is a key. */
const LITERAL = ["code", "kbd"];

describe("the screens", () => {
  const files = Object.entries(
    import.meta.glob<string>("../**/*.tsx", { query: "?raw", import: "default", eager: true }),
  ).filter(([file]) => !file.endsWith(".test.tsx"));

  test("say nothing that isn't in the catalogue", () => {
    expect(files.length).toBeGreaterThan(20);
    expect(files.flatMap(([file, text]) => spokenIn(file, text))).toEqual([]);
  });

  test("would be caught if they did", () => {
    const caught = spokenIn(
      "x.tsx",
      `<p title="Some words">Hello {on ? "yes" : no} <code>npm run</code></p>`,
    );
    expect(caught).toEqual(["x.tsx: Some words", "x.tsx: Hello", "x.tsx: yes"]);
  });
});

function spokenIn(file: string, text: string): string[] {
  const found: string[] = [];
  const note = (words: string) => {
    if (/\p{L}{2}/u.test(words) && !ALLOWED.has(words.trim())) found.push(`${file}: ${words.trim()}`);
  };
  const literals = (node: ts.Node) => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) note(node.text);
    if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach(literals);
    if (ts.isBinaryExpression(node)) literals(node.right);
    if (ts.isParenthesizedExpression(node)) literals(node.expression);
    if (ts.isTemplateExpression(node)) {
      for (const { text } of [node.head, ...node.templateSpans.map((span) => span.literal)]) note(text);
    }
  };
  const visit = (node: ts.Node): void => {
    if (ts.isJsxElement(node) && LITERAL.includes(node.openingElement.tagName.getText())) return;
    if (ts.isJsxText(node)) note(node.text);
    if (ts.isJsxAttribute(node)) {
      const spoken = SPOKEN.includes(node.name.getText()) ? node.initializer : undefined;
      if (spoken && ts.isStringLiteral(spoken)) note(spoken.text);
      if (spoken && ts.isJsxExpression(spoken) && spoken.expression) literals(spoken.expression);
    }
    if (ts.isJsxExpression(node) && node.expression && !ts.isJsxAttribute(node.parent))
      literals(node.expression);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX));
  return found;
}
