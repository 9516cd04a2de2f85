import { expect, test } from "vitest";
import { newcomers } from "./newcomers";

test("only what wasn't there before is said, and once", async () => {
  const lists = [["old"], ["old", "new"], ["new"], ["old", "new"]];
  const said: string[] = [];
  const look = newcomers(
    async () => (lists.shift() ?? []).map((id) => ({ id })),
    ({ id }) => {
      said.push(id);
    },
  );
  await look();
  expect(said).toEqual([]);
  await look();
  await look();
  expect(said).toEqual(["new"]);
  await look();
  expect(said).toEqual(["new", "old"]);
});

test("a look that failed forgets nothing", async () => {
  const said: string[] = [];
  let away = false;
  let ids = ["a"];
  const look = newcomers(
    async () => {
      if (away) throw new Error("away");
      return ids.map((id) => ({ id }));
    },
    ({ id }) => {
      said.push(id);
    },
  );
  await look();
  away = true;
  await expect(look()).rejects.toThrow("away");
  away = false;
  ids = ["a", "b"];
  await look();
  expect(said).toEqual(["b"]);
});
