import type { Head } from "./heads-watch.ts";
import type { CallOutcome } from "./probe-ledger.ts";

interface LateWrite {
  /** Of its shard's head, when it was sent. */
  readonly epoch: number | null;
  /** Nobody has said what became of it: it may still be on its way. */
  isInDoubt: boolean;
  /** The head was seen at a higher epoch while nothing could arrive. */
  isOvertaken: boolean;
}

/**
 * What a node has on its way to Postgres when it is cut off: one write in each of a few shards. It comes too late only
 * where the next owner has claimed the head before the cut ends. Where none does, nobody has tried the fence, and that
 * everything was in order says nothing of it.
 */
export class LateWrites {
  readonly #writes = new Map<string, LateWrite>();
  readonly #epochs = new Map<string, number>();
  #isWanted = false;
  #isReleased = false;

  /** The owner is about to be cut off. How the heads were before says nothing: they have to be looked at now. */
  begin(): void {
    this.#isWanted = true;
    this.#epochs.clear();
  }

  sent(shard: string): void {
    const epoch = this.#epochs.get(shard) ?? null;
    this.#writes.set(shard, { epoch, isInDoubt: true, isOvertaken: false });
  }

  ended(shard: string, outcome: CallOutcome): void {
    const write = this.#writes.get(shard);
    const isKnown =
      outcome.tag === "done" || (outcome.tag === "refused" && outcome.executed !== "unknown");
    if (write !== undefined && isKnown) write.isInDoubt = false;
  }

  looked(heads: readonly Head[]): void {
    for (const { shard, epoch } of heads) {
      this.#epochs.set(shard, epoch);
      const write = this.#writes.get(shard);
      if (write === undefined || write.epoch === null || this.#isReleased) continue;
      if (epoch > write.epoch) write.isOvertaken = true;
    }
  }

  /** The cut is about to end: whatever is claimed from now on may have been claimed after it. */
  released(): void {
    this.#isReleased = true;
  }

  /** Whether there is nothing to wait for before the cut ends. */
  get areDue(): boolean {
    const inDoubt = [...this.#writes.values()].filter((it) => it.isInDoubt);
    return inDoubt.length === 0 || inDoubt.some((it) => it.isOvertaken);
  }

  /** How many came too late; null where none was to. */
  get tried(): number | null {
    if (!this.#isWanted) return null;
    return [...this.#writes.values()].filter((it) => it.isInDoubt && it.isOvertaken).length;
  }

  /** Null, or why the fence was not tried. */
  get untried(): string | null {
    if (this.tried !== 0) return null;
    return [...this.#writes.values()].some((it) => it.isInDoubt)
      ? "the cut ended before the next owner had claimed what was being written to."
      : "nothing was on its way to Postgres when the owner was cut off.";
  }
}
