import type { Log } from "../relay/log.ts";
import type { AuditState } from "../wire/audit-view.ts";
import type { AuditRow } from "./audit-row.ts";
import type { AuditTable } from "./audit-table.ts";

/** Rows that wait for Postgres at most; about 2 MB. */
const waitingLimit = 2000;
/** Actions that a console without Postgres, or with one that is away, can still show. */
const rememberedLimit = 1000;
const batchSize = 200;
/** How soon after a failure the next try begins. @unit milliseconds */
const retryMs = 1000;
/** How often what is too old is deleted. @unit milliseconds */
const trimEveryMs = 3_600_000;

/**
 * Writes the audit down behind the actions: none of them waits for it. While Postgres is away rows are kept in
 * memory, so many and no more; what found no room is counted and said.
 */
export class AuditLog {
  readonly #table: AuditTable | null;
  readonly #log: Log;
  readonly #keptDays: number;
  readonly #waiting: AuditRow[] = [];
  readonly #remembered: AuditRow[] = [];
  #lost = 0;
  #refusalsNotKept = 0;
  #isAway = false;
  #writing: Promise<void> | null = null;
  #isStopped = false;
  readonly #timers: ReturnType<typeof setInterval>[] = [];

  constructor(table: AuditTable | null, log: Log, keptDays: number) {
    this.#table = table;
    this.#log = log;
    this.#keptDays = keptDays;
  }

  start(): void {
    this.#timers.push(setInterval(() => this.#write(), retryMs));
    this.#timers.push(setInterval(() => this.#trim(), trimEveryMs));
    this.#trim();
  }

  /** What waits is tried once more. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#write();
    await this.#writing;
    this.#isStopped = true;
  }

  get state(): AuditState {
    const tag = this.#table === null ? "memory" : this.#isAway ? "waiting" : "kept";
    return {
      tag,
      waiting: this.#waiting.length,
      lost: this.#lost,
      refusalsNotKept: this.#refusalsNotKept,
      keptDays: this.#keptDays,
    };
  }

  /** The newest rows of this console, oldest first: what can be shown without Postgres. */
  get remembered(): readonly AuditRow[] {
    return this.#remembered;
  }

  note(row: AuditRow): void {
    this.#remembered.push(row);
    if (this.#remembered.length > rememberedLimit * 2) this.#remembered.splice(0, 2);
    if (this.#table === null) return;
    if (this.#waiting.length >= waitingLimit) {
      // The first rows say how it began: the newest is the one to go.
      this.#lost += 1;
      return;
    }
    this.#waiting.push(row);
    this.#write();
  }

  noteNotKept(): void {
    this.#refusalsNotKept += 1;
  }

  #write(): void {
    if (this.#table === null || this.#isStopped || this.#writing !== null) return;
    if (this.#waiting.length === 0) return;
    this.#writing = this.#drain(this.#table).finally(() => {
      this.#writing = null;
    });
  }

  async #drain(table: AuditTable): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, batchSize);
      try {
        await table.insert(batch);
      } catch (error) {
        if (!this.#isAway) this.#log("warn", "audit waits", { error: String(error) });
        this.#isAway = true;
        return;
      }
      this.#isAway = false;
      this.#waiting.splice(0, batch.length);
    }
  }

  #trim(): void {
    this.#table
      ?.deleteBefore(new Date(Date.now() - this.#keptDays * 86_400_000))
      .catch((error: unknown) => this.#log("warn", "audit not trimmed", { error: String(error) }));
  }
}
