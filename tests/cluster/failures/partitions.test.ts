import { expect, test } from "vitest";
import { z } from "zod";
import type { TestCluster, TestNode } from "../harness.ts";
import { shareCluster } from "../share-cluster.ts";
import { lastServingMs, pick, untilTakenOver } from "../support.ts";
import {
  coordinatorAndOthers,
  expectWithin,
  homesOf,
  untilPassed,
  untilServed,
} from "./support.ts";

const ttlMs = 1_000;
const shared = shareCluster({ ttlMs });
const planAnswer = z.object({ planId: z.string(), state: z.string() });

/** Cuts the link between a node that does not lead and the one that does. */
const linkCuts = {
  "in both directions": async (cluster: TestCluster, region: TestNode, coordinator: TestNode) => {
    await cluster.cut(region, coordinator);
    await cluster.cut(coordinator, region);
  },
  "towards the coordinator": (cluster: TestCluster, region: TestNode, coordinator: TestNode) =>
    cluster.cut(region, coordinator),
  "towards the region": (cluster: TestCluster, region: TestNode, coordinator: TestNode) =>
    cluster.cut(coordinator, region),
} as const;

for (const [direction, cut] of Object.entries(linkCuts)) {
  test(`a region cut from the coordinator alone, ${direction}, keeps every shard`, async () => {
    const cluster = shared();
    const [coordinator, region, third] = await coordinatorAndOthers(cluster);
    const load = cluster.load({ perSecond: 100, ids: 64, deadlineMs: 3_000 }, [third]);
    await untilServed(cluster, load);
    const before = homesOf(await cluster.shards());
    await cut(cluster, region, coordinator);
    await cluster.waitUntil("the link is down", async () => {
      const { peers } = await coordinator.self();
      return peers.some((peer) => peer.nodeId === region.nodeId && !peer.connected);
    });
    await untilPassed(cluster, 2 * ttlMs);
    expect(homesOf(await cluster.shards())).toEqual(before);
    await load.stop();
    expect(load.failures()).toEqual([]);
    await cluster.heal();
    await cluster.waitUntil("the link is up", async () => {
      const { peers } = await coordinator.self();
      return peers.every((peer) => peer.connected);
    });
  });
}

test("a move from a region that is cut from the coordinator goes through Postgres, without a lost request", async () => {
  const cluster = shared();
  const [coordinator, region, third] = await coordinatorAndOthers(cluster);
  const load = cluster.load({ perSecond: 100, ids: 64, deadlineMs: 5_000 }, [third]);
  await untilServed(cluster, load);
  await linkCuts["in both directions"](cluster, region, coordinator);
  const own = (await cluster.shards()).filter((shard) => shard.owner === region.nodeId);
  const moves = own.slice(0, 4).map(({ group, shard }) => ({ group, shard, to: third.nodeId }));
  const { planId } = planAnswer.parse(
    await third.ask("POST", "/v1/plans", { kind: "move", moves }),
  );
  const startMs = performance.now();
  await third.ask("POST", `/v1/plans/${planId}/apply`);
  await cluster.waitUntil("the plan is done", async () => {
    return planAnswer.parse(await third.ask("GET", `/v1/plans/${planId}`)).state === "done";
  });
  expectWithin("four moves without the mesh took", performance.now() - startMs, 1_000);
  await load.stop();
  expect(load.failures()).toEqual([]);
});

for (const role of ["candidate", "coordinator"] as const) {
  for (const direction of ["out", "in"] as const) {
    const what = direction === "out" ? "cannot be heard by Postgres" : "cannot hear Postgres";
    test(`a ${role} that ${what} stops before its lease ends, is replaced, and takes part again`, async () => {
      const cluster = shared();
      const load = cluster.load({ perSecond: 100, ids: 64, deadlineMs: 3_000 });
      await untilServed(cluster, load);
      const victim = await pick(cluster, role);
      const via = cluster.nodes.findIndex((node) => node !== victim) + 1;
      const { incarnation } = await victim.self();
      await cluster.cutPostgres(victim, direction);
      const cutMs = performance.now();
      const [servedMs, tookOverMs] = await Promise.all([
        lastServingMs(victim),
        untilTakenOver(cluster, victim.nodeId, via).then(() => performance.now()),
      ]);
      console.info(`it served for ${(servedMs - cutMs).toFixed(0)} ms of a ttl of ${ttlMs}`);
      expect(servedMs - cutMs).toBeLessThan(ttlMs);
      expect(servedMs).toBeLessThan(tookOverMs);
      expectWithin("its shards were hosted elsewhere after", tookOverMs - cutMs, ttlMs + 1_000);
      await victim.heal();
      await cluster.waitUntil(`${victim.nodeId} has its share again`, async () => {
        const { nodes } = await cluster.cluster(via);
        return (nodes.find((node) => node.nodeId === victim.nodeId)?.shards ?? 0) >= 10;
      });
      expect((await victim.self()).incarnation).not.toBe(incarnation);
      await untilServed(cluster, load);
    });
  }
}

test("a node that hears nobody at all stops by its own clock before its shards are served elsewhere", async () => {
  const cluster = shared();
  const load = cluster.load({ perSecond: 200, ids: 64, deadlineMs: 1_000 });
  await untilServed(cluster, load, 128);
  const victim = await pick(cluster, "candidate");
  const via = cluster.nodes.findIndex((node) => node !== victim) + 1;
  const { incarnation } = await victim.self();
  // Nobody can tell it that it was replaced, and callers still reach it.
  await cluster.isolate(victim);
  await cluster.cutPostgres(victim);
  const cutMs = performance.now();
  const [servedMs, tookOverMs] = await Promise.all([
    lastServingMs(victim),
    untilTakenOver(cluster, victim.nodeId, via).then(() => performance.now()),
  ]);
  console.info(`it served for ${(servedMs - cutMs).toFixed(0)} ms of a ttl of ${ttlMs}`);
  expect(servedMs - cutMs).toBeLessThan(ttlMs);
  expect(servedMs).toBeLessThan(tookOverMs);
  expectWithin("its shards were hosted elsewhere after", tookOverMs - cutMs, ttlMs + 1_000);
  await victim.heal();
  await cluster.waitUntil(`${victim.nodeId} has a new life`, async () => {
    const { incarnation: now, lease } = await victim.self();
    return now !== incarnation && lease.state === "held";
  });
  await untilServed(cluster, load);
});
