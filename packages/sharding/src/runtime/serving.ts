import type { ShardBelief } from "../core/belief.ts";
import { type Epoch, type ShardRef, shardKey } from "../core/ids.ts";
import type { HeldShard, RegionState } from "../core/region.ts";
import type { ServingGuard } from "./entities/executor-messages.ts";
import type { Grant } from "./grant.ts";
import type { OwnershipTable } from "./lanes/ownership-table.ts";
import type { StateTransfer } from "./state-transfer.ts";

interface Slot {
  readonly epoch: Epoch;
  /** The epoch under which this unbroken hold began: a handler that started then may still finish. */
  readonly since: Epoch;
}

/**
 * Which shards may be served here, right now: one slot per shard, and the lease's deadline over all.
 *
 * Asked before and after every command, so it is a table look-up and a clock comparison. A slot is
 * stamped only by `open` and cleared before anybody is told that the shard was released.
 */
export class Serving implements ServingGuard {
  readonly #slots = new Map<string, (Slot | undefined)[]>();
  #grant: Grant | null = null;
  #shared: OwnershipTable | null = null;
  #count = 0;
  #stamps = 0;

  /** Before anything is served: lanes read there what is said here. */
  share(table: OwnershipTable): void {
    this.#shared = table;
  }

  /** How many slots were ever stamped: where it stands still, nothing has begun to be served. */
  get stamps(): number {
    return this.#stamps;
  }

  get count(): number {
    return this.#count;
  }

  begin(grant: Grant): void {
    this.clear();
    this.#grant = grant;
    if (this.#shared !== null) grant.copyTo(this.#shared);
  }

  clear(): void {
    this.#shared?.ended();
    this.#slots.clear();
    this.#grant = null;
    this.#count = 0;
  }

  open({ group, shard }: ShardRef, epoch: Epoch): void {
    this.#set(group, shard, { epoch, since: epoch });
  }

  /** The same hold goes on under a higher epoch. */
  raise({ group, shard }: ShardRef, epoch: Epoch): void {
    const since = this.#slots.get(group)?.[shard]?.since ?? epoch;
    this.#set(group, shard, { epoch, since });
  }

  close({ group, shard }: ShardRef): void {
    this.#set(group, shard, undefined);
  }

  /** Every shard that has a slot. Whether the lease holds is another question: `isAlive`. */
  *openShards(): Iterable<string> {
    for (const [group, slots] of this.#slots) {
      for (const shard of slots.keys()) {
        if (slots[shard] !== undefined) yield shardKey({ group, shard });
      }
    }
  }

  epochOf({ group, shard }: ShardRef): Epoch {
    return this.#slots.get(group)?.[shard]?.epoch ?? 0;
  }

  /** The lease holds, by the clock, now. */
  isAlive(): boolean {
    return this.#grant?.checkAlive() === true;
  }

  mayServe({ group, shard }: ShardRef, epoch: Epoch): boolean {
    const slot = this.#slots.get(group)?.[shard];
    if (slot === undefined || epoch < slot.since || epoch > slot.epoch) return false;
    return this.isAlive();
  }

  #set(group: string, shard: number, slot: Slot | undefined): void {
    let row = this.#slots.get(group);
    if (row === undefined) {
      row = [];
      this.#slots.set(group, row);
    }
    const before = row[shard];
    if (before === undefined && slot !== undefined) this.#count += 1;
    if (before !== undefined && slot === undefined) this.#count -= 1;
    if (slot !== undefined) this.#stamps += 1;
    row[shard] = slot;
    if (slot !== undefined) this.#shared?.stamp({ group, shard }, slot.epoch, slot.since);
    else if (before !== undefined) this.#shared?.clear({ group, shard }, before.epoch);
  }
}

/** The region's shards as observers see them. */
export function beliefOf(
  held: HeldShard,
  isAlive: boolean,
  transfer: Pick<StateTransfer, "progressOf">,
): ShardBelief {
  const { group, shard, epoch, phase } = held;
  const serves = phase !== "sending" && phase !== "frozen";
  const belief = { group, shard, epoch, serving: isAlive && serves, phase };
  if (phase !== "copying" && phase !== "sending") return belief;
  return { ...belief, carried: transfer.progressOf(held.handoffId) };
}

/** What changed between two states of the region. */
export function beliefChanges(
  before: RegionState,
  after: RegionState,
  touched: Iterable<ShardRef>,
  transfer: Pick<StateTransfer, "progressOf">,
): { readonly changed: readonly ShardBelief[]; readonly gone: readonly ShardRef[] } {
  const changed: ShardBelief[] = [];
  const gone: ShardRef[] = [];
  for (const ref of touched) {
    const held = after.held.get(shardKey(ref));
    if (held !== undefined) changed.push(beliefOf(held, true, transfer));
    else if (before.held.has(shardKey(ref))) gone.push({ group: ref.group, shard: ref.shard });
  }
  return { changed, gone };
}
