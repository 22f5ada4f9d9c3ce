/** A shard's head, read from Postgres. */
export interface Head {
  readonly shard: string;
  readonly epoch: number;
  /** Position of its last event. */
  readonly lastSeq: number;
}

/** One event of the journal. */
export interface JournalRow {
  readonly shard: string;
  readonly shardSeq: number;
  readonly epoch: number;
}

/** A head may change hands so long after the last look without anybody knowing when. @unit milliseconds */
const headGapMs = 2000;

/**
 * S4: after a head was claimed at an epoch, no event below it commits.
 *
 * A head that was seen at epoch 42 with its last event at 17 says: whatever comes after 17 is of epoch 42 at least. So a
 * late event shows itself even if its own successor comes after it. Looks too far apart around a claim leave room for
 * one that nobody would see, and then S4 was not observed.
 */
export class HeadsWatch {
  readonly #first = new Map<string, Head>();
  readonly #claims = new Map<string, Head[]>();
  #lastLookMs: number | null = null;
  checks = 0;
  breach: string | null = null;
  gap: string | null = null;

  looked(heads: readonly Head[], nowMs: number): void {
    const sinceMs = this.#lastLookMs === null ? 0 : nowMs - this.#lastLookMs;
    this.#lastLookMs = nowMs;
    for (const head of heads) {
      if (!this.#first.has(head.shard)) this.#first.set(head.shard, head);
      const claims = this.#claims.get(head.shard) ?? [];
      this.#claims.set(head.shard, claims);
      const last = claims.at(-1);
      if (last !== undefined && head.epoch < last.epoch) {
        this.breach ??= `The head of shard ${head.shard} went back from epoch ${last.epoch} to ${head.epoch}.`;
      }
      if (last === undefined || head.epoch > last.epoch) {
        claims.push(head);
        if (last !== undefined && sinceMs > headGapMs) this.#noteGap(head, sinceMs);
      }
    }
  }

  /** Where the journal has to be read from: what was there before the run says nothing about it. */
  get from(): readonly Head[] {
    return [...this.#first.values()];
  }

  /** The events after {@link from}, in any order. */
  judge(rows: readonly JournalRow[]): void {
    const highest = new Map<string, number>();
    for (const row of rows.toSorted((a, b) => a.shardSeq - b.shardSeq)) {
      this.checks++;
      const claim = this.#claims.get(row.shard)?.findLast((it) => it.lastSeq < row.shardSeq);
      const before = highest.get(row.shard) ?? 0;
      const least = Math.max(before, claim?.epoch ?? 0);
      if (row.epoch < least) {
        this.breach ??=
          `Event ${row.shardSeq} of shard ${row.shard} was written under epoch ${row.epoch}, after its head ` +
          `was claimed at epoch ${least}.`;
      }
      highest.set(row.shard, Math.max(before, row.epoch));
    }
  }

  #noteGap(head: Head, sinceMs: number): void {
    this.gap ??=
      `Shard ${head.shard} changed hands while the console could not read the heads for ` +
      `${(sinceMs / 1000).toFixed(1)} s.`;
  }
}
