import { buildConsole } from "@leasehold/node/console-build";
import { root } from "@leasehold/node/workspace";
import { type Browser, chromium, type Page } from "@playwright/test";
import { startConsole } from "../../e2e/support/bare-console.ts";
import { Feeder, type FeederOptions, scale } from "../../e2e/support/feeder.ts";
import { launchOptions } from "../../e2e/support/launch-options.ts";
import { LineGate } from "../../e2e/support/line-gate.ts";

/** What every part is measured in: an invented cluster of full size, a console, a browser. */
export interface Scene {
  readonly feeder: Feeder;
  /** Between browser and console. */
  readonly gate: LineGate;
  readonly browser: Browser;
  /** A page of the console in a tab of its own, live. */
  open(path: string): Promise<Page>;
}

/**
 * Long enough that a frame of 50 ms cannot hide a phase: a handoff whose begin and end arrive together
 * changes no pixel. @unit milliseconds
 */
const phaseMs = 1_000;

export async function withScene<T>(
  progress: (line: string) => void,
  use: (scene: Scene) => Promise<T>,
): Promise<T> {
  await using cluster = await startCluster({ ...scale, phaseMs }, progress);
  await using gate = await LineGate.before(cluster.url);
  const browser = await chromium.launch(await launchOptions());
  try {
    const open = (path: string): Promise<Page> => openPage(browser, `${gate.url}${path}`);
    return await use({ feeder: cluster.feeder, gate, browser, open });
  } finally {
    await browser.close();
  }
}

/** A cluster as `pnpm start` begins one, at rest: what Lighthouse's slow phone is shown. */
export async function withSmallCluster<T>(
  progress: (line: string) => void,
  use: (url: string) => Promise<T>,
): Promise<T> {
  const small = { shards: 256, nodes: 3, changesPerSecond: 0 };
  await using cluster = await startCluster(small, progress);
  return await use(cluster.url);
}

interface Cluster extends AsyncDisposable {
  readonly feeder: Feeder;
  /** The console's. */
  readonly url: string;
}

async function startCluster(
  options: FeederOptions,
  progress: (line: string) => void,
): Promise<Cluster> {
  const logFile = `${root}/node_modules/.cache/leasehold-console-build.log`;
  await buildConsole({ root, logFile, say: progress, signal: new AbortController().signal });
  await using stack = new AsyncDisposableStack();
  const feeder = stack.use(await Feeder.start(options));
  const env = { DATABASE_URL: "", LEASEHOLD_NODES: feeder.seed };
  const { url } = stack.use(await startConsole(env));
  const all = stack.move();
  return { feeder, url, [Symbol.asyncDispose]: () => all[Symbol.asyncDispose]() };
}

async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  page.setDefaultTimeout(60_000);
  await page.goto(url);
  await untilLive(page);
  return page;
}

export async function untilLive(page: Page): Promise<void> {
  await page.locator('main[data-conn="live"]').waitFor();
  await page.waitForFunction(
    () => Number(document.querySelector("main")?.dataset["appliedSeq"]) > 0,
  );
}
