import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test, vi } from "vitest";
import { ApiError } from "../api/client";
import { eventParser } from "../host/sse";
import { keepIn } from "../kit/storage";
import { Kept, sweep } from "../shared/kept";
import { reasonOf, span, stateName } from "../shared/words";
import { speak } from "../words";
import { claimKey, doubts, draftSpans, sourceViews } from "./citations";
import { type Desk, DeskContext, newView, show } from "./context";
import { NO_FILTERS, narrowed, SavedFilters } from "./filters";
import { isCommand, MIN_LOOK_MS, mayDecide } from "./guard";
import { carry, place } from "./ops";
import { after, refreshed, visibleRows } from "./rows";
import { excerptOf } from "./Sources";
import { Stopwatch } from "./stopwatch";
import { Thread } from "./Thread";
import { aDraft, memoryStorage } from "./testing";
import { Texts } from "./texts";
import { entriesOf, laidOut, summary } from "./tools";
import { filterWords, LAPSED, MARKS } from "./words";

// A page rendered to text has no subscriptions.
vi.mock("../kit/store", async (original) => ({
  ...(await original<object>()),
  useStore: (store: { get(): unknown }, select = (value: unknown) => value) => select(store.get()),
}));

describe("keys", () => {
  const seen = { leased: true, paintedAt: 1000, now: 1000 + MIN_LOOK_MS, dialogOpen: false };

  test.each([
    ["it is not leased", { leased: false }],
    ["it is not painted", { paintedAt: null }],
    ["it came on screen a moment ago", { now: 1100 }],
    ["a dialog is open", { dialogOpen: true }],
  ])("don't decide on a draft when %s", (_, part) => {
    expect(mayDecide(seen)).toBe(true);
    expect(mayDecide({ ...seen, ...part })).toBe(false);
  });

  test("typed in a field or held down are no commands", () => {
    const press = (part: object) => isCommand({ target: null, repeat: false, ...part } as KeyboardEvent);
    expect(press({})).toBe(true);
    expect(press({ repeat: true })).toBe(false);
    expect(press({ isComposing: true })).toBe(false);
    expect(press({ target: { tagName: "TEXTAREA" } })).toBe(false);
    expect(press({ target: { tagName: "DIV", isContentEditable: true } })).toBe(false);
  });
});

describe("typed text", () => {
  const textsOf = (storage = memoryStorage(), subject = "ana") =>
    new Texts(new Kept(storage, subject, "text"), () => 5);

  test("survives a new window, by the draft's content", () => {
    const storage = memoryStorage();
    const texts = textsOf(storage);
    texts.save(aDraft(), "half a sen", "factual");
    texts.flush();
    expect(textsOf(storage).of(aDraft())).toMatchObject({ text: "half a sen", grade: "factual" });
  });

  test("is there for nobody else who signs in here", () => {
    const storage = memoryStorage();
    const texts = textsOf(storage, "ana");
    texts.save(aDraft(), "what the first of two reviewers thinks");
    texts.flush();
    const other = textsOf(storage, "ben");
    expect([other.of(aDraft()), other.earlier(aDraft({ content_hash: "x" }))]).toEqual([undefined, []]);
    expect(textsOf(storage, "ana").of(aDraft())?.text).toContain("first of two");
  });

  test("is offered on the next revision of the same ticket alone", () => {
    const texts = textsOf();
    texts.save(aDraft(), "old words");
    const newer = aDraft({ content_hash: "hash-2", revision: "2" });
    expect(texts.of(newer)).toBeUndefined();
    expect(texts.earlier(newer).map((typed) => typed.text)).toEqual(["old words"]);
    expect(texts.earlier(aDraft({ external_id: "ticket-other", content_hash: "x" }))).toEqual([]);
  });

  test("is lost by nobody when the storage is full: what has no room is kept in the window, and that is said", () => {
    const storage = memoryStorage(400);
    const texts = textsOf(storage);
    texts.save(aDraft({ id: "old" }), "x".repeat(200));
    texts.flush();
    expect(storage.whole.get()).toBe(true);
    texts.save(aDraft({ id: "new" }), "y".repeat(200));
    texts.flush();
    expect(storage.whole.get()).toBe(false);
    const again = textsOf(storage);
    expect([again.of(aDraft({ id: "old" }))?.text[0], again.of(aDraft({ id: "new" }))?.text[0]]).toEqual([
      "x",
      "y",
    ]);
    // Where room is made, it is written after all.
    again.forget("hash-old");
    expect(storage.whole.get()).toBe(true);
  });
});

