import { describe, expect, test } from "vitest";
import { InvariantViolation } from "./invariant-violation.ts";
import { ServiceHistory } from "./service-history.ts";
import type { Call } from "./steady-load.ts";

function call(epoch: number, incarnation: string, startMs: number, endMs: number): Call {
  const servedBy = { nodeId: `node of ${incarnation}`, incarnation, group: "default", shard: 3 };
  return {
    ...{ id: "an entity", startMs, endMs },
    outcome: { tag: "ok", result: 1, servedBy: { ...servedBy, epoch } },
  };
}

const judge = (...calls: readonly Call[]) => {
  const history = new ServiceHistory();
  for (const one of calls) history.add(one);
};

describe("who served which shard when", () => {
  test("a younger epoch may follow an older one, and calls may be under way while it does", () => {
    expect(() =>
      judge(call(1, "a", 0, 10), call(2, "b", 5, 30), call(1, "a", 8, 40), call(3, "a", 35, 50)),
    ).not.toThrow();
  });

  test("an older epoch that serves after a younger one has served is a violation, in any order of arrival", () => {
    const older = call(1, "a", 21, 40);
    const younger = call(2, "b", 10, 20);
    expect(() => judge(older, younger)).toThrow(InvariantViolation);
    expect(() => judge(younger, older)).toThrow(/S1: .*epoch 1 .*at least 1.0 ms after/);
  });

  test("an epoch that goes down is a violation", () => {
    expect(() => judge(call(2, "a", 0, 10), call(1, "a", 11, 20))).toThrow(/S1/);
  });

  test("two lives under one epoch are a violation", () => {
    expect(() => judge(call(4, "a", 0, 10), call(4, "b", 5, 15))).toThrow(/S2/);
  });
});
