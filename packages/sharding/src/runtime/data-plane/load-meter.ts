import type { Clock } from "../../ports/clock.ts";

/** Requests that this node served as their home, over the last whole second. */
export interface Load {
  readonly requestsPerSecond: number;
  readonly failedPerSecond: number;
  /** From a request's arrival to its reply. @unit milliseconds */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * Counts per second with percentiles, in two fixed windows: the second that fills and the one before.
 *
 * Latencies fall into buckets that grow by a quarter of an octave: a percentile is at most 19 % above
 * the truth, and 64 numbers hold anything from 0.05 ms to 50 minutes.
 */
export class LoadMeter {
  readonly #clock: Clock;
  #filling: Window = emptyWindow();
  #complete: Window = emptyWindow();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  record(nowMs: number, latencyMs: number, failed: boolean): void {
    this.#roll(nowMs);
    const window = this.#filling;
    window.requests += 1;
    if (failed) window.failed += 1;
    const bucket = bucketOf(latencyMs);
    window.buckets[bucket] = (window.buckets[bucket] ?? 0) + 1;
  }

  read(): Load {
    this.#roll(this.#clock.monotonicMs());
    const { requests, failed } = this.#complete;
    return {
      requestsPerSecond: requests,
      failedPerSecond: failed,
      p50Ms: percentile(this.#complete, 0.5),
      p99Ms: percentile(this.#complete, 0.99),
    };
  }

  #roll(nowMs: number): void {
    const second = Math.floor(nowMs / 1000);
    if (second === this.#filling.second) return;
    const previous = this.#filling;
    // A whole idle second in between makes the old window no answer for "the last second".
    this.#complete =
      previous.second === second - 1 ? previous : { ...emptyWindow(), second: second - 1 };
    this.#filling = { ...emptyWindow(), second };
  }
}

interface Window {
  second: number;
  requests: number;
  failed: number;
  readonly buckets: Uint32Array;
}

const bucketCount = 64;
const firstBoundMs = 0.05;

const emptyWindow = (): Window => ({
  second: -1,
  requests: 0,
  failed: 0,
  buckets: new Uint32Array(bucketCount),
});

/** Bucket i holds latencies up to 0.05 ms * 2^(i/4). */
function bucketOf(latencyMs: number): number {
  if (latencyMs <= firstBoundMs) return 0;
  return Math.min(bucketCount - 1, Math.ceil(4 * Math.log2(latencyMs / firstBoundMs)));
}

function percentile(window: Window, share: number): number {
  let left = Math.ceil(window.requests * share);
  if (left === 0) return 0;
  for (let bucket = 0; bucket < bucketCount; bucket += 1) {
    left -= window.buckets[bucket] ?? 0;
    if (left <= 0) return Math.round(firstBoundMs * 2 ** (bucket / 4) * 100) / 100;
  }
  return firstBoundMs * 2 ** ((bucketCount - 1) / 4);
}
