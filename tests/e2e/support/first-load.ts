import { gzipSync } from "node:zlib";
import type { Page, Response } from "@playwright/test";

/** What a browser that was never here must fetch before a page works. */
export interface FirstLoad {
  readonly path: string;
  /** Scripts, each compressed by itself. @unit bytes */
  readonly scriptBytes: number;
  /** @unit milliseconds */
  readonly lcpMs: number;
  readonly cls: number;
}

/** @param settle waits until the page shows what it is for. */
export async function loadFirst(
  page: Page,
  url: string,
  settle: (page: Page) => Promise<void>,
): Promise<FirstLoad> {
  const scripts: Promise<number>[] = [];
  const note = (response: Response): void => {
    if (response.request().resourceType() === "script") scripts.push(gzipped(response));
  };
  page.on("response", note);
  await page.goto(url);
  await settle(page);
  page.off("response", note);
  const sizes = await Promise.all(scripts);
  const { lcpMs, cls } = await page.evaluate(vitals);
  return { path: new URL(url).pathname, scriptBytes: sizes.reduce((a, b) => a + b, 0), lcpMs, cls };
}

/** The same on every machine; what goes over the wire depends on the server's mood and level. */
const gzipped = async (response: Response): Promise<number> =>
  gzipSync(await response.body(), { level: 6 }).length;

const vitals = async (): Promise<{ lcpMs: number; cls: number }> => {
  const read = (type: string): Promise<PerformanceEntry[]> =>
    new Promise((resolve) => {
      new PerformanceObserver((list, observer) => {
        observer.disconnect();
        resolve(list.getEntries());
      }).observe({ type, buffered: true });
      setTimeout(() => resolve([]), 200);
    });
  const [paints, shifts] = [await read("largest-contentful-paint"), await read("layout-shift")];
  const cls = shifts.reduce((sum, it) => sum + (it as unknown as { value: number }).value, 0);
  return { lcpMs: paints.at(-1)?.startTime ?? Number.NaN, cls };
};
