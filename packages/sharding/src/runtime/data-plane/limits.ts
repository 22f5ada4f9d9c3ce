/** Every queue of the data plane is bounded. What exceeds a bound ends as `Overloaded`, never in silence. */
export interface DataPlaneLimits {
  /** Requests of this node that are not ended, all shards together. @default 100000 */
  readonly pendingMessages: number;
  /** Waiting at the sender for one shard's home. @default 2000 */
  readonly heldMessages: number;
  /** @unit bytes, of one shard @default 4 MiB */
  readonly heldBytes: number;
  /** @unit bytes, all shards together @default 64 MiB */
  readonly heldBytesTotal: number;
  /** Waiting at the home for one shard to start. @default 2000 */
  readonly parkedMessages: number;
  /** @unit bytes, of one shard @default 4 MiB */
  readonly parkedBytes: number;
  /** Taken by this node as a home and not answered, all senders together. @default 100000 */
  readonly acceptedMessages: number;
  /** Replies to one peer that wait because the transport's queue is full. @default 10000 */
  readonly waitingReplies: number;
  /** A deadline fires at most twice this late, never early. @unit milliseconds @default 10 */
  readonly deadlineResolutionMs: number;
}

export const defaultDataPlaneLimits: DataPlaneLimits = {
  pendingMessages: 100_000,
  heldMessages: 2_000,
  heldBytes: 4 * 1024 * 1024,
  heldBytesTotal: 64 * 1024 * 1024,
  parkedMessages: 2_000,
  parkedBytes: 4 * 1024 * 1024,
  acceptedMessages: 100_000,
  waitingReplies: 10_000,
  deadlineResolutionMs: 10,
};
