import type { Clock } from "../ports/clock.ts";

/** Waits on the injected clock. */
export const pause = (clock: Clock, delayMs: number): Promise<void> =>
  new Promise((resolve) => {
    clock.after(delayMs, resolve);
  });
