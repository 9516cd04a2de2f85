import { expect, test } from "vitest";
import type { Delivery } from "../api/types";
import { retryEach } from "./retries";

const deliveries = ["a", "b", "c"].map((id) => ({ id, state: "undeliverable" }) as Delivery);
const again = async (id: string) => ({ id, state: "pending" }) as Delivery;

test("one that is refused doesn't keep the others from being tried", async () => {
  const why = new Error("gone");
  const seen: (string | null)[] = [];
  const ended = await retryEach(deliveries, (id) => (id === "b" ? Promise.reject(why) : again(id)), {
    isStopped: () => false,
    onEach: (delivery) => seen.push(delivery?.id ?? null),
  });
  expect(ended).toEqual({ ok: 2, failed: 1, why });
  expect(seen).toEqual(["a", null, "c"]);
});

test("once stopped, no other one is tried", async () => {
  let count = 0;
  const ended = await retryEach(deliveries, again, {
    isStopped: () => count === 1,
    onEach: (_, done) => {
      count = done;
    },
  });
  expect(ended.ok).toBe(1);
});
