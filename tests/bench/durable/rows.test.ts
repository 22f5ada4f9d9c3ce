import { expect, test } from "vitest";
import { medianOf, rowOf } from "./rows.ts";

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
