import type { LogEntry, ShardRef } from "@leasehold/sharding/observe";

/** A stretch of a shard's life under one owner and epoch; `nodeId` null while it had no home. */
export interface Stretch {
  readonly nodeId: string | null;
  readonly epoch: number;
  /** `serving`: its home had said that it serves. Before that nobody did. */
  readonly isServing: boolean;
  /** Wall clock of the database. @unit milliseconds */
  readonly fromMs: number;
  readonly toMs: number;
}

/** The shard's ownership between two instants, from its log. Gaps are part of it, never filled in. */
export function ownershipOf(
  entries: readonly LogEntry[],
  ref: ShardRef,
  sinceMs: number,
  untilMs: number,
): Stretch[] {
  const all: Stretch[] = [];
  for (const entry of entries) {
    if (!("shard" in entry) || entry.shard !== ref.shard || entry.group !== ref.group) continue;
    const begun = begins(entry);
    if (begun === null) continue;
    const fromMs = Date.parse(entry.at);
    const last = all.at(-1);
    if (last !== undefined) all[all.length - 1] = { ...last, toMs: fromMs };
    all.push({ ...begun, fromMs, toMs: untilMs });
  }
  return all
    .filter((it) => it.toMs > sinceMs)
    .map((it) => ({ ...it, fromMs: Math.max(sinceMs, it.fromMs) }));
}

function begins(entry: LogEntry): Pick<Stretch, "nodeId" | "epoch" | "isServing"> | null {
  if (entry.type === "shard-assigned") {
    return { nodeId: entry.nodeId, epoch: entry.epoch, isServing: false };
  }
  if (entry.type === "shard-hosted") {
    return { nodeId: entry.nodeId, epoch: entry.epoch, isServing: true };
  }
  return entry.type === "shard-vacated"
    ? { nodeId: null, epoch: entry.epoch, isServing: false }
    : null;
}
