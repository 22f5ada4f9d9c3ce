import { expect, test } from "vitest";
import type { TestCluster, TestNode } from "../harness.ts";
import { shareCluster } from "../share-cluster.ts";
import { pick, untilTakenOver } from "../support.ts";
import { answersOf, expectWithin, untilServed } from "./support.ts";

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
    // Also through the victim, whose own shards need no link: S1 is judged while it lets go of them.
    const load = cluster.load({ perSecond: 50, ids: 32, deadlineMs: 2_000 });
    await untilServed(cluster, load, 64);
    const { incarnation } = await victim.self();
    await isolate(cluster, victim);
    const cutMs = performance.now();
    const ms = await untilTakenOver(cluster, victim.nodeId, via);
    expect(answersOf(load.history, incarnation, cutMs).length).toBeGreaterThan(0);
    expectWithin("its shards were hosted elsewhere after", ms, silenceMs + 2.5 * ttlMs);
    await expectGivenByItsWord(cluster, others, incarnation);
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

/** No shard has a new home in the commit of the eviction itself: nobody can have heard by then that it stopped. */
async function expectGivenByItsWord(
  cluster: TestCluster,
  others: readonly TestNode[],
  incarnation: string,
): Promise<void> {
  await cluster.invariants.readLogs(others);
  const { entries } = cluster.invariants.logs;
  const at = entries.findIndex(
    (entry) => entry.type === "node-evicted" && entry.incarnation === incarnation,
  );
  const given = entries
    .slice(at)
    .filter((entry) => entry.type === "shard-assigned" && entry.cause === "eviction");
  expect(given.length).toBeGreaterThan(0);
  expect(given.filter((entry) => entry.at === entries[at]?.at)).toEqual([]);
}
