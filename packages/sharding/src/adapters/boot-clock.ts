/** What a boot clock is read from. All in milliseconds. */
export interface BootClockSource {
  /** Since boot, sleep included. Slow: microseconds. */
  readonly readMs: () => number;
  /** Stands still while the machine sleeps, and never steps. */
  readonly monotonicMs: () => number;
  /** Jumps when the machine wakes, as time since boot does, and at other times, too. */
  readonly wallMs: () => number;
}

/** For how long of monotonic time one reading is good, whatever the wall clock says. @unit milliseconds */
const goodForMs = 1;
/** How far the wall clock may part from monotonic time before boot time is read again. Its grain is 1 ms. */
const wallGrainMs = 2;

/**
 * Time since boot, for many questions a millisecond.
 *
 * Intuition: while a machine is awake, time since boot and monotonic time differ by a constant, so one reading is good
 * for the questions of the next millisecond. But a millisecond of monotonic time may have a night in it. When a machine
 * wakes, its wall clock has jumped by as much as its time since boot, and that is cheap to see: then it is read anew.
 * Nothing is concluded from the wall clock itself, which steps for other reasons: a step costs one reading.
 */
export function createBootClock({ readMs, monotonicMs, wallMs }: BootClockSource): () => number {
  let goodUntilMs = Number.NEGATIVE_INFINITY;
  let aheadMs = 0;
  let wallAheadMs = 0;
  return () => {
    const nowMs = monotonicMs();
    const wallAheadNowMs = wallMs() - nowMs;
    if (nowMs >= goodUntilMs || Math.abs(wallAheadNowMs - wallAheadMs) > wallGrainMs) {
      aheadMs = readMs() - nowMs;
      wallAheadMs = wallAheadNowMs;
      goodUntilMs = nowMs + goodForMs;
    }
    return nowMs + aheadMs;
  };
}
