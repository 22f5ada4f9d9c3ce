import type { ClusterState, ShardRow } from "../cluster.ts";
import { type Epoch, type ShardRef, shardKey } from "../ids.ts";

/**
 * Shards between two homes: rows that are `starting` or `handing-off`. For each, when its order was
 * last given, so that it can be repeated until it is answered. All of it follows from the rows; a new
 * coordinator rebuilds it and merely repeats an order too early.
 */
export interface OpenOrder extends ShardRef {
  readonly epoch: Epoch;
  readonly state: "starting" | "handing-off";
  readonly sinceMs: number;
  readonly repeatAtMs: number;
  readonly repeats: number;
}

export type OpenWork = ReadonlyMap<string, OpenOrder>;

/** First repetition; each further one waits twice as long, up to eight times. @unit milliseconds */
const repeatAfterMs = 250;

export function openWork(cluster: ClusterState, nowMs: number): OpenWork {
  const orders = new Map<string, OpenOrder>();
  for (const [group, rows] of cluster.shards) {
    rows.forEach((row, shard) => {
      const order = orderOf({ group, shard }, row, nowMs, nowMs);
      if (order !== null) orders.set(shardKey(order), order);
    });
  }
  return orders;
}

/** Work of one turn: copied on the first change. */
export class WorkDraft {
  #orders: OpenWork;
  #copied = false;

  constructor(base: OpenWork) {
    this.#orders = base;
  }

  get orders(): OpenWork {
    return this.#orders;
  }

  /** Follows the row of a shard after an event. */
  track(ref: ShardRef, row: ShardRow, nowMs: number): void {
    const key = shardKey(ref);
    const order = orderOf(ref, row, nowMs, nowMs + repeatAfterMs);
    if (order !== null) this.#set(key, order);
    else if (this.#orders.has(key)) this.#own().delete(key);
  }

  repeated(order: OpenOrder, nowMs: number): void {
    const wait = repeatAfterMs * 2 ** Math.min(order.repeats, 3);
    const next = { ...order, repeats: order.repeats + 1, repeatAtMs: nowMs + wait };
    this.#set(shardKey(order), next);
  }

  #set(key: string, order: OpenOrder): void {
    this.#own().set(key, order);
  }

  #own(): Map<string, OpenOrder> {
    if (!this.#copied) this.#orders = new Map(this.#orders);
    this.#copied = true;
    return this.#orders as Map<string, OpenOrder>;
  }
}

function orderOf(
  ref: ShardRef,
  row: ShardRow,
  sinceMs: number,
  repeatAtMs: number,
): OpenOrder | null {
  if (row.state !== "starting" && row.state !== "handing-off") return null;
  const { group, shard } = ref;
  const { epoch, state } = row;
  return { group, shard, epoch, state, sinceMs, repeatAtMs, repeats: 0 };
}
