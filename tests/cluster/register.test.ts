import { CommandClient } from "@leasehold/node/command-client";
import pg from "pg";
import { expect, test } from "vitest";
import { judgeRegister } from "../support/register-history.ts";
import type { TestCluster, TestNode } from "./harness.ts";
import { RegisterLoad } from "./register-load.ts";
import { shareCluster } from "./share-cluster.ts";
import { untilTakenOver } from "./support.ts";

const ttlMs = 1_000;
const shared = shareCluster({ ttlMs });

const schema = "leasehold_default";

/** What Postgres has: the values of each register in the order of their versions. */
async function readJournal(cluster: TestCluster): Promise<ReadonlyMap<string, unknown[]>> {
  const rows = await query<{ id: string; version: number; event: { data: unknown } }>(
    cluster,
    `select entity_id as id, version::int, event from ${schema}.journal
     where entity_type = 'register' order by entity_id, version`,
  );
  const journal = new Map<string, unknown[]>();
  for (const { id, version, event } of rows) {
    const values = journal.get(id) ?? [];
    journal.set(id, values);
    expect(version, `the versions of ${id} have no gap`).toBe(values.push(event.data));
  }
  return journal;
}

/** S4 as rows: along each shard's positions, which have no gap, no epoch goes down. */
async function expectFencedInOrder(cluster: TestCluster): Promise<void> {
  const faults = await query(
    cluster,
    `select * from (
       select group_name, shard, shard_seq, epoch,
         lag(epoch, 1, 0::bigint) over positions as epoch_before,
         row_number() over positions as position
       from ${schema}.journal
       window positions as (partition by group_name, shard order by shard_seq)
     ) as events
     where epoch < epoch_before or shard_seq <> position`,
  );
  expect(faults).toEqual([]);
}

async function query<R extends object>(cluster: TestCluster, sql: string): Promise<R[]> {
  const client = new pg.Client({ connectionString: cluster.databaseUrl, query_timeout: 10_000 });
  await client.connect();
  try {
    return (await client.query<R>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function judge(cluster: TestCluster, load: RegisterLoad): Promise<void> {
  const history = await load.stop();
  const journal = await readJournal(cluster);
  const counts = { answered: 0, "not-executed": 0, unknown: 0 };
  const faults: string[] = [];
  for (const [id, operations] of history) {
    for (const { outcome } of operations) counts[outcome.tag] += 1;
    const found = judgeRegister(operations, journal.get(id) ?? []);
    faults.push(...found.map((fault) => `${id}: ${fault}`));
  }
  console.info(`registers: ${JSON.stringify(counts)}`);
  expect(faults).toEqual([]);
  expect(counts.answered).toBeGreaterThan(100);
  await expectFencedInOrder(cluster);
}

/** The home of the load's first register: a node that writes at this moment. */
async function ownerOf(cluster: TestCluster, load: RegisterLoad): Promise<TestNode> {
  const client = new CommandClient({ nodes: () => cluster.nodes.map((node) => node.url) });
  const command = { type: "register", id: load.ids[0] ?? "", command: "read", input: null };
  const outcome = await client.send({ ...command, firstNode: 0 });
  client.close();
  if (outcome.tag !== "ok") throw new Error(`No answer: ${outcome.code}`);
  return cluster.nodeById(outcome.servedBy.nodeId);
}

const viaOther = (cluster: TestCluster, node: TestNode): number =>
  cluster.nodes.findIndex((one) => one !== node) + 1;

test("registers stay linearizable, and nothing acknowledged is lost, while their owners are killed", async () => {
  const cluster = shared();
  const load = new RegisterLoad(cluster, { clients: 8, ids: 4, prefix: "kill" });
  for (let round = 0; round < 2; round += 1) {
    await load.untilAnswered(100);
    const owner = await ownerOf(cluster, load);
    await owner.kill();
    await untilTakenOver(cluster, owner.nodeId, viaOther(cluster, owner));
    await load.untilAnswered(50);
    await owner.start();
    await owner.becomeReady();
  }
  await load.untilAnswered(50);
  await judge(cluster, load);
});

test("an owner that was frozen beyond its lease writes nothing when it wakes (S4)", async () => {
  const cluster = shared();
  const load = new RegisterLoad(cluster, { clients: 8, ids: 4, prefix: "freeze" });
  await load.untilAnswered(100);
  const owner = await ownerOf(cluster, load);
  owner.freeze();
  await untilTakenOver(cluster, owner.nodeId, viaOther(cluster, owner));
  await load.untilAnswered(50);
  owner.thaw();
  await load.untilAnswered(50);
  await judge(cluster, load);
});
