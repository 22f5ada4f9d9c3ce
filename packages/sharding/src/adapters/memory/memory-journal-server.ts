import { type Incarnation, type NodeRef, shardKey } from "../../core/ids.ts";
import { StoreUnavailableError } from "../../errors.ts";
import type { Clock } from "../../ports/clock.ts";
import type {
  Append,
  AppendResult,
  ClaimResult,
  HeadClaim,
  NewSnapshot,
} from "../../ports/journal.ts";
import type { MemoryBackend } from "./memory-backends.ts";
import { livesOf, MemoryJournalTables } from "./memory-journal-tables.ts";
import { RowLocks } from "./row-locks.ts";

/** How long an append waits for a head that another session holds. @unit milliseconds */
const lockTimeoutMs = 2_500;

/** What an index of Postgres takes, less what stands beside the key. @unit characters */
const indexRowLimit = 2_500;

export type Settled = { readonly result: AppendResult } | { readonly refused: Error };

/** The server's half of the journal: statements with their row locks, and appends that hang. */
export class MemoryJournalServer {
  readonly tables: MemoryJournalTables;
  readonly #clock: Clock;
  readonly #locks = new RowLocks();
  #hangs = 0;
  #hung: { readonly by: MemoryBackend; readonly commit: () => void }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.tables = new MemoryJournalTables(() => clock.monotonicMs());
  }

  /**
   * A fault: each of the next `count` appends locks its heads and then stands still, as under a client
   * that froze before the end of its statement. It commits with `resumeHung`; where its session ends
   * first, it is rolled back.
   */
  hangAppends(count: number): void {
    this.#hangs = count;
  }

  /** Lets the appends that hang commit. @returns how many there were. */
  resumeHung(): number {
    const hung = this.#hung;
    this.#hung = [];
    for (const { commit } of hung) commit();
    return hung.length;
  }

  /** Heads that a statement holds are busy: claims do not wait. */
  claim(holder: NodeRef, shards: readonly HeadClaim[]): readonly ClaimResult[] {
    return shards.map((shard) =>
      this.#locks.areFree([shardKey(shard)]) ? this.tables.claim(holder, shard) : "busy",
    );
  }

  /** The lives that these heads name and whose lease is not alive. */
  deadWriters(
    shards: readonly HeadClaim[],
    isAlive: (life: Incarnation) => boolean,
  ): readonly Incarnation[] {
    return [...livesOf(this.tables, shards)].filter((life) => !isAlive(life));
  }

  append(
    by: MemoryBackend,
    appends: readonly Append[],
  ): readonly Settled[] | Promise<readonly Settled[]> {
    const keys = [...new Set(appends.map(shardKey))].sort();
    const write = () => appends.map((append) => this.#write(append));
    if (this.#hangs === 0 && this.#locks.areFree(keys)) return write();
    return new Promise((resolve, reject) => {
      const commit = () => {
        cancel();
        const settled = write();
        this.#locks.release(by);
        resolve(settled);
      };
      const cancel = this.#clock.after(lockTimeoutMs, () => {
        this.#locks.release(by);
        reject(new StoreUnavailableError("A head stayed locked for too long."));
      });
      this.#locks.take(by, keys, () => {
        if (this.#hangs === 0) return commit();
        this.#hangs -= 1;
        cancel();
        this.#hung.push({ by, commit });
      });
    });
  }

  keep(snapshots: readonly NewSnapshot[]): void {
    for (const one of snapshots) this.tables.keep({ ...one, state: asStored(one.state) });
  }

  /** A session has ended: what it had not committed is rolled back, its locks are free. */
  ended(by: MemoryBackend): void {
    this.#hung = this.#hung.filter((one) => one.by !== by);
    this.#locks.release(by);
  }

  #write(append: Append): Settled {
    try {
      const { events, outcome, timers } = append;
      if ((outcome?.key.length ?? 0) > indexRowLimit) throw new Error("index row size exceeded");
      const stored = asStored(events);
      const kept = outcome === null ? null : { ...outcome, answer: asStored(outcome.answer) };
      const timed = timers === null ? null : asStored(timers);
      return {
        result: this.tables.append({ ...append, events: stored, outcome: kept, timers: timed }),
      };
    } catch (error) {
      return { refused: error as Error };
    }
  }
}

/** As a jsonb column gives it back. @throws where Postgres would refuse the text. */
function asStored<T>(value: T): T {
  const json = JSON.stringify(value ?? null, (key, item: unknown) => {
    for (const text of [key, item]) {
      if (typeof text !== "string" || (text.isWellFormed() && !text.includes("\0"))) continue;
      throw new Error("unsupported Unicode escape sequence");
    }
    return item;
  });
  return JSON.parse(json) as T;
}
