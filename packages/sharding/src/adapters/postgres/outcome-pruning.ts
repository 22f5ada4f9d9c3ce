import { shardKey } from "../../core/ids.ts";
import type { Append } from "../../ports/journal.ts";
import type { JournalConnection } from "./journal-connection.ts";

const limit = 1_000;

/**
 * Removes outcomes that have expired, of shards that keep new ones: what is in use does not grow for ever,
 * and what is not used costs nothing. On the shards' own connection, so never beside an append of theirs.
 */
export class OutcomePruning {
  readonly #connection: JournalConnection;
  readonly #sql: string;
  readonly #everyMs: number;
  readonly #prunedMs = new Map<string, number>();

  constructor(connection: JournalConnection, sql: string, everyMs: number) {
    this.#connection = connection;
    this.#sql = sql;
    this.#everyMs = everyMs;
  }

  /** After these were written. */
  after(appends: readonly Append[]): void {
    const nowMs = performance.now();
    const due = new Map<string, { group_name: string; shard: number }>();
    for (const append of appends) {
      const key = shardKey(append);
      const before = this.#prunedMs.get(key) ?? Number.NEGATIVE_INFINITY;
      if (append.outcome === null || nowMs - before < this.#everyMs) continue;
      this.#prunedMs.set(key, nowMs);
      due.set(key, { group_name: append.group, shard: append.shard });
    }
    if (due.size === 0) return;
    const values = [JSON.stringify([...due.values()]), limit];
    // One that fails is made up for by the next: nobody waits for it, and rows that stay do no harm.
    this.#connection.query("removing outcomes", this.#sql, values).catch(() => undefined);
  }
}
