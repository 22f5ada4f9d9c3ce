import { fileURLToPath } from "node:url";
import { createClient } from "@leasehold/sharding/client";
import { afterEach, expect, test } from "vitest";
import { expectWithin } from "../failures/support.ts";
import { startCluster, stopAll, type TestCluster } from "../harness.ts";
import { query, schema } from "../query.ts";

const entities = fileURLToPath(new URL("../fixtures/entities.ts", import.meta.url));
const ttlMs = 1_000;

afterEach(stopAll);

async function arm(cluster: TestCluster, count: number, command: string, input: unknown) {
  const client = createClient({ nodes: cluster.nodes.map((node) => node.url) });
  const ids = Array.from({ length: count }, (_, index) => `alarm-${index}`);
  const key = command;
  await Promise.all(ids.map((id) => client.ask({ type: "alarm", id, command, input, key })));
}

/** How often each alarm rang, and how late. */
async function rings(cluster: TestCluster): Promise<ReadonlyMap<string, readonly number[]>> {
  const rows = await query<{ id: string; late: number }>(
    cluster,
    `select entity_id as id, (event #>> '{data,lateMs}')::float8 as late from ${schema}.journal
     where entity_type = 'alarm' order by at`,
  );
  const found = new Map<string, number[]>();
  for (const { id, late } of rows) found.set(id, [...(found.get(id) ?? []), late]);
  return found;
}

test("timers fire once, also those of a node that is killed when they are due", async () => {
  const cluster = await startCluster({ shards: 12, ttlMs, env: { LEASEHOLD_ENTITIES: entities } });
  const count = 60;
  await arm(cluster, count, "arm", { afterMs: 2_000 });
  await cluster.waitUntil("the first alarm rings", async () => (await rings(cluster)).size > 0);
  await cluster.node(2).kill();
  await cluster.waitUntil("every alarm rang", async () => (await rings(cluster)).size === count);
  const each = [...(await rings(cluster)).values()];
  expect(each.filter((own) => own.length !== 1)).toEqual([]);
  const late = each.flat().toSorted((a, b) => a - b);
  expectWithin("a timer is late, half of them", late[count >> 1] as number, 100);
  expectWithin("a timer is late, the latest", late.at(-1) as number, ttlMs + 1_000);
}, 60_000);

test("1,000 remembered entities run again after the coordinator's node is killed, without a message", async () => {
  // By itself a shard could move once more, and its entities would run once more, too; so would those of a node that
  // lost its lease because a thousand entities were loaded at once.
  const env = { LEASEHOLD_ENTITIES: entities, LEASEHOLD_REBALANCE: "manual" };
  const cluster = await startCluster({ shards: 24, ttlMs: 5_000, env });
  const count = 1_000;
  await arm(cluster, count, "remember", null);
  expect((await rings(cluster)).size).toBe(0);
  const before = await cluster.shards();
  const { coordinator } = await cluster.cluster();
  await cluster.nodeById(coordinator?.nodeId ?? "").kill();
  const killedMs = performance.now();
  const lost = before.filter((shard) => shard.owner === coordinator?.nodeId).length;
  const rows = await query<{ n: number }>(
    cluster,
    `select count(*)::int as n from ${schema}.timers where shard = any (
       '{${before.filter((row) => row.owner === coordinator?.nodeId).map((row) => row.shard)}}')`,
  );
  const due = rows[0]?.n ?? 0;
  expect(due).toBeGreaterThan((count * lost) / before.length / 2);
  await cluster.waitUntil(`${due} entities ran`, async () => (await rings(cluster)).size >= due);
  console.info(`${due} remembered entities ran in ${Math.round(performance.now() - killedMs)} ms`);
  const each = [...(await rings(cluster)).values()];
  expect(each).toHaveLength(due);
  expect(each.filter((own) => own.length !== 1)).toEqual([]);
}, 60_000);
