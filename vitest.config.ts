import { defineConfig } from "vitest/config";

const exclude = ["**/node_modules/**", "**/dist/**", "**/.next/**"];

// Suffix = what the test needs: x.test.ts nothing, x.pg.test.ts a PostgreSQL server,
// tests/cluster real processes.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: [
            "{packages,apps}/*/src/**/*.test.{ts,tsx}",
            "db/src/**/*.test.ts",
            "tests/{support,e2e}/**/*.test.ts",
          ],
          exclude: [...exclude, "**/*.pg.test.ts"],
        },
      },
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
          // Each file starts processes of its own; two cores do not carry two clusters honestly.
          fileParallelism: false,
        },
      },
    ],
  },
});
