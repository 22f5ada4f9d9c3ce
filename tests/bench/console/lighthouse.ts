import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import lighthouse, { desktopConfig } from "lighthouse";
import { launchOptions } from "../../e2e/support/launch-options.ts";

export interface Scores {
  readonly performance: number;
  readonly accessibility: number;
  /** As its simulated line and processor would have it. @unit milliseconds */
  readonly largestPaintMs: number;
  readonly layoutShift: number;
}

/**
 * With Lighthouse's own throttling for either form: a fast line on a desk, a slow one and a quarter of the
 * CPU in a hand. In a browser of its own, that nobody else steers.
 *
 * @param form of the device.
 */
export async function scoresOf(url: string, form: "desktop" | "mobile"): Promise<Scores> {
  const { executablePath = "", args = [], env } = await launchOptions();
  const home = await mkdtemp(join(tmpdir(), "leasehold-lighthouse-"));
  const flags = ["--headless", "--remote-debugging-port=0", `--user-data-dir=${home}`, ...args];
  const browser = spawn(executablePath, flags, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const ended = once(browser, "exit");
  try {
    const port = await portOf(browser.stderr);
    const result = await lighthouse(
      url,
      { port, logLevel: "error", onlyCategories: ["performance", "accessibility"] },
      form === "desktop" ? desktopConfig : undefined,
    );
    if (result === undefined) throw new Error("Lighthouse has no result.");
    const { audits, categories, runtimeError } = result.lhr;
    if (runtimeError !== undefined) throw new Error(`Lighthouse: ${runtimeError.message}`);
    const score = (name: string): number => Math.round((categories[name]?.score ?? 0) * 100);
    const value = (name: string): number => audits[name]?.numericValue ?? Number.NaN;
    return {
      performance: score("performance"),
      accessibility: score("accessibility"),
      largestPaintMs: value("largest-contentful-paint"),
      layoutShift: value("cumulative-layout-shift"),
    };
  } finally {
    browser.kill();
    await ended;
    await rm(home, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Chromium says it on stderr. */
async function portOf(stderr: AsyncIterable<unknown>): Promise<number> {
  let said = "";
  for await (const chunk of stderr) {
    said += String(chunk);
    const { 1: port } = /DevTools listening on ws:\/\/[^:]+:(\d+)\//.exec(said) ?? [];
    if (port !== undefined) return Number(port);
  }
  throw new Error(`The browser did not say where it listens:\n${said}`);
}
