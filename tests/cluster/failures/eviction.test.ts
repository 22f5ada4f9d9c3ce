import { expect, test } from "vitest";
import type { TestCluster, TestNode } from "../harness.ts";
import { shareCluster } from "../share-cluster.ts";
import { pick, untilTakenOver } from "../support.ts";
import { expectWithin, untilServed } from "./support.ts";

const ttlMs = 1_000;
/** How long the mesh is silent before it says that a link is down. */
const silenceMs = 3_000;
const shared = shareCluster({ ttlMs });

async function isolate(cluster: TestCluster, victim: TestNode): Promise<void> {
  for (const other of cluster.nodes.filter((node) => node !== victim)) {
    await cluster.cut(victim, other);
    await cluster.cut(other, victim);
  }
}

const stateOf = async (cluster: TestCluster, nodeId: string, via: number) => {
  const { nodes } = await cluster.cluster(via);
  return nodes.find((node) => node.nodeId === nodeId);
};

for (const role of ["candidate", "coordinator"] as const) {
  test(`a ${role} that no other node can reach lets go of its shards though it renews, and joins again by itself`, async () => {
    const cluster = shared();
    const victim = await pick(cluster, role);
    const others = cluster.nodes.filter((node) => node !== victim);
    const via = cluster.nodes.indexOf(others[0] as TestNode) + 1;
    const load = cluster.load({ perSecond: 50, ids: 32, deadlineMs: 2_000 }, others);
    const { incarnation } = await victim.self();
    await isolate(cluster, victim);
    const ms = await untilTakenOver(cluster, victim.nodeId, via);
    expectWithin("its shards were hosted elsewhere after", ms, silenceMs + 2.5 * ttlMs);
    // Never before its links had been down for a ttl.
    expect(ms).toBeGreaterThan(ttlMs);
    expect((await stateOf(cluster, victim.nodeId, via))?.state).toBe("evicted");
    const self = await victim.self();
    expect([self.shards.filter((shard) => shard.serving), self.incarnation]).toEqual([
      [],
      incarnation,
    ]);
    expect((await cluster.cluster(via)).coordinator?.nodeId).not.toBe(victim.nodeId);
    await cluster.heal();
    await cluster.waitUntil("it has its share again", async () => {
      const node = await stateOf(cluster, victim.nodeId, via);
      return node?.state === "up" && node.incarnation === incarnation && node.shards >= 10;
    });
    await untilServed(cluster, load);
    await load.stop();
  });
}
