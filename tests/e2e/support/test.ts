import { test as base, expect } from "@playwright/test";
import { ConsolePage } from "./console-page.ts";
import { E2eCluster, startLimitMs } from "./e2e-cluster.ts";
import { settle } from "./settle.ts";

/** One cluster for the whole run: what a test broke is put right before the next one. */
export const test = base.extend<
  { readonly console: ConsolePage; readonly settled: undefined },
  { readonly cluster: E2eCluster }
>({
  cluster: [
    async ({ browser: _ }, use) => {
      const cluster = await E2eCluster.start((line) => process.stdout.write(line));
      await use(cluster);
      await cluster.stop();
    },
    { scope: "worker", timeout: startLimitMs + 30_000 },
  ],
  baseURL: async ({ cluster }, use) => use(cluster.consoleUrl),
  settled: [
    async ({ cluster }, use, info) => {
      await settle(cluster);
      await use(undefined);
      if (info.status !== info.expectedStatus) {
        await info.attach("logs", { body: await cluster.logs(), contentType: "text/plain" });
      }
    },
    { auto: true, timeout: 60_000 },
  ],
  console: async ({ page, settled: _ }, use) => {
    const console = new ConsolePage(page);
    await use(console);
    expect(console.unexpectedErrors(), "the browser complains about nothing").toEqual([]);
  },
});

export { expect };
