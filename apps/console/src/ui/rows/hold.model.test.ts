import { describe, expect, test } from "vitest";
import { freeRows, holdRows, settleRows } from "./hold.model.ts";

interface Row {
  readonly id: string;
  readonly age: number;
}

const rows = (text: string, age = 0): Row[] => text.split("").map((id) => ({ id, age }));
const keyOf = (row: Row): string => row.id;
const hold = (held: string, fresh: string) =>
  holdRows(freeRows(rows(held), keyOf).rows, rows(fresh, 1), keyOf);
const order = (held: string, fresh: string): string =>
  hold(held, fresh)
    .rows.map((it) => it.row.id)
    .join("");

describe("rows under a hand", () => {
  test.each([
    ["nothing changes", "abc", "abc", 0],
    ["one comes first", "abc", "xabc", 1],
    ["one goes", "abc", "ac", 1],
    ["two change places", "abc", "bac", 2],
    ["all are others", "ab", "xyz", 5],
    ["all go", "ab", "", 2],
  ])("keep their order when %s, and count it", (_name, held, fresh, changes) => {
    expect(order(held, fresh)).toBe(held);
    expect(hold(held, fresh).changes).toBe(changes);
  });

  test("show fresh values, and of one that is gone the last", () => {
    const { rows: shown } = hold("ab", "b");
    expect(shown).toEqual([
      { key: "a", row: { id: "a", age: 0 }, isGone: true },
      { key: "b", row: { id: "b", age: 1 }, isGone: false },
    ]);
  });

  test("that came back while they were held are there again", () => {
    const without = hold("ab", "b").rows;
    const { rows: shown, changes } = holdRows(without, rows("ab", 2), keyOf);
    expect(shown.map((it) => it.isGone)).toEqual([false, false]);
    expect(changes).toBe(0);
  });
});

/** Capitals are another kind. */
const kindOf = ({ id }: Row): string => (id === id.toUpperCase() ? "capital" : "small");

describe("rows that come and go quickly", () => {
  test.each([
    ["one that came takes the place of one that went", "abcd", "acdx", "axcd"],
    ["what stays stands, whatever the new order is", "abcd", "dcba", "abcd"],
    ["without anybody to take it, a place closes", "abcd", "acd", "acd"],
    ["more than there are places come after them", "ab", "xyb", "xby"],
    ["a place is not given to another kind", "ABab", "AXYb", "AXYb"],
    ["a kind that comes first in the new order stands first", "ab", "Xab", "Xab"],
    ["at first they stand as they come", "", "ba", "ba"],
  ])("%s", (_name, shown, fresh, settled) => {
    const places = freeRows(rows(shown), keyOf).rows;
    const found = settleRows(places, rows(fresh, 1), keyOf, kindOf);
    expect(found.map((it) => it.id).join("")).toBe(settled);
    expect(found.every((it) => it.age === 1)).toBe(true);
  });
});
