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
    ...["0", "1", "2", "daemon:d/0", "daemon:d/1"],
    ...["daemon:d/2", "daemon:d/3", "daemon:e/0"],
  ]);
  for (let flat = 0; flat < 8; flat++) expect(index.find(index.refOf(flat))).toBe(flat);
  expect(index.find({ group: "daemon:d", shard: 4 })).toBe(-1);
  expect(index.find({ group: "nobody", shard: 0 })).toBe(-1);
});

test("a shard's name is as short as it can be without being another's", () => {
  const index = new ShardIndex();
  index.learn(clusterWith({ games: 2 }));
  expect(index.label(1)).toBe("1");
  index.learn(clusterWith({ games: 2, default: 1, "daemon:settler": 1 }));
  expect([0, 1, 2, 3].map((flat) => index.label(flat))).toEqual([
    ...["games/0", "games/1", "0", "daemon:settler/0"],
  ]);
  expect([0, 1, 2, 3].map((flat) => index.shortLabel(flat))).toEqual(["g0", "g1", "0", "s0"]);
});
