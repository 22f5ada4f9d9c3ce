import { defineConfig } from "@playwright/test";
import { launchOptions } from "./e2e/support/launch-options.ts";

export default defineConfig({
  testDir: "e2e",
  testMatch: "*.spec.ts",
  outputDir: "test-results",
  // One cluster, one browser: two cores do not carry more honestly.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: process.env["CI"] !== undefined,
  timeout: 45_000,
  expect: { timeout: 10_000 },
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    launchOptions: await launchOptions(),
    viewport: { width: 1440, height: 900 },
    screenshot: "only-on-failure",
    reducedMotion: "reduce",
  },
});
