import type { LogEntry } from "@leasehold/sharding/observe";

/** How long handoffs took lately, by the database's clock: from when a source was asked to when the target served. */
export interface HandoffTimes {
  readonly count: number;
  /** @unit milliseconds */
  readonly p50Ms: number;
}

/** So many of the latest count. */
const measured = 200;

/** Null where the kept log has none that came through. */
export function handoffTimes(entries: readonly LogEntry[]): HandoffTimes | null {
  const began = new Map<string, number>();
  const took: number[] = [];
  for (const entry of entries) {
    if (!("shard" in entry)) continue;
    const key = `${entry.group}/${entry.shard}`;
    if (entry.type === "handoff-began") began.set(key, Date.parse(entry.at));
    // Given up, or its home died: that it is hosted afterwards says nothing about a handoff.
    else if (entry.type === "shard-assigned" && entry.cause !== "handoff") began.delete(key);
    else if (entry.type === "shard-hosted") {
      const atMs = began.get(key);
      if (atMs !== undefined) took.push(Date.parse(entry.at) - atMs);
      began.delete(key);
    }
  }
  const last = took.slice(-measured).sort((a, b) => a - b);
  const p50Ms = last[Math.floor(last.length / 2)];
  return p50Ms === undefined ? null : { count: last.length, p50Ms };
}

/** How long so many moves take, so many at a time. @unit milliseconds */
export const estimateMs = (moves: number, inFlight: number, { p50Ms }: HandoffTimes): number =>
  Math.ceil(moves / Math.max(1, inFlight)) * p50Ms;

/** Entities that rest on the shards that move, by each node's average; null where a node says nothing of them. */
export function entitiesMoved(
  moves: readonly { readonly from: string }[],
  nodes: readonly {
    readonly nodeId: string;
    readonly owned: number;
    readonly load: { readonly entities: number } | null;
  }[],
): number | null {
  const each = new Map(
    nodes.map(({ nodeId, owned, load }) => [
      nodeId,
      load === null ? null : load.entities / Math.max(1, owned),
    ]),
  );
  let sum = 0;
  for (const { from } of moves) {
    const average = each.get(from);
    if (average === null || average === undefined) return null;
    sum += average;
  }
  return Math.round(sum);
}
