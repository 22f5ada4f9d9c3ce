import { type ClusterState, findShard, ownerOf, type ShardRow } from "../cluster.ts";
import { sameNode } from "../ids.ts";
import type { HeldShard, RegionInput, RegionState } from "../region.ts";

/** What the rows order this region to do, and which of its shards are somebody else's by now. */
export function ordersFrom(cluster: ClusterState, state: RegionState): readonly RegionInput[] {
  const { self } = state;
  const row = cluster.nodes.get(self.nodeId);
  const isEvicted = row?.state === "evicted" && sameNode(row, self);
  const inputs: RegionInput[] = [{ tag: "standing", isEvicted }];
  for (const [group, rows] of cluster.shards) {
    rows.forEach((shardRow, shard) => {
      const owner = ownerOf(shardRow);
      if (owner === null || !sameNode(owner, self)) return;
      const { epoch } = shardRow;
      const carried = shardRow.state === "starting" ? shardRow.carried : null;
      inputs.push({ tag: "host", order: { group, shard, epoch, carried } });
      if (shardRow.state !== "handing-off") return;
      const { id: handoffId, to } = shardRow.handoff;
      inputs.push({ tag: "begin", order: { group, shard, epoch, handoffId, to } });
    });
  }
  for (const held of state.held.values()) {
    const shardRow = findShard(cluster, held);
    const owner = shardRow === undefined ? null : ownerOf(shardRow);
    if (shardRow === undefined || isNeeded(held, shardRow)) continue;
    if (shardRow.epoch > held.epoch && (owner === null || !sameNode(owner, self))) {
      const { group, shard } = held;
      inputs.push({ tag: "stop", grant: { group, shard, epoch: shardRow.epoch } });
    }
  }
  return inputs;
}

/** The row's home starts from this very copy and has not said that it serves: it may be needed yet. */
const isNeeded = (held: HeldShard, row: ShardRow): boolean =>
  held.phase === "frozen" && row.state === "starting" && row.carried?.handoffId === held.handoffId;
