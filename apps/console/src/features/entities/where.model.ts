import { type LogEntry, ownerOf, type ShardRef, type ShardRow } from "@leasehold/sharding/observe";
import { ownershipOf, type Stretch } from "../shard/ownership.model.ts";

/** Who has a shard, since when, and who had it. */
export interface Whereabouts {
  readonly owner: string | null;
  readonly epoch: number;
  /** Database's clock; null: longer than the log that is kept. @unit milliseconds since 1970 */
  readonly sinceMs: number | null;
  /** Who had it before; null: nobody that is known. */
  readonly before: Pick<Stretch, "nodeId" | "epoch"> | null;
  /** At an earlier instant; null: that is not kept. */
  readonly earlier: Pick<Stretch, "nodeId" | "epoch"> | null;
}

export function whereabouts(
  entries: readonly LogEntry[],
  ref: ShardRef,
  row: ShardRow,
  at: { readonly nowMs: number; readonly earlierMs: number },
): Whereabouts {
  const stretches = ownershipOf(entries, ref, 0, at.nowMs);
  const owner = ownerOf(row)?.nodeId ?? null;
  // A new epoch at the same home, as after a handoff that was given up, is not another home.
  const first = stretches.findLastIndex((it) => it.nodeId !== owner) + 1;
  const before = stretches[first - 1];
  const earlier = stretches.find((it) => it.fromMs <= at.earlierMs && at.earlierMs < it.toMs);
  return {
    ...{ owner, epoch: row.epoch },
    sinceMs: stretches[first]?.fromMs ?? null,
    before: before === undefined ? null : { nodeId: before.nodeId, epoch: before.epoch },
    earlier: earlier === undefined ? null : { nodeId: earlier.nodeId, epoch: earlier.epoch },
  };
}
