import { type Candidate, spreadOf } from "../allocation.ts";
import type { GroupName, Incarnation, NodeRef, ShardRef } from "../ids.ts";
import type { WhatIf } from "../preview.ts";
import { candidatesIf } from "./planner.ts";
import type { Turn } from "./turn.ts";

type ShardMove = ShardRef & { readonly from: NodeRef; readonly to: NodeRef };

/** How uneven the cluster is, before and after these moves: over all groups, under the plan's conditions. */
export function spreads(
  turn: Turn,
  moves: readonly ShardMove[],
  whatIf: WhatIf,
): { spreadBefore: number; spreadAfter: number } {
  const byGroup = Map.groupBy(moves, ({ group }) => group);
  let before = 0;
  let after = 0;
  for (const group of turn.cluster.groups.keys()) {
    const perLoad = perLoadIn(turn, group);
    const weight = (shard: ShardRef): number =>
      perLoad === null ? 1 : (turn.balance.loadOf(shard) ?? 0) * perLoad;
    const candidates = candidatesIf(turn, group, whatIf).map((one) =>
      perLoad === null ? one : { ...one, shards: (one.load ?? 0) * perLoad },
    );
    const changes = changesOf(byGroup.get(group) ?? [], weight);
    before += spreadOf(candidates);
    after += spreadOf(candidates.map((one) => changed(one, changes)));
  }
  return { spreadBefore: before, spreadAfter: after };
}

/** How much a load counts, where the average shard counts as one. Null: shards count alike. */
function perLoadIn(turn: Turn, group: GroupName): number | null {
  const loads = [...turn.balance.loadsIn(group).values()];
  const total = loads.reduce((sum, load) => sum + load, 0);
  return total === 0 ? null : (turn.cluster.shards.get(group)?.length ?? 0) / total;
}

function changesOf(
  moves: readonly ShardMove[],
  weight: (shard: ShardRef) => number,
): ReadonlyMap<Incarnation, number> {
  const changes = new Map<Incarnation, number>();
  const add = ({ incarnation }: NodeRef, amount: number): void =>
    void changes.set(incarnation, (changes.get(incarnation) ?? 0) + amount);
  for (const move of moves) {
    add(move.to, weight(move));
    add(move.from, -weight(move));
  }
  return changes;
}

const changed = (one: Candidate, changes: ReadonlyMap<Incarnation, number>): Candidate => ({
  ...one,
  shards: one.shards + (changes.get(one.node.incarnation) ?? 0),
});
