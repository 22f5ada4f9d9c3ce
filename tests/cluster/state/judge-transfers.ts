import { expect } from "vitest";
import type { TestCluster } from "../harness.ts";
import { query, schema } from "../query.ts";
import type { TransferLoad } from "./transfer-load.ts";

/**
 * When all transfers are finished: no money was made or lost, by what the accounts tell and by what Postgres has; and
 * every command that was acknowledged is in the journal once, under its key, with its account and amount, and nothing
 * else is (S5).
 */
export async function judgeTransfers(cluster: TestCluster, load: TransferLoad): Promise<void> {
  const events = await query<{ key: string; account: string; event: unknown; amount: number }>(
    cluster,
    `select o.key, j.entity_id as account, j.event->>'type' as event,
       (j.event->'data'->>'amount')::int as amount
     from ${schema}.journal j
     left join ${schema}.outcomes o
       on o.group_name = j.group_name and o.shard = j.shard and o.command_id = j.command_id
     where j.entity_type = 'account'`,
  );
  const signed = events.map(({ event, amount }) => (event === "withdrawn" ? -amount : amount));
  expect(sum(signed), "by the journal").toBe(load.total);
  expect(sum(await load.balances()), "by what the accounts tell").toBe(load.total);
  const stored = events.map(
    ({ key, account, event, amount }) => `${key} ${account} ${event} ${amount}`,
  );
  const due = [...load.acknowledged.values()].map(
    ({ key, account, command, amount }) =>
      `${key} ${account} ${command === "deposit" ? "deposited" : "withdrawn"} ${amount}`,
  );
  expect(stored.toSorted()).toEqual(due.toSorted());
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
