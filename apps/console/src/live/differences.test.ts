import { toClusterJson } from "@leasehold/sharding/observe";
import { expect, test } from "vitest";
import { watch } from "../tape/marks.ts";
import {
  assigned,
  entriesOf,
  hostedEvent,
  observation,
  serving,
  smallCluster,
} from "../testing/factories.ts";
import { type DivergenceClass, graceMs } from "./classify.ts";
import { findDivergence, summarizeDivergence } from "./differences.ts";
import { ClusterMirror } from "./mirror.ts";
import { summarize } from "./summary.ts";

/** Shard 0 is node-b's, and only node-a serves it; shard 2 is node-a's, and nobody serves it. */
function divided() {
  const mirror = new ClusterMirror();
  mirror.applySnapshot({ cluster: toClusterJson(smallCluster()), recent: [] }, 0);
  const say = (atMs: number): void =>
    mirror.applyBeliefs(
      [observation("node-a", [serving(0)]), observation("node-b", [serving(1), serving(3)])],
      atMs,
    );
  say(0);
  mirror.applyLog(
    "h1",
    entriesOf(13, assigned(0, "node-b", 2), hostedEvent(0, "node-b", 2)),
    1_000,
  );
  say(3_000);
  mirror.tick(3_000);
  return { mirror, nodes: summarize(mirror, 3_000)?.nodes ?? [] };
}

test("the bound comes after the question: a lesser class and another node are found beside worse", () => {
  const { mirror, nodes } = divided();
  const found = (ofClass: DivergenceClass | null, nodeId: string | null) => {
    const { total, items } = findDivergence(mirror, nodes, 3_000, { class: ofClass, nodeId }, 1);
    return [total, ...items.map((it) => `${it.class} ${it.nodeId}`)];
  };
  expect(found(null, null)).toEqual([3, "stale-serving node-a"]);
  expect(found("orphan", null)).toEqual([2, "orphan node-a"]);
  expect(found(null, "node-b")).toEqual([1, "orphan node-b"]);
  expect(found("dual", null)).toEqual([0]);
  const { total, danger, byClass } = summarizeDivergence(mirror, nodes, 3_000);
  expect([total, danger, Object.fromEntries(byClass)]).toEqual([
    3,
    1,
    { "stale-serving": 1, orphan: 2 },
  ]);
});

test("what a node is about to hear is no difference until it has stood for a while; its class says it at once", () => {
  const mirror = new ClusterMirror();
  mirror.applySnapshot({ cluster: toClusterJson(smallCluster()), recent: [] }, 0);
  const beat = (atMs: number): void => {
    const beliefs = [[serving(0), serving(2)] as const, [serving(1), serving(3)] as const];
    mirror.applyBeliefs(
      ["node-a", "node-b"].map((it, index) => observation(it, beliefs[index] ?? [])),
      atMs,
    );
  };
  beat(0);
  mirror.applyLog("h1", entriesOf(13, assigned(0, "node-b", 2)), 1_000);
  const told = (nowMs: number) => {
    mirror.tick(nowMs);
    const summary = summarize(mirror, nowMs);
    const nodes = summary?.nodes ?? [];
    const asked = { class: "unaware", nodeId: null } as const;
    return {
      total: summary?.divergence.total,
      unaware: summary?.divergence.byClass.get("unaware"),
      listed: summary?.divergence.items.map((it) => it.class),
      asked: findDivergence(mirror, nodes, nowMs, asked).total,
      atNode: nodes.find((it) => it.nodeId === "node-b")?.divergent,
      marked: watch(mirror, nowMs).stats.divergent,
    };
  };
  const unseen = { total: 0, unaware: 1, listed: [], asked: 1, atNode: 0, marked: 0 };
  expect(told(1_000 + graceMs)).toEqual(unseen);
  const seen = { total: 1, unaware: 1, listed: ["unaware"], asked: 1, atNode: 1, marked: 1 };
  expect(told(1_001 + graceMs)).toEqual(seen);
});

test("a lease that is not renewed is marked in the recording, as the pages count it", () => {
  const mirror = new ClusterMirror();
  mirror.applySnapshot({ cluster: toClusterJson(smallCluster()), recent: [] }, 0);
  const counted = (leftMs: number) => {
    const belief = { lease: { state: "held" as const, leftMs } };
    mirror.applyBeliefs(
      [
        observation("node-a", [serving(0), serving(2)], { belief }),
        observation("node-b", [serving(1), serving(3)]),
      ],
      100,
    );
    const { divergent, classes } = watch(mirror, 100).stats;
    return [summarize(mirror, 100)?.divergence.total, divergent, classes];
  };
  expect(counted(4500)).toEqual([0, 0, {}]);
  expect(counted(2000)).toEqual([1, 1, { skew: 1 }]);
});
