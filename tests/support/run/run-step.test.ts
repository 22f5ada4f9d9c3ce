import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { countTests } from "./reports.ts";
import { runStep } from "./run-step.ts";
import type { Step } from "./steps.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "leasehold-run-"));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

let files = 0;
const nextFile = () => join(directory, `${++files}.json`);

async function reportOf(content: string): Promise<string> {
  const file = nextFile();
  await writeFile(file, content);
  return file;
}

const vitestReport = (...statuses: ("passed" | "failed" | "pending")[]) => ({
  numPassedTests: statuses.filter((status) => status === "passed").length,
  numFailedTests: statuses.filter((status) => status === "failed").length,
  testResults: [
    {
      status: statuses.includes("failed") ? "failed" : "passed",
      assertionResults: statuses.map((status) => ({ status })),
    },
  ],
});

describe("counting a runner's tests", () => {
  test("vitest's passed and failed ones count, skipped ones do not", async () => {
    const report = vitestReport("passed", "passed", "failed", "pending");
    const count = await countTests("vitest", await reportOf(JSON.stringify(report)), 1);
    expect(count).toMatchObject({ passed: 2, failed: 1 });
  });

  test("a vitest file that could not be loaded is one failure", async () => {
    const broken = { status: "failed", assertionResults: [] };
    const report = { ...vitestReport("passed"), testResults: [broken] };
    const count = await countTests("vitest", await reportOf(JSON.stringify(report)), 1);
    expect(count).toMatchObject({ passed: 1, failed: 1 });
  });

  test("Playwright's flaky ones passed in the end", async () => {
    const stats = { expected: 5, flaky: 1, unexpected: 2, skipped: 3 };
    const count = await countTests("playwright", await reportOf(JSON.stringify({ stats })), 1);
    expect(count).toMatchObject({ passed: 6, failed: 2 });
  });

  test("what failed and the beginning of its error can be told", async () => {
    const failed = {
      status: "failed",
      fullName: "a sum adds",
      failureMessages: ["Error: 3\n    at x"],
    };
    const unit = { ...vitestReport(), numFailedTests: 1 };
    const report = { ...unit, testResults: [{ status: "failed", assertionResults: [failed] }] };
    const { failures } = await countTests("vitest", await reportOf(JSON.stringify(report)), 1);
    expect(failures).toEqual(["a sum adds\n    Error: 3"]);

    const tests = [{ results: [{ errors: [{ message: "\u001b[31mnot seen\u001b[39m" }] }] }];
    const browser = {
      stats: { expected: 0, flaky: 0, unexpected: 1 },
      suites: [{ specs: [], suites: [{ specs: [{ title: "a page opens", ok: false, tests }] }] }],
    };
    const seen = await countTests("playwright", await reportOf(JSON.stringify(browser)), 1);
    expect(seen.failures).toEqual(["a page opens\n    not seen"]);
  });

  test("an exit code of failure is never lost, though each test passed", async () => {
    const file = await reportOf(JSON.stringify(vitestReport("passed")));
    expect(await countTests("vitest", file, 1)).toMatchObject({ passed: 1, failed: 1 });
  });

  test.each([
    ["died before it reported", () => nextFile(), "ended without a report"],
    ["was cut short while it reported", () => reportOf('{"numPassed'), "cannot be read"],
    ["ran no test", () => reportOf(JSON.stringify(vitestReport())), "ran no test"],
  ])("a runner that %s is one failure, whatever its exit code", async (_what, file, note) => {
    const count = await countTests("vitest", await file(), 0);
    expect(count).toEqual({
      passed: 0,
      failed: 1,
      failures: [],
      note: expect.stringContaining(note),
    });
  });
});

describe("a step", () => {
  const run = (step: Partial<Step> & { command: string }) =>
    runStep({ name: "probe", ...step }, nextFile(), () => undefined);

  test("without a report counts as one test, by its exit code", async () => {
    expect(await run({ command: "true" })).toMatchObject({ passed: 1, failed: 0 });
    expect(await run({ command: "false" })).toMatchObject({ passed: 0, failed: 1 });
    expect(await run({ command: "no-such-program 2>&-" })).toMatchObject({ passed: 0, failed: 1 });
  });

  test("is given its own variables", async () => {
    const command = "sh -c 'test \"$PROBE\" = on'";
    expect(await run({ command, env: { PROBE: "on" } })).toMatchObject({ failed: 0 });
    expect(await run({ command })).toMatchObject({ failed: 1 });
  });

  test("whose runner is killed is one failure", async () => {
    const result = await run({ command: 'sh -c "kill -9 $$"', report: "vitest" });
    expect(result).toMatchObject({ passed: 0, failed: 1, note: "ended without a report" });
  });

  test("that hangs is ended, and says how long it had", async () => {
    const result = await run({ command: "sleep 60", timeoutMinutes: 0.001 });
    expect(result).toMatchObject({ passed: 0, failed: 1, note: "ran out of 0.001 minutes" });
    expect(result.durationMs).toBeLessThan(10_000);
  });
});
