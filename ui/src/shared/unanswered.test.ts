import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiError } from "../api/client";
import { findOut, isUnanswered } from "./unanswered";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("no answer, and a hub's or a proxy's trouble, say nothing of what was done; a refusal does", () => {
  const said = (status: number) => isUnanswered(new ApiError(status, "code", "words"));
  expect(isUnanswered(new TypeError("network"))).toBe(true);
  expect([502, 503, 504].map(said)).toEqual([true, true, true]);
  expect([400, 403, 409, 429].map(said)).toEqual([false, false, false, false]);
});

test("what became of it is asked until it is done, over a hub that is away", async () => {
  const answers = [new TypeError("away"), false, true];
  const found = findOut(async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer === true;
  }, new AbortController().signal);
  await vi.advanceTimersByTimeAsync(5_000);
  expect(await found).toBe("done");
});

test("after a minute it is not done, or not known", async () => {
  const never = new AbortController().signal;
  const no = findOut(async () => false, never);
  const unknown = findOut(async () => {
    throw new TypeError("away");
  }, never);
  await vi.advanceTimersByTimeAsync(61_000);
  expect([await no, await unknown]).toEqual(["not_done", "unknown"]);
});
