import { readFile } from "node:fs/promises";
import { stripVTControlCharacters } from "node:util";
import { z } from "zod";

/** What a step contributes to the last line of a run. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
  /** Each failed test and the beginning of its error: repeated at the end of a run, where it is read. */
  readonly failures: readonly string[];
}

const vitestReport = z
  .object({
    numPassedTests: z.number(),
    numFailedTests: z.number(),
    testResults: z.array(
      z.object({
        status: z.string(),
        name: z.string().default("a file"),
        message: z.string().default(""),
        assertionResults: z.array(
          z.object({
            status: z.string(),
            fullName: z.string().default("a test"),
            failureMessages: z.array(z.string()).default([]),
          }),
        ),
      }),
    ),
  })
  .transform((report): Count => {
    // A file that does not load, or whose hook throws, has no failed test to count.
    const broken = report.testResults.filter(
      (file) =>
        file.status === "failed" &&
        !file.assertionResults.some((assertion) => assertion.status === "failed"),
    );
    const failures = report.testResults.flatMap((file) =>
      file.assertionResults
        .filter((assertion) => assertion.status === "failed")
        .map((assertion) => beginningOf(assertion.fullName, assertion.failureMessages.join("\n"))),
    );
    return {
      passed: report.numPassedTests,
      failed: report.numFailedTests + broken.length,
      failures: [...failures, ...broken.map((file) => beginningOf(file.name, file.message))],
    };
  });

const spec = z.object({
  title: z.string(),
  ok: z.boolean(),
  tests: z.array(
    z.object({
      results: z.array(z.object({ errors: z.array(z.object({ message: z.string().optional() })) })),
    }),
  ),
});
interface Suite {
  readonly specs: z.infer<typeof spec>[];
  readonly suites?: Suite[] | undefined;
}
const suite: z.ZodType<Suite> = z.object({
  specs: z.array(spec),
  get suites() {
    return z.array(suite).optional();
  },
});

const failuresIn = ({ specs, suites = [] }: Suite): string[] => [
  ...specs
    .filter(({ ok }) => !ok)
    .map(({ title, tests }) => {
      const errors = tests.flatMap((one) => one.results.flatMap((result) => result.errors));
      return beginningOf(title, errors.map(({ message }) => message ?? "").join("\n"));
    }),
  ...suites.flatMap(failuresIn),
];

const playwrightReport = z
  .object({
    suites: z.array(suite).default([]),
    stats: z.object({ expected: z.number(), flaky: z.number(), unexpected: z.number() }),
  })
  .transform(
    ({ stats, suites }): Count => ({
      passed: stats.expected + stats.flaky,
      failed: stats.unexpected,
      failures: suites.flatMap(failuresIn),
    }),
  );

const reportFormats = { vitest: vitestReport, playwright: playwrightReport } as const;
export type ReportFormat = keyof typeof reportFormats;

/**
 * Counts what a runner did. The exit code has the last word: a runner that died before it reported,
 * that ran no test, or that failed although each test passed, is one failure.
 */
export async function countTests(
  format: ReportFormat,
  file: string,
  exitCode: number | null,
): Promise<Count & { readonly note?: string }> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return { passed: 0, failed: 1, failures: [], note: "ended without a report" };
  }
  const report = reportFormats[format].safeParse(parseJson(text));
  if (!report.success)
    return { passed: 0, failed: 1, failures: [], note: "its report cannot be read" };
  const { passed, failed, failures } = report.data;
  if (passed + failed === 0) return { passed, failed: 1, failures, note: "ran no test" };
  if (failed === 0 && exitCode !== 0) {
    const note = `each test passed, but it exited with ${exitCode}`;
    return { passed, failed: 1, failures, note };
  }
  return report.data;
}

/** Enough to know what went wrong; the rest is where the runner printed it. */
function beginningOf(name: string, error: string): string {
  const lines = stripVTControlCharacters(error)
    .split("\n")
    .filter((line) => line.trim() !== "" && !/^\s+at /.test(line));
  return [name, ...lines.slice(0, 12).map((line) => `    ${line.slice(0, 300)}`)].join("\n");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A report cut short is as good as none; the caller says so.
    return undefined;
  }
}
