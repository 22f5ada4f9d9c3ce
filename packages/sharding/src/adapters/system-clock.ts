import { randomUUID } from "node:crypto";
import { openSync, readSync } from "node:fs";
import { uptime } from "node:os";
import { performance } from "node:perf_hooks";
import type { Clock } from "../ports/clock.ts";
import { createBootClock } from "./boot-clock.ts";

/** Seconds since boot. `uptime` opens the kernel's file anew at each call: kept open, it costs a third. */
function openUptime(): () => number {
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

const bootSeconds = openUptime();

/** The machine's own time. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  // Every command asks.
  bootMs: createBootClock({
    readMs: () => bootSeconds() * 1000,
    monotonicMs: () => performance.now(),
    wallMs: () => Date.now(),
  }),
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

/**
 * Where `systemClock` of this thread begins, on the clock that all threads of the process share. In some releases of
 * Node.js each thread counts from its own start, and a lane with a clock behind the main thread's would outlive its lease.
 *
 * @unit milliseconds, within microseconds
 */
export function monotonicOriginMs(): number {
  let best = { originMs: 0, widthNs: Number.POSITIVE_INFINITY };
  // A thread that loses its core between two looks has seen two moments: the closest look counts.
  for (let look = 0; look < 32; look += 1) {
    const beforeNs = process.hrtime.bigint();
    const ownMs = performance.now();
    const widthNs = Number(process.hrtime.bigint() - beforeNs);
    if (widthNs >= best.widthNs) continue;
    best = { originMs: (Number(beforeNs) + widthNs / 2) / 1e6 - ownMs, widthNs };
  }
  return best.originMs;
}

/** The machine's time for one thread, counted from where another thread's clock begins. */
export function clockFrom(originMs: number): Clock {
  const aheadMs = monotonicOriginMs() - originMs;
  return { ...systemClock, monotonicMs: () => performance.now() + aheadMs };
}
