import { defineConfig } from "vitest/config";

const exclude = ["**/node_modules/**", "**/dist/**", "**/.next/**"];

// Suffix = what the test needs: x.test.ts nothing, x.pg.test.ts a PostgreSQL server,
// tests/cluster real processes, tests/sim simulated ones.
export default defineConfig({
  test: {
    // Most of a test's time here is waiting. Files share their worker's modules: loading them again for
    // each file takes longer than the tests. What a test changes globally it must put back.
    maxWorkers: 2,
    isolate: false,
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "{packages,apps,examples}/*/src/**/*.test.{ts,tsx}",
            "db/src/**/*.test.ts",
            "tests/{support,e2e,model,bench}/**/*.test.ts",
          ],
          exclude: [...exclude, "**/*.pg.test.ts"],
          // A property of thousands of cases on a busy machine; what hangs is still found.
          testTimeout: 30_000,
        },
      },
      // It keeps every core busy by itself.
      { test: { name: "sim", include: ["tests/sim/**/*.test.ts"], exclude } },
      {
        test: {
          name: "pg",
          include: ["{packages,apps}/*/src/**/*.pg.test.ts", "db/src/**/*.pg.test.ts"],
          exclude,
          globalSetup: ["./tests/support/postgres-server.ts"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "cluster",
          include: ["tests/cluster/**/*.test.ts"],
          exclude,
          globalSetup: ["./tests/support/postgres-server.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
