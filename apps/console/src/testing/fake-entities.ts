import { findShard, ownerOf, shardOf } from "@leasehold/sharding/observe";
import type { FakeNode } from "./fake-node.ts";

/** The answer to a call, as the invented HTTP gives it. */
export interface FakeAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** Deposits of the accounts of one invented cluster, by id, with the keys that they came under. */
export type FakeAccounts = Map<string, { readonly key: string; readonly amount: number }[]>;

/**
 * The sample entities as far as the lab's probe asks for them: what is stored is shared by all nodes, as in Postgres; who
 * serves is the owner, or a zombie that is asked itself.
 */
export function answerEntity(
  node: FakeNode,
  accounts: FakeAccounts,
  [type = "", id = "", command]: readonly (string | undefined)[],
  input: { readonly amount?: number } | null,
  key: string,
): FakeAnswer {
  const deposits = accounts.get(id) ?? [];
  if (command === undefined) {
    const events = deposits.map(({ amount }, at) => ({
      ...{ version: at + 1, type: "deposited", data: { amount } },
    }));
    return { status: 200, body: { stored: { version: events.length, state: null, events } } };
  }
  const servedBy = serverOf(node, type, id);
  if (servedBy === null) {
    return { status: 504, body: { code: "DEADLINE_EXCEEDED", executed: "no" } };
  }
  if (command === "deposit" && !deposits.some((it) => it.key === key)) {
    accounts.set(id, [...deposits, { key, amount: input?.amount ?? 0 }]);
  }
  const balance = (accounts.get(id) ?? []).reduce((sum, it) => sum + it.amount, 0);
  return { status: 200, body: { result: { balance }, servedBy } };
}

function serverOf(node: FakeNode, type: string, id: string) {
  const { state, options } = node.authority;
  const ref = { group: "default", shard: shardOf("default", type, id, options.shards) };
  const own = node.shards.get(`${ref.group}/${ref.shard}`);
  if (own?.serving) return { nodeId: node.nodeId, ...ref, epoch: own.epoch };
  const row = findShard(state, ref);
  const owner = row === undefined ? null : ownerOf(row);
  const home = node.peers.find((it) => it.nodeId === owner?.nodeId);
  const isThere = home !== undefined && !home.isCrashed && !home.has("pause");
  if (!isThere || row?.state !== "hosted") return null;
  return { nodeId: home.nodeId, ...ref, epoch: row.epoch };
}
