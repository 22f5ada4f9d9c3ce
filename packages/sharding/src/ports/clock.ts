/**
 * Time, timers, randomness and ids, so that the simulation can own them.
 *
 * Decisions use `monotonicMs` only. Wall clocks are never used: they step.
 */
export interface Clock {
  /** Milliseconds on a clock that never steps and does not run while the machine is suspended. */
  monotonicMs(): number;
  /**
   * Milliseconds since boot, suspends included. Compared with `monotonicMs` once per loop turn: when
   * the two part by more than ttl/20 the machine slept, and the lease is lost.
   */
  bootMs(): number;
  /** Runs `fn` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, fn: () => void): () => void;
  /** A number in [0, 1), for jitter. */
  random(): number;
  /** A new uuid. */
  uuid(): string;
}
