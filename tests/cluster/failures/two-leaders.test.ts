import pg from "pg";
import { expect, test } from "vitest";
import { z } from "zod";
import { shareCluster } from "../share-cluster.ts";
import { coordinatorAndOthers, expectWithin, homesOf, rounds, untilServed } from "./support.ts";

const ttlMs = 1_000;
const shared = shareCluster({ ttlMs });
const planAnswer = z.object({ planId: z.string(), state: z.string() });

/**
 * The server ends the lease session of a coordinator that is stopped: the lock is free at once, so another
 * node leads within the ttl in which the old one, awake again, still has every reason to believe that it does.
 */
test("of two nodes that believe they lead, the old one changes nothing when it wakes up", async () => {
  const cluster = shared();
  const load = cluster.load({ perSecond: 100, ids: 64, deadlineMs: 5_000 });
  await untilServed(cluster, load);
  for (let round = 0; round < rounds(2, 20); round += 1) {
    const [old, second, third] = await coordinatorAndOthers(cluster);
    const { term } = await old.self();
    const shards = await cluster.shards();
    const move = shards.find((shard) => shard.owner === second.nodeId);
    const moves = [{ group: "default", shard: move?.shard ?? 0, to: third.nodeId }];
    const plan = planAnswer.parse(await second.ask("POST", "/v1/plans", { kind: "move", moves }));

    old.freeze();
    const frozenMs = performance.now();
    // It finds these in its sockets when it wakes, and still believes that they are its to decide.
    const asked = [
      old.ask("POST", `/v1/plans/${plan.planId}/apply`),
      old.ask("POST", `/v1/nodes/${third.nodeId}/cordon`),
      old.ask("POST", `/v1/nodes/${third.nodeId}/uncordon`),
    ].map((answer) => answer.catch((error: unknown) => error));
    await endLeaseSession(cluster.databaseUrl, old.nodeId);
    await cluster.waitUntil("another node leads", async () => {
      const { coordinator } = await cluster.cluster();
      return coordinator !== null && coordinator.nodeId !== old.nodeId && coordinator.term > term;
    });
    const electedMs = performance.now() - frozenMs;
    old.thaw();
    const stoppedMs = performance.now() - frozenMs;
    expectWithin("the lock was taken after", electedMs, 150);
    console.info(`it was stopped for ${stoppedMs.toFixed(0)} ms of a ttl of ${ttlMs}`);
    await Promise.all(asked);

    await cluster.waitForStableOwnership();
    await cluster.invariants.readLogs(cluster.nodes);
    const { entries } = cluster.invariants.logs;
    const election = entries.findLastIndex(
      (entry) => entry.type === "coordinator-elected" && entry.term === term + 1,
    );
    expect(election).toBeGreaterThan(0);
    expect(entries.slice(election).filter((entry) => entry.term <= term)).toEqual([]);
    // Whoever applied the plan, the shard went where it says or stayed, and everybody agrees.
    const now = homesOf(await cluster.shards()).find((one) => one.shard === move?.shard);
    expect([second.nodeId, third.nodeId]).toContain(now?.owner);
    await untilServed(cluster, load);
  }
  await load.stop();
});

async function endLeaseSession(databaseUrl: string, nodeId: string): Promise<void> {
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    const { rowCount } = await client.query(
      `select pg_terminate_backend(backend_pid)
       from leasehold_default.leases where node_id = $1`,
      [nodeId],
    );
    expect(rowCount).toBe(1);
  } finally {
    await client.end();
  }
}
