import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { startEmbedded } from "@leasehold/db/embedded";
import { root } from "@leasehold/node/workspace";
import { chromium, type Page } from "@playwright/test";
import { startConsole } from "../../e2e/support/bare-console.ts";
import { Feeder, scale } from "../../e2e/support/feeder.ts";
import { launchOptions } from "../../e2e/support/launch-options.ts";
import { createDatabaseDir } from "../../support/database-dir.ts";
import { untilLive } from "./scene.ts";

const run = promisify(execFile);

/**
 * A console whose Postgres holds a recording of `events` entries of a cluster of full size, written as a recorder
 * writes it; the cluster itself is at rest now.
 *
 * @param use gets a page of the map, live.
 */
export async function withHistory<T>(
  progress: (line: string) => void,
  events: number,
  use: (page: Page) => Promise<T>,
): Promise<T> {
  const dataDir = await createDatabaseDir("tape");
  const postgres = await startEmbedded({ dataDir, port: 0 });
  try {
    const startMs = performance.now();
    const program = join(root, "apps/console/src/testing/tape-main.ts");
    await run(process.execPath, [program, "--database", postgres.url, "--events", String(events)]);
    progress(`recorded ${events} events in ${Math.round((performance.now() - startMs) / 1000)} s`);
    await using feeder = await Feeder.start({ ...scale, changesPerSecond: 0 });
    await using server = await startConsole({
      DATABASE_URL: postgres.url,
      LEASEHOLD_NODES: feeder.seed,
    });
    const browser = await chromium.launch(await launchOptions());
    try {
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      await page.goto(`${server.url}/shards`);
      await untilLive(page);
      return await use(page);
    } finally {
      await browser.close();
    }
  } finally {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