describe("what is kept of somebody's typing", () => {
  test("goes once it is sent, unless it was changed since", () => {
    const kept = new Kept(memoryStorage(), "ana", "note");
    kept.keep("e1", "as it was sent");
    kept.keep("e1", "as it was sent, and more");
    expect(kept.sent("e1", "as it was sent")).toBe("as it was sent, and more");
    expect(kept.sent("e1", "as it was sent, and more")).toBeNull();
    expect(kept.ids()).toEqual([]);
  });

  test("goes after a month, whoever typed it, and so does what belongs to nobody", () => {
    const storage = memoryStorage();
    new Kept(storage, "ana", "note").keep("e1", "words");
    storage.set("countersign:text:hash", JSON.stringify({ text: "of whom?" }));
    storage.set("countersign:verdict:v1", "{}");
    sweep(storage, Date.now());
    expect(storage.keys("countersign:")).toEqual(["countersign:typed:ana:note:e1", "countersign:verdict:v1"]);
    sweep(storage, Date.now() + 31 * 24 * 3_600_000);
    expect(storage.keys("countersign:")).toEqual(["countersign:verdict:v1"]);
  });

  test("a storage that refuses everything is no reason to stop", () => {
    const storage = keepIn(() => {
      throw new Error("SecurityError");
    });
    storage.set("a", "1");
    expect([storage.get("a"), storage.keys(""), storage.whole.get()]).toEqual(["1", ["a"], false]);
    storage.remove("a");
    expect([storage.get("a"), storage.whole.get()]).toEqual([null, true]);
  });
});

describe("a diff's place in the new text", () => {
  const ops = [
    { tag: "equal" as const, text: "We " },
    { tag: "delete" as const, text: "have 😀 " },
    { tag: "insert" as const, text: "will\r\n" },
    { tag: "equal" as const, text: "refund you" },
  ];

  test("insertions and deletions stand where they belong", () => {
    expect(place(ops)).toEqual({
      text: "We will\nrefund you",
      inserted: [{ at: 3, text: "will\n" }],
      deleted: [{ at: 3, text: "have 😀 " }],
    });
  });

  test("a range of the old text is carried over in the pieces that survived", () => {
    expect(carry(ops, 0, 17)).toEqual([
      { start: 0, end: 3 },
      { start: 8, end: 14 },
    ]);
    expect(carry(ops, 3, 8)).toEqual([]);
  });
});

describe("the queue", () => {
  const row = (id: string, held_by: string | null = null) => aDraft({ id, held_by });

  test("a refreshed page keeps what came after its new end", () => {
    const old = { drafts: [row("a"), row("b"), row("c")], next_cursor: "c" };
    const fresh = { drafts: [row("0"), row("a"), row("b")], next_cursor: "b" };
    expect(refreshed(old, fresh).drafts.map(({ id }) => id)).toEqual(["0", "a", "b", "c"]);
    expect(refreshed(old, fresh).next_cursor).toBe("c");
  });

  test("a row that is in two pages, or was decided here, is shown once or not at all", () => {
    const pages = [{ drafts: [row("a"), row("b")] }, { drafts: [row("b"), row("c")] }];
    expect(visibleRows(pages, new Set(["a"])).map(({ id }) => id)).toEqual(["b", "c"]);
  });

  test("working down a list goes on below, then starts above, and leaves out what others hold", () => {
    expect(after([row("a"), row("b"), row("c", "Ana"), row("d", "you")], "b")).toEqual(["d", "a"]);
  });
});

test("a conflict stands before an unsupported claim in the queue, and in the colour of what is wrong", () => {
  const order = Object.keys(MARKS);
  expect(order.indexOf("conflict")).toBeLessThan(order.indexOf("uncited_claim"));
  expect(MARKS.conflict).toBe("fail");
});

