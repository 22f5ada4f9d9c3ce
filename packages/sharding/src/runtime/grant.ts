import type { NodeRef } from "../core/ids.ts";
import { leaseDeadlineMs } from "../core/membership.ts";
import type { Clock } from "../ports/clock.ts";

/**
 * The right to serve, as the holder sees it.
 *
 * `checkAlive` is local and synchronous and compares with the clock each time: a timer is not a
 * deadline, because a process that wakes from a freeze runs other callbacks before its timers.
 */
export class Grant {
  readonly holder: NodeRef;
  /** Of the lease row; grows with every take-over of this node's lease. */
  readonly token: number;
  readonly #clock: Clock;
  readonly #ttlMs: number;
  #deadlineMs: number;
  /** Boot time minus monotonic time: constant while the machine does not sleep. */
  readonly #sleptMs: number;
  #ended = false;
  #hasJustChecked = false;

  constructor(holder: NodeRef, token: number, clock: Clock, ttlMs: number, sentAtMs: number) {
    this.holder = holder;
    this.token = token;
    this.#clock = clock;
    this.#ttlMs = ttlMs;
    this.#deadlineMs = leaseDeadlineMs(sentAtMs, ttlMs);
    this.#sleptMs = clock.bootMs() - clock.monotonicMs();
  }

  /** @param sentAtMs when the renewal was sent, not when its answer came. */
  renewed(sentAtMs: number): void {
    this.#deadlineMs = Math.max(this.#deadlineMs, leaseDeadlineMs(sentAtMs, this.#ttlMs));
  }

  checkAlive(): boolean {
    return !this.#ended && this.#clock.monotonicMs() < this.#deadlineMs && !this.#hasSlept();
  }

  leftMs(): number {
    return this.checkAlive() ? this.#deadlineMs - this.#clock.monotonicMs() : 0;
  }

  /** For good: a grant that has ended never comes alive again. */
  end(): void {
    this.#ended = true;
  }

  /**
   * Reading boot time costs microseconds, so what runs in one go asks once. Not longer: a timer of 0 ms takes
   * a millisecond, and a machine that fell asleep within it would serve on when it wakes.
   */
  #hasSlept(): boolean {
    if (this.#hasJustChecked) return false;
    const sleptMs = this.#clock.bootMs() - this.#clock.monotonicMs() - this.#sleptMs;
    if (Math.abs(sleptMs) > this.#ttlMs / 20) {
      this.#ended = true;
      return true;
    }
    this.#hasJustChecked = true;
    queueMicrotask(() => {
      this.#hasJustChecked = false;
    });
    return false;
  }
}
