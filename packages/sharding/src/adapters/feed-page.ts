import type { ShardPosition } from "../core/cursor.ts";
import type { FeedEvent, FeedPage } from "../ports/event-feed.ts";

/** An event that a statement has come by; in the order of the positions asked for, then of their numbers. */
export interface ScannedEvent {
  /** Which of the positions. */
  readonly n: number;
  readonly seq: number;
  /** Null where it does not match. */
  readonly event: FeedEvent | null;
}

/** @param isCut whether the statement left something out at the end because it would have been too much. */
export function feedPage(
  rows: readonly ScannedEvent[],
  { after, limit }: { readonly after: readonly ShardPosition[]; readonly limit: number },
  isCut: boolean,
): FeedPage {
  const lastOf = new Map<number, { readonly seq: number; readonly count: number }>();
  for (const { n, seq } of rows) lastOf.set(n, { seq, count: (lastOf.get(n)?.count ?? 0) + 1 });
  const cutAt = isCut ? (rows.at(-1)?.n ?? 0) : after.length;
  const ends = after.map((position, n) => ({ count: 0, ...position, ...lastOf.get(n) }));
  const shardOf = ({ group, shard, seq }: ShardPosition): ShardPosition => ({ group, shard, seq });
  return {
    events: rows.flatMap(({ event }) => event ?? []),
    read: ends.filter((_end, n) => lastOf.has(n)).map(shardOf),
    more: ends.filter(({ count }, n) => count === limit || n >= cutAt).map(shardOf),
  };
}
