import type { Log } from "../relay/log.ts";
import type { Pos, TapeBar, TapeBucket, TapeMark, TapeStats } from "../wire/tape.ts";
import { worstOf } from "./marks.ts";
import type { MemoryTape } from "./memory-tape.ts";
import type { PackedReel } from "./pack.ts";
import type { At, TapeSource } from "./tape-source.ts";
import type { TapeTable } from "./tape-table.ts";

/** More marks than these in one bar are not told apart by anybody. */
const marksLimit = 500;

/** The tape as a whole, for reading: the newest part from memory, the rest from Postgres. */
export class Tape implements TapeSource {
  readonly #memory: MemoryTape;
  readonly #table: TapeTable | null;
  readonly #log: Log;

  constructor(memory: MemoryTape, table: TapeTable | null, log: Log) {
    this.#memory = memory;
    this.#log = log;
    this.#table = table;
  }

  async reel(at: At): Promise<PackedReel | null> {
    if (this.#memory.covers(at) || this.#table === null) return await this.#memory.reel(at);
    const reel = await this.#table.reel(at);
    // The reel after the last saved one is in memory.
    if (reel === null || reel.nextPos !== null) return reel;
    const first = this.#memory.first;
    return first === null ? reel : { ...reel, nextPos: first.pos };
  }

  async marks(from: Pos, direction: "next" | "previous", limit: number): Promise<TapeMark[]> {
    const own = await this.#memory.marks(from, direction, limit);
    if (this.#table === null) return own;
    const cut = this.#memory.first?.pos ?? Number.POSITIVE_INFINITY;
    const saved = await this.#table.marks(from, direction, limit);
    const older = saved.filter((it) => it.pos < cut);
    return (direction === "next" ? [...older, ...own] : [...own, ...older]).slice(0, limit);
  }

  /** @param count of buckets, at least 1. */
  async bar(fromMs: number, toMs: number, count: number): Promise<TapeBar> {
    const memory = this.#memory.segments();
    const cut = this.#memory.first?.pos ?? Number.MAX_SAFE_INTEGER;
    const found = await this.#saved(fromMs, toMs, count, cut);
    const [saved, savedMarks] = found ?? [[], []];
    const buckets = emptyBuckets(fromMs, toMs, count);
    for (const { index, ...it } of saved) add(buckets, index, it);
    for (const it of memory) {
      if (it.lastAtMs < fromMs || it.firstAtMs >= toMs) continue;
      add(buckets, Math.floor(((it.firstAtMs - fromMs) / (toMs - fromMs)) * count), it.stats);
    }
    const own = memory
      .flatMap((it) => it.marks)
      .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
    const marks = [...savedMarks.filter((it) => it.pos < cut), ...own].slice(-marksLimit);
    return { fromMs, toMs, buckets, marks, isPartial: found === null };
  }

  /** Null while Postgres cannot be asked: the newest part is shown all the same. */
  async #saved(
    fromMs: number,
    toMs: number,
    count: number,
    cut: Pos,
  ): Promise<readonly [Awaited<ReturnType<TapeTable["buckets"]>>, readonly TapeMark[]] | null> {
    if (this.#table === null) return [[], []];
    try {
      return await Promise.all([
        this.#table.buckets(fromMs, toMs, count, cut),
        this.#table.marksBetween(fromMs, toMs, marksLimit),
      ]);
    } catch (error) {
      this.#log("warn", "tape not readable", { error: String(error) });
      return null;
    }
  }
}

function emptyBuckets(fromMs: number, toMs: number, count: number): TapeBucket[] {
  const widthMs = (toMs - fromMs) / count;
  const nothing = { events: 0, faults: 0, divergent: 0, danger: 0, classes: {}, isGap: true };
  return Array.from({ length: count }, (_, index) => ({
    ...nothing,
    fromMs: fromMs + index * widthMs,
  }));
}

function add(buckets: TapeBucket[], index: number, it: TapeStats): void {
  const at = Math.min(Math.max(index, 0), buckets.length - 1);
  const old = buckets[at];
  if (old === undefined) return;
  buckets[at] = { ...old, ...worstOf(old, it), events: old.events + it.events, isGap: false };
}
