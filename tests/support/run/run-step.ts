import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { delimiter, join } from "node:path";
import { type Count, countTests, type ReportFormat } from "./reports.ts";
import type { Step } from "./steps.ts";

export interface StepResult extends Count {
  readonly name: string;
  readonly durationMs: number;
  /** Why a step failed, when its own output does not say. */
  readonly note?: string;
}

const { PATH } = process.env;
const root = join(import.meta.dirname, "..", "..", "..");
/** How long a runner that is out of time may take to stop what it started. */
const graceMs = 15_000;

const reporters: Readonly<Record<ReportFormat, (file: string) => string>> = {
  vitest: (file) => `--reporter=default --reporter=json --outputFile.json=${file}`,
  playwright: () => "--reporter=list,json",
};

/** Runs a step with its output on ours, and counts what it did. Never throws for a failing step. */
export async function runStep(
  step: Step,
  reportFile: string,
  onSpawn: (child: ChildProcess) => void,
): Promise<StepResult> {
  const startedAt = performance.now();
  const { exitCode, timedOut } = await execute(step, reportFile, onSpawn);
  const count =
    step.report === undefined
      ? { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, failures: [] }
      : await countTests(step.report, reportFile, exitCode);
  const durationMs = performance.now() - startedAt;
  if (!timedOut) return { name: step.name, durationMs, ...count };
  return { name: step.name, durationMs, ...count, note: `ran out of ${minutesOf(step)} minutes` };
}

async function execute(
  step: Step,
  reportFile: string,
  onSpawn: (child: ChildProcess) => void,
): Promise<{ exitCode: number | null; timedOut: boolean }> {
  const arguments_ = step.report === undefined ? "" : reporters[step.report](reportFile);
  const programs = [
    join(root, "node_modules", ".bin"),
    join(root, "tests", "node_modules", ".bin"),
  ];
  const child = spawn(`exec ${step.command} ${arguments_}`, {
    shell: true,
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      ...step.env,
      PATH: [...programs, PATH].join(delimiter),
      PLAYWRIGHT_JSON_OUTPUT_FILE: reportFile,
    },
  });
  onSpawn(child);
  let timedOut = false;
  const limit = setTimeout(() => {
    timedOut = true;
    child.kill("SIGTERM");
  }, minutesOf(step) * 60_000);
  const end = setTimeout(() => child.kill("SIGKILL"), minutesOf(step) * 60_000 + graceMs);
  const [exitCode] = (await once(child, "exit")) as [number | null];
  clearTimeout(limit);
  clearTimeout(end);
  return { exitCode, timedOut };
}

const minutesOf = (step: Step): number => step.timeoutMinutes ?? 5;
