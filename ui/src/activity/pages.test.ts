import { expect, test } from "vitest";
import { pagesInView, withFresh } from "./pages";

interface Row {
  id: number;
  state: string;
}

const rows = (...ids: number[]): Row[] => ids.map((id) => ({ id, state: "old" }));
const fresh = (...ids: number[]): Row[] => ids.map((id) => ({ id, state: "new" }));
const key = (row: Row) => String(row.id);
const shown = (data: { pages: { rows: Row[] }[] }) =>
  data.pages.map((part) => part.rows.map(({ id, state }) => (state === "new" ? -id : id)));

const NOW = {
  pages: [
    { rows: rows(9, 8, 7), next: "7" },
    { rows: rows(6, 5, 4), next: "4" },
    { rows: rows(3, 2, 1), next: null },
  ],
  pageParams: ["", "7", "4"],
};

test("what came in above is put on top, and nothing falls between the pages", () => {
  const next = withFresh(NOW, [[0, { rows: fresh(11, 10, 9), next: "9" }]], key);
  expect(shown(next)).toEqual([
    [-11, -10, -9, 8, 7],
    [6, 5, 4],
    [3, 2, 1],
  ]);
});

test("when so much came that the pages no longer meet, the list begins anew", () => {
  const next = withFresh(NOW, [[0, { rows: fresh(30, 29, 28), next: "28" }]], key);
  expect(shown(next)).toEqual([[-30, -29, -28]]);
  expect(next.pageParams).toEqual([""]);
});

test("a row that no longer matches leaves, and those of a page in the middle are exchanged", () => {
  const next = withFresh(NOW, [[1, { rows: fresh(6, 4, 3), next: "3" }]], key);
  expect(shown(next)).toEqual([
    [9, 8, 7],
    [-6, -4, -3],
    [3, 2, 1],
  ]);
});

test("a first page that is all there is stands alone", () => {
  expect(shown(withFresh(NOW, [[0, { rows: fresh(9), next: null }]], key))).toEqual([[-9]]);
});

test("the pages in view are those that hold a row of it", () => {
  expect(pagesInView(NOW.pages, { first: 0, last: 2 })).toEqual([0]);
  expect(pagesInView(NOW.pages, { first: 2, last: 3 })).toEqual([0, 1]);
  expect(pagesInView(NOW.pages, { first: 8, last: 8 })).toEqual([2]);
});
