/**
 * The one entry of `pnpm test`, `pnpm test:nightly` and `pnpm verify`. Every step runs, whatever became of the ones
 * before it, and the last line of the output says how many tests passed and failed.
 */
import type { ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runStep, type StepResult } from "./support/run/run-step.ts";
import { runs } from "./support/run/steps.ts";

function isMode(name: string): name is keyof typeof runs {
  return Object.hasOwn(runs, name);
}

const mode = process.argv[2] ?? "test";
if (!isMode(mode)) {
  console.error(`usage: node tests/run.ts [${Object.keys(runs).join("|")}], not "${mode}"`);
  process.exit(2);
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

let current: ChildProcess | null = null;
let interrupted = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    interrupted = true;
    current?.kill(signal);
  });
}

const startedAt = performance.now();
const reports = await mkdtemp(join(tmpdir(), "leasehold-reports-"));
const results: StepResult[] = [];
for (const step of runs[mode]) {
  if (interrupted) {
    results.push({
      name: step.name,
      passed: 0,
      failed: 1,
      failures: [],
      durationMs: 0,
      note: "not run",
    });
    continue;
  }
  console.log(`\n=== ${step.name}: ${step.command}\n`);
  const reportFile = join(reports, `${step.name}.json`);
  results.push(
    await runStep(step, reportFile, (child) => {
      current = child;
    }),
  );
}
await rm(reports, { recursive: true, force: true });

console.log("\n=== results\n");
for (const { name, passed, failed, durationMs, note } of results) {
  const columns = [
    failed === 0 ? "ok    " : "FAILED",
    name.padEnd(10),
    `${passed} passed, ${failed} failed`.padEnd(26),
    seconds(durationMs).padStart(8),
    note ?? "",
  ];
  console.log(columns.join("  ").trimEnd());
}
for (const { name, failures } of results) {
  for (const failure of failures) console.log(`\nfailed in ${name}: ${failure}`);
}
const sum = (of: (result: StepResult) => number): number =>
  results.reduce((total, result) => total + of(result), 0);
const failed = sum((result) => result.failed);
console.log(`\ntotal ${seconds(performance.now() - startedAt)}`);
console.log(`${sum((result) => result.passed)} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
