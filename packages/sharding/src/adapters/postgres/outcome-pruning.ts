import type { Append } from "../../ports/journal.ts";
import type { JournalConnection } from "./journal-connection.ts";

const limit = 1_000;

/**
 * Removes outcomes that have expired, while new ones are kept: what is used does not grow for ever, and
 * what is not used costs nothing.
 */
export class OutcomePruning {
  readonly #connection: JournalConnection;
  readonly #sql: string;
  readonly #everyMs: number;
  #prunedMs = Number.NEGATIVE_INFINITY;

  constructor(connection: JournalConnection, sql: string, everyMs: number) {
    this.#connection = connection;
    this.#sql = sql;
    this.#everyMs = everyMs;
  }

  /** After these were written. */
  after(appends: readonly Append[]): void {
    const nowMs = performance.now();
    if (nowMs - this.#prunedMs < this.#everyMs) return;
    if (appends.every(({ outcome }) => outcome === null)) return;
    this.#prunedMs = nowMs;
    // One that fails is made up for by the next: nobody waits for it, and rows that stay do no harm.
    this.#connection.query("removing outcomes", this.#sql, [limit]).catch(() => undefined);
  }
}
