import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { OwnPostgres } from "../harness/own-postgres.ts";
import { startCluster, stopAll } from "../harness.ts";
import { pick } from "../support.ts";
import { expectWithin, rounds, untilServed } from "./support.ts";

// Rows by the ten thousand would keep the server that others share from their heartbeats.
let postgres: OwnPostgres;
beforeAll(async () => {
  postgres = await OwnPostgres.start();
});
afterEach(stopAll);
afterAll(() => postgres.destroy());

test(
  "a coordinator that dies with 10,000 shards is replaced, and not one healthy shard moves",
  async () => {
    // A node that comes up after the others takes a third of the shards, sixteen at a time.
    const databaseUrl = postgres.url;
    const options = { shards: 10_000, ttlMs: 5_000, databaseUrl, stableWithinMs: 120_000 };
    const cluster = await startCluster(options);
    const load = cluster.load({ perSecond: 100, ids: 256, deadlineMs: 5_000 });
    await untilServed(cluster, load);
    for (let round = 0; round < rounds(1, 20); round += 1) {
      const victim = await pick(cluster, "coordinator");
      const via = cluster.nodes.findIndex((node) => node !== victim) + 1;
      const before = await cluster.shards(via);
      const { term } = await victim.self();
      const startMs = performance.now();
      await victim.kill();
      await cluster.waitUntil(
        "the next coordinator is active",
        async () => {
          const selves = await Promise.all(
            cluster.nodes.filter((node) => node.isRunning).map((node) => node.self()),
          );
          return selves.some((self) => self.role === "coordinator" && self.term > term);
        },
        { everyMs: 5 },
      );
      expectWithin(
        "10,000 shards: next coordinator active after",
        performance.now() - startMs,
        500,
      );
      await cluster.waitUntil(
        "the dead node's shards are hosted elsewhere",
        async () => {
          const { shards, nodes } = await cluster.cluster(via);
          const own = nodes.find((node) => node.nodeId === victim.nodeId)?.shards;
          return shards.hosted === shards.total && (own ?? 0) === 0;
        },
        { timeoutMs: 60_000 },
      );
      expectWithin("10,000 shards: all hosted again after", performance.now() - startMs, 1_000);
      const after = await cluster.shards(via);
      const moved = after.filter((now, i) => {
        const was = before[i];
        return (
          was?.owner !== victim.nodeId && (was?.owner !== now.owner || was.epoch !== now.epoch)
        );
      });
      expect(moved).toEqual([]);
      await untilServed(cluster, load);
      if (round + 1 === rounds(1, 20)) break;
      await victim.start();
      await victim.becomeReady();
      await cluster.waitForStableOwnership({ timeoutMs: 120_000 });
    }
    await load.stop();
  },
  rounds(180_000, 1_200_000),
);
