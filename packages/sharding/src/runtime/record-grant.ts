import type { Clock } from "../ports/clock.ts";
import type { Grant, LeaseRecords, VersionedRecord } from "../ports/lease.ts";
import type { LeaseDeadline } from "./lease-deadline.ts";
import { withDeadline } from "./with-deadline.ts";

export interface RecordLeaseOptions {
  readonly records: LeaseRecords;
  /** Names this life, and no other one ever. */
  readonly holder: string;
  /** @unit milliseconds */
  readonly ttlMs: number;
  readonly clock: Clock;
}

/**
 * A lease that is a record in somebody else's store, as its holder keeps it.
 *
 * Each renewal is a write that expects the version of the one before, so whoever writes in between ends the
 * grant. The deadline counts from before the write was sent. A write without an answer may have been done:
 * then the record is read, and only this holder's name in it lets the grant go on.
 */
export class RecordGrant implements Grant {
  readonly #options: RecordLeaseOptions;
  readonly #listeners = new Set<(why: string) => void>();
  readonly #deadline: LeaseDeadline;
  #record: VersionedRecord;
  #lost: string | null = null;
  #isUnsure = false;
  #isReleased = false;
  #renewal: Promise<void> = Promise.resolve();
  #cancel: () => void = () => undefined;

  /** @param deadline made before the write of `record` was sent. */
  constructor(options: RecordLeaseOptions, record: VersionedRecord, deadline: LeaseDeadline) {
    this.#options = options;
    this.#record = record;
    this.#deadline = deadline;
    this.#renewLater();
  }

  checkAlive(): boolean {
    return this.#deadline.checkAlive();
  }

  onLost(fn: (why: string) => void): () => void {
    if (this.#lost !== null) fn(this.#lost);
    else this.#listeners.add(fn);
    return () => this.#listeners.delete(fn);
  }

  async release(): Promise<void> {
    if (this.#isReleased || this.#lost !== null) return;
    this.#isReleased = true;
    this.#deadline.end();
    this.#cancel();
    // A renewal under way would take back what is given back here.
    await this.#renewal;
    const { records, clock, ttlMs } = this.#options;
    const { transitions } = this.#record;
    await withDeadline(
      clock,
      ttlMs / 3,
      (signal) => records.write({ holder: "", ttlMs, transitions }, this.#record, signal),
      // Others wait until it has run out instead.
    ).catch(() => null);
  }

  #renewLater(): void {
    const { clock, ttlMs } = this.#options;
    this.#cancel = clock.after(Math.max(1, Math.min(ttlMs / 6, this.#deadline.leftMs())), () => {
      if (!this.checkAlive()) return this.#lose("it was not renewed in time");
      // The deadline passes even while a renewal waits for its answer.
      this.#cancel = clock.after(Math.max(1, this.#deadline.leftMs()), () => {
        if (!this.checkAlive()) this.#lose("it was not renewed in time");
      });
      this.#renewal = this.#renew().then(() => {
        this.#cancel();
        if (!this.#isReleased && this.#lost === null) this.#renewLater();
      });
    });
  }

  async #renew(): Promise<void> {
    const { records, clock, ttlMs } = this.#options;
    try {
      if (this.#isUnsure && !(await this.#lookUp())) return;
      const sentAtMs = clock.monotonicMs();
      const { holder, transitions } = this.#record;
      const written = await withDeadline(clock, ttlMs / 3, (signal) =>
        records.write({ holder, ttlMs, transitions }, this.#record, signal),
      );
      if (written === null) return this.#lose("somebody else has written its record");
      this.#record = written;
      // An answer after the deadline renews nothing: others may have taken it by then.
      if (this.checkAlive()) this.#deadline.renewed(sentAtMs);
    } catch {
      // Until its deadline the grant holds, whatever becomes of one renewal.
      this.#isUnsure = true;
    }
  }

  /** @returns whether the record still names this holder. */
  async #lookUp(): Promise<boolean> {
    const { records, clock, ttlMs, holder } = this.#options;
    const found = await withDeadline(clock, ttlMs / 3, (signal) => records.read(signal));
    if (found?.holder !== holder) {
      this.#lose("its record names another holder");
      return false;
    }
    this.#record = found;
    this.#isUnsure = false;
    return true;
  }

  #lose(why: string): void {
    if (this.#lost !== null || this.#isReleased) return;
    this.#lost = why;
    this.#deadline.end();
    this.#cancel();
    for (const listener of this.#listeners) listener(why);
    this.#listeners.clear();
  }
}
