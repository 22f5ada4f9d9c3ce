import { beforeEach, expect, test } from "vitest";
import { LateWrites } from "./late-writes.ts";
import type { CallOutcome } from "./probe-ledger.ts";

const refused = (executed: "no" | "unknown"): CallOutcome => ({
  ...{ tag: "refused", executed, code: "X" },
});
const head = (shard: string, epoch: number) => ({ shard, epoch, lastSeq: 0 });
const noneUnderWay = "nothing was on its way to Postgres when the owner was cut off.";

let late: LateWrites;
beforeEach(() => {
  late = new LateWrites();
  late.begin();
  late.looked([head("a", 1), head("b", 1)]);
  late.sent("a");
  late.sent("b");
});

test("one that is in doubt, and whose head is claimed before the cut ends, tries the fence", () => {
  late.ended("a", refused("no"));
  late.ended("b", refused("unknown"));
  expect(late.areDue).toBe(false);
  late.looked([head("a", 1), head("b", 2)]);
  expect(late.areDue).toBe(true);
  late.released();
  expect([late.untried, late.tried]).toEqual([null, 1]);
});

test("one that did not run, or was answered after all, tries nothing", () => {
  late.ended("a", refused("no"));
  late.looked([head("a", 2), head("b", 2)]);
  expect(late.untried).toBeNull();
  late.ended("b", { tag: "done", served: { nodeId: "n", epoch: 1, shard: "b" } });
  expect(late.untried).toBe(noneUnderWay);
  expect(late.areDue).toBe(true);
});

test("a head that is claimed after the cut's end tries nothing", () => {
  late.released();
  late.looked([head("a", 2), head("b", 2)]);
  expect(late.untried).toBe(
    "the cut ended before the next owner had claimed what was being written to.",
  );
});

test("nothing is missing where nothing was to be late, and something where there was nothing to write to", () => {
  late = new LateWrites();
  expect([late.areDue, late.untried]).toEqual([true, null]);
  late.begin();
  expect([late.areDue, late.untried]).toEqual([true, noneUnderWay]);
});

test("a head of which nobody knows how it was tries nothing", () => {
  late = new LateWrites();
  late.looked([head("a", 1)]);
  late.begin();
  late.sent("a");
  late.looked([head("a", 2)]);
  expect(late.untried).not.toBeNull();
});

test("where nothing was to come too late there is nothing to count", () => {
  expect([new LateWrites().tried, new LateWrites().untried]).toEqual([null, null]);
  expect(late.tried).toBe(0);
});
