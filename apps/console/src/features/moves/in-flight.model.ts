import type { ShardBelief } from "@leasehold/sharding/observe";
import type { ClusterMirror } from "../../live/mirror.ts";

/**
 * The steps of a handoff that an observer can tell apart, in their order. The log says asked, restoring and what
 * comes after; in between, its source says how far it is. While it copies it serves on. Capturing is the end of pausing, and a state is restored
 * as it comes: what is left of it once the target is the home is to open the shard.
 */
export const phases = [
  "asked",
  "copying",
  "pausing",
  "transferring",
  "released",
  "restoring",
  "serving",
] as const;
export type Phase = (typeof phases)[number];

export interface MoveInFlight {
  readonly key: string;
  readonly flat: number;
  readonly label: string;
  readonly from: string | null;
  readonly to: string;
  readonly phase: Phase;
  /** Of a state that is on its way: how much of it has arrived. @unit bytes */
  readonly carried: { readonly size: number; readonly moved: number } | null;
}

/** The shards on their way, by number, at most `limit`. */
export function movesInFlight(mirror: ClusterMirror, limit: number): MoveInFlight[] {
  const found: MoveInFlight[] = [];
  for (let flat = 0; flat < mirror.index.size && found.length < limit; flat++) {
    const move = moveInFlight(mirror, flat);
    if (move !== null) found.push(move);
  }
  return found;
}

/** How far the move of one shard is; null where it does not move. */
export function moveInFlight(mirror: ClusterMirror, flat: number): MoveInFlight | null {
  const row = mirror.rowOf(flat);
  if (row?.state !== "handing-off" && row?.state !== "starting") return null;
  const { group, shard } = mirror.index.refOf(flat);
  const base = { key: `${group}/${shard}`, flat, label: mirror.index.label(flat) };
  const belief = mirror.sights.get(row.owner.nodeId)?.shards.get(flat);
  if (row.state === "handing-off") {
    const phase = phaseAtSource[belief?.phase ?? "serving"];
    const carried = belief?.carried ?? null;
    return { ...base, from: row.owner.nodeId, to: row.handoff.to.nodeId, phase, carried };
  }
  const phase = belief?.serving === true && belief.epoch === row.epoch ? "serving" : "restoring";
  const from = row.carried?.from.nodeId ?? null;
  return { ...base, from, to: row.owner.nodeId, phase, carried: null };
}

const phaseAtSource: Readonly<Record<ShardBelief["phase"], Phase>> = {
  starting: "asked",
  serving: "asked",
  copying: "copying",
  draining: "pausing",
  sending: "transferring",
  frozen: "released",
};

/** In words: the phase, and of a large state how much of it has arrived. */
export function phaseWord({ phase, carried }: MoveInFlight): string {
  const isOnItsWay = phase === "copying" || phase === "transferring";
  if (!isOnItsWay || carried === null || carried.size < MiB) return phase;
  return `${phase}, ${(carried.moved / MiB).toFixed(0)} of ${(carried.size / MiB).toFixed(0)} MiB`;
}

const MiB = 1024 * 1024;
