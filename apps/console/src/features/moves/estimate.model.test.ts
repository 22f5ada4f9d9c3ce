import type { LogEntry } from "@leasehold/sharding/observe";
import { describe, expect, test } from "vitest";
import { entitiesMoved, estimateMs, handoffTimes } from "./estimate.model.ts";

const life = { nodeId: "node-2", incarnation: "b" };
const at = (ms: number): string => new Date(ms).toISOString();
let seq = 0;
const began = (shard: number, ms: number): LogEntry => ({
  ...{ type: "handoff-began", group: "default", shard, handoffId: `h-${shard}`, epoch: 1 },
  ...{ nodeId: "node-1", to: life, planId: null, seq: ++seq, term: 1, at: at(ms) },
});
const assigned = (shard: number, ms: number, cause: "handoff" | "abort"): LogEntry => ({
  ...{ type: "shard-assigned", group: "default", shard, ...life, epoch: 2, cause, carried: null },
  ...{ seq: ++seq, term: 1, at: at(ms) },
});
const hosted = (shard: number, ms: number): LogEntry => ({
  ...{ type: "shard-hosted", group: "default", shard, ...life, epoch: 2 },
  ...{ seq: ++seq, term: 1, at: at(ms) },
});

describe("how long handoffs take", () => {
  test("is the middle of those that came through", () => {
    const entries = [10, 30, 500].flatMap((ms, shard) => [
      began(shard, 1_000),
      assigned(shard, 1_000 + ms - 1, "handoff"),
      hosted(shard, 1_000 + ms),
    ]);
    expect(handoffTimes(entries)).toEqual({ count: 3, p50Ms: 30 });
  });

  test("is not known without one, and one that was given up is none", () => {
    expect(handoffTimes([])).toBeNull();
    expect(handoffTimes([hosted(1, 5)])).toBeNull();
    expect(handoffTimes([began(1, 0), assigned(1, 12_000, "abort"), hosted(1, 12_005)])).toBeNull();
  });

  test("counts the latest 200", () => {
    const entries = Array.from({ length: 300 }, (_, shard) => [
      began(shard, 0),
      hosted(shard, shard < 100 ? 9_000 : 20),
    ]).flat();
    expect(handoffTimes(entries)).toEqual({ count: 200, p50Ms: 20 });
  });

  test("times the rounds that the moves take", () => {
    expect(estimateMs(17, 16, { count: 9, p50Ms: 100 })).toBe(200);
    expect(estimateMs(0, 16, { count: 9, p50Ms: 100 })).toBe(0);
  });
});

test("entities that move are counted by their nodes' averages, or not at all", () => {
  const nodes = [
    { nodeId: "node-1", owned: 10, load: { entities: 50 } },
    { nodeId: "node-2", owned: 10, load: null },
  ];
  expect(entitiesMoved([{ from: "node-1" }, { from: "node-1" }], nodes)).toBe(10);
  expect(entitiesMoved([{ from: "node-1" }, { from: "node-2" }], nodes)).toBeNull();
});
