import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium, type Page } from "@playwright/test";

/**
 * How smooth the shard map is at scale: an invented cluster changes owners at a rate, a browser shows
 * it, and the time between animation frames is measured in the page. `next build` must have run.
 *
 *   node tests/bench/console.ts --shards 10000 --nodes 100 --rate 1000 --seconds 10
 */
const { values } = parseArgs({
  options: {
    shards: { type: "string", default: "10000" },
    nodes: { type: "string", default: "100" },
    rate: { type: "string", default: "1000" },
    seconds: { type: "string", default: "10" },
    page: { type: "string", default: "/shards" },
    chromium: { type: "string", default: process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium" },
  },
});
/** p95 of the time between two frames. @unit milliseconds */
const bound = { p95Ms: 20, p99Ms: 50 };
const consoleDir = fileURLToPath(new URL("../../apps/console/", import.meta.url));
const children: ChildProcess[] = [];

function start(script: string, args: readonly string[], env: Record<string, string>): ChildProcess {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: consoleDir,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

/** The first match of a pattern in what a child prints. */
async function printed(child: ChildProcess, pattern: RegExp): Promise<string> {
  let text = "";
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk);
    const found = pattern.exec(text);
    if (found !== null) return found[1] ?? "";
  }
  throw new Error(`The child ended without printing ${pattern}.`);
}

async function measure(page: Page, seconds: number) {
  const client = await page.context().newCDPSession(page);
  // Thread time, so that other work on the machine does not count.
  await client.send("Performance.enable", { timeDomain: "threadTicks" });
  const read = async (name: string): Promise<number> => {
    const { metrics } = await client.send("Performance.getMetrics");
    return metrics.find((it) => it.name === name)?.value ?? 0;
  };
  const before = { task: await read("TaskDuration"), seq: await appliedSeq(page) };
  const gaps = await page.evaluate(
    (ms) =>
      new Promise<number[]>((resolve) => {
        const found: number[] = [];
        const endAt = performance.now() + ms;
        let last = performance.now();
        const step = (now: number): void => {
          found.push(now - last);
          last = now;
          if (now < endAt) requestAnimationFrame(step);
          else resolve(found);
        };
        requestAnimationFrame(step);
      }),
    seconds * 1000,
  );
  const sorted = gaps.slice(1).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return {
    frames: sorted.length,
    fps: sorted.length / seconds,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    busy: ((await read("TaskDuration")) - before.task) / seconds,
    domNodes: await page.evaluate(() => document.querySelectorAll("*").length),
    changesPerSecond: ((await appliedSeq(page)) - before.seq) / seconds,
  };
}

const appliedSeq = async (page: Page): Promise<number> =>
  Number(await page.locator("main").getAttribute("data-applied-seq"));

try {
  const fake = start(
    "src/testing/fake-main.ts",
    ["--shards", values.shards, "--nodes", values.nodes, "--rate", values.rate, "--port", "0"],
    {},
  );
  const nodes = await printed(fake, /ready nodes=(\S+)/);
  const server = start("server.ts", [], {
    LEASEHOLD_NODES: nodes.split(",")[0] ?? "",
    LEASEHOLD_CONSOLE_PORT: "0",
  });
  const url = await printed(server, /ready (http\S+)/);
  const browser = await chromium.launch({
    executablePath: values.chromium,
    args: ["--no-sandbox"],
  });
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  await page.goto(`${url}${values.page}`);
  await page.locator('main[data-conn="live"]').waitFor();
  await page.waitForFunction(() => (document.querySelector("canvas")?.clientHeight ?? 0) > 100);
  const result = await measure(page, Number(values.seconds));
  console.log(JSON.stringify({ ...values, ...result }, null, 2));
  const isWithin = result.p95Ms <= bound.p95Ms && result.p99Ms <= bound.p99Ms;
  console.log(isWithin ? "within the bound" : `beyond the bound ${JSON.stringify(bound)}`);
  process.exitCode = isWithin ? 0 : 1;
  await browser.close();
} finally {
  await Promise.all(
    children.map(async (child) => {
      if (child.exitCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    }),
  );
}
