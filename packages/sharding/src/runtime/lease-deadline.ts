import { leaseDeadlineMs } from "../core/membership.ts";
import type { Clock } from "../ports/clock.ts";
import { awakeMsOf, hasSlept } from "./sleep-watch.ts";

/** Hears of a lease's deadline, for those who compare it with their own clock: threads cannot ask the holder. */
export interface DeadlineCopy {
  /** @unit milliseconds, on the node's monotonic clock; see {@link hasSlept} for the other two. */
  begin(lease: {
    readonly deadlineMs: number;
    readonly awakeMs: number;
    readonly toleranceMs: number;
  }): void;
  /** Never earlier than before. */
  renewed(deadlineMs: number): void;
  ended(): void;
}

/**
 * Until when a lease may be believed, as its holder sees it.
 *
 * `checkAlive` is local and synchronous and compares with the clock each time: a timer is not a
 * deadline, because a process that wakes from a freeze runs other callbacks before its timers.
 */
export class LeaseDeadline {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  readonly #toleranceMs: number;
  readonly #awakeMs: number;
  #deadlineMs: number;
  #hasEnded = false;
  #copy: DeadlineCopy | null = null;

  /**
   * Counts from now. Made before the statement that takes the lease is sent: an answer that waits while the
   * machine sleeps is then as late as one that comes late.
   */
  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#toleranceMs = ttlMs / 20;
    this.#deadlineMs = leaseDeadlineMs(clock.monotonicMs(), ttlMs);
    this.#awakeMs = awakeMsOf(clock);
  }

  /** From now on this copy says what the deadline says. */
  copyTo(copy: DeadlineCopy): void {
    if (this.#hasEnded) return copy.ended();
    this.#copy = copy;
    const [deadlineMs, awakeMs] = [this.#deadlineMs, this.#awakeMs];
    copy.begin({ deadlineMs, awakeMs, toleranceMs: this.#toleranceMs });
  }

  /** @param sentAtMs when the renewal was sent, not when its answer came. */
  renewed(sentAtMs: number): void {
    if (this.#hasEnded) return;
    this.#deadlineMs = Math.max(this.#deadlineMs, leaseDeadlineMs(sentAtMs, this.#ttlMs));
    this.#copy?.renewed(this.#deadlineMs);
  }

  checkAlive(): boolean {
    if (this.#hasEnded || this.#clock.monotonicMs() >= this.#deadlineMs) return false;
    if (hasSlept(this.#clock, this.#awakeMs, this.#toleranceMs)) this.end();
    return !this.#hasEnded;
  }

  leftMs(): number {
    return this.checkAlive() ? this.#deadlineMs - this.#clock.monotonicMs() : 0;
  }

  /** For good: what has ended never comes alive again. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#copy?.ended();
  }
}
