import { randomUUID } from "node:crypto";
import { uptime } from "node:os";
import { performance } from "node:perf_hooks";
import type { Clock } from "../ports/clock.ts";

/** The machine's own time. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  bootMs: () => uptime() * 1000,
  after: (delayMs, fn) => {
    if (delayMs <= 0) {
      // A timer would wait for a whole millisecond.
      const immediate = setImmediate(fn);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(fn, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  uuid: () => randomUUID(),
};
