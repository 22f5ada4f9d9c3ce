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
  /** More variables for the command. */
  readonly env?: Readonly<Record<string, string>>;
}

const checks: readonly Step[] = [
  { name: "style", command: "biome ci ." },
  { name: "types", command: "tsc -b" },
  { name: "unused", command: "knip --treat-config-hints-as-errors" },
  { name: "unit", command: "vitest run --project unit", report: "vitest" },
];

const simulation = (seeds: number): Step => ({
  name: "sim",
  command: "vitest run --project sim",
  env: { SIM_SEEDS: String(seeds) },
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
    timeoutMinutes: 15,
  },
];

/** The same tests with more rounds: what takes too long for every run. */
const nightly: readonly Step[] = [
  {
    name: "unit",
    command: "vitest run --project unit passing-through",
    env: { LEASEHOLD_TEST_LONG: "on" },
    report: "vitest",
    timeoutMinutes: 15,
  },
  {
    name: "cluster",
    command: "vitest run --project cluster --testTimeout=1800000",
    env: { LEASEHOLD_TEST_LONG: "on" },
    report: "vitest",
    timeoutMinutes: 120,
  },
  // With an hour between a moment and the look at it.
  {
    name: "e2e",
    command: "playwright test --config tests/playwright.config.ts",
    env: { LEASEHOLD_TEST_LONG: "on" },
    report: "playwright",
    timeoutMinutes: 120,
  },
  // Nodes as above, with entities in threads of their own.
  {
    name: "lanes",
    command: "vitest run --project cluster",
    env: { LEASEHOLD_LANES: "2" },
    report: "vitest",
    timeoutMinutes: 20,
  },
];

/** `verify` needs nothing but the checkout; `test` is everything that a change must pass. */
export const runs = {
  verify: [...checks, simulation(100)],
  test: [...checks, simulation(1_000), ...withServers],
  nightly,
} as const satisfies Readonly<Record<string, readonly Step[]>>;
