import type { ShardHeat } from "@leasehold/sharding/observe";
import { describe, expect, test } from "vitest";
import { observation } from "../testing/factories.ts";
import { LoadHistory } from "./load-history.ts";
import { Series, stepMs, stepOf, steps } from "./series.ts";

const heat = (shard: number, requestsPerSecond: number): ShardHeat => ({
  group: "default",
  shard,
  requestsPerSecond,
  busyMs: null,
});

const load = (requestsPerSecond: number, p99Ms = 1) => ({
  ...{ requestsPerSecond, p99Ms },
  ...{ failedPerSecond: 0, p50Ms: 1, entities: 0 },
});

describe("a series", () => {
  test("has gaps where nothing was heard", () => {
    const it = new Series();
    it.put(1000, 5);
    it.put(1003, 8);
    expect([...it.upTo(1004).slice(-5)]).toEqual([5, Number.NaN, Number.NaN, 8, Number.NaN]);
  });

  test("forgets what is older than it is long, and does not bring it back", () => {
    const it = new Series();
    it.put(10, 5);
    it.put(10 + steps, 7);
    expect(it.at(10)).toBeNaN();
    expect([...it.upTo(10 + steps)].filter((value) => !Number.isNaN(value))).toEqual([7]);
    it.put(10 + 5 * steps, 9);
    expect([...it.upTo(10 + 5 * steps)].filter((value) => !Number.isNaN(value))).toEqual([9]);
  });

  test("leaves out what comes late", () => {
    const it = new Series();
    it.put(20, 5);
    it.put(19, 3);
    expect(it.at(20)).toBe(5);
    expect(it.at(19)).toBeNaN();
  });
});

describe("what nodes said of their load", () => {
  test("is kept by the time at which it was said, the worst p99 of a step", () => {
    const history = new LoadHistory();
    const nowMs = 100 * stepMs;
    history.hear(
      [{ ...observation("node-1", [], { belief: { load: load(40, 9) }, ageMs: 0 }) }],
      nowMs,
    );
    history.hear(
      [{ ...observation("node-1", [], { belief: { load: load(50, 3) }, ageMs: 0 }) }],
      nowMs + 900,
    );
    const [node] = history.nodes();
    expect(node?.requests.at(stepOf(nowMs))).toBe(50);
    expect(node?.p99.at(stepOf(nowMs))).toBe(9);
    history.hear(
      [{ ...observation("node-2", [], { belief: { load: load(7) }, ageMs: stepMs }) }],
      nowMs,
    );
    expect(history.nodes()[1]?.requests.at(99)).toBe(7);
  });

  test("follows a shard to its new home, and keeps no more shards than it may", () => {
    const history = new LoadHistory(3);
    const say = (nodeId: string, hot: ShardHeat[], step: number): void =>
      history.hear(
        [{ ...observation(nodeId, [], { belief: { load: load(1) }, ageMs: 0 }), hot }],
        step * stepMs,
      );
    say("node-1", [heat(1, 50), heat(2, 3)], 10);
    say("node-2", [heat(1, 60)], 11);
    expect(history.shards().map(({ shard, nodeId }) => [shard, nodeId])).toEqual([
      [1, "node-2"],
      [2, "node-1"],
    ]);
    say("node-2", [heat(1, 60), heat(7, 9), heat(8, 4)], 12);
    expect(history.shards().map(({ shard }) => shard)).toEqual([1, 7, 8]);
  });

  test("forgets a node that has not been heard for as long as it is kept", () => {
    const history = new LoadHistory();
    const at = (nodeId: string, step: number): void =>
      history.hear(
        [{ ...observation(nodeId, [], { belief: { load: load(1) }, ageMs: 0 }) }],
        step * stepMs,
      );
    at("node-1", 10);
    at("node-2", 10 + steps);
    expect(history.nodes().map((it) => it.nodeId)).toEqual(["node-2"]);
  });
});
