import { fileURLToPath } from "node:url";
import { shardOf } from "@leasehold/sharding/observe";
import { expect, test } from "vitest";
import { z } from "zod";
import { shareCluster } from "../share-cluster.ts";
import { pick, untilTakenOver } from "../support.ts";
import { answersOf, expectWithin, rounds, untilServed } from "./support.ts";

const ttlMs = 1_000;
const shardCount = 32;
const entities = fileURLToPath(new URL("../fixtures/entities.ts", import.meta.url));
const shared = shareCluster({ ttlMs, shards: shardCount, env: { LEASEHOLD_ENTITIES: entities } });

// With lanes a handler keeps its lane's thread, and the node leaves: another promise, and lanes.test.ts has it, with
// a main thread that is blocked.
const { LEASEHOLD_LANES: lanes = "1" } = process.env;
if (lanes !== "1") {
  console.warn(
    `\nNOT TESTED: handlers that block the event loop; with LEASEHOLD_LANES=${lanes} they block a lane (lanes.test.ts).\n`,
  );
}

const problem = z.object({ code: z.string(), executed: z.string() });

// Another node hears of the death and answers by itself. Asked there, only the blocked node can know.
for (const [role, asked] of [
  ["candidate", "through another node"],
  ["coordinator", "through another node"],
  ["candidate", "there"],
] as const) {
  test.skipIf(lanes !== "1")(
    `a ${role} whose event loop a handler, asked ${asked}, blocks for two ttl is fenced, and tells why it lost its lease`,
    async () => {
      const cluster = shared();
      const load = cluster.load({ perSecond: 100, ids: 64, deadlineMs: 3_000 });
      await untilServed(cluster, load);
      for (let round = 0; round < rounds(1, 10); round += 1) {
        // In a later round the victim may be on its way back, and an entity of no shard of its would block another.
        await cluster.waitUntil("every node has shards again", async () => {
          return (await cluster.cluster()).nodes.every(({ shards }) => shards > 0);
        });
        await cluster.waitForStableOwnership();
        const victim = await pick(cluster, role);
        const via = cluster.nodes.findIndex((node) => node !== victim) + 1;
        const { incarnation } = await victim.self();
        const own = new Set(
          (await cluster.shards()).flatMap(({ shard, owner }) =>
            owner === victim.nodeId ? [shard] : [],
          ),
        );
        const id = Array.from({ length: 1_000 }, (_, i) => `blocker-${round}-${i}`).find((one) =>
          own.has(shardOf("default", "slow", one, shardCount)),
        );
        expect(id, `an entity on ${victim.nodeId}`).toBeDefined();
        const startMs = performance.now();
        const { url } = asked === "there" ? victim : cluster.node(via);
        const blocking = fetch(`${url}/v1/entities/slow/${id}/block`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ ms: 2 * ttlMs }),
        });
        await untilTakenOver(cluster, victim.nodeId, via);
        expectWithin("blocked: hosted elsewhere after", performance.now() - startMs, ttlMs + 1_000);
        // Its handler ran to the end, but nothing of it may count.
        const answer = await blocking;
        expect(answer.status).toBe(502);
        expect(problem.parse(await answer.json()).executed).toBe("unknown");
        const self = await cluster.waitUntil("it has a new life", async () => {
          const now = await victim.self();
          return now.incarnation !== incarnation && now.lease.state === "held" ? now : null;
        });
        expect(self.pid).toBe(victim.pid);
        const said = victim.log(200).split("\n");
        expect(said.filter((line) => line.includes("the lease is lost"))).not.toEqual([]);
        await untilServed(cluster, load);
        const stale = answersOf(load.history, incarnation, startMs + ttlMs);
        expect(stale).toEqual([]);
      }
      await load.stop();
    },
  );
}
