import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Api, ApiError } from "../api/client";
import type { Held, Verdict } from "../api/types";
import { Kept } from "../shared/kept";
import { Decisions } from "./decisions";
import { Session } from "./session";
import { aDraft, anApi, held, memoryStorage } from "./testing";
import { Texts } from "./texts";
import { LAPSED, READING } from "./words";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const settle = () => vi.advanceTimersByTimeAsync(0);
const refusal = (code: string) => new ApiError(409, code, "No.");

const textsIn = (storage = memoryStorage()) => new Texts(new Kept(storage, "me", "text"), () => 0);

function desk(part: Partial<Api>, queue: Held[] = [held("a"), held("b"), held("c")]) {
  const waiting = [...queue];
  const released: string[] = [];
  const asked: { draft_id?: string; exclude?: string[] }[] = [];
  let now = 0;
  const api = anApi({
    lease: async (body) => {
      asked.push(body);
      if (body.draft_id) return held(body.draft_id);
      return waiting.shift();
    },
    release: async (id) => void released.push(id),
    draft: async (id) => aDraft({ id }),
    now: () => now,
    ...part,
  });
  const texts = textsIn();
  const storage = memoryStorage();
  let busy = false;
  const session = new Session({
    api,
    texts,
    candidates: () => undefined,
    workflows: () => undefined,
    clock: () => now,
  });
  const decisions = new Decisions({
    api,
    texts,
    session,
    storage,
    subject: "me",
    busy: () => busy,
    painted: async () => {},
    onDecided: () => {},
  });
  const at = () => session.state.get();
  // The screen, which says what it has painted.
  session.state.subscribe(() => {
    const { shown } = at();
    if (shown?.draft && shown.paintedAt === null) queueMicrotask(() => session.painted(shown.id));
  });
  const wait = (ms: number) => (now += ms);
  return { session, decisions, texts, storage, released, asked, at, wait, type: () => (busy = true) };
}

const answer = (body: Verdict) => ({
  verdict_id: body.verdict_id,
  draft_id: "a",
  state: "approved" as const,
  action: body.action,
  undo_until: new Date(10_000).toISOString(),
  second_review: false,
  recorded_at: new Date(0).toISOString(),
  withdrawn: false,
});

describe("leases", () => {
  test("the next draft is leased beforehand and shown in the same tick as the verdict", async () => {
    const { session, decisions, at, asked } = desk({ decide: async (_, body) => answer(body) });
    session.start();
    await settle();
    expect([at().shown?.id, at().next?.draft.id]).toEqual(["a", "b"]);
    expect(asked[1]?.exclude).toEqual(["a"]);
    decisions.decide({ action: "approve" });
    expect(at().shown?.id).toBe("b");
    await settle();
    expect(at().next?.draft.id).toBe("c");
    expect(asked[2]?.exclude).toEqual(["a", "b"]);
  });

  test("a decision without a draft leased is none", async () => {
    const { decisions, session, at } = desk({}, []);
    session.start();
    await settle();
    decisions.decide({ action: "approve" });
    expect(at()).toMatchObject({ shown: null, empty: true, undo: null });
  });

  test("a row that is walked over isn't taken, one that is stayed on is", async () => {
    const { session, asked, at } = desk({});
    session.start();
    await settle();
    session.select("x");
    await vi.advanceTimersByTimeAsync(100);
    session.select("y");
    await vi.advanceTimersByTimeAsync(200);
    expect(asked.map((body) => body.draft_id).filter(Boolean)).toEqual(["y"]);
    expect(at().shown).toMatchObject({ id: "y", why: null, lease: { id: "lease-y" } });
  });

  test("leaving a draft gives it back, unless something was typed there", async () => {
    const { session, released, texts } = desk({});
    session.start();
    await settle();
    session.select("x");
    expect(released).toEqual(["lease-a"]);
    await vi.advanceTimersByTimeAsync(200);
    texts.save(aDraft({ id: "x" }), "typed");
    session.select("y");
    expect(released).toEqual(["lease-a"]);
  });

  test("a draft that somebody else holds can be read, and says why", async () => {
    const { session, at } = desk({
      lease: async (body) => {
        if (body.draft_id) throw new ApiError(409, "lease_lost", "taken");
        return undefined;
      },
    });
    session.start("x");
    await vi.advanceTimersByTimeAsync(200);
    expect(at().shown).toMatchObject({ id: "x", lease: null });
    const why = at().shown?.why;
    expect(why?.("Rosa")).toBe("Rosa holds this draft. You can read it.");
    expect(why?.()).toBe("Somebody else holds this draft. You can read it.");
    expect(at().shown?.draft?.id).toBe("x");
  });

  test("what is opened to be read isn't taken, and the draft that was left is still held", async () => {
    const { session, released, asked, at } = desk({});
    session.start();
    await settle();
    const before = asked.length;
    session.read("x");
    await vi.advanceTimersByTimeAsync(200);
    session.onEvent({ type: "draft.released", workflow: "w", draft_id: "x" });
    await settle();
    expect(asked).toHaveLength(before);
    expect(released).toEqual([]);
    expect(at()).toMatchObject({ shown: { id: "x", lease: null, why: READING }, back: "a" });
    session.select("a");
    expect(at()).toMatchObject({ shown: { id: "a", lease: { id: "lease-a" } }, back: null });
    session.read("x");
    session.read("y");
    expect(at().back).toBe("a");
    await session.take("y");
    expect(at().shown?.lease?.id).toBe("lease-y");
    await session.advance();
    expect(at()).toMatchObject({ shown: { id: "b" }, back: null });
    expect(released).toEqual(["lease-a"]);
  });

  test("leases are renewed while the person is there, and lapse when they are not", async () => {
    const renewed: string[] = [];
    const { session, at, wait } = desk({
      renew: async (id) => {
        renewed.push(id);
        return { id, fence: 1, expires_at: new Date(410_000).toISOString() };
      },
    });
    session.start();
    await settle();
    wait(90_000);
    session.touch();
    session.renew();
    expect(renewed).toEqual([]);
    wait(20_000);
    session.renew();
    await settle();
    expect(renewed).toEqual(["lease-a", "lease-b"]);
    wait(310_000);
    session.renew();
    await settle();
    expect(at().shown).toMatchObject({ lease: null, why: LAPSED });
    expect(renewed).toHaveLength(2);
    session.touch();
    await settle();
    expect(at().shown?.lease?.id).toBe("lease-a");
  });

  test("a kill voids what is held before anything can be decided", async () => {
    const { session, decisions, at } = desk({});
    session.start();
    await settle();
    session.onEvent({ type: "workflow.killed", workflow: "w" });
    expect(at()).toMatchObject({ shown: { lease: null }, next: null });
    decisions.decide({ action: "approve" });
    expect(at().undo).toBeNull();
  });
});

