import { expect, describe as suite, test } from "vitest";
import { LoadHistory } from "../../live/load-history.ts";
import { plain } from "../../live/say.ts";
import { stepMs, steps } from "../../live/series.ts";
import { observation } from "../../testing/factories.ts";
import { describe, loadSentence, loadView } from "./load.model.ts";

const last = 500;

interface Said {
  readonly requests: number;
  readonly p99?: number;
  readonly hot?: Readonly<Record<number, number>>;
}

function hear(history: LoadHistory, nodeId: string, step: number, said: Said): void {
  const { requests, p99 = 5, hot = {} } = said;
  const load = {
    ...{ requestsPerSecond: requests, failedPerSecond: 0, p50Ms: 1, p99Ms: p99 },
    entities: 0,
  };
  const named = Object.entries(hot).map(([shard, requestsPerSecond]) => ({
    ...{ group: "default", shard: Number(shard), requestsPerSecond, busyMs: null },
  }));
  const it = observation(nodeId, [], { belief: { load } });
  history.hear([{ ...it, hot: named }], step * stepMs);
}

function scene(): LoadHistory {
  const history = new LoadHistory();
  hear(history, "node-1", last - 1, { requests: 90, p99: 8, hot: { 4: 40 } });
  hear(history, "node-2", last - 1, { requests: 10, p99: 12, hot: { 9: 1 } });
  hear(history, "node-1", last, { requests: 150, p99: 7, hot: { 4: 60, 5: 20 } });
  hear(history, "node-2", last, { requests: 50, p99: 3, hot: { 9: 5 } });
  return history;
}

suite("the load of a cluster", () => {
  test("is the sum of its nodes, and the slowest node's latency", () => {
    const view = loadView(scene(), last);
    expect([...view.total.slice(-3)]).toEqual([Number.NaN, 100, 200]);
    expect([...view.p99.slice(-2)]).toEqual([12, 7]);
    expect(view.total).toHaveLength(steps);
    expect(view.nodes.map((it) => [it.nodeId, it.now, it.share])).toEqual([
      ["node-1", 150, 0.75],
      ["node-2", 50, 0.25],
    ]);
  });

  test("counts a node that has not spoken in this step yet with what it said, for a while", () => {
    const history = scene();
    hear(history, "node-1", last + 1, { requests: 160 });
    expect([...loadView(history, last + 1).total.slice(-2)]).toEqual([200, 210]);
    hear(history, "node-1", last + 3, { requests: 170 });
    expect([...loadView(history, last + 3).total.slice(-3)]).toEqual([210, 210, 170]);
  });

  test("ranks shards by what they take now, each with its part of its node", () => {
    const { shards, mostOfShard } = loadView(scene(), last);
    expect(shards.map((it) => [it.key, it.now, it.share])).toEqual([
      ["default/4", 60, 0.4],
      ["default/5", 20, 20 / 150],
      ["default/9", 5, 0.1],
    ]);
    expect(mostOfShard).toBe(60);
  });

  test("does not call now what was said long ago", () => {
    const { nodes, shards } = loadView(scene(), last + 5);
    expect(nodes.map((it) => it.now)).toEqual([null, null]);
    expect(shards[0]).toMatchObject({ key: "default/4", now: null, share: null });
  });

  test("is one sentence", () => {
    expect(plain(loadSentence(loadView(scene(), last)))).toBe(
      "200 requests a second on 2 nodes; node-1 answers 75 % of them. The hottest shard is default/4 at node-1: 60 a second, 40 % of what its node answers.",
    );
    expect(plain(loadSentence(loadView(new LoadHistory(), last)))).toBe(
      "No node has said what it carries yet.",
    );
    const idle = new LoadHistory();
    hear(idle, "node-1", last, { requests: 0 });
    expect(plain(loadSentence(loadView(idle, last)))).toBe("0 requests a second on 1 node.");
  });

  test("is described without its gaps", () => {
    expect(describe(Float32Array.of(Number.NaN, 4, Number.NaN, 2, 6, Number.NaN))).toEqual({
      ...{ now: 6, least: 2, most: 6, mean: 4 },
    });
    expect(describe(Float32Array.of(Number.NaN))).toMatchObject({ most: 0, mean: 0 });
  });
});
