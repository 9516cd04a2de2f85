import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { splitHidden } from "./hidden";
import { fromCodePoints } from "./offsets";
import { parse } from "./parse";
import { Prose } from "./prose";
import { cutLeaves, leavesOf, type Span } from "./spans";

const html = (text: string, spans: Span[] = []) =>
  renderToStaticMarkup(<Prose text={text} format="markdown" spans={spans} />);

describe("a hostile text", () => {
  test.each([
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "hello <b onclick=x>there</b>",
    "[click](javascript:alert(1))",
    "[click](file:///etc/passwd)",
    "![pixel](https://tracker.example/p.png)",
    "<https://tracker.example>",
    "[a]: https://tracker.example 'title'\n\n[a] ![a]",
  ])("%s makes no element that runs, fetches or navigates", (text) => {
    expect(html(text)).not.toMatch(
      /<(a|img|script|b|iframe|svg|link|style|form)[\s>]|<[^>]+ (src|href|on\w+)=/,
    );
  });

  test("the address behind a link is on view", () => {
    expect(html("[our site](https://evil.example/x)")).toContain("(https://evil.example/x)");
    expect(html("![alt](https://evil.example/p.png)")).toContain("https://evil.example/p.png");
  });

  test.each([
    ["quotes", ">".repeat(20_000)],
    ["quotes with text", `${"> ".repeat(5_000)}x`],
    ["lists", "- ".repeat(10_000)],
    ["indented lists", Array.from({ length: 300 }, (_, i) => `${"  ".repeat(i)}- x`).join("\n")],
    ["brackets", "[".repeat(30_000)],
    ["images", "![".repeat(15_000)],
    ["emphasis", "*a **a ".repeat(5_000)],
    ["ticks", "`a``b".repeat(6_000)],
    ["autolinks", "<a".repeat(15_000)],
    ["tables", "|".repeat(30_000)],
    ["one megabyte", "word ".repeat(200_000)],
  ])("%s nested without end are drawn within half a second", (_, text) => {
    const before = performance.now();
    html(text);
    expect(performance.now() - before).toBeLessThan(500);
  });

  test("characters that can't be seen become labels", () => {
    expect(html("pay \u202e001\u202c now")).toMatch(/RLO<\/span>001<span[^>]*>PDF/);
    expect(html("a\u200bb")).not.toContain("\u200b");
    expect(splitHidden("tag \u{e0041}").at(-1)?.hidden).toBe("U+E0041");
  });

  test("joiners that belong to the spelling stay", () => {
    expect(splitHidden("👨‍👩‍👧 می‌خواهم")).toHaveLength(1);
    expect(splitHidden("pay\u200dpal")).toHaveLength(3);
  });
});

describe("offsets", () => {
  test("code points count a surrogate pair once", () => {
    const at = fromCodePoints("a😀b😀c");
    expect([0, 1, 2, 3, 4, 5, 99].map(at)).toEqual([0, 1, 3, 4, 6, 7, 7]);
  });

  test.each([
    "plain words\nover two lines",
    "**bold** and *soft* with \\*escapes\\* and `code`",
    "> quoted\n> twice\n\n1. one\n   - two\n     more",
    "&amp; and &#60; references",
    "```\ncode\n  kept\n```\n\n# Head",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "[text](https://a.example 'title') <b>x</b>",
  ])("every leaf of %j stands where it says", (text) => {
    for (const leaf of leavesOf(parse(text)))
      expect(text.slice(leaf.at, leaf.at + leaf.text.length)).toBe(leaf.text);
  });

  test("a span over markup marks the words and ends once", () => {
    const text = "see **the seats** added";
    const span = { key: "1", start: 4, end: 17, className: "c", badge: { text: "1", label: "one" } };
    const cuts = [...cutLeaves(leavesOf(parse(text)), [span]).values()].flat();
    expect(cuts.filter((cut) => cut.spans.length > 0).map((cut) => cut.text)).toEqual(["the seats"]);
    expect(cuts.filter((cut) => cut.ending.length > 0)).toHaveLength(1);
    expect(html(text, [span])).toContain(
      '<sup><span role="button" tabindex="0" aria-label="one">1</span></sup>',
    );
  });
});