describe("while another screen is shown", () => {
  test("nothing is held and nothing is leased; coming back shows the same draft, leased anew", async () => {
    const { session, texts, released, asked, at } = desk({});
    session.start();
    await settle();
    texts.save(aDraft({ id: "a" }), "half a sen");
    session.stop();
    expect(released).toEqual(["lease-a", "lease-b"]);
    expect(at()).toMatchObject({ shown: { id: "a", lease: null, paintedAt: null }, next: null });
    const before = asked.length;
    session.onEvent({ type: "drafts.staged", workflow: "w" });
    await session.wake();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(before);

    session.start();
    await settle();
    expect(asked[before]).toEqual({ draft_id: "a" });
    expect(at()).toMatchObject({
      shown: { id: "a", lease: { id: "lease-a" } },
      next: { draft: { id: "c" } },
    });
    expect(texts.of(aDraft({ id: "a" }))?.text).toBe("half a sen");
  });

  test("a lease that comes too late goes back", async () => {
    let grant = (_: Held) => {};
    const { session, released, at } = desk({ lease: () => new Promise((resolve) => (grant = resolve)) });
    session.start();
    await settle();
    session.stop();
    grant(held("a"));
    await settle();
    expect(released).toEqual(["lease-a"]);
    expect(at()).toMatchObject({ shown: null, next: null });
  });

  test("coming back at once waits until the old lease has gone", async () => {
    const going: (() => void)[] = [];
    const { session, asked, at } = desk({ release: () => new Promise((resolve) => going.push(resolve)) });
    session.start();
    await settle();
    session.stop();
    session.start();
    await settle();
    expect(asked.some(({ draft_id }) => draft_id === "a")).toBe(false);
    for (const gone of going) gone();
    await settle();
    expect(at().shown).toMatchObject({ id: "a", lease: { id: "lease-a" } });
  });

  test("no verdict goes out on the draft before its new lease is there and its pixels are", async () => {
    let grant = (_: Held) => {};
    const { session, decisions, at } = desk({ decide: async (_, body) => answer(body) });
    session.start();
    await settle();
    session.stop();
    decisions.decide({ action: "approve" });
    expect(at()).toMatchObject({ undo: null, shown: { id: "a", paintedAt: null } });

    const slow = desk({ lease: () => new Promise((resolve) => (grant = resolve)) });
    slow.session.start("a");
    await vi.advanceTimersByTimeAsync(200);
    slow.decisions.decide({ action: "approve" });
    expect(slow.at().undo).toBeNull();
    grant(held("a"));
    await settle();
    expect(slow.at().shown?.lease?.id).toBe("lease-a");
  });

  test("a draft that was decided meanwhile says so and shows how", async () => {
    let decided = false;
    const { session, at } = desk({
      draft: async (id) => aDraft({ id, state: decided ? "approved" : "staged" }),
      lease: async () => {
        if (decided) throw refusal("already_decided");
        return held("a");
      },
    });
    session.start();
    await settle();
    session.stop();
    decided = true;
    session.start();
    await settle();
    expect(at().shown).toMatchObject({ id: "a", lease: null, draft: { state: "approved" } });
  });

  test("the address names another draft, and it is that one", async () => {
    const { session, at } = desk({});
    session.start();
    await settle();
    session.stop();
    session.start("x");
    await vi.advanceTimersByTimeAsync(200);
    expect(at().shown).toMatchObject({ id: "x", lease: { id: "lease-x" } });
  });

  test("a decision that is still on its way isn't sent a second time", async () => {
    const sent: string[] = [];
    const { session, decisions, at } = desk({
      decide: (_, body) => {
        sent.push(body.verdict_id);
        return new Promise(() => {});
      },
    });
    session.start();
    decisions.start();
    await settle();
    decisions.decide({ action: "approve" });
    await settle();
    session.stop();
    decisions.start();
    session.start();
    await settle();
    expect(sent).toHaveLength(1);
    expect(at().waiting).toBe(1);
  });
});

