import type { LogEntry, Seq, ShardRef } from "@leasehold/sharding/observe";
import { silentAfterMs } from "./classify.ts";

/** The end of the cluster log, oldest first, bounded. */
export class LogTail {
  readonly #limit: number;
  #entries: LogEntry[] = [];

  constructor(limit = 20_000) {
    this.#limit = limit;
  }

  get entries(): readonly LogEntry[] {
    return this.#entries;
  }

  get lastSeq(): Seq {
    return this.#entries.at(-1)?.seq ?? 0;
  }

  reset(entries: readonly LogEntry[]): void {
    this.#entries = entries.slice(-this.#limit);
  }

  /** Puts earlier entries in front, as far as they end where this tail begins. */
  prepend(entries: readonly LogEntry[]): void {
    const first = this.#entries[0]?.seq;
    const older = first === undefined ? entries : entries.filter((entry) => entry.seq < first);
    if (first !== undefined && older.at(-1)?.seq !== first - 1) return;
    this.#entries = [...older, ...this.#entries].slice(-this.#limit);
  }

  append(entries: readonly LogEntry[]): void {
    // Cut in steps: one copy for a tenth of the limit, not one for every batch.
    if (this.#entries.length + entries.length > this.#limit * 1.1) {
      this.#entries = this.#entries.slice(-this.#limit);
    }
    for (const entry of entries) this.#entries.push(entry);
  }

  /** What follows `seq`, or null when that is no longer kept. */
  after(seq: Seq): readonly LogEntry[] | null {
    const first = this.#entries[0]?.seq;
    if (first === undefined) return null;
    const skip = seq + 1 - first;
    return skip < 0 ? null : this.#entries.slice(skip);
  }
}

/**
 * The shards of a log's last seconds, by the clock that stamped them. Their change is news to the nodes, too:
 * what they said last may be older than it, so whoever hears of it now must count from now.
 */
export function lately(entries: readonly LogEntry[]): ShardRef[] {
  const sinceMs = Date.parse(entries.at(-1)?.at ?? "") - silentAfterMs;
  return entries.flatMap((it) =>
    "shard" in it && Date.parse(it.at) >= sinceMs ? [{ group: it.group, shard: it.shard }] : [],
  );
}
