import { type GroupName, type NodeRef, sameNode } from "../ids.ts";
import { costOf, type GroupCosts } from "../load.ts";
import type { ToCoordinator } from "../messages.ts";
import type { Turn } from "./turn.ts";

type ShardLoads = Extract<ToCoordinator, { tag: "shard-loads" }>;

/**
 * A node says what its shards cost it. Believed about its own shards only, at the epoch of their rows: what is of
 * another epoch is from the past, or was not granted.
 */
export function hearLoads(turn: Turn, from: NodeRef, message: ShardLoads): void {
  const groups = new Map<GroupName, { named: Map<number, number>; otherwise: number }>();
  const costsIn = (group: GroupName): { named: Map<number, number>; otherwise: number } => {
    const costs = groups.get(group) ?? { named: new Map(), otherwise: 0 };
    groups.set(group, costs);
    return costs;
  };
  let isForeign = false;
  for (const load of message.shards) {
    const { group, shard, epoch } = load;
    const row = turn.cluster.shards.get(group)?.[shard];
    if (row === undefined || row.state === "unallocated" || row.epoch !== epoch) continue;
    if (sameNode(row.owner, from)) costsIn(group).named.set(shard, costOf(load));
    else isForeign = true;
  }
  for (const load of message.others) {
    if (load.count > 0 && turn.cluster.groups.has(load.group)) {
      costsIn(load.group).otherwise = costOf(load) / load.count;
    }
  }
  if (isForeign) turn.unauthorized(from, message.tag);
  const { nodeId, incarnation } = from;
  const said: ReadonlyMap<GroupName, GroupCosts> = groups;
  turn.balance.hear({ nodeId, incarnation, atMs: turn.nowMs, groups: said });
}
