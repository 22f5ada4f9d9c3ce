import { Worker } from "node:worker_threads";
import type { SimOptions } from "@leasehold/sharding/testkit";

/** What every run has beside its seed. */
export type SimPlan = Omit<SimOptions, "seed">;

export interface SoakOptions {
  readonly from: number;
  readonly seeds: number;
  readonly threads: number;
  readonly plan: SimPlan;
  /** Stop at the first seed that fails. */
  readonly first: boolean;
  /** @unit milliseconds */
  readonly limitMs: number;
  /** Called every few seconds. */
  readonly progress: (line: string) => void;
}

export interface SoakResult {
  readonly ran: number;
  /** In ascending order. */
  readonly failed: readonly number[];
  /** What was seen in all runs, and how often. */
  readonly coverage: ReadonlyMap<string, number>;
  readonly perSecond: number;
  readonly eventsPerSecond: number;
}

/** What a worker says of one run. */
export interface SeedReport {
  readonly seed: number;
  readonly failed: boolean;
  readonly events: number;
  readonly coverage: ReadonlyMap<string, number>;
}

const progressEveryMs = 10_000;

/** Runs seeds on several threads; each takes the next one when it has ended its own. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const { from, seeds, threads, plan, first, limitMs, progress } = options;
  const startMs = performance.now();
  const coverage = new Map<string, number>();
  const failed: number[] = [];
  let next = from;
  let ran = 0;
  let events = 0;
  const perSecond = (): number => (1000 * ran) / (performance.now() - startMs);
  const isOver = (): boolean =>
    next >= from + seeds || performance.now() - startMs > limitMs || (first && failed.length > 0);
  const timer = setInterval(() => {
    const kinds = `${coverage.size} kinds of event`;
    progress(`${ran} seeds, ${perSecond().toFixed(1)}/s, ${kinds}, ${failed.length} failed`);
  }, progressEveryMs);
  const take = (report: SeedReport): void => {
    ran += 1;
    events += report.events;
    if (report.failed) failed.push(report.seed);
    for (const [what, count] of report.coverage) {
      coverage.set(what, (coverage.get(what) ?? 0) + count);
    }
  };
  const work = async (): Promise<void> => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { workerData: plan });
    try {
      while (!isOver()) {
        const seed = next;
        next += 1;
        take(await runOn(worker, seed));
      }
    } finally {
      await worker.terminate();
    }
  };
  try {
    await Promise.all(Array.from({ length: threads }, work));
  } finally {
    clearInterval(timer);
  }
  const eventsPerSecond = (1000 * events) / (performance.now() - startMs);
  failed.sort((a, b) => a - b);
  return { ran, failed, coverage, perSecond: perSecond(), eventsPerSecond };
}

function runOn(worker: Worker, seed: number): Promise<SeedReport> {
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", (report: SeedReport) => {
      worker.off("error", reject);
      resolve(report);
    });
    worker.postMessage(seed);
  });
}
