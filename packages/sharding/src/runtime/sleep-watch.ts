import type { Clock } from "../ports/clock.ts";

/**
 * Whether the machine has slept: boot time runs on meanwhile, and the monotonic clock does not.
 *
 * Reading boot time costs microseconds, so what runs in one go asks once. Not longer: a timer of 0 ms takes
 * a millisecond, and a machine that fell asleep within it would serve on when it wakes.
 */
export class SleepWatch {
  readonly #clock: Clock;
  readonly #toleranceMs: number;
  /** Boot time less monotonic time: constant while the machine does not sleep. @unit milliseconds */
  readonly awakeMs: number;
  #hasJustChecked = false;

  /** @param awakeMs of the moment since which it must not have slept. */
  constructor(clock: Clock, toleranceMs: number, awakeMs: number) {
    this.#clock = clock;
    this.#toleranceMs = toleranceMs;
    this.awakeMs = awakeMs;
  }

  hasSlept(): boolean {
    if (this.#hasJustChecked) return false;
    const sleptMs = this.#clock.bootMs() - this.#clock.monotonicMs() - this.awakeMs;
    if (Math.abs(sleptMs) > this.#toleranceMs) return true;
    this.#hasJustChecked = true;
    queueMicrotask(() => {
      this.#hasJustChecked = false;
    });
    return false;
  }
}
