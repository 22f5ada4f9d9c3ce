import {
  type ClusterState,
  findShard,
  type LogEntry,
  ownerOf,
  type ShardRef,
  type ShardRow,
  shardsAtWork,
} from "@leasehold/sharding/observe";
import type { NodeSight } from "./mirror.ts";

export const isSpare = (cluster: ClusterState, { group, shard }: ShardRef): boolean => {
  const spec = cluster.groups.get(group);
  return spec !== undefined && shard >= shardsAtWork(spec);
};

/** Whose lane a shard stands in; "" is nobody's, and a spare one stands in none. */
export function laneOf(cluster: ClusterState, ref: ShardRef): string | null {
  const row = findShard(cluster, ref);
  if (row === undefined || isSpare(cluster, ref)) return null;
  return ownerOf(row)?.nodeId ?? "";
}

export const hasOtherLife = (a: NodeSight, b: NodeSight): boolean =>
  a.belief.incarnation !== b.belief.incarnation || a.belief.lease.state !== b.belief.lease.state;

export const isSameRight = (a: ShardRow, b: ShardRow): boolean =>
  a.state === b.state && a.epoch === b.epoch && ownerOf(a)?.incarnation === ownerOf(b)?.incarnation;

export function touchedNodes(entries: readonly LogEntry[]): Set<string> {
  const touched = new Set<string>();
  for (const entry of entries) {
    if (entry.type === "node-joined" || entry.type === "node-dead") touched.add(entry.nodeId);
  }
  return touched;
}
