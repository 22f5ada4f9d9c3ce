/** How often a worker has failed on this node without having run well in between. */
export interface Failures {
  readonly count: number;
  /** The last one, in words. */
  readonly why: string;
}

/** Whoever ran for so long has recovered. @unit milliseconds */
const healthyAfterMs = 60_000;
const longestPauseMs = 30_000;

/** @param ranMs how long the run that has failed went on. @unit milliseconds */
export function failedAgain(before: Failures | undefined, why: string, ranMs: number): Failures {
  const isFirst = before === undefined || ranMs >= healthyAfterMs;
  return { count: isFirst ? 1 : before.count + 1, why };
}

/**
 * How long its node keeps a shard whose worker has failed. A first failure is the node's, perhaps: the next one has
 * it at once. A worker that fails wherever it runs would write the log full.
 *
 * @unit milliseconds
 */
export const pauseAfter = (count: number): number =>
  count <= 1 ? 0 : Math.min(longestPauseMs, 100 * 2 ** Math.min(count - 1, 20));