describe("decisions", () => {
  test("a refused edit names its ticket, keeps the text and can be opened again", async () => {
    const { session, decisions, texts, at } = desk({
      decide: async () => {
        throw refusal("draft_superseded");
      },
    });
    session.start();
    await settle();
    const draft = at().shown?.draft ?? aDraft();
    texts.save(draft, "Better");
    decisions.decide({ action: "edit", final_text: "Better" });
    await settle();
    expect(at().notices[0]).toMatchObject({ title: "a: your edit was not recorded", action: { key: "a" } });
    expect(at().notices[0]?.text).toContain("What you typed is kept");
    expect(texts.of(draft)?.text).toBe("Better");
    expect(at().gone.has("a")).toBe(false);
    expect(at().undo).toBeNull();
  });

  test("while the hub is away a decision is tried again under the same id", async () => {
    const ids: string[] = [];
    const { session, decisions, at } = desk({
      decide: async (_, body) => {
        ids.push(body.verdict_id);
        if (ids.length < 3) throw new TypeError("network");
        return answer(body);
      },
    });
    session.start();
    await settle();
    decisions.decide({ action: "approve" });
    await settle();
    expect(at()).toMatchObject({ waiting: 1, shown: { id: "b" } });
    await vi.advanceTimersByTimeAsync(5_000);
    expect(new Set(ids).size).toBe(1);
    expect(ids).toHaveLength(3);
    expect(at()).toMatchObject({ waiting: 0, undo: { until: 10_000 } });
  });

  test("undo brings the draft back on screen with what was typed; the other one is next again", async () => {
    const { session, decisions, texts, released, at } = desk({
      decide: async (_, body) => answer(body),
      withdraw: async (verdict_id) => ({ ...held("a"), verdict_id, draft_id: "a", state: "in_review" }),
    });
    session.start();
    await settle();
    decisions.decide({ action: "edit", final_text: "Better" });
    await settle();
    expect(texts.of(aDraft({ id: "a" }))).toBeUndefined();
    await decisions.undo();
    expect([at().shown?.id, at().next?.draft.id]).toEqual(["a", "b"]);
    expect(released).toEqual(["lease-c"]);
    expect(texts.of(aDraft({ id: "a" }))?.text).toBe("Better");
  });

  test("what comes back while somebody types is the next draft, and says so; the screen stays theirs", async () => {
    let answerUndo = () => {};
    const { session, decisions, type, released, at } = desk({
      decide: async (_, body) => answer(body),
      withdraw: (verdict_id) =>
        new Promise((resolve) => {
          answerUndo = () => resolve({ ...held("a"), verdict_id, draft_id: "a", state: "in_review" });
        }),
    });
    session.start();
    await settle();
    decisions.decide({ action: "approve" });
    await settle();
    const undone = decisions.undo();
    await settle();
    type();
    answerUndo();
    await undone;
    expect([at().shown?.id, at().next?.draft.id]).toEqual(["b", "a"]);
    expect(released).toEqual(["lease-c"]);
    expect(at().notices[0]).toMatchObject({ tone: "pass", title: "a is taken back", action: { key: "a" } });
  });

  test("what comes back after its reviewer went on to another draft doesn't pull them back", async () => {
    let answerUndo = () => {};
    const { session, decisions, at } = desk({
      decide: async (_, body) => answer(body),
      withdraw: (verdict_id) =>
        new Promise((resolve) => {
          answerUndo = () => resolve({ ...held("a"), verdict_id, draft_id: "a", state: "in_review" });
        }),
    });
    session.start();
    await settle();
    decisions.decide({ action: "approve" });
    await settle();
    const undone = decisions.undo();
    await settle();
    session.select("x");
    await vi.advanceTimersByTimeAsync(200);
    answerUndo();
    await undone;
    expect([at().shown?.id, at().next?.draft.id]).toEqual(["x", "a"]);
    expect(at().notices).toHaveLength(1);
  });

  test("an undo that found no hub can be asked for again", async () => {
    let away = true;
    const { session, decisions, at } = desk({
      decide: async (_, body) => answer(body),
      withdraw: async (verdict_id) => {
        if (away) throw new TypeError("network");
        return { ...held("a"), verdict_id, draft_id: "a", state: "in_review" };
      },
    });
    session.start();
    await settle();
    decisions.decide({ action: "edit", final_text: "Better", grade: "factual" });
    await settle();
    await decisions.undo();
    expect(at().undo?.draft.id).toBe("a");
    away = false;
    await decisions.undo();
    expect(at()).toMatchObject({ shown: { id: "a" }, undo: null });
  });

  test("a decision on another draft than the one that was read is none", async () => {
    const { session, decisions, at } = desk({ decide: async (_, body) => answer(body) });
    session.start();
    await settle();
    const read = at().shown?.draft ?? aDraft();
    session.select("x");
    await vi.advanceTimersByTimeAsync(200);
    expect(decisions.decide({ action: "escalate", reasons: ["r"] }, read)).toBe(false);
    const changed = { ...(at().shown?.draft ?? aDraft()), content_hash: "as it was read" };
    expect(decisions.decide({ action: "escalate", reasons: ["r"] }, changed)).toBe(false);
    expect(at()).toMatchObject({ shown: { id: "x" }, undo: null });
  });

  test("a decision that comes too late says who has the draft now", async () => {
    for (const [held_by, said] of [
      ["Rosa", "Your hold on it had run out, and Rosa has it now. Open it to look again."],
      [null, "Your hold on it had run out and somebody else may have it. Open it to look again."],
    ] as const) {
      const { session, decisions, at } = desk({
        decide: async () => {
          throw refusal("lease_lost");
        },
        draft: async (id) => aDraft({ id, held_by }),
      });
      session.start();
      await settle();
      decisions.decide({ action: "approve" });
      await settle();
      expect(at().notices.map(({ text }) => text)).toEqual([said]);
    }
  });

  test("whoever signs in next sends nothing of what the one before decided, and loses nothing of it", async () => {
    const sent: string[] = [];
    let signedIn = false;
    const { session, decisions, storage, at } = desk({
      decide: async (_, body) => {
        sent.push(body.verdict_id);
        if (!signedIn) throw new ApiError(401, "unauthorized", "Who?");
        throw refusal("lease_lost");
      },
    });
    session.start();
    await settle();
    decisions.decide({ action: "approve" });
    await settle();
    expect(sent).toHaveLength(1);
    // Their frame goes; somebody else's token is the one that requests carry now.
    decisions.end();
    signedIn = true;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sent).toHaveLength(1);
    expect(storage.keys("countersign:verdict:")).toHaveLength(1);
    expect(at().notices).toEqual([]);
  });

  test("what an earlier window could not send is sent at the start", async () => {
    const storage = memoryStorage();
    const body = { verdict_id: "v1" } as Verdict;
    const left = { draft_id: "a", workflow: "w", external_id: "1", body };
    storage.set("countersign:verdict:v1", JSON.stringify({ ...left, by: "me" }));
    storage.set("countersign:verdict:v2", JSON.stringify({ ...left, by: "somebody else" }));
    const sent: string[] = [];
    const api = anApi({
      decide: async (_, decided) => {
        sent.push(decided.verdict_id);
        return answer(decided);
      },
    });
    const { session, texts } = desk({});
    new Decisions({
      api,
      texts,
      session,
      storage,
      subject: "me",
      busy: () => false,
      painted: async () => {},
      onDecided: () => {},
    }).start();
    await settle();
    expect(sent).toEqual(["v1"]);
    expect(storage.keys("")).toEqual(["countersign:verdict:v2"]);
  });
});
