import type { NodeRow } from "@leasehold/sharding/observe";
import type { NodeSight } from "./mirror.ts";

/** A node that is silent for so long does not merely miss a beat. @unit milliseconds */
const goneAfterMs = 10_000;

/**
 * Whether a node has left for good: dead or drained by the authority's word, and silent. One whose
 * fault still runs has not: it is paused, and waits to be healed.
 */
export function hasRetired(row: NodeRow, sight: NodeSight | undefined, nowMs: number): boolean {
  if (row.state !== "dead" && row.state !== "drained") return false;
  if (sight === undefined) return true;
  const silentMs = nowMs - sight.heardAtMs;
  return silentMs > goneAfterMs && sight.belief.faults.every((it) => it.expiresInMs <= silentMs);
}
