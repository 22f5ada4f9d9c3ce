/** How long back the rate and the latencies look. */
const windowMs = 3_000;

export interface LoadReport {
  /** Answered with success, over the last three seconds. */
  readonly ratePerSecond: number;
  readonly targetPerSecond: number;
  /** Since the start. */
  readonly ok: number;
  readonly failed: number;
  readonly failedByCode: Readonly<Record<string, number>>;
  /** Not sent, because too many were in flight: the cluster is slower than the target. */
  readonly skipped: number;
  readonly inFlight: number;
  /** Of successes over the last three seconds, every attempt included; null where there were none. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
}

/** Counts what became of the sample load's commands. */
export class LoadStats {
  #ok = 0;
  #failed = 0;
  skipped = 0;
  readonly #failedByCode = new Map<string, number>();
  /** In order of time. */
  #recent: { readonly atMs: number; readonly tookMs: number }[] = [];

  succeeded(atMs: number, tookMs: number): void {
    this.#ok++;
    this.#recent.push({ atMs, tookMs });
    // Twice the window's worth at the highest rate: nobody may ask for a report for hours.
    if (this.#recent.length > 12_000) this.#forget(atMs);
  }

  failed(code: string): void {
    this.#failed++;
    this.#failedByCode.set(code, (this.#failedByCode.get(code) ?? 0) + 1);
  }

  report(
    nowMs: number,
    now: { readonly targetPerSecond: number; readonly inFlight: number },
  ): LoadReport {
    this.#forget(nowMs);
    const times = this.#recent.map((entry) => entry.tookMs).sort((a, b) => a - b);
    return {
      ratePerSecond: round(times.length / (windowMs / 1000)),
      targetPerSecond: now.targetPerSecond,
      ok: this.#ok,
      failed: this.#failed,
      failedByCode: Object.fromEntries(this.#failedByCode),
      skipped: this.skipped,
      inFlight: now.inFlight,
      p50Ms: percentile(times, 0.5),
      p99Ms: percentile(times, 0.99),
    };
  }

  #forget(nowMs: number): void {
    const first = this.#recent.findIndex((entry) => entry.atMs > nowMs - windowMs);
    this.#recent = first === -1 ? [] : this.#recent.slice(first);
  }
}

function percentile(sorted: readonly number[], part: number): number | null {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return value === undefined ? null : round(value);
}

const round = (value: number): number => Math.round(value * 10) / 10;
