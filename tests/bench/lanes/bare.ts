import { once } from "node:events";
import { Worker } from "node:worker_threads";

const spinner = `
  const { parentPort } = require("node:worker_threads");
  parentPort.on("message", (ms) => {
    const endMs = performance.now() + ms;
    let done = 0;
    for (; performance.now() < endMs; done += 1) {
      const workedMs = performance.now() + 0.5;
      while (performance.now() < workedMs);
    }
    parentPort.postMessage(done);
  });`;

/** The same work in so many threads, and nothing else: what the machine has left for it. @returns how much a second. */
export async function bare(threads: number, ms: number): Promise<number> {
  const workers = Array.from({ length: threads }, () => new Worker(spinner, { eval: true }));
  await Promise.all(workers.map((worker) => once(worker, "online")));
  const done = workers.map(async (worker) => {
    worker.postMessage(ms);
    return ((await once(worker, "message")) as [number])[0];
  });
  const counts = await Promise.all(done);
  await Promise.all(workers.map((worker) => worker.terminate()));
  return (counts.reduce((sum, count) => sum + count, 0) / ms) * 1_000;
}
