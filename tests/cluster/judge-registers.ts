import { expect } from "vitest";
import { judgeRegister } from "../support/register-history.ts";
import type { TestCluster } from "./harness.ts";
import { query, schema } from "./query.ts";
import type { RegisterLoad } from "./register-load.ts";

/**
 * Ends the load, and compares what its callers saw with what Postgres has: every history is linearizable,
 * nothing acknowledged is lost (S5), and nothing was written under a lower epoch after a higher one (S4).
 *
 * @param atLeast so many answers, or nothing was tried.
 */
export async function judgeRegisters(
  cluster: TestCluster,
  load: RegisterLoad,
  atLeast = 100,
): Promise<void> {
  const { faults, answered } = await findFaults(cluster, [load]);
  expect(faults).toEqual([]);
  expect(answered).toBeGreaterThan(atLeast);
  await expectFencedInOrder(cluster);
}

/** Ends the loads, which ask the same registers. @returns a sentence for each answer that no order of its register's commands explains. */
export async function findFaults(
  cluster: TestCluster,
  loads: readonly RegisterLoad[],
): Promise<{ readonly faults: readonly string[]; readonly answered: number }> {
  const histories = await Promise.all(loads.map((load) => load.stop()));
  const journal = await readJournal(cluster);
  const counts = { answered: 0, "not-executed": 0, unknown: 0 };
  const faults: string[] = [];
  for (const id of loads[0]?.ids ?? []) {
    const operations = histories.flatMap((history) => history.get(id) ?? []);
    for (const { outcome } of operations) counts[outcome.tag] += 1;
    const found = judgeRegister(operations, journal.get(id) ?? []);
    faults.push(...found.map((fault) => `${id}: ${fault}`));
  }
  console.info(`registers: ${JSON.stringify(counts)}`);
  return { faults, answered: counts.answered };
}

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
export async function expectFencedInOrder(cluster: TestCluster): Promise<void> {
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
