import { expect, test } from "vitest";
import { expectNothingLost } from "../expect-history.ts";
import { shareCluster } from "../share-cluster.ts";
import { longestGapMs } from "../support.ts";
import { homesOf, rounds, untilServed } from "./support.ts";

const shardCount = 128;
// Nodes that start take the processors from those that serve: with 1 s that alone can end a lease.
const shared = shareCluster({ shards: shardCount, ttlMs: 3_000 });

test("a node that joins gets its share and nothing else moves, without a lost request", async () => {
  const cluster = shared();
  const load = cluster.load({ perSecond: 200, ids: 64 });
  await untilServed(cluster, load, 128);
  const before = homesOf(await cluster.shards());
  const { seq } = await cluster.cluster();
  const fourth = cluster.addNode();
  await fourth.start();
  await fourth.becomeReady();
  const share = shardCount / 4;
  await cluster.waitUntil("it has its share", async () => {
    const { nodes, shards } = await cluster.cluster();
    const own = nodes.find((node) => node.nodeId === fourth.nodeId)?.shards ?? 0;
    return own >= share - 1 && shards.hosted === shards.total;
  });
  const after = homesOf(await cluster.waitForStableOwnership());
  const moved = after.filter((now, i) => now.owner !== before[i]?.owner);
  console.info(`${moved.length} of ${shardCount} shards moved (bound ${share + 1})`);
  expect(new Set(moved.map(({ owner }) => owner))).toEqual(new Set([fourth.nodeId]));
  expect(moved.length).toBeLessThanOrEqual(share + 1);
  // No shard went there and back.
  const began = cluster.invariants.logs.entries
    .slice(seq)
    .filter(({ type }) => type === "handoff-began");
  expect(began.length).toBe(moved.length);
  const history = await load.stop();
  console.info(
    `longest gap of an entity: ${longestGapMs(history).toFixed(0)} ms (bound 250 ms and the load's own 320 ms)`,
  );
  expectNothingLost(history);
});

test("nodes that join and leave all the time fail no request and lose no state", async () => {
  const cluster = shared();
  const first = cluster.nodes.slice(0, 3);
  const load = cluster.load({ perSecond: 100, ids: 64 }, first);
  await untilServed(cluster, load, 128);
  for (let round = 0; round < rounds(2, 10); round += 1) {
    const guests = [cluster.addNode(), cluster.addNode()];
    await Promise.all(guests.map((node) => node.start()));
    await Promise.all(guests.map((node) => node.becomeReady()));
    await cluster.waitUntil("a guest has a shard", async () => {
      const { nodes } = await cluster.cluster(1);
      return guests.some(
        (guest) => (nodes.find((node) => node.nodeId === guest.nodeId)?.shards ?? 0) > 0,
      );
    });
    const exits = await Promise.all(guests.map((node) => node.stop()));
    expect(exits.map(({ code }) => code)).toEqual([0, 0]);
  }
  await cluster.waitForStableOwnership();
  expectNothingLost(await load.stop());
});
