import { expect, test } from "vitest";
import { rowOf } from "./rows.ts";

const floor = { name: "of nothing", ms: 2 };

test("a figure within its bound is met, and stands beside its floor", () => {
  const row = rowOf(256, { what: "it", timesMs: [10, 20, 30], bound: { p50Ms: 20 }, floor });
  expect(row).toMatchObject({ times: 3, p50Ms: 20, worstMs: 30, result: "met", ratio: 10 });
});

test.each([
  [{ p50Ms: 19 }, "MISSED: p50"],
  [{ p99Ms: 29 }, "MISSED: p99"],
  [{ p50Ms: 20, worstMs: 29 }, "MISSED: worst"],
])("a figure beyond %j says which of it was missed", (bound, result) => {
  expect(rowOf(256, { what: "it", timesMs: [10, 20, 30], bound, floor })).toMatchObject({ result });
});

test("what must not happen misses the bound, however fast it was", () => {
  const faults = ["2 requests failed"];
  const row = rowOf(256, { what: "it", timesMs: [1], bound: { p50Ms: 20 }, faults, floor });
  expect(row["result"]).toBe("MISSED: 2 requests failed");
});

test("a figure without a bound is not judged", () => {
  expect(rowOf(256, { what: "it", timesMs: [1], floor })).toMatchObject({
    bound: "-",
    result: "-",
  });
});
