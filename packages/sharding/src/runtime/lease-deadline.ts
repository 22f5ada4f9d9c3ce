import { leaseDeadlineMs } from "../core/membership.ts";
import type { Clock } from "../ports/clock.ts";

/**
 * Until when a lease may be believed, as its holder sees it.
 *
 * `checkAlive` is local and synchronous and compares with the clock each time: a timer is not a
 * deadline, because a process that wakes from a freeze runs other callbacks before its timers.
 */
export class LeaseDeadline {
  readonly #clock: Clock;
  readonly #ttlMs: number;
  #deadlineMs: number;
  /** Boot time minus monotonic time: constant while the machine does not sleep. */
  readonly #sleptMs: number;
  #hasEnded = false;
  #hasJustChecked = false;

  /**
   * Counts from now. Made before the statement that takes the lease is sent: an answer that waits while the
   * machine sleeps is then as late as one that comes late.
   */
  constructor(clock: Clock, ttlMs: number) {
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    const nowMs = clock.monotonicMs();
    this.#deadlineMs = leaseDeadlineMs(nowMs, ttlMs);
    this.#sleptMs = clock.bootMs() - nowMs;
  }

  /** @param sentAtMs when the renewal was sent, not when its answer came. */
  renewed(sentAtMs: number): void {
    this.#deadlineMs = Math.max(this.#deadlineMs, leaseDeadlineMs(sentAtMs, this.#ttlMs));
  }

  checkAlive(): boolean {
    return !this.#hasEnded && this.#clock.monotonicMs() < this.#deadlineMs && !this.#hasSlept();
  }

  leftMs(): number {
    return this.checkAlive() ? this.#deadlineMs - this.#clock.monotonicMs() : 0;
  }

  /** For good: what has ended never comes alive again. */
  end(): void {
    this.#hasEnded = true;
  }

  /**
   * Reading boot time costs microseconds, so what runs in one go asks once. Not longer: a timer of 0 ms takes
   * a millisecond, and a machine that fell asleep within it would serve on when it wakes.
   */
  #hasSlept(): boolean {
    if (this.#hasJustChecked) return false;
    const sleptMs = this.#clock.bootMs() - this.#clock.monotonicMs() - this.#sleptMs;
    if (Math.abs(sleptMs) > this.#ttlMs / 20) {
      this.#hasEnded = true;
      return true;
    }
    this.#hasJustChecked = true;
    queueMicrotask(() => {
      this.#hasJustChecked = false;
    });
    return false;
  }
}
