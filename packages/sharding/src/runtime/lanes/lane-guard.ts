import type { Epoch, ShardRef } from "../../core/ids.ts";
import type { Clock } from "../../ports/clock.ts";
import type { ServingGuard } from "../entities/executor-messages.ts";
import { hasSlept } from "../sleep-watch.ts";
import type { OwnershipTable } from "./ownership-table.ts";

/** What may be served, as a lane asks: by the shared table, its own look at the clock and at boot time. */
export class LaneGuard implements ServingGuard {
  readonly #table: OwnershipTable;
  readonly #clock: Clock;

  /** @param clock counts from where the main thread's does. */
  constructor(table: OwnershipTable, clock: Clock) {
    this.#table = table;
    this.#clock = clock;
  }

  mayServe(shard: ShardRef, epoch: Epoch): boolean {
    if (!this.#table.holds(shard, epoch, this.#clock.monotonicMs())) return false;
    const { awakeMs, toleranceMs } = this.#table;
    return !hasSlept(this.#clock, awakeMs, toleranceMs);
  }
}
