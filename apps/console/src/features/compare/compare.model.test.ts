import { toClusterJson } from "@leasehold/sharding/observe";
import { expect, test } from "vitest";
import { graceMs } from "../../live/classify.ts";
import { ClusterMirror } from "../../live/mirror.ts";
import {
  assigned,
  entriesOf,
  hostedEvent,
  observation,
  serving,
  smallCluster,
} from "../../testing/factories.ts";
import { compare, type Stand } from "./compare.model.ts";

function mirrorOf(): ClusterMirror {
  const mirror = new ClusterMirror();
  mirror.applySnapshot({ cluster: toClusterJson(smallCluster()), recent: [] }, 0);
  mirror.applyBeliefs(
    [
      observation("node-a", [serving(0), serving(2)]),
      observation("node-b", [serving(1), serving(3)]),
    ],
    1000,
  );
  return mirror;
}

const at = (nowMs: number, mirror = mirrorOf()): Stand => ({ mirror, nowMs });

test("two moments that are alike differ in nothing", () => {
  expect(compare(at(1000), at(1000))).toEqual({
    shards: [],
    nodes: [],
    divergences: { began: [], ended: [] },
    entries: 0,
  });
});

test("a shard that moved, a node that was cut off and a belief that went stale are named, before and after", () => {
  const after = mirrorOf();
  const moved = entriesOf(13, assigned(0, "node-b", 2), hostedEvent(0, "node-b", 2));
  after.applyLog("h1", moved, 2000);
  const cut = { postgres: { reachable: false, lastOkMsAgo: 9 } };
  after.applyBeliefs([observation("node-a", [], { belief: cut, whole: false })], 5000);
  after.applyBeliefs([observation("node-b", [serving(0, 2)], { whole: false })], 5000);
  after.tick(5200);
  const found = compare(at(1000), at(5200, after));
  expect(found.entries).toBe(2);
  expect(found.shards).toEqual([
    {
      shard: { group: "default", shard: 0 },
      label: "0",
      before: { owner: "node-a", epoch: 1, state: "hosted" },
      after: { owner: "node-b", epoch: 2, state: "hosted" },
    },
  ]);
  expect(found.nodes).toEqual([
    {
      nodeId: "node-a",
      facts: [
        { name: "shards", before: "2", after: "1" },
        { name: "Postgres", before: "reached", after: "cut off" },
      ],
    },
    { nodeId: "node-b", facts: [{ name: "shards", before: "2", after: "3" }] },
  ]);
  expect(found.divergences).toEqual({ began: ["shard 0: dual at node-a"], ended: [] });
});

test("what a node is about to hear has begun only once it has stood for a while", () => {
  const after = mirrorOf();
  after.applyLog("h1", entriesOf(13, assigned(0, "node-b", 2)), 2000);
  const begunAt = (nowMs: number) => compare(at(1000), at(nowMs, after)).divergences.began;
  expect(begunAt(2000 + graceMs)).toEqual([]);
  expect(begunAt(2001 + graceMs)).toEqual(["shard 0: unaware at node-b"]);
});
