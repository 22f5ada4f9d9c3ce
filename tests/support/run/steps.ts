import type { ReportFormat } from "./reports.ts";

/** One thing that a run does. Adding a step is adding a line. */
export interface Step {
  readonly name: string;
  /** A shell command, run from the root of the repository with its programs on the path. */
  readonly command: string;
  /** What the command leaves behind for counting. Without it the step counts as one test. */
  readonly report?: ReportFormat;
  /** @default 5 */
  readonly timeoutMinutes?: number;
}

const checks: readonly Step[] = [
  { name: "style", command: "biome ci ." },
  { name: "types", command: "tsc -b" },
  { name: "unused", command: "knip --treat-config-hints-as-errors" },
  { name: "unit", command: "vitest run --project unit", report: "vitest" },
];

const simulation = (seeds: number): Step => ({
  name: "sim",
  command: `SIM_SEEDS=${seeds} vitest run --project sim`,
  report: "vitest",
  timeoutMinutes: 15,
});

const withServers: readonly Step[] = [
  { name: "pg", command: "vitest run --project pg", report: "vitest" },
  {
    name: "cluster",
    command: "vitest run --project cluster",
    report: "vitest",
    timeoutMinutes: 15,
  },
  {
    name: "e2e",
    command: "playwright test --config tests/playwright.config.ts",
    report: "playwright",
    timeoutMinutes: 10,
  },
];

/** `verify` needs nothing but the checkout; `test` is everything. */
export const runs: Readonly<Record<"verify" | "test", readonly Step[]>> = {
  verify: [...checks, simulation(100)],
  test: [...checks, simulation(1_000), ...withServers],
};
