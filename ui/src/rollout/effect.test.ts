import { expect, test } from "vitest";
import type { Effect, Reached } from "../api/types";
import { speak } from "../words";
import { reachedOf } from "./effect";

const reached = (acknowledged: number, of: number, slowest_ms?: number): Reached => ({
  acknowledged,
  of,
  slowest_ms,
});
const NOBODY = reached(0, 0);
const effect = (part: Partial<Effect>): Effect => ({
  flags: NOBODY,
  consoles: NOBODY,
  hubs: NOBODY,
  sends_running: 0,
  senders: [],
  ...part,
});
const ALL = effect({
  flags: reached(1043, 1043, 61.4),
  consoles: reached(2, 2, 80),
  hubs: reached(1, 1, 12),
});

test("a kill says whom it has reached, and how long the slowest client took", () => {
  expect(reachedOf(ALL)).toBe(
    "reached 1,043 of 1,043 clients, slowest 61 ms; 2 of 2 consoles; 1 of 1 other hub",
  );
  speak("de");
  expect(reachedOf(ALL)).toBe(
    "erreichte 1.043 von 1.043 Clients, langsamster 61 ms; 2 von 2 Konsolen; 1 von 1 anderen Hub",
  );
  speak("en");
});

test("those that haven't answered yet count, and nobody is the slowest of none", () => {
  expect(reachedOf(effect({ flags: reached(0, 3), hubs: reached(1, 2) }))).toBe(
    "reached 0 of 3 clients; 1 of 2 other hubs",
  );
});

test("less than a millisecond has a decimal", () => {
  expect(reachedOf(effect({ flags: reached(1, 1, 0.42) }))).toBe("reached 1 of 1 client, slowest 0.4 ms");
});

test("no clients to reach are left out; with nobody at all it says nothing", () => {
  expect(reachedOf(effect({ consoles: reached(1, 1) }))).toBe("reached 1 of 1 console");
  expect(reachedOf(effect({}))).toBeNull();
});
