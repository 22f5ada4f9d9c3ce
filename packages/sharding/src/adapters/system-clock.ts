import { randomUUID } from "node:crypto";
import { openSync, readSync } from "node:fs";
import { uptime } from "node:os";
import { performance } from "node:perf_hooks";
import type { Clock } from "../ports/clock.ts";

/**
 * Seconds since boot. `uptime` opens the kernel's file anew at each call, and every command asks three times: kept
 * open, it costs a third.
 */
function openBootClock(): () => number {
  const bytes = Buffer.alloc(64);
  let file: number;
  try {
    file = openSync("/proc/uptime", "r");
  } catch {
    // A system without it.
    return uptime;
  }
  const read = (): number =>
    Number.parseFloat(bytes.toString("latin1", 0, readSync(file, bytes, 0, bytes.length, 0)));
  // What cannot be read for a number would let a machine that has slept serve on.
  return Math.abs(read() - uptime()) < 1 ? read : uptime;
}

const bootSeconds = openBootClock();

/** The machine's own time. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  bootMs: () => bootSeconds() * 1000,
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
