import pg from "pg";
import { afterEach, expect, test } from "vitest";
import { lockKeyOf } from "../../../packages/sharding/src/adapters/postgres/lock-key.ts";
import { startCluster, stopAll, type TestCluster, type TestNode } from "../harness.ts";
import { pick } from "../support.ts";
import { expectWithin, homesOf, untilPassed, untilServed } from "./support.ts";

const ttlMs = 1_000;
const clients: pg.Client[] = [];
afterEach(async (context) => {
  for (const client of clients.splice(0)) await client.end();
  await stopAll(context);
});

async function connect(cluster: TestCluster): Promise<pg.Client> {
  const client = new pg.Client(cluster.databaseUrl);
  clients.push(client);
  await client.connect();
  return client;
}

const key = lockKeyOf("leasehold_default", "coordinator");
/** Waits in the queue of the coordinator's lock, as no node does. */
const takeLock = (client: pg.Client) => client.query("select pg_advisory_lock($1, $2)", [...key]);
const freeLock = (client: pg.Client) => client.query("select pg_advisory_unlock($1, $2)", [...key]);

const add = (node: TestNode, id: string): Promise<Response> =>
  fetch(`${node.url}/v1/entities/counter/${id}/add`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"by":1}',
  });

test("a lock that is refused at first keeps a node waiting, with a typed refusal for callers, until it can lead", async () => {
  const cluster = await startCluster({ nodes: 1, shards: 8, ttlMs });
  const node = cluster.node(1);
  await node.stop();
  const thief = await connect(cluster);
  await takeLock(thief);
  await node.start();
  await cluster.waitUntil("it renews its own lease", async () => {
    const { rows } = await thief.query<{ renewals: number }>(
      "select renewals::int from leasehold_default.leases where state = 'alive'",
    );
    return (rows[0]?.renewals ?? 0) > 3;
  });
  const refused = await add(node, "patient");
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({ executed: "no", retryable: true });
  expect((await fetch(`${node.url}/readyz`)).status).toBe(503);
  const startMs = performance.now();
  await freeLock(thief);
  await node.becomeReady();
  expectWithin("it led and was ready after", performance.now() - startMs, 500);
  await cluster.verify();
  expect((await add(node, "patient")).status).toBe(200);
});

test("a lock that is lost: the coordinator is passive at once, every shard is served on, and the next term begins when it is free", async () => {
  const cluster = await startCluster({ nodes: 3, shards: 32, ttlMs });
  const load = cluster.load({ perSecond: 100, ids: 64, deadlineMs: 3_000 });
  await untilServed(cluster, load);
  const coordinator = await pick(cluster, "coordinator");
  const { term } = await coordinator.self();
  const before = homesOf(await cluster.shards());
  const [thief, operator] = [await connect(cluster), await connect(cluster)];
  const taken = takeLock(thief);
  await cluster.waitUntil("the thief waits for the lock", async () => {
    const { rowCount } = await operator.query(
      `select from pg_locks where locktype = 'advisory' and not granted
         and database = (select oid from pg_database where datname = current_database())`,
    );
    return rowCount === 1;
  });
  const lostMs = performance.now();
  // Of this database: others have leases of the same name, whose holders would be ended, too.
  await operator.query(
    `select pg_terminate_backend(pid) from pg_locks
     where locktype = 'advisory' and granted
       and database = (select oid from pg_database where datname = current_database())
       and (classid, objid) in
       (select classid, objid from pg_locks where locktype = 'advisory' and not granted)`,
  );
  await taken;
  await cluster.waitUntil("nobody leads", async () => {
    const selves = await Promise.all(cluster.nodes.map((node) => node.self()));
    return selves.every(({ role }) => role === "candidate");
  });
  expectWithin("passive after", performance.now() - lostMs, 100);
  await untilPassed(cluster, 2 * ttlMs);
  expect(homesOf(await cluster.shards())).toEqual(before);
  const freeMs = performance.now();
  await freeLock(thief);
  await cluster.waitUntil("somebody leads under the next term", async () => {
    return (await cluster.cluster()).coordinator?.term === term + 1;
  });
  expectWithin("led again after", performance.now() - freeMs, 150);
  await load.stop();
  expect(load.failures()).toEqual([]);
  expect(homesOf(await cluster.shards())).toEqual(before);
  await cluster.verify();
});

test("a command that its coordinator's commit holds is unknown when the session ends, and does not wait for its deadline", async () => {
  const cluster = await startCluster({ nodes: 3, shards: 8, ttlMs });
  const coordinator = await pick(cluster, "coordinator");
  const other = await pick(cluster, "candidate");
  const [holder, operator] = [await connect(cluster), await connect(cluster)];
  await holder.query("begin");
  await holder.query("select from leasehold_default.nodes where node_id = $1 for update", [
    other.nodeId,
  ]);
  const answered = fetch(`${coordinator.url}/v1/nodes/${other.nodeId}/cordon`, {
    method: "POST",
    headers: { "leasehold-deadline-ms": "10000" },
  });
  await cluster.waitUntil("the commit waits for the row", async () => {
    const { rowCount } = await operator.query(
      `select from pg_locks where locktype = 'transactionid' and not granted
         and pid in (select pid from pg_stat_activity where datname = current_database())`,
    );
    return (rowCount ?? 0) > 0;
  });
  const endedMs = performance.now();
  await operator.query(
    "select pg_terminate_backend(backend_pid) from leasehold_default.leases where node_id = $1",
    [coordinator.nodeId],
  );
  const answer = await answered;
  expectWithin("answered after", performance.now() - endedMs, 100);
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    ...{ code: "COORDINATOR_UNAVAILABLE", executed: "unknown" },
  });
  await holder.query("rollback");
  await cluster.verify();
});

test("a coordinator that leaves lets its lock go, and the next one leads before it has ended", async () => {
  const cluster = await startCluster({ nodes: 3, shards: 32, ttlMs });
  const coordinator = await pick(cluster, "coordinator");
  const via = cluster.nodes.findIndex((node) => node !== coordinator) + 1;
  const { term } = await coordinator.self();
  const startMs = performance.now();
  const exit = coordinator.stop();
  const led = cluster.waitUntil("another node leads", async () => {
    const { coordinator: now } = await cluster.cluster(via);
    const leads = now !== null && now.nodeId !== coordinator.nodeId && now.term > term;
    return leads ? performance.now() - startMs : null;
  });
  const [{ code, tookMs }, ledMs] = await Promise.all([exit, led]);
  expect(code).toBe(0);
  console.info(`it left in ${tookMs.toFixed(0)} ms, another led after ${ledMs.toFixed(0)} ms`);
  expect(ledMs).toBeLessThan(tookMs);
  await cluster.verify();
});
