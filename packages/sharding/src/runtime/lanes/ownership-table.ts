import type { Epoch, GroupName, ShardRef } from "../../core/ids.ts";
import type { DeadlineCopy } from "../lease-deadline.ts";

/** What crosses to another thread: the memory is shared, not copied. */
export interface SharedOwnership {
  readonly groups: readonly { readonly group: GroupName; readonly shards: number }[];
  readonly memory: SharedArrayBuffer;
}

/** The highest epoch that a slot holds: the moves of one shard, one a second for 68 years. */
const epochLimit = 2 ** 31 - 1;
/** Of 64 bits: the deadline, and what its clock is compared with. */
const leaseWords = 4;
const deadlineWord = 0;
const awakeWord = 1;
const toleranceWord = 2;

/**
 * Which shards may be served here, in memory that all threads see: for each shard its epoch and the epoch since which
 * it is held without a break, and beside them the lease's deadline. The main thread writes, lanes read.
 *
 * - A slot is stamped and cleared by compare-and-set, and cleared only under the epoch that is meant or a lower one: a
 *   late clear leaves alone what was opened again.
 * - The epoch is the version of its slot: none comes twice in one life. So a lane that reads the same epoch before and
 *   after has read the deadline at a moment when the slot was as it says.
 * - Lanes compare the deadline with their own clock: a main thread that is blocked clears nothing.
 *
 * Which groups there are is known when a node starts. Those of daemons have no slots: their workers are on the
 * main thread.
 */
export class OwnershipTable implements DeadlineCopy {
  readonly shared: SharedOwnership;
  readonly #offsets: ReadonlyMap<GroupName, { readonly at: number; readonly shards: number }>;
  readonly #lease: BigInt64Array;
  /** Two words a slot: the epoch (0: not held), and since which. */
  readonly #slots: Int32Array;

  static create(groups: SharedOwnership["groups"]): OwnershipTable {
    const slots = groups.reduce((sum, { shards }) => sum + shards, 0);
    return new OwnershipTable({
      groups: groups.map(({ group, shards }) => ({ group, shards })),
      memory: new SharedArrayBuffer(8 * (leaseWords + slots)),
    });
  }

  constructor(shared: SharedOwnership) {
    this.shared = shared;
    this.#lease = new BigInt64Array(shared.memory, 0, leaseWords);
    this.#slots = new Int32Array(shared.memory, 8 * leaseWords);
    const offsets = new Map<GroupName, { at: number; shards: number }>();
    let at = 0;
    for (const { group, shards } of shared.groups) {
      offsets.set(group, { at, shards });
      at += 2 * shards;
    }
    this.#offsets = offsets;
  }

  // The lease

  /** A life begins: it holds nothing yet. */
  begin({ deadlineMs, awakeMs, toleranceMs }: Parameters<DeadlineCopy["begin"]>[0]): void {
    this.ended();
    Atomics.store(this.#lease, awakeWord, nsOf(awakeMs));
    Atomics.store(this.#lease, toleranceWord, nsOf(toleranceMs));
    Atomics.store(this.#lease, deadlineWord, nsOf(deadlineMs));
  }

  renewed(deadlineMs: number): void {
    Atomics.store(this.#lease, deadlineWord, nsOf(deadlineMs));
  }

  /** The deadline first: from then on no slot counts. */
  ended(): void {
    Atomics.store(this.#lease, deadlineWord, 0n);
    for (let at = 0; at < this.#slots.length; at += 2) Atomics.store(this.#slots, at, 0);
  }

  /** Boot time less monotonic time when this life began. @unit milliseconds */
  get awakeMs(): number {
    return msOf(Atomics.load(this.#lease, awakeWord));
  }

  /** How far the two may part before the machine counts as having slept. @unit milliseconds */
  get toleranceMs(): number {
    return msOf(Atomics.load(this.#lease, toleranceWord));
  }

  // Slots

  /** @throws {RangeError} an epoch that no slot can hold. */
  stamp(ref: ShardRef, epoch: Epoch, since: Epoch): void {
    if (!(epoch > 0 && epoch <= epochLimit)) {
      throw new RangeError(`Epoch ${epoch} of ${ref.group}/${ref.shard} fits into no slot.`);
    }
    const at = this.#slotOf(ref);
    if (at === null) return;
    const held = Atomics.load(this.#slots, at);
    if (held > epoch) return;
    // Before the epoch: in between, nothing of the old hold counts any more, and nothing of the new one yet.
    Atomics.store(this.#slots, at + 1, since);
    Atomics.compareExchange(this.#slots, at, held, epoch);
  }

  /** Whoever was told to clear this epoch may be late: a higher one stays. */
  clear(ref: ShardRef, epoch: Epoch): void {
    const at = this.#slotOf(ref);
    if (at === null) return;
    const held = Atomics.load(this.#slots, at);
    if (held <= epoch) Atomics.compareExchange(this.#slots, at, held, 0);
  }

  /** The shard is held under this epoch, and the lease's deadline is to come. */
  holds(ref: ShardRef, epoch: Epoch, nowMs: number): boolean {
    const at = this.#slotOf(ref);
    if (at === null) return false;
    for (;;) {
      const held = Atomics.load(this.#slots, at);
      if (held < epoch || held === 0) return false;
      const since = Atomics.load(this.#slots, at + 1);
      const deadlineNs = Atomics.load(this.#lease, deadlineWord);
      if (Atomics.load(this.#slots, at) === held) return epoch >= since && nowMs < msOf(deadlineNs);
    }
  }

  /** Null: a group without slots, or no shard of it. */
  #slotOf({ group, shard }: ShardRef): number | null {
    const place = this.#offsets.get(group);
    return place === undefined || shard >= place.shards ? null : place.at + 2 * shard;
  }
}

/** Never later: a deadline is not to be rounded up. */
const nsOf = (ms: number): bigint => BigInt(Math.floor(ms * 1e6));
const msOf = (ns: bigint): number => Number(ns) / 1e6;