describe("filters", () => {
  test("the whole queue is one object, whatever was set and taken back", () => {
    expect(narrowed({ sort: "deadline", q: "", mark: undefined })).toBe(NO_FILTERS);
    expect(narrowed({ sort: "newest" })).toEqual({ sort: "newest" });
  });

  test("are kept by name for one person, nine of them, and forgotten when damaged", () => {
    const storage = memoryStorage();
    const mine = new SavedFilters(storage, "ana");
    for (let i = 0; i < 10; i++) mine.save({ name: `f${i}`, filters: { sort: "deadline", q: `${i}` } });
    mine.save({ name: "f5", filters: { sort: "newest" } });
    expect(mine.list()).toHaveLength(9);
    expect(mine.list().at(-1)).toEqual({ name: "f5", filters: { sort: "newest" } });
    expect(mine.remove("f5").map(({ name }) => name)).not.toContain("f5");
    expect(new SavedFilters(storage, "ben").list()).toEqual([]);
    storage.set("countersign:filters:ana", "{");
    expect(mine.list()).toEqual([]);
  });

  test("are said in words", () => {
    const filters = {
      sort: "newest",
      workflow: "a,b",
      state: "staged",
      mark: "conflict",
      q: "seat",
    } as const;
    expect(filterWords(filters, (id) => (id === "a" ? "Alpha" : undefined))).toBe(
      "“seat” · Alpha, b · waiting for review · conflict · newest first",
    );
  });
});

describe("citations", () => {
  const draft = aDraft({
    draft: {
      text: "😀 Seats cost. Refunded.",
      citations: [
        { source: "s", quote: "Seats cost", start: 2, end: 12 },
        { source: "gone", quote: "Refunded" },
      ],
    },
    sources: [{ id: "s" }, { id: "spare" }],
    checks: {
      citations: [
        { source: "s", status: "found", start: 1, end: 11 },
        { source: "gone", status: "no_such_source" },
      ],
      uncited: [{ start: 14, end: 23 }],
    },
    stored_sources: [{ id: "s", title: "Prices", text: "😀Seats cost money." }],
  });
  const sources = sourceViews(draft);

  test("sources are numbered in the order of citing, unused ones last", () => {
    expect(sources.map(({ number, id, status }) => [number, id, status])).toEqual([
      [1, "s", "found"],
      [2, "gone", "no_such_source"],
      [3, "spare", "unused"],
    ]);
  });

  test("code points become places in the texts, on both sides of a citation", () => {
    const [found, gone, bare] = draftSpans(draft, sources);
    expect(draft.draft.text.slice(found?.start, found?.end)).toBe("Seats cost");
    expect(gone?.className).toBe("cite bad");
    expect(draft.draft.text.slice(gone?.start, gone?.end)).toBe("Refunded");
    expect(bare?.className).toBe("claim");
    const passage = sources[0]?.spans[0];
    expect(sources[0]?.text?.slice(passage?.start, passage?.end)).toBe("Seats cost");
  });

  test("what is doubted is said in words", () => {
    expect(doubts(draft)).toEqual(["Unsupported claim", "a cited source doesn't exist"]);
  });

  test("what the sender doubts doesn't hide what the hub does", () => {
    const both = (note?: string) => doubts({ ...draft, signals: [{ kind: "uncited_claim", note }] });
    expect(both("No source says it").slice(0, 2)).toEqual(["No source says it", "Unsupported claim"]);
    expect(both()).toEqual(doubts(draft));
    expect(doubts(aDraft({ signals: [{ kind: "uncited_claim" }] }))).toEqual(["unsupported claim"]);
  });

  test("a doubt without a note is said in the language that is spoken", () => {
    speak("de");
    try {
      const unsure = aDraft({ signals: [{ kind: "low_confidence", start: 0, end: 5 }] });
      expect(doubts(unsure)).toEqual(["unsicher"]);
      expect(draftSpans(unsure, []).map(({ title }) => title)).toEqual(["unsicher"]);
    } finally {
      speak("en");
    }
  });

  test("an excerpt holds the passage and is cut between words", () => {
    const text = `${"lead word ".repeat(100)}THE PASSAGE${" tail word".repeat(100)}`;
    const { text: shown, spans } = excerptOf(text, [
      { key: "c0", start: 1000, end: 1011, className: "cite" },
    ]);
    expect(shown.slice(spans[0]?.start, spans[0]?.end)).toBe("THE PASSAGE");
    expect(shown.length).toBeLessThan(400);
    expect(shown).toMatch(/^… (lead|word) .* (tail|word) …$/);
  });
});

