import { expect, test } from "vitest";
import { waitUntil } from "./harness.ts";
import { shareCluster } from "./share-cluster.ts";
import { lastServingMs, pick, untilTakenOver } from "./support.ts";

const ttlMs = 1_000;
const shared = shareCluster({ ttlMs });

for (const role of ["candidate", "coordinator"] as const) {
  test(`the shards of a killed ${role} answer elsewhere within a second, and no other shard moves`, async () => {
    const cluster = shared();
    const load = cluster.load({ perSecond: 200, ids: 64 });
    const victim = await pick(cluster, role);
    const before = await cluster.shards();
    const via = cluster.nodes.findIndex((node) => node !== victim) + 1;
    await victim.kill();
    const ms = await untilTakenOver(cluster, victim.nodeId, via);
    console.info(`${role} killed: its shards were hosted elsewhere after ${ms.toFixed(0)} ms`);
    expect(ms).toBeLessThan(10 * 1_000);
    const after = await cluster.waitForStableOwnership();
    for (const shard of before.filter((one) => one.owner !== victim.nodeId)) {
      const now = after.find((one) => one.shard === shard.shard);
      expect({ owner: now?.owner, epoch: now?.epoch }).toEqual({
        owner: shard.owner,
        epoch: shard.epoch,
      });
    }
    await waitUntil("calls succeed again", async () =>
      load.history.slice(-20).every((call) => call.outcome.tag === "ok"),
    );
    const { coordinator } = await cluster.cluster();
    expect(coordinator?.nodeId).not.toBe(victim.nodeId);
  });
}

test("a node cut from Postgres stops serving before its lease ends, its shards answer elsewhere within ttl + 1 s, and it takes part again after the heal", async () => {
  const cluster = shared();
  const victim = await pick(cluster, "candidate");
  const via = cluster.nodes.findIndex((node) => node !== victim) + 1;
  const { incarnation } = await victim.self();
  await victim.fault({ kind: "cut-postgres", ttlMs: 60_000 });
  const cutMs = performance.now();
  const serving = lastServingMs(victim);
  const takenOver = untilTakenOver(cluster, victim.nodeId, via).then(() => performance.now());
  const [servedMs, tookMs] = await Promise.all([serving, takenOver]);
  console.info(
    `cut from Postgres: served until ${(servedMs - cutMs).toFixed(0)} ms, taken over after ${(tookMs - cutMs).toFixed(0)} ms`,
  );
  expect(servedMs - cutMs).toBeLessThan(ttlMs);
  expect(servedMs).toBeLessThan(tookMs);
  expect(tookMs - cutMs).toBeLessThan(ttlMs + 1_000);

  await victim.heal();
  await waitUntil("it is given its share again", async () => {
    const { nodes, shards } = await cluster.cluster(via);
    const share = nodes.find((node) => node.nodeId === victim.nodeId)?.shards ?? 0;
    return share >= 10 && shards.hosted === shards.total;
  });
  expect((await victim.self()).incarnation).not.toBe(incarnation);
  await cluster.waitForStableOwnership();
});

test("a frozen node loses its shards after a ttl, and serves none of them when it wakes up", async () => {
  const cluster = shared();
  const load = cluster.load({ perSecond: 100, ids: 32, deadlineMs: 3_000 });
  const victim = await pick(cluster, "candidate");
  const via = cluster.nodes.findIndex((node) => node !== victim) + 1;
  const { incarnation } = await victim.self();
  victim.freeze();
  const ms = await untilTakenOver(cluster, victim.nodeId, via);
  console.info(`frozen: its shards were hosted elsewhere after ${ms.toFixed(0)} ms`);
  expect(ms).toBeLessThan(ttlMs + 1_000);
  const wokenMs = performance.now();
  victim.thaw();
  await waitUntil(
    "it has taken a new life",
    async () => (await victim.self()).incarnation !== incarnation,
  );
  await cluster.waitForStableOwnership();
  await waitUntil("calls succeed again", async () =>
    load.history.slice(-20).every((call) => call.outcome.tag === "ok"),
  );
  const stale = load.history.filter(
    (call) =>
      call.outcome.tag === "ok" &&
      call.endMs > wokenMs &&
      call.outcome.servedBy.incarnation === incarnation,
  );
  expect(stale).toEqual([]);
});

test("nodes that cannot reach each other keep their shards: nothing is taken by rumour", async () => {
  const cluster = shared();
  const before = await cluster.shards();
  const [a, b] = [cluster.node(1), cluster.node(2)];
  const startMs = performance.now();
  await a.fault({ kind: "cut-link", peer: b.nodeId, ttlMs: 60_000 });
  await waitUntil("the link is down", async () => {
    const { peers } = await a.self();
    return peers.some((peer) => peer.nodeId === b.nodeId && !peer.connected);
  });
  await waitUntil("two ttl have passed", async () => performance.now() - startMs > 2 * ttlMs);
  const after = await cluster.shards(3);
  expect(after.map(({ shard, owner, epoch }) => ({ shard, owner, epoch }))).toEqual(
    before.map(({ shard, owner, epoch }) => ({ shard, owner, epoch })),
  );
  await a.heal();
  await waitUntil("the link is up", async () => {
    const { peers } = await a.self();
    return peers.every((peer) => peer.connected);
  });
});
