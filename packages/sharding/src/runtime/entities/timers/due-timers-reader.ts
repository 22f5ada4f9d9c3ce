import { StoreUnavailableError } from "../../../errors.ts";
import type { LogFn } from "../../../node-api.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Journal } from "../../../ports/journal.ts";
import type { DueTimer, DueTimers, ServerMs } from "../../../ports/timers.ts";
import type { Shard } from "../shard.ts";

export interface DueTimersReaderParts {
  readonly journal: Pick<Journal, "dueTimers" | "startTimers">;
  readonly clock: Clock;
  readonly log: LogFn;
}

export interface DueTimersReaderEvents {
  read(timers: readonly DueTimer[]): void;
  /** How many timers are in memory. */
  waiting(): number;
}

/** How far ahead is read, and how long before its end the next piece is. @unit milliseconds */
const aheadMs = 60_000;
const leadMs = 10_000;
/** Most timers in memory. More are read when these have fired. */
const limit = 1_000;
/** Shards come in crowds, and their callers first. @unit milliseconds */
const gatherMs = 20;
const retryMs = 500;

/** Reads what is due soon in the shards that are served here, one question at a time, and the server's clock. */
export class DueTimersReader {
  readonly #parts: DueTimersReaderParts;
  readonly #events: DueTimersReaderEvents;
  readonly #shards = new Set<Shard>();
  readonly #wanted = new Set<Shard>();
  /** Their timers that wait for a start are to be due before anything is read. */
  readonly #started = new Set<Shard>();
  readonly limit = limit;
  /** All that is due by then is in memory. */
  knownUntilMs: ServerMs = Number.NEGATIVE_INFINITY;
  /** The server's clock less this process's. */
  #offsetMs = Number.NaN;
  #reading: Promise<void> | null = null;
  #cancel: (() => void) | null = null;
  #isClosed = false;

  constructor(parts: DueTimersReaderParts, events: DueTimersReaderEvents) {
    this.#parts = parts;
    this.#events = events;
  }

  get isReady(): boolean {
    return !Number.isNaN(this.#offsetMs);
  }

  nowMs(): ServerMs {
    return this.#offsetMs + this.#parts.clock.monotonicMs();
  }

  /** Resolves when the server's clock is known. @throws {StoreUnavailableError} it is not. */
  async ready(): Promise<void> {
    if (this.isReady) return;
    await (this.#reading ?? this.#read());
    if (!this.isReady) throw new StoreUnavailableError("The clock of Postgres is not known yet.");
  }

  start(shard: Shard): void {
    this.#started.add(shard);
  }

  want(shard: Shard): void {
    this.#shards.add(shard);
    this.#wanted.add(shard);
    this.#after(gatherMs);
  }

  forget(shard: Shard): void {
    for (const shards of [this.#shards, this.#wanted, this.#started]) shards.delete(shard);
  }

  /** There is no room for what is due later. */
  forgetAfter(ms: ServerMs): void {
    this.knownUntilMs = Math.min(this.knownUntilMs, ms);
  }

  /** Reads on, when the time has come and there is room for it. */
  goOn(): void {
    if (!this.isReady || this.#wanted.size > 0 || this.#shards.size === 0) return;
    if (this.#events.waiting() > limit / 2) return;
    const dueMs = this.knownUntilMs - leadMs - this.nowMs();
    if (dueMs <= 0) for (const shard of this.#shards) this.#wanted.add(shard);
    this.#after(Math.max(dueMs, gatherMs));
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }

  #after(delayMs: number): void {
    if (this.#isClosed || this.#reading !== null) return;
    this.#cancel?.();
    this.#cancel = this.#parts.clock.after(delayMs, () => {
      if (this.#wanted.size === 0) this.goOn();
      else void this.#read();
    });
  }

  #read(): Promise<void> {
    this.#reading = this.#tryRead().then((timers) => {
      this.#reading = null;
      if (timers !== null) this.#events.read(timers);
      if (this.#wanted.size > 0) this.#after(timers === null ? retryMs : gatherMs);
    });
    return this.#reading;
  }

  /** @returns null where they could not be read: they are still wanted. */
  async #tryRead(): Promise<readonly DueTimer[] | null> {
    const { journal, clock, log } = this.#parts;
    const shards = [...this.#wanted];
    this.#wanted.clear();
    try {
      await this.#start(shards.filter((shard) => this.#started.has(shard)));
      const sentMs = clock.monotonicMs();
      const due = await journal.dueTimers(shards.map(refOf), aheadMs, limit);
      this.#offsetMs = due.nowMs - (sentMs + clock.monotonicMs()) / 2;
      this.#note(shards, due);
      return due.timers;
    } catch (error) {
      for (const shard of shards) if (this.#shards.has(shard)) this.#wanted.add(shard);
      const isAway = error instanceof StoreUnavailableError;
      if (!this.#isClosed) {
        log(isAway ? "debug" : "warn", "timers could not be read", { error: String(error) });
      }
      return null;
    }
  }

  async #start(shards: readonly Shard[]): Promise<void> {
    if (shards.length === 0) return;
    await this.#parts.journal.startTimers(shards.map(refOf));
    for (const shard of shards) this.#started.delete(shard);
  }

  #note(shards: readonly Shard[], { nowMs, timers }: DueTimers): void {
    const last = timers.at(-1);
    // Others may be due in the very millisecond of the last one.
    const untilMs =
      timers.length === limit && last !== undefined ? last.dueMs - 1 : nowMs + aheadMs;
    const read = new Set(shards);
    const isAll = [...this.#shards].every((shard) => read.has(shard));
    this.knownUntilMs = isAll ? untilMs : Math.min(this.knownUntilMs, untilMs);
  }
}

const refOf = ({ ref }: Shard): Shard["ref"] => ref;
