import { expect, test } from "vitest";
import { betterOf, figureOf, medianOf, rowOf } from "./figures.ts";

const beside = { name: "bare", value: 2_000.4 };

test.each([
  [{ atLeast: 0.6 }, 0.6, "met"],
  [{ atLeast: 0.6 }, 0.59, "MISSED"],
  [{ atMost: 1.4 }, 1.4, "met"],
  [{ atMost: 1.4 }, 1.41, "MISSED"],
] as const)("a ratio beside its bound %j: %d is %s", (bound, ratio, result) => {
  const row = rowOf({ what: "it", ours: 0.123, beside, ratio, bound });
  expect(row).toMatchObject({ ours: 0.12, beside: "2000 bare", ratio: ratio.toFixed(2), result });
});

test("a bound without a ratio is missed, and a figure without a bound is not judged", () => {
  expect(rowOf({ what: "it", ours: 1, bound: { atLeast: 0 } })["result"]).toBe("MISSED");
  expect(rowOf({ what: "it", ours: 1 })).toMatchObject({ beside: "-", ratio: "-", result: "-" });
});

test("of the rounds the middle one counts", () => {
  expect(medianOf([{ x: 3 }, { x: 1 }, { x: 900 }], ({ x }) => x)).toBe(3);
});

test("a bound of our own figure is not asked of the ratio", () => {
  const bound = { atLeast: 400_000, of: "ours" } as const;
  const row = rowOf({ what: "it", ours: 410_000, beside, ratio: 0.2, bound });
  expect(row).toMatchObject({ bound: "ours at least 400000", result: "met" });
  expect(rowOf({ what: "it", ours: 390_000, beside, ratio: 0.2, bound })["result"]).toBe("MISSED");
});

test("a ratio is of the two that took turns: its middle, its least and its most", () => {
  const pairs = [
    { ours: 50, other: 100 },
    { ours: 10, other: 10 },
    { ours: 8, other: 10 },
  ];
  expect(figureOf("it", "bare", pairs)).toEqual({
    ...{ what: "it", ours: 10, beside: { name: "bare", value: 10 } },
    ...{ ratio: 0.8, spread: [0.5, 1] },
  });
});

test("less is better where the figure or its bound says so", () => {
  const it = { what: "it", ours: 1 };
  expect(betterOf(it)).toBe("more");
  expect(betterOf({ ...it, bound: { atMost: 1 } })).toBe("less");
  expect(betterOf({ ...it, better: "less" })).toBe("less");
});
