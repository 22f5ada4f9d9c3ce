import type { NodeRef } from "./ids.ts";

/**
 * What shards cost the nodes that serve them, as their homes measure it (runtime/data-plane/shard-meter.ts).
 *
 * A hint, and nothing else: it may be late or lost, is written nowhere, and decides only which of several
 * right homes a shard has.
 */
export interface Load {
  /** Requests answered per second. */
  readonly requests: number;
  /** How long handlers kept their thread. @unit milliseconds per second */
  readonly busyMs: number;
}

/**
 * What one request costs its home beside the handler: reading it, admission, the reply. Without it a shard of
 * a thousand cheap requests would weigh nothing. @unit milliseconds
 */
const requestMs = 0.01;

/** One number for both. @unit milliseconds of a thread per second */
export const costOf = ({ requests, busyMs }: Load): number => busyMs + requests * requestMs;

/**
 * Rates are averaged over about this long, the latest counting most: shorter follows chance, longer follows a
 * hot spot too slowly. @unit milliseconds
 */
export const loadWindowMs = 5_000;

/** How often a node says what its shards cost. @unit milliseconds */
export const loadReportMs = 1_000;

/** So many of a group's shards are named in a report, the hottest; the others are one sum. */
export const shardsNamed = 64;

/** So many of a node's shards are named to those who observe it, the hottest. */
export const shardsObserved = 16;

/** Without an observer for so long nothing is measured for one any more. @unit milliseconds */
export const unobservedAfterMs = 10_000;

/** What was said longer ago than this is not known any more. @unit milliseconds */
export const loadFreshMs: number = 5 * loadReportMs;

/** What one life has said last. */
export interface HeardLoad extends NodeRef {
  /** When it was heard, on the coordinator's monotonic clock. */
  readonly atMs: number;
  readonly groups: ReadonlyMap<string, GroupCosts>;
}

export interface GroupCosts {
  /** Of the shards that were named. @unit milliseconds per second */
  readonly named: ReadonlyMap<number, number>;
  /** Of each other one, on average. @unit milliseconds per second */
  readonly otherwise: number;
}
