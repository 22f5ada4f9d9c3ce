import { type ShardingNode, StoreUnavailableError } from "@leasehold/sharding";

/** How long Postgres may take for entries that the node's memory no longer has. */
const readTimeoutMs = 2_000;

export type LogPage = Awaited<ReturnType<ShardingNode["readLog"]>>;

/**
 * Reads the cluster log from memory or Postgres.
 *
 * @returns null while neither can say: callers go on without, because a lost Postgres must not stop
 * those who only watch.
 */
export async function readLogSoon(
  node: ShardingNode,
  after: number,
  limit: number,
): Promise<LogPage | null> {
  const gaveUp = Promise.withResolvers<null>();
  const timer = setTimeout(() => gaveUp.resolve(null), readTimeoutMs);
  try {
    return await Promise.race([node.readLog(after, limit), gaveUp.promise]);
  } catch (error) {
    if (error instanceof StoreUnavailableError) return null;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}
