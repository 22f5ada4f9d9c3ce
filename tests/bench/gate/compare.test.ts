import { expect, test } from "vitest";
import { compare, ratiosOf, rowOfCompared } from "./compare.ts";

const figure = { what: "it", ours: 1, ratio: 0.4 };
const less = { ...figure, better: "less" } as const;

test.each([
  ["a rate that lost a fifth is not worse", figure, 0.5, false],
  ["a rate that lost more is", figure, 0.501, true],
  ["a rate that gained is not", figure, 0.1, false],
  ["a time that grew by a fifth is not worse", { ...less, ratio: 1.2 }, 1, false],
  ["a time that grew by more is", { ...less, ratio: 1.201 }, 1, true],
  ["a time that shrank is not", less, 1, false],
])("%s", (_, measured, was, isWorse) => {
  const { ratio: is } = measured;
  const compared = { bench: "b", what: "it", was, is, isWorse };
  expect(compare({ b: { it: was } }, "b", [measured])).toEqual([compared]);
});

test("what is new is told, what is gone is worse, and another benchmark's is left alone", () => {
  const rows = compare({ b: { other: 1 }, c: { it: 9 } }, "b", [figure]).map(rowOfCompared);
  expect(rows).toEqual([
    { bench: "b", what: "it", was: "-", is: "0.400", change: "-", result: "new" },
    { bench: "b", what: "other", was: "1.00", is: "gone", change: "-", result: "WORSE" },
  ]);
});

test("only a steady ratio is compared and committed", () => {
  const figures = [
    figure,
    { what: "alone", ours: 1 },
    { ...figure, what: "p99", isUnsteady: true },
  ];
  expect(ratiosOf(figures)).toEqual({ it: 0.4 });
  expect(compare({}, "b", figures)).toHaveLength(1);
});

test("a change is told in percent of what was", () => {
  const [compared] = compare({ b: { it: 0.5 } }, "b", [figure]);
  expect(compared && rowOfCompared(compared)).toMatchObject({ change: "-20 %", result: "ok" });
});
