export interface CoordinatorOptions {
  /** Propose and apply a rebalance when the cluster has grown. @default "auto" */
  readonly rebalance: "auto" | "manual";
  /** Moves in flight at once, over all plans. @default 16 */
  readonly movesInFlight: number;
  /** A handoff that was not released after this long is given up. @unit milliseconds @default 12000 */
  readonly handoffTimeoutMs: number;
  /** A cold cluster waits at least this long before the first allocation ... @unit milliseconds @default 500 */
  readonly settleMinMs: number;
  /** ... and at most this long for nodes that hold a lease but have not registered. @unit milliseconds @default 1500 */
  readonly settleMaxMs: number;
  /**
   * Set where no state store remembers: a take-over rebuilds the map from claims, and waits this long at
   * least before it gives unclaimed shards to anybody. @unit milliseconds @default null: the rows are loaded
   */
  readonly rebuildAfterMs: number | null;
}

export const defaultCoordinatorOptions: CoordinatorOptions = {
  rebalance: "auto",
  movesInFlight: 16,
  handoffTimeoutMs: 12_000,
  settleMinMs: 500,
  settleMaxMs: 1_500,
  rebuildAfterMs: null,
};
