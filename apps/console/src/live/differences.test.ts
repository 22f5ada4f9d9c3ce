import { toClusterJson } from "@leasehold/sharding/observe";
import { expect, test } from "vitest";
import {
  assigned,
  entriesOf,
  hostedEvent,
  observation,
  serving,
  smallCluster,
} from "../testing/factories.ts";
import type { DivergenceClass } from "./classify.ts";
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
