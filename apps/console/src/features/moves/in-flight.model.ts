import type { ShardRow } from "@leasehold/sharding/observe";
import type { ClusterMirror } from "../../live/mirror.ts";

/** The steps of a handoff that an observer can tell apart, in their order. */
export const phases = ["asked", "draining", "released", "starting", "serving"] as const;
export type Phase = (typeof phases)[number];

export interface MoveInFlight {
  readonly key: string;
  readonly flat: number;
  readonly label: string;
  readonly from: string | null;
  readonly to: string;
  readonly phase: Phase;
}

/** The shards on their way, by number, at most `limit`. */
export function movesInFlight(mirror: ClusterMirror, limit: number): MoveInFlight[] {
  const found: MoveInFlight[] = [];
  for (let flat = 0; flat < mirror.index.size && found.length < limit; flat++) {
    const row = mirror.rowOf(flat);
    const move = row === undefined ? null : moveOf(mirror, flat, row);
    if (move !== null) found.push(move);
  }
  return found;
}

function moveOf(mirror: ClusterMirror, flat: number, row: ShardRow): MoveInFlight | null {
  if (row.state !== "handing-off" && row.state !== "starting") return null;
  const { group, shard } = mirror.index.refOf(flat);
  const base = { key: `${group}/${shard}`, flat, label: mirror.index.label(flat) };
  if (row.state === "handing-off") {
    const source = mirror.sights.get(row.owner.nodeId)?.shards.get(flat);
    const phase =
      source?.phase === "frozen" ? "released" : source?.phase === "draining" ? "draining" : "asked";
    return { ...base, from: row.owner.nodeId, to: row.handoff.to.nodeId, phase };
  }
  const target = mirror.sights.get(row.owner.nodeId)?.shards.get(flat);
  const phase = target?.serving === true && target.epoch === row.epoch ? "serving" : "starting";
  return { ...base, from: row.carried?.from.nodeId ?? null, to: row.owner.nodeId, phase };
}
