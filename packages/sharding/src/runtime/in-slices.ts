import type { Clock } from "../ports/clock.ts";

/** Far below a heartbeat's timeout, and what a command that arrives meanwhile may wait. @unit milliseconds */
const sliceMs = 8;

/**
 * Does long work without standing in anybody's way: step after step, and now and then what waits has its turn.
 *
 * The first slice runs before it returns, so what is short is done at once.
 *
 * @param step one piece of the work. @returns whether there is more: false ends it.
 */
export function inSlices(clock: Clock, step: () => boolean): void {
  const run = (): void => {
    const endMs = clock.monotonicMs() + sliceMs;
    while (step()) {
      if (clock.monotonicMs() >= endMs) return void clock.after(0, run);
    }
  };
  run();
}
