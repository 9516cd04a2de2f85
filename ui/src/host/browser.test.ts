import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { browserHost } from "./browser";

const KEY = "countersign:token";
const session = new Map<string, string>();

beforeEach(() => {
  session.clear();
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => session.get(key) ?? null,
    setItem: (key: string, value: string) => void session.set(key, value),
    removeItem: (key: string) => void session.delete(key),
  });
});
afterEach(() => vi.unstubAllGlobals());

/** Opens the console by a link, and answers what it may ask. */
function follow(token: string, answer: boolean) {
  const asked = vi.fn(() => answer);
  const location = { hash: `#token=${token}`, pathname: "/", search: "", origin: "http://hub", host: "hub" };
  vi.stubGlobal("confirm", asked);
  vi.stubGlobal("location", location);
  vi.stubGlobal("history", {
    state: null,
    replaceState: (_: unknown, __: string, path: string) => (location.hash = path),
  });
  const host = browserHost();
  return { asked, host, address: location.hash };
}

test("a link signs in where nobody is, and its token leaves the address at once", () => {
  const { asked, host, address } = follow("cs_a", false);
  expect(session.get(KEY)).toBe("cs_a");
  expect(asked).not.toHaveBeenCalled();
  expect(address).toBe("/");
  expect(host.access.get()).toBe("in");
});

test("a link replaces nobody who is signed in, unless they say so", () => {
  session.set(KEY, "cs_mine");
  const { asked, address } = follow("cs_theirs", false);
  expect(asked).toHaveBeenCalledOnce();
  expect(session.get(KEY)).toBe("cs_mine");
  expect(address).toBe("/");
  follow("cs_theirs", true);
  expect(session.get(KEY)).toBe("cs_theirs");
});

test("one's own link asks nothing", () => {
  session.set(KEY, "cs_mine");
  expect(follow("cs_mine", false).asked).not.toHaveBeenCalled();
});
