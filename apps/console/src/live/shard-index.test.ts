import { type ClusterState, emptyCluster } from "@leasehold/sharding/observe";
import { expect, test } from "vitest";
import { ShardIndex } from "./shard-index.ts";

const clusterWith = (groups: Record<string, number>): ClusterState => ({
  ...emptyCluster("h"),
  groups: new Map(
    Object.entries(groups).map(([name, shards]) => [name, { shards, strategy: "least-loaded" }]),
  ),
});

test("numbers keep their meaning when groups come and daemons are scaled up", () => {
  const index = new ShardIndex();
  expect(index.learn(clusterWith({ default: 3, "daemon:d": 2 }))).toBe(true);
  expect(index.learn(clusterWith({ default: 3, "daemon:d": 2 }))).toBe(false);
  expect(index.learn(clusterWith({ default: 3, "daemon:d": 4, "daemon:e": 1 }))).toBe(true);
  expect(index.size).toBe(8);
  const refs = Array.from({ length: 8 }, (_, flat) => index.label(flat));
  expect(refs).toEqual([
    ...["default/0", "default/1", "default/2", "daemon:d/0", "daemon:d/1"],
    ...["daemon:d/2", "daemon:d/3", "daemon:e/0"],
  ]);
  for (let flat = 0; flat < 8; flat++) expect(index.find(index.refOf(flat))).toBe(flat);
  expect(index.find({ group: "daemon:d", shard: 4 })).toBe(-1);
  expect(index.find({ group: "nobody", shard: 0 })).toBe(-1);
});
