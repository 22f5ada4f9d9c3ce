import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "@playwright/test";
import { launchOptions } from "../e2e/support/launch-options.ts";
import type { Bench, Row } from "./support/bench.ts";

const scale = { shards: 10_000, nodes: 100, changesPerSecond: 1_000 };
const seconds = 10;
const consoleDir = fileURLToPath(new URL("../../apps/console/", import.meta.url));

function start(script: string, args: readonly string[], env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [script, ...args], {
    cwd: consoleDir,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill("SIGTERM");
  await once(child, "exit");
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

async function measure(page: Page) {
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
  const busy = ((await read("TaskDuration")) - before.task) / seconds;
  return {
    changesPerSecond: Math.round(((await appliedSeq(page)) - before.seq) / seconds),
    framesPerSecond: Math.round(sorted.length / seconds),
    p95FrameMs: Number(at(0.95).toFixed(1)),
    p99FrameMs: Number(at(0.99).toFixed(1)),
    mainThreadBusyPercent: Math.round(busy * 100),
    domNodes: await page.evaluate(() => document.querySelectorAll("*").length),
  };
}

const appliedSeq = async (page: Page): Promise<number> =>
  Number(await page.locator("main").getAttribute("data-applied-seq"));

async function measureRounds(
  page: Page,
  rounds: number,
  progress: (line: string) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const row = { round, ...(await measure(page)) };
    progress(
      `round ${round}/${rounds}: p95 ${row.p95FrameMs} ms at ${row.changesPerSecond} changes/s`,
    );
    rows.push(row);
  }
  return rows;
}

/** An invented cluster changes owners at a rate, a browser shows it, and the page times its frames. */
export const bench: Bench = {
  title: `the shard map at ${scale.shards} shards on ${scale.nodes} nodes, ${scale.changesPerSecond} changes/s (bounds: p95 frame 20 ms, p99 50 ms); needs a built console`,
  async run({ rounds = 3, progress }) {
    const { shards, nodes, changesPerSecond } = scale;
    const counts = ["--shards", shards, "--nodes", nodes, "--rate", changesPerSecond, "--port", 0];
    const fake = start("src/testing/fake-main.ts", counts.map(String), {});
    const seed = (await printed(fake, /ready nodes=(\S+)/)).split(",")[0] ?? "";
    const server = start("server.ts", [], { LEASEHOLD_NODES: seed, LEASEHOLD_CONSOLE_PORT: "0" });
    const browser = await chromium.launch(await launchOptions());
    try {
      const url = await printed(server, /ready (http\S+)/);
      const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
      await page.goto(`${url}/shards`);
      await page.locator('main[data-conn="live"]').waitFor();
      await page.waitForFunction(() => (document.querySelector("canvas")?.clientHeight ?? 0) > 100);
      return await measureRounds(page, rounds, progress);
    } finally {
      await browser.close();
      await end(server);
      await end(fake);
    }
  },
};
