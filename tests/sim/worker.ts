/** One thread of a soak: runs the seeds that it is sent. */
import { parentPort, workerData } from "node:worker_threads";
import { simulate } from "@leasehold/sharding/testkit";
import type { SeedReport, SimPlan } from "./soak.ts";

parentPort?.on("message", async (seed: number) => {
  const { violations, coverage, events } = await simulate({ seed, ...(workerData as SimPlan) });
  const report: SeedReport = { seed, failed: violations.length > 0, events, coverage };
  parentPort?.postMessage(report);
});