describe("tools", () => {
  test("a call and its result are one entry, a late result finds its call", () => {
    const entries = entriesOf([
      { role: "tool_call", name: "a", text: "1" },
      { role: "tool_call", name: "b", text: "2" },
      { role: "tool", name: "a", text: "3" },
      { role: "tool", name: "b", text: "4" },
      { role: "customer", text: "hi" },
    ]);
    expect(entries.map((entry) => (entry.kind === "tool" ? [entry.call, entry.result] : "said"))).toEqual([
      ["1", "3"],
      ["2", "4"],
      "said",
    ]);
  });

  test("of two open calls of one name the first gets the first answer", () => {
    const entries = entriesOf([
      { role: "tool_call", name: "get_order", text: "A" },
      { role: "tool_call", name: "get_order", text: "B" },
      { role: "tool", name: "get_order", text: "answer A" },
      { role: "tool", name: "get_order", text: "answer B" },
    ]);
    expect(entries.map((entry) => entry.kind === "tool" && [entry.call, entry.result])).toEqual([
      ["A", "answer A"],
      ["B", "answer B"],
    ]);
  });

  test.each([
    ["lists, to the last", "[", "]", 90_000],
    ["objects, to the last", '{"a":', "}", 30_000],
    ["lists, whose indentation alone would be megabytes", "[", "]", 4_000],
  ])("%s: what is nested so deeply is shown as it came", (_, open, close, depth) => {
    const text = `${open.repeat(depth)}1${close.repeat(depth)}`;
    expect(summary(text)).toBe(`${text.slice(0, 90)}…`);
    expect(laidOut(text) === text).toBe(true);
  });

  test("what people nest is laid out", () => {
    expect(summary('[[{"a":[1,2]}]]')).toBe("2 a");
    expect(laidOut('{"a":[1]}')).toBe('{\n  "a": [\n    1\n  ]\n}');
  });

  test("a result is said in one line", () => {
    expect(summary('{"origin":"JFK","n":2}')).toBe("JFK, 2");
    expect(summary("[1,2,3]")).toBe("3 results");
    expect(summary("plain\n words")).toBe("plain words");
    expect(summary("x".repeat(500)).length).toBeLessThan(100);
  });
});

test("a long message is cut, unless evidence beyond the cut was asked for", () => {
  const filler = "word ".repeat(2_000);
  const place = (start: number) => ({ message: 0, start, end: start + 7 });
  const draft = aDraft({
    thread: [{ role: "customer", text: `OPENING ${filler}THE END` }],
    checks: {
      citations: [],
      uncited: [],
      claims: [
        { start: 0, end: 1, kind: "amount", status: "supported", evidence: [place(0)] },
        { start: 1, end: 2, kind: "amount", status: "supported", evidence: [place(10_008)] },
      ],
    },
  });
  const shown = (sought: string | null) => {
    const view = newView();
    show(view, { sought });
    const thread = createElement(Thread, { draft, customer: null });
    return renderToStaticMarkup(createElement(DeskContext, { value: { view } as Desk }, thread));
  };
  expect(shown(null)).not.toContain("THE END");
  expect(shown(claimKey(draft, 0))).not.toContain("THE END");
  expect(shown(claimKey(draft, 1))).toMatch(/class="evidence[^>]*>THE END</);
});

test("what depends on data follows the language", () => {
  speak("de");
  try {
    expect(span(3 * 3_600_000)).toBe("3 h");
    expect(stateName("in_review")).toBe("in Prüfung");
    expect(reasonOf(new ApiError(403, "forbidden", "you may not"))).toBe(
      "Dafür fehlt Ihnen das Recht. (Der Hub: You may not.)",
    );
    expect(LAPSED()).toContain("Reservierung");
    expect(filterWords({ sort: "newest" }, () => undefined)).toBe("neueste zuerst");
  } finally {
    speak("en");
  }
  expect(LAPSED()).toContain("hold");
});

test("the stopwatch counts the draft that is looked at, and no other", () => {
  let now = 0;
  const watch = new Stopwatch(() => now);
  watch.run("a");
  now = 4_000;
  watch.pause();
  now = 60_000;
  watch.run("a");
  now = 62_000;
  watch.run("b");
  now = 70_000;
  expect([watch.seconds("a"), watch.seconds("b")]).toEqual([6, 8]);
});

test("events come whole, however the stream is cut", () => {
  const seen: string[] = [];
  const parse = eventParser((data) => seen.push(data));
  for (const chunk of [": hello\n\nevent: cha", 'nge\ndata: {"a"', ":1}\r\n\r\ndata: two\n", "\n"])
    parse(chunk);
  expect(seen).toEqual(['{"a":1}', "two"]);
});
