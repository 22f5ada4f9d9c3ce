import type { Clock } from "../ports/clock.ts";

/** Far below a heartbeat's timeout, and what a command that arrives meanwhile may wait. @unit milliseconds */
const sliceMs = 8;
/** Beside commands that are served meanwhile and must not feel it. @unit milliseconds */
export const shortSliceMs = 2;

/**
 * Does long work without standing in anybody's way: step after step, and now and then what waits has its turn.
 *
 * The first slice runs before it returns, so what is short is done at once.
 *
 * @param step one piece of the work. @returns whether there is more: false ends it.
 * @param lengthMs of a slice.
 */
export function inSlices(clock: Clock, step: () => boolean, lengthMs: number = sliceMs): void {
  const run = (): void => {
    const endMs = clock.monotonicMs() + lengthMs;
    while (step()) {
      if (clock.monotonicMs() >= endMs) return void clock.after(0, run);
    }
  };
  run();
}
