import type { CDPSession, Page } from "@playwright/test";

/** What a page did for some seconds. */
export interface Frames {
  /** Between two animation frames. @unit milliseconds */
  readonly gapsMs: readonly number[];
  /** Of the main thread's time, by its own clock: what others on the machine do does not count. */
  readonly busyShare: number;
  readonly domNodes: number;
}

export async function watchFrames(page: Page, seconds: number): Promise<Frames> {
  const meters = await metersOf(page);
  const before = await meters("TaskDuration");
  const gapsMs = await page.evaluate(collectGaps, seconds * 1_000);
  const busyShare = ((await meters("TaskDuration")) - before) / seconds;
  const domNodes = await page.evaluate(() => document.querySelectorAll("*").length);
  return { gapsMs, busyShare, domNodes };
}

/** Of what is still used once everything else is collected. @unit megabytes */
export async function heapMb(page: Page): Promise<number> {
  const meters = await metersOf(page);
  const session = await sessionOf(page);
  await session.send("HeapProfiler.collectGarbage");
  return (await meters("JSHeapUsedSize")) / 1e6;
}

const sessions = new WeakMap<Page, Promise<CDPSession>>();

async function openSession(page: Page): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  return session;
}

function sessionOf(page: Page): Promise<CDPSession> {
  const session = sessions.get(page) ?? openSession(page);
  sessions.set(page, session);
  return session;
}

async function metersOf(page: Page): Promise<(name: string) => Promise<number>> {
  const session = await sessionOf(page);
  return async (name) => {
    const { metrics } = await session.send("Performance.getMetrics");
    const found = metrics.find((it) => it.name === name);
    if (found === undefined) throw new Error(`The browser does not count ${name}.`);
    return found.value;
  };
}

const collectGaps = (ms: number): Promise<number[]> =>
  new Promise((resolve) => {
    const gaps: number[] = [];
    let last = performance.now();
    const endAt = last + ms;
    const step = (now: number): void => {
      gaps.push(now - last);
      last = now;
      if (now < endAt) requestAnimationFrame(step);
      else resolve(gaps.slice(1));
    };
    requestAnimationFrame(step);
  });
