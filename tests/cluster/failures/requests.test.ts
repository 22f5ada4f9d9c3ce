import { fileURLToPath } from "node:url";
import { shardOf } from "@leasehold/sharding/observe";
import { expect, test } from "vitest";
import { z } from "zod";
import { type TestNode, waitUntil } from "../harness.ts";
import { shareCluster } from "../share-cluster.ts";
import { pick } from "../support.ts";
import { coordinatorAndOthers, expectWithin, rounds, untilServed } from "./support.ts";

const shardCount = 32;
const entities = fileURLToPath(new URL("../fixtures/entities.ts", import.meta.url));
const shared = shareCluster({ shards: shardCount, env: { LEASEHOLD_ENTITIES: entities } });

const problem = z.object({
  code: z.string(),
  executed: z.enum(["no", "yes", "unknown"]),
  retryable: z.boolean(),
  type: z.string(),
});
const deadlineMs = 2_000;

/** One call without any retry, and what became of it. */
async function ask(node: TestNode, path: string, input: unknown) {
  const startMs = performance.now();
  const response = await fetch(`${node.url}/v1/entities/${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", "leasehold-deadline-ms": String(deadlineMs) },
    body: JSON.stringify(input),
    signal: AbortSignal.timeout(10 * deadlineMs),
  });
  const body: unknown = await response.json();
  return { status: response.status, body, tookMs: performance.now() - startMs };
}

for (const role of ["candidate", "coordinator"] as const) {
  test(`32 requests in flight at a ${role} that dies are answered or fail with a typed error, before their deadline`, async () => {
    const cluster = shared();
    for (let round = 0; round < rounds(1, 10); round += 1) {
      const victim = await pick(cluster, role);
      const via = cluster.nodes.find((node) => node !== victim) as TestNode;
      const own = (await cluster.shards()).filter((shard) => shard.owner === victim.nodeId);
      const isOwn = new Set(own.map(({ shard }) => shard));
      const ids = Array.from({ length: 10_000 }, (_, i) => `held-${round}-${i}`)
        .filter((id) => isOwn.has(shardOf("default", "slow", id, shardCount)))
        .slice(0, 32);
      expect(ids).toHaveLength(32);
      // Each has run once: what is asked next surely waits inside a handler.
      await Promise.all(ids.map((id) => ask(via, `slow/${id}/add`, { ms: 0 })));
      const asked = ids.map((id) => ask(via, `slow/${id}/add`, { ms: 60_000 }));
      // One that comes later and is answered came behind them on the same connection.
      await ask(via, `counter/${ids[0]}/add`, { by: 1 });
      const startMs = performance.now();
      await victim.kill();
      const answers = await Promise.all(asked);
      const slowest = Math.max(...answers.map(({ tookMs }) => tookMs));
      expectWithin("32 calls in flight had heard after", performance.now() - startMs, 250);
      expect(slowest).toBeLessThan(deadlineMs + 500);
      for (const { status, body } of answers) {
        expect(status).toBe(502);
        expect(problem.parse(body)).toMatchObject({ code: "OUTCOME_UNKNOWN", executed: "unknown" });
      }
      await cluster.restore();
    }
  });
}

test("60 paced requests during repeated changes of the coordinator end, those fail that were under way at a death, and one after them is answered", async () => {
  const cluster = shared();
  const load = cluster.load({ perSecond: 20, ids: 60, deadlineMs: 5_000 });
  await untilServed(cluster, load, 5);
  const changes: { readonly fromMs: number; readonly toMs: number }[] = [];
  for (let round = 0; round < rounds(3, 20); round += 1) {
    const [coordinator] = await coordinatorAndOthers(cluster);
    const startMs = performance.now();
    await coordinator.kill();
    await cluster.waitUntil("another node leads, and every shard is served", async () => {
      const { coordinator: now, nodes, shards } = await cluster.cluster();
      const left = nodes.find((one) => one.nodeId === coordinator.nodeId)?.shards;
      const leads = now !== null && now.nodeId !== coordinator.nodeId;
      return leads && left === 0 && shards.hosted === shards.total;
    });
    expectWithin("all shards hosted after", performance.now() - startMs, 1_000);
    changes.push({ fromMs: startMs, toMs: performance.now() });
    await coordinator.start();
    await coordinator.becomeReady();
  }
  await waitUntil("60 requests have been sent", () => load.history.length >= 60);
  const history = await load.stop();
  for (const { id, outcome, startMs, endMs } of history) {
    if (outcome.tag !== "failed") continue;
    // At the node that died, or asked through it. All others wait for a home, long before their deadline.
    expect(outcome.executed, outcome.code).toBe("unknown");
    const isOfChange = changes.some(({ fromMs, toMs }) => startMs < toMs && endMs > fromMs);
    expect(isOfChange, `${id} failed with ${outcome.code} while nobody had died`).toBe(true);
  }
  const answered = history.filter(({ outcome }) => outcome.tag === "ok");
  console.info(`${answered.length} of ${history.length} requests were answered`);
  // A third of the homes dies each time, and is found dead within a small part of a deadline.
  expect(answered.length).toBeGreaterThan(history.length / 2);
  const [node] = cluster.nodes;
  expect((await ask(node as TestNode, "counter/the-last/add", { by: 1 })).status).toBe(200);
});
