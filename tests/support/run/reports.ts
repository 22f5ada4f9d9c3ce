import { readFile } from "node:fs/promises";
import { z } from "zod";

/** What a step contributes to the last line of a run. */
export interface Count {
  readonly passed: number;
  readonly failed: number;
}

const vitestReport = z
  .object({
    numPassedTests: z.number(),
    numFailedTests: z.number(),
    testResults: z.array(
      z.object({
        status: z.string(),
        assertionResults: z.array(z.object({ status: z.string() })),
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
    return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length };
  });

const playwrightReport = z
  .object({
    stats: z.object({ expected: z.number(), flaky: z.number(), unexpected: z.number() }),
  })
  .transform(
    ({ stats }): Count => ({ passed: stats.expected + stats.flaky, failed: stats.unexpected }),
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
    return { passed: 0, failed: 1, note: "ended without a report" };
  }
  const report = reportFormats[format].safeParse(parseJson(text));
  if (!report.success) return { passed: 0, failed: 1, note: "its report cannot be read" };
  const { passed, failed } = report.data;
  if (passed + failed === 0) return { passed, failed: 1, note: "ran no test" };
  if (failed === 0 && exitCode !== 0) {
    return { passed, failed: 1, note: `each test passed, but it exited with ${exitCode}` };
  }
  return { passed, failed };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A report cut short is as good as none; the caller says so.
    return undefined;
  }
}
